// A repository elsewhere: what is needed of it is fetched into a bare repository in a cache directory, one for each address, and read
// from there. One commit without its history, wherever its name tells which; all of it only for names that need history.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type isomorphicGit from 'isomorphic-git';
import type { Clock } from '../../../apimachinery/clock.ts';
import { MAX_GIT_OBJECT_BYTES } from '../limits.ts';
import { fromSystemError, SourceError } from '../source-error.ts';
import { IsomorphicObjects, type GitCache } from './isomorphic-objects.ts';
import type { GitObjects } from './objects.ts';
import { runGit } from './program.ts';
import { highestTag, namedRef, resolveRevision, splitSteps, unknownRef, type Refs, type ResolvedCommit } from './refs.ts';
import { httpClient } from './remote-http.ts';
import { redacted, type Transport } from './url.ts';

export interface RemoteOptions {
  readonly transport: Transport;
  readonly url: string;
  /** Where fetched repositories are kept; made when needed. */
  readonly cacheDirectory: string;
  readonly clock: Clock;
  readonly cache: GitCache;
}

type Git = typeof isomorphicGit;

/** What a remote can do for us; over HTTP by isomorphic-git, otherwise by the git program. */
interface Transfer {
  /** Makes a bare repository in an empty directory. */
  init(directory: string): Promise<void>;
  listRefs(): Promise<Refs>;
  /** One commit without its history. */
  fetchCommit(ref: string, oid: string): Promise<void>;
  fetchAll(): Promise<void>;
}

export interface Remote {
  readonly objects: GitObjects;
  /** Bare, and what was fetched lies in it. */
  readonly gitDirectory: string;
  /** Asks the remote what a revision names, and fetches it. Throws {@link SourceError}. */
  resolve(revision: string): Promise<ResolvedCommit>;
  /** Fetches all commits that names lead to. */
  fetchAll(): Promise<void>;
}

export async function openRemote(options: RemoteOptions): Promise<Remote> {
  const where = redacted(options.url);
  const gitDirectory = path.join(options.cacheDirectory, directoryName(where));
  const transfer =
    options.transport === 'https' || options.transport === 'http'
      ? overHttp(options, gitDirectory, where)
      : byProgram(options, gitDirectory, where);
  await mkdir(options.cacheDirectory, { recursive: true }).catch((error: unknown) =>
    Promise.reject(fromSystemError(error, options.cacheDirectory)),
  );
  await oneAtATime(gitDirectory, () => made(gitDirectory, (directory) => transfer.init(directory)));
  const objects = new IsomorphicObjects(gitDirectory, options.cache);
  return {
    objects,
    gitDirectory,
    resolve: (revision) => oneAtATime(gitDirectory, () => resolveRemote(transfer, objects, revision, where)),
    fetchAll: () => oneAtATime(gitDirectory, () => transfer.fetchAll()),
  };
}

/** What is under way, by directory. git does not wait for a lock: base and head of a preview are fetched into the same repository. */
const queues = new Map<string, Promise<unknown>>();

function oneAtATime<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const before = queues.get(directory) ?? Promise.resolve();
  // whatever became of the one before
  const mine = before.then(work, work);
  queues.set(directory, mine);
  const done = (): void => void (queues.get(directory) === mine && queues.delete(directory));
  mine.then(done, done);
  return mine;
}

