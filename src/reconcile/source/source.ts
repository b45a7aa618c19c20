// Opens what SOURCE names on the command line: a directory, a file, `-`, a local repository at a revision, or a git URL; as a snapshot
// that says which files there are and reads them on demand. Sources are untrusted: see file-tree.ts and limits.ts for what is refused.
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../apimachinery/clock.ts';
import { openDirectory, openFile } from './directory.ts';
import { checkedPath, type Selection } from './file-tree.ts';
import { openCommit } from './git/commit.ts';
import type { Repository } from './git/find-repository.ts';
import type { GitCache } from './git/isomorphic-objects.ts';
import { openRemote } from './git/remote.ts';
import type { GitObjects } from './git/objects.ts';
import { resolveRevision, type Refs, type ResolvedCommit } from './git/refs.ts';
import { openRepository, repositoryAround } from './git/repository-reader.ts';
import { parseAddress, redacted, type Address } from './git/url.ts';
import { checkedOut } from './git/work-tree.ts';
import type { Signed, SignaturePolicy } from './git/signature.ts';
import { MAX_GIT_OBJECT_BYTES } from './limits.ts';
import type { Snapshot } from './snapshot.ts';
import { fromSystemError, SourceError } from './source-error.ts';
import type { Elsewhere } from './source-tree.ts';
import { openStdin } from './stdin.ts';

export interface SourceSpec {
  /** A directory, a file, `-`, or a git URL. */
  readonly location: string;
  /** Branch, tag, commit or range of versions. A directory without it is read as it lies on disk, a repository elsewhere at its HEAD. */
  readonly ref?: string;
  /** A directory or file inside the source. */
  readonly path?: string;
  /** Globs, relative to `path`; see glob.ts. Without `include` all files are chosen. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
}

export interface SourceDeps {
  readonly clock: Clock;
  /** What `-` reads. */
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Where repositories are kept that were fetched; made when needed. */
  readonly cacheDirectory: string;
  /** Keep it between snapshots of one repository that follow each other: what git packs hold is then parsed once. */
  readonly gitCache?: GitCache;
  /** Commits must be signed as it says; what is no commit is refused then. */
  readonly signatures?: SignaturePolicy;
  /** What the source's files name elsewhere may be fetched. */
  readonly allowRemote?: boolean;
  /** Given each snapshot that is opened, to be closed by whom it is given to: whoever reads it leaves it open then. */
  readonly keep?: (snapshot: Snapshot, spec: SourceSpec) => void;
}

/** Opens a source. Throws {@link SourceError}. The snapshot must be closed. */
export async function openSource(spec: SourceSpec, deps: SourceDeps): Promise<Snapshot> {
  const snapshot = withElsewhere(await open(spec, deps), deps);
  if (!deps.keep) return snapshot;
  deps.keep(snapshot, spec);
  return { ...snapshot, close: async () => undefined };
}

function withElsewhere(snapshot: Snapshot, deps: SourceDeps): Snapshot {
  const { tree } = snapshot;
  const elsewhere = elsewhereOf(deps);
  if (!elsewhere || !tree) return snapshot;
  return {
    ...snapshot,
    tree: { prefix: tree.prefix, find: (path) => tree.find(path), list: (path) => tree.list(path), elsewhere },
  };
}

/** What lies elsewhere, where it may be fetched. */
export function elsewhereOf(deps: SourceDeps): Elsewhere | undefined {
  if (!deps.allowRemote) return undefined;
  return {
    open: (spec) => open(spec, deps),
    fetch: async (url) => (await import('./remote-file.ts')).fetchFile(url, deps.clock),
    request: async (url, headers) => (await import('./remote-file.ts')).requestFile(url, deps.clock, headers),
    kept: async (name, fetch) => (await import('./kept-files.ts')).keptFile(path.join(deps.cacheDirectory, 'files'), name, fetch),
  };
}

async function open(spec: SourceSpec, deps: SourceDeps): Promise<Snapshot> {
  const selection: Selection = { path: checkedPath(spec.path ?? ''), include: spec.include ?? [], exclude: spec.exclude ?? [] };
  if (spec.ref !== undefined && (spec.ref === '' || spec.ref.startsWith('-') || /[\0-\x1f\x7f]/.test(spec.ref)))
    throw new SourceError('UnknownRef', redacted(spec.location), `${JSON.stringify(spec.ref)} cannot be a revision`);
  if (deps.signatures && spec.ref === undefined && parseAddress(spec.location).kind === 'local') throw unsigned(spec.location);
  if (spec.location === '-') {
    refuse(spec, '-', 'standard input');
    return openStdin(deps.stdin);
  }
  const address = parseAddress(spec.location);
  if (address.kind !== 'local') return openAddress(address, spec, selection, deps);
  const stats = await stat(spec.location).catch((error: unknown) => Promise.reject(fromSystemError(error, spec.location)));
  if (stats.isFile()) {
    refuse(spec, spec.location, 'a single file');
    return openFile(spec.location);
  }
  if (!stats.isDirectory()) throw new SourceError('WrongType', spec.location, 'neither a directory nor a regular file');
  return openLocal(await realpath(spec.location), spec, selection, deps);
}

