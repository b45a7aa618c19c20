// The repositories that apps name. The one that was opened is recognised by its remotes' URLs, and read as it was opened: its work tree, or
// the commit that was asked for; another ref of it is read from the same repository. All others are fetched as any SOURCE is.
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { branchesMeant, findRepository, remoteUrls } from '../source/git/find-repository.ts';
import { parseAddress } from '../source/git/url.ts';
import { SourceError } from '../source/source-error.ts';
import type { Snapshot } from '../source/snapshot.ts';
import type { Elsewhere } from '../source/source-tree.ts';
import { elsewhereOf, openSource, type SourceDeps, type SourceSpec } from '../source/source.ts';
import type { AppSource } from './app.ts';

/** Names of branches that people mean by what is opened, where the repository does not say more. */
const USUAL_BRANCHES = ['HEAD', 'main', 'master'];

export interface OwnRepository {
  /** Its top directory, or its URL. Undefined where the source is no part of anything: standard input. */
  readonly location: string | undefined;
  /** The commit that was opened; undefined for the work tree. */
  readonly revision: string | undefined;
  /** From the top of the repository to the source. */
  readonly prefix: string;
  /** Normalised URLs under which others know it. */
  readonly urls: ReadonlySet<string>;
  /** Refs that mean what was opened. */
  readonly refs: ReadonlySet<string>;
}

export class Repositories {
  readonly own: OwnRepository;
  private readonly deps: SourceDeps;
  private readonly ownUrls: Set<string>;

  constructor(own: OwnRepository, deps: SourceDeps) {
    this.own = own;
    // what git packs hold is parsed once for all apps
    this.deps = { gitCache: {}, ...deps };
    this.ownUrls = new Set(own.urls);
  }

  /** A URL that the source itself says to be its own: what Flux's bootstrap wrote into it. */
  addOwn(url: string): void {
    this.ownUrls.add(normalised(url));
  }

  isOwn(url: string | undefined): boolean {
    return url === undefined || /^\.\/*$/.test(url) || this.ownUrls.has(normalised(url));
  }

  /** A source that reads what was opened: one of the repository itself, at no other ref. */
  isOpened({ url, ref }: Pick<AppSource, 'url' | 'ref'>): boolean {
    return this.isOwn(url) && (ref === undefined || this.own.refs.has(ref.replace(/^refs\/heads\//, '')));
  }

  /** Throws a SourceError. The snapshot must be closed. @param globs of files, relative to the source's path; all where there are none */
  open(
    source: Pick<AppSource, 'url' | 'ref' | 'path'>,
    globs: { readonly include?: readonly string[]; readonly exclude?: readonly string[] } = {},
  ): Promise<Snapshot> {
    return openSource({ ...this.spec(source), ...globs }, this.deps);
  }

  /** What may be fetched besides repositories; undefined where nothing may. */
  get elsewhere(): Elsewhere | undefined {
    return elsewhereOf(this.deps);
  }

  private spec({ url, ref, path: inside }: Pick<AppSource, 'url' | 'ref' | 'path'>): SourceSpec {
    const { location, revision } = this.own;
    if (!this.isOwn(url) || location === undefined)
      return { location: elsewhere(url), path: inside, ...(ref === undefined ? {} : { ref }) };
    const at = this.isOpened({ url, ref }) ? revision : ref;
    return { location, path: inside, ...(at === undefined ? {} : { ref: at }) };
  }
}

/** Files of this machine are for the command line to name, not for what a repository says. Throws a SourceError. */
function elsewhere(url = '.'): string {
  const address = parseAddress(url);
  if (address.kind === 'remote' && address.transport !== 'file') return url;
  throw new SourceError(
    'InvalidPath',
    url,
    address.kind === 'unknown'
      ? 'such an address is not supported'
      : 'an app reads its own repository or one that is fetched, no other files of this machine',
    'write the URL (https:// or ssh://) of the repository, or . for the one that holds the app',
  );
}

/** What a snapshot is a part of. */
export async function ownRepository(spec: SourceSpec, snapshot: Snapshot): Promise<OwnRepository> {
  const { location } = spec;
  const revision = snapshot.type === 'git' ? (snapshot.revision ?? undefined) : undefined;
  const named = spec.ref === undefined ? [] : [spec.ref];
  if (location === '-') return { location: undefined, revision, prefix: '', urls: new Set(), refs: new Set() };
  if (parseAddress(location).kind !== 'local')
    return { location, revision, prefix: '', urls: new Set([normalised(location)]), refs: new Set([...USUAL_BRANCHES, ...named]) };
  const real = await realpath(location);
  const directory = (await stat(real)).isDirectory() ? real : path.dirname(real);
  const repository = await findRepository(directory);
  if (!repository) return { location: directory, revision, prefix: '', urls: new Set(), refs: new Set(USUAL_BRANCHES) };
  const top = repository.workTree ?? repository.gitDirectory;
  const [urls, branches] = await Promise.all([remoteUrls(repository), branchesMeant(repository)]);
  return {
    location: top,
    revision,
    prefix: repository.prefix,
    urls: new Set([...urls, top, `file://${top}`].map(normalised)),
    refs: new Set([...USUAL_BRANCHES, ...branches, ...named]),
  };
}

/** One text for all ways to write a repository's address: `git@host:a/b.git` and `https://host/a/b` are the same repository. */
export function normalised(url: string): string {
  const scp = /^(?:[\w.-]+@)?([\w.-]+):(?!\/\/)(.+)$/.exec(url);
  const [, host = '', rest = ''] =
    /^[A-Za-z][A-Za-z0-9+.-]*:\/\/(?:[^@/]*@)?([^/]*)(.*)$/.exec(url) ?? (scp ? ['', scp[1]!, `/${scp[2]!}`] : ['', '', url]);
  return `${host.replace(/:\d+$/, '')}${rest.replace(/\/+$/, '').replace(/\.git$/, '')}`.toLowerCase();
}
