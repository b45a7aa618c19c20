// A repository's objects read by isomorphic-git, in this process and without a checkout.
import fs from 'node:fs';
import type isomorphicGit from 'isomorphic-git';
import { MAX_PACK_BYTES } from '../limits.ts';
import { SourceError, tooLarge } from '../source-error.ts';
import { ObjectSizes } from './object-size.ts';
import type { GitObject, GitObjects } from './objects.ts';

/** What is kept between reads: parsed pack indexes and packs, and small objects. Keep it as long as the repository is being read. */
export type GitCache = object;

/** Small objects by their id, which says what they hold: trees and manifests that many apps have in common are read once. */
class ReadObjects {
  private readonly byId = new Map<string, GitObject>();
  private readonly reading = new Map<string, Promise<GitObject | undefined>>();
  private bytes = 0;

  /** As it was read before, or as it is being read already; else as `read` reads it. */
  async get(oid: string, maxBytes: number, read: () => Promise<GitObject | undefined>): Promise<GitObject | undefined> {
    const known = this.byId.get(oid) ?? (await this.reading.get(oid)?.catch(() => undefined));
    if (known && known.data.length <= maxBytes) return known;
    const own = read();
    this.reading.set(oid, own);
    try {
      const object = await own;
      if (object) this.keep(oid, object);
      return object;
    } finally {
      this.reading.delete(oid);
    }
  }

  private keep(oid: string, object: GitObject): void {
    if (object.data.length > MAX_KEPT_OBJECT_BYTES || this.byId.has(oid)) return;
    if (this.bytes > MAX_KEPT_BYTES) {
      this.byId.clear();
      this.bytes = 0;
    }
    this.byId.set(oid, object);
    this.bytes += object.data.length;
  }
}

const MAX_KEPT_OBJECT_BYTES = 256 * 1024;
const MAX_KEPT_BYTES = 64 * 1024 * 1024;
const READ = Symbol('objects that were read');

const readObjectsIn = (cache: { [READ]?: ReadObjects }): ReadObjects => (cache[READ] ??= new ReadObjects());

let loaded: Promise<typeof isomorphicGit> | undefined;
const library = (): Promise<typeof isomorphicGit> => (loaded ??= import('isomorphic-git').then((module) => module.default));

/** The files of an object store as isomorphic-git is to see them. */
interface StoreFiles {
  readonly promises: typeof fs.promises;
}

/**
 * isomorphic-git looks for every object anew: where the repository lies, among loose objects, which packs there are; and before each call it
 * asks, by one that fails, whether its file system answers with promises. That is most of what a read costs, and the answers are known.
 */
function storeFiles(gitDirectory: string, sizes: ObjectSizes): StoreFiles {
  const objects = `${gitDirectory}/objects/`;
  const absent = Promise.reject(Object.assign(new Error('it is in a pack'), { code: 'ENOENT' }));
  absent.catch(() => undefined);
  const isPacked = (file: string): boolean =>
    file.startsWith(objects) && file[objects.length + 2] === '/' && sizes.isPacked(file.slice(objects.length).replace('/', ''));
  let own: Promise<fs.Stats> | undefined;
  const known = {
    readFile(file?: string, ...rest: never[]): unknown {
      if (file === undefined) return Promise.resolve();
      return isPacked(file) ? absent : fs.promises.readFile(file, ...rest);
    },
    readdir: (directory: string, ...rest: never[]): unknown =>
      directory === `${objects}pack` ? sizes.indexes() : fs.promises.readdir(directory, ...rest),
    stat: (file: string, ...rest: never[]): unknown =>
      file === gitDirectory ? (own ??= fs.promises.stat(file)) : fs.promises.stat(file, ...rest),
  };
  return { promises: { ...fs.promises, ...(known as Partial<typeof fs.promises>) } };
}

export class IsomorphicObjects implements GitObjects {
  private readonly gitDirectory: string;
  private readonly cache: GitCache;
  private readonly sizes: ObjectSizes;
  private readonly files: StoreFiles;

  /** @param gitDirectory where `objects/` lies */
  constructor(gitDirectory: string, cache: GitCache) {
    this.gitDirectory = gitDirectory;
    this.cache = cache;
    this.sizes = ObjectSizes.shared(gitDirectory, cache);
    this.files = storeFiles(gitDirectory, this.sizes);
  }

  async read(oid: string, maxBytes: number): Promise<GitObject | undefined> {
    return readObjectsIn(this.cache).get(oid, maxBytes, () => this.readAnew(oid, maxBytes));
  }

  private async readAnew(oid: string, maxBytes: number): Promise<GitObject | undefined> {
    const size = await this.sizes.of(oid);
    if (size === undefined) return undefined;
    if (size > Math.max(maxBytes, MIN_BASE_BYTES)) throw tooLarge(oid, maxBytes, size);
    const git = await library();
    try {
      const { type, object } = await git.readObject({
        fs: this.files,
        gitdir: this.gitDirectory,
        oid,
        format: 'content',
        cache: this.cache,
      });
      const data = object as Uint8Array;
      if (data.length > maxBytes) throw tooLarge(oid, maxBytes, data.length);
      return { type: type as GitObject['type'], data };
    } catch (error) {
      if (error instanceof SourceError) throw error;
      const hint = `run git fsck; packs of more than ${MAX_PACK_BYTES / 2 ** 20} MiB need the git program`;
      throw new SourceError('Corrupt', this.gitDirectory, `the object ${oid} cannot be read`, hint, error);
    }
  }

  async expand(prefix: string): Promise<readonly string[]> {
    const git = await library();
    try {
      // what has come since counts here
      return [await git.expandOid({ fs, gitdir: this.gitDirectory, oid: prefix, cache: this.cache })];
    } catch (error) {
      const { code, data } = error as { readonly code?: string; readonly data?: { readonly matches?: readonly string[] } };
      if (code === 'NotFoundError') return [];
      if (code === 'AmbiguousError') return data?.matches ?? [];
      throw new SourceError('Corrupt', this.gitDirectory, 'the objects cannot be listed', 'run git fsck', error);
    }
  }

  async close(): Promise<void> {
    await this.sizes.close();
  }
}

/** A small object may be packed as a difference to a larger one; up to here that is borne. */
const MIN_BASE_BYTES = 64 * 1024 * 1024;