const unsigned = (where: string): SourceError =>
  new SourceError('Unverified', where, 'files as they lie on disk are signed by nobody', 'name a commit, a branch or a tag with --ref');

/** A file has no revisions and no files inside. */
function refuse({ ref, path: inside }: SourceSpec, where: string, what: string): void {
  if (ref !== undefined)
    throw new SourceError('NotARepository', where, `${what} has no revisions`, 'give a repository, and the file with --path');
  if (inside) throw new SourceError('InvalidPath', where, `${what} has no paths inside`, 'leave out --path');
}

async function openLocal(directory: string, spec: SourceSpec, selection: Selection, deps: SourceDeps): Promise<Snapshot> {
  const { location } = spec;
  const repository = await repositoryAround(directory, deps.gitCache);
  // a bare repository holds no files but its own
  const ref = spec.ref ?? (repository && !repository.workTree ? 'HEAD' : undefined);
  if (ref !== undefined) {
    if (!repository)
      throw new SourceError(
        'NotARepository',
        location,
        'it is not in a git repository, so it has no revisions',
        'leave out --ref to read it as it lies on disk',
      );
    return openRevision(repository, ref, location, selection, deps);
  }
  return openDirectory({
    root: directory,
    top: repository?.workTree ?? directory,
    location,
    selection,
    checkedOut: async (listing) => {
      if (!repository) return { revision: null, dirty: false };
      // what is only to be compared is not worth a call over the network
      const reader = await openRepository(repository, location, deps, 'leave');
      try {
        return await checkedOut({ repository, reader, root: directory, selection, listing });
      } finally {
        await reader.objects.close();
      }
    },
  });
}

async function openRevision(
  repository: Repository,
  ref: string,
  location: string,
  selection: Selection,
  deps: SourceDeps,
): Promise<Snapshot> {
  const reader = await openRepository(repository, location, deps, 'fetch');
  const { objects } = reader;
  try {
    const current = async () => (await fullyNamed(objects, ref, location)) ?? resolveRevision(await reader.refs(), objects, ref, location);
    const commit = await current();
    await verified({ gitDirectory: repository.gitDirectory, commit: commit.oid, ref, where: location }, deps);
    return await openCommit({ objects, commit, prefix: repository.prefix, selection, location, current });
  } catch (error) {
    await objects.close();
    throw error;
  }
}

const NO_REFS: Refs = new Map();

/** The commit whose id is given with all its digits: no ref may take its place, as in git. */
async function fullyNamed(objects: GitObjects, ref: string, location: string): Promise<ResolvedCommit | undefined> {
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(ref) || !(await objects.read(ref, MAX_GIT_OBJECT_BYTES))) return undefined;
  return resolveRevision(NO_REFS, objects, ref, location);
}

async function openAddress(
  address: Exclude<Address, { readonly kind: 'local' }>,
  spec: SourceSpec,
  selection: Selection,
  deps: SourceDeps,
): Promise<Snapshot> {
  const location = redacted(spec.location);
  if (address.kind === 'unknown')
    throw new SourceError(
      'InvalidPath',
      location,
      `${address.scheme}:// is not supported`,
      'sources are https://, ssh:// and file:// repositories, directories and files',
    );
  const { clock, cacheDirectory, gitCache } = deps;
  const remote = await openRemote({ transport: address.transport, url: address.url, cacheDirectory, clock, cache: gitCache ?? {} });
  try {
    const current = () => remote.resolve(spec.ref ?? 'HEAD');
    const commit = await current();
    await verified({ gitDirectory: remote.gitDirectory, commit: commit.oid, ref: spec.ref, where: location }, deps);
    return await openCommit({ objects: remote.objects, commit, prefix: '', selection, location, current });
  } catch (error) {
    await remote.objects.close();
    throw error;
  }
}

async function verified(signed: Signed, { signatures, clock }: SourceDeps): Promise<void> {
  if (!signatures) return;
  const { verifySignature } = await import('./git/signature.ts');
  await verifySignature(signed, signatures, clock);
}
