// A repository that is open for reading: its refs and its objects, through isomorphic-git where that can, through the git program
// where it cannot.
import type { Clock } from '../../../apimachinery/clock.ts';
import { beyondIsomorphicGit, type Repository } from './find-repository.ts';
import { IsomorphicObjects, type GitCache } from './isomorphic-objects.ts';
import type { GitObjects } from './objects.ts';
import { listRefs, ProgramObjects } from './program-objects.ts';
import { readRefs, type Refs } from './refs.ts';

export interface RepositoryReader {
  readonly objects: GitObjects;
  /** As they are now. */
  refs(): Promise<Refs>;
}

/**
 * @param where the repository's name for errors
 * @param lacking whether a partial clone may fetch what it lacks
 */
export async function openRepository(
  repository: Repository,
  where: string,
  { clock, gitCache = {} }: { readonly clock: Clock; readonly gitCache?: GitCache },
  lacking: 'fetch' | 'leave',
): Promise<RepositoryReader> {
  if (!(await beyondIsomorphicGit(repository))) {
    return { objects: new IsomorphicObjects(repository.commonDirectory, gitCache), refs: () => readRefs(repository) };
  }
  const { gitDirectory } = repository;
  return {
    objects: new ProgramObjects(gitDirectory, where, clock, lacking === 'fetch' ? 'http:https:ssh' : 'none'),
    refs: () => listRefs(gitDirectory, where, clock),
  };
}
