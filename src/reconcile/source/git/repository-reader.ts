// A repository that is open for reading: its refs and its objects, through isomorphic-git where that can, through the git program
// where it cannot.
import type { Clock } from '../../../apimachinery/clock.ts';
import { beyondIsomorphicGit, findRepository, type Repository } from './find-repository.ts';
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
  const { beyond } = knownIn(gitCache);
  const known = beyond.get(repository.commonDirectory) ?? beyondIsomorphicGit(repository);
  beyond.set(repository.commonDirectory, known);
  if (!(await known)) {
    return { objects: new IsomorphicObjects(repository.commonDirectory, gitCache), refs: () => readRefs(repository) };
  }
  const { gitDirectory } = repository;
  return {
    objects: new ProgramObjects(gitDirectory, where, clock, lacking === 'fetch' ? 'http:https:ssh' : 'none'),
    refs: () => listRefs(gitDirectory, where, clock),
  };
}

/** What was found out of repositories, by directory: apps of one repository open it hundreds of times. */
interface Known {
  readonly repositories: Map<string, Promise<Repository | undefined>>;
  readonly beyond: Map<string, Promise<string | undefined>>;
}

const KNOWN = Symbol('what was found out of repositories');

const knownIn = (cache: GitCache & { [KNOWN]?: Known }): Known => (cache[KNOWN] ??= { repositories: new Map(), beyond: new Map() });

/** As {@link findRepository}; once for each directory, as long as the cache is kept. */
export function repositoryAround(directory: string, gitCache: GitCache = {}): Promise<Repository | undefined> {
  const { repositories } = knownIn(gitCache);
  const found = repositories.get(directory) ?? findRepository(directory);
  repositories.set(directory, found);
  return found;
}