/** Beside its place first: another process may make it at the same time, and whoever comes second takes what is there. */
async function made(directory: string, init: (directory: string) => Promise<void>): Promise<void> {
  const isThere = (): boolean => fs.existsSync(path.join(directory, 'HEAD'));
  if (isThere()) return;
  const draft = await mkdtemp(`${directory}-`);
  try {
    await init(draft);
    await rename(draft, directory);
  } catch (error) {
    if (!isThere()) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Readable, and different for different addresses. */
function directoryName(address: string): string {
  const hash = createHash('sha256').update(address).digest('hex').slice(0, 16);
  return `${(address.split(/[/:]/).filter(Boolean).at(-1) ?? '')
    .replace(/[^\w.-]/g, '_')
    .replace(/\.git$/, '')
    .slice(0, 40)}-${hash}.git`;
}

async function resolveRemote(transfer: Transfer, objects: GitObjects, revision: string, where: string): Promise<ResolvedCommit> {
  // what a commit's full id names never changes
  if (/^[0-9a-f]{40}$/.test(revision) && (await objects.read(revision, MAX_GIT_OBJECT_BYTES)))
    return resolveRevision(new Map(), objects, revision, where);
  const refs = await transfer.listRefs();
  if (refs.size === 0) throw new SourceError('NoCommits', where, 'the repository has no commits yet', 'push something first');
  const { base, steps } = splitSteps(revision);
  const tag = namedRef(refs, base) ? undefined : await highestTag(refs, base);
  const oid = namedRef(refs, base) ?? (/^[0-9a-f]{40}$/i.test(base) ? base.toLowerCase() : tag && refs.get(tag));
  const has = async (id: string): Promise<boolean> => (await objects.read(id, MAX_GIT_OBJECT_BYTES)) !== undefined;
  if (oid !== undefined && steps.length === 0) {
    if (!(await has(oid)))
      await transfer.fetchCommit(nameOf(refs, oid) ?? oid, oid).catch((error: unknown) => fetchInstead(error, transfer));
    if (await has(oid)) return resolveRevision(refs, objects, oid, where);
  } else if (oid !== undefined || /^[0-9a-f]{4,39}$/i.test(base)) await transfer.fetchAll();
  else throw unknownRef(refs, revision, base, where);
  return resolveRevision(refs, objects, revision, where);
}

/** Servers may refuse to hand out a commit that no name leads to; among all commits it may be found. */
function fetchInstead(error: unknown, transfer: Transfer): Promise<void> {
  if (error instanceof SourceError && error.code !== 'GitFailed' && error.code !== 'UnknownRef') throw error;
  return transfer.fetchAll();
}

const nameOf = (refs: Refs, oid: string): string | undefined => [...refs].find(([name, id]) => id === oid && name !== 'HEAD')?.[0];

/** The refs to keep of a remote; those of pull requests may be thousands. */
const REFSPECS = ['+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*'];

/** The depth at which servers send what a shallow repository lacks. */
const UNSHALLOW = 0x7fffffff;

function overHttp({ url, clock }: RemoteOptions, gitDirectory: string, where: string): Transfer {
  const http = httpClient(where, clock);
  const load = async (): Promise<Git> => (await import('isomorphic-git')).default;
  const answered = async <T>(request: (git: Git) => Promise<T>): Promise<T> => {
    try {
      return await clock.hold(request(await load()));
    } catch (error) {
      throw fromHttpError(error, where);
    }
  };
  return {
    async init(directory) {
      const git = await load();
      await git.init({ fs, gitdir: directory, bare: true });
      // isomorphic-git wants a refspec even where nothing is to be kept by name
      await git.addRemote({ fs, gitdir: directory, remote: 'origin', url: where });
    },
    listRefs: () =>
      answered(async (git) => {
        const listed = await git.listServerRefs({ http, url, peelTags: false });
        return new Map(listed.map(({ ref, oid }) => [ref, oid]));
      }),
    fetchCommit: (ref, oid) =>
      answered(async (git) => {
        await git.fetch({
          fs,
          http,
          gitdir: gitDirectory,
          url,
          remote: 'origin',
          ref: ref.startsWith('refs/') ? ref : oid,
          depth: 1,
          singleBranch: true,
          tags: false,
        });
      }),
    fetchAll: () =>
      answered(async (git) => {
        const whole = fs.existsSync(path.join(gitDirectory, 'shallow')) ? { depth: UNSHALLOW } : {};
        await git.fetch({ fs, http, gitdir: gitDirectory, url, remote: 'origin', ref: 'HEAD', singleBranch: false, tags: true, ...whole });
      }),
  };
}

function fromHttpError(error: unknown, where: string): SourceError {
  if (error instanceof SourceError) return error;
  const { code, data } = error as { readonly code?: string; readonly data?: { readonly statusCode?: number } };
  const status = data?.statusCode;
  if (status === 401 || status === 403) {
    const hint = 'put a token into the URL (https://token@host/…), or clone with git and give the path';
    return new SourceError('Unauthorized', where, `the remote refused access (HTTP ${status})`, hint, error);
  }
  if (status === 404)
    return new SourceError(
      'NotFound',
      where,
      'there is no such repository (HTTP 404)',
      'check the address; private ones need a token',
      error,
    );
  if (status !== undefined) return new SourceError('Unreachable', where, `the remote answered HTTP ${status}`, undefined, error);
  if (code === 'SmartHttpError' || code === 'ParseError')
    return new SourceError('Unreachable', where, 'the address does not answer as a git server', 'check the address', error);
  return new SourceError('GitFailed', where, `fetching failed: ${redacted((error as Error).message)}`, undefined, error);
}

function byProgram({ url, transport, clock }: RemoteOptions, gitDirectory: string, where: string): Transfer {
  const protocol = transport;
  const run = (args: readonly string[]): Promise<string> => runGit({ gitDirectory, args, protocol }, where, clock);
  return {
    async init(directory) {
      await runGit({ args: ['init', '--quiet', '--bare', '--', directory] }, directory, clock);
    },
    async listRefs() {
      const listed = await runGit({ args: ['ls-remote', '--quiet', '--', url], protocol }, where, clock);
      const refs = new Map<string, string>();
      // peeled tags (^{}) are no names
      for (const [, oid, name] of listed.matchAll(/^([0-9a-f]+)\t(?!.*\^\{\}$)(.+)$/gm)) refs.set(name!, oid!);
      return refs;
    },
    async fetchCommit(_ref, oid) {
      await run(['fetch', '--quiet', '--no-tags', '--depth=1', '--no-write-fetch-head', '--', url, oid]);
    },
    async fetchAll() {
      const shallow = fs.existsSync(path.join(gitDirectory, 'shallow'));
      await run(['fetch', '--quiet', '--force', ...(shallow ? ['--unshallow'] : []), '--', url, ...REFSPECS]);
    },
  };
}
