// What kustomizations name that lies elsewhere, where that is allowed: repositories at one commit, and files. Each repository is part of
// the build's tree under a name that no path can spell, so nothing in it leads out of it. Only what is pinned is taken: a full commit, or
// a tag, whose commit is told. Bounded in number here, in bytes and time by the source.
import { createHash } from 'node:crypto';
import { parseAddress, redacted } from '../../source/git/url.ts';
import type { Snapshot } from '../../source/snapshot.ts';
import { SourceError } from '../../source/source-error.ts';
import type { Elsewhere, Found } from '../../source/source-tree.ts';
import { KustomizeError } from './kustomize-error.ts';
import { parseRemote, shownAddress, type RemoteAddress } from './remote-address.ts';

/** Repositories and files of one build. */
const MAX_REMOTES = 100;

/** With what a path begins that lies in a repository elsewhere. */
export const MOUNT = /^\0\d+(?=\/|$)/;

interface Mount {
  readonly name: string;
  /** As its files are shown: the repository and its commit. */
  readonly shown: string;
  readonly snapshot: Snapshot;
}

/** What is worth knowing of something that was fetched. */
export interface RemoteNote {
  readonly message: string;
  readonly hint: string;
}

type RepositoryAddress = Extract<RemoteAddress, { readonly kind: 'repository' }>;

export class Remotes {
  private readonly elsewhere: Elsewhere | undefined;
  private readonly mounts: Mount[] = [];
  private readonly known = new Map<string, Promise<Found>>();
  private notes: RemoteNote[] = [];

  /** @param elsewhere undefined where nothing may be fetched */
  constructor(elsewhere: Elsewhere | undefined) {
    this.elsewhere = elsewhere;
  }

  /** What an address leads to. Throws {@link KustomizeError}. */
  async find(written: string): Promise<Found> {
    const { elsewhere } = this;
    const shown = shownAddress(written);
    if (!elsewhere)
      throw new KustomizeError(`${shown} is remote, and nothing is fetched`, {
        hint: 'copy it into the repository, and name the copy; or allow it with --allow-remote',
      });
    const address = parseRemote(written);
    if (address?.kind === 'repository' && !isFetched(address.url))
      throw new KustomizeError(`${shown} is not fetched: repositories elsewhere are read over https:// and ssh://`, {
        hint: 'what lies on this machine is for the command line to name',
      });
    if (!address) throw new KustomizeError(`${shown} names no repository`, { hint: 'write https://host/org/repo//path?ref=v1.2.3' });
    let found = this.known.get(written);
    if (!found) {
      if (this.known.size >= MAX_REMOTES) throw new KustomizeError(`the build names more than ${MAX_REMOTES} remote resources`);
      found = address.kind === 'file' ? this.file(address.url, elsewhere) : this.mount(address, elsewhere);
      this.known.set(written, found);
    }
    try {
      return await found;
    } catch (error) {
      throw asKustomizeError(error, shown);
    }
  }

  /** What a path of the tree leads to that begins with a {@link MOUNT}. */
  async findIn(path: string): Promise<Found | undefined> {
    const [name = ''] = MOUNT.exec(path) ?? [];
    const { snapshot, shown } = this.mounts[Number(name.slice(1))]!;
    const found = await snapshot.tree!.find(path.slice(name.length + 1));
    if (!found) return undefined;
    const inside = [name, found.path].filter(Boolean).join('/');
    return found.kind === 'directory'
      ? { kind: 'directory', path: inside }
      : { kind: 'file', path: inside, file: { ...found.file, path: `${shown}/${found.path}` } };
  }

  /** How such a path is shown. */
  shown(path: string): string {
    const [name = ''] = MOUNT.exec(path) ?? [];
    return this.mounts[Number(name.slice(1))]!.shown + path.slice(name.length);
  }

  /** What was noted since it was last asked for. */
  takeNotes(): readonly RemoteNote[] {
    const { notes } = this;
    this.notes = [];
    return notes;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.known.values());
    await Promise.all(this.mounts.map(({ snapshot }) => snapshot.close()));
  }

  private async mount(address: RepositoryAddress, elsewhere: Elsewhere): Promise<Found> {
    const { url, path, ref } = address;
    const snapshot = await openPinned(address, elsewhere);
    const revision = snapshot.revision!;
    if (ref !== revision)
      this.notes.push({
        message: `${redacted(url)}: the tag ${ref} is commit ${revision}`,
        hint: `a tag can be moved; ?ref=${revision} stays`,
      });
    const name = `\0${this.mounts.length}`;
    this.mounts.push({ name, shown: `${redacted(url)}@${revision.slice(0, 12)}`, snapshot });
    const found = await this.findIn(path === '' ? name : `${name}/${path}`);
    if (!found) throw new SourceError('NotFound', url, `there is no ${path} at commit ${revision.slice(0, 12)}`);
    return found;
  }

  private async file(url: string, elsewhere: Elsewhere): Promise<Found> {
    const bytes = await elsewhere.fetch(url);
    const shown = shownAddress(url);
    if (!/[0-9a-f]{40}/.test(url)) {
      const sum = createHash('sha256').update(bytes).digest('hex');
      this.notes.push({
        message: `${shown} is not pinned: it may hold something else tomorrow (now sha256 ${sum.slice(0, 16)}…)`,
        hint: 'name a commit in the address, or copy the file into the repository',
      });
    }
    // a path that no other file has
    const file = { path: shown, size: bytes.length, oid: undefined, read: async () => bytes };
    return { kind: 'file', path: `\0file/${shown}`, file };
  }
}

function isFetched(url: string): boolean {
  const address = parseAddress(url);
  return address.kind === 'remote' && address.transport !== 'file';
}

/** Throws where the revision may be another commit tomorrow. */
async function openPinned({ url, path, ref }: RepositoryAddress, { open }: Elsewhere): Promise<Snapshot> {
  const how = 'add ?ref= with a full commit or a tag';
  if (ref === undefined) throw new SourceError('UnknownRef', url, 'it is not pinned: it names no revision', how);
  if (/^[0-9a-f]{40}$/.test(ref)) return open({ location: url, ref, path });
  if (!/^\w[\w./+-]*$/.test(ref)) throw new SourceError('UnknownRef', url, `it is not pinned: ${JSON.stringify(ref)} is no tag`, how);
  try {
    return await open({ location: url, ref: `refs/tags/${ref.replace(/^refs\/tags\//, '')}`, path });
  } catch (error) {
    if (!(error instanceof SourceError) || error.code !== 'UnknownRef') throw error;
    const other = await open({ location: url, ref, path });
    await other.close();
    const message = `it is not pinned: ${ref} is no tag, and may be another commit tomorrow`;
    throw new SourceError('UnknownRef', url, message, `write ?ref=${other.revision}, the commit that it is now`, error);
  }
}

function asKustomizeError(error: unknown, shown: string): unknown {
  if (!(error instanceof SourceError)) return error;
  return new KustomizeError(`${shown}: ${error.message}`, { ...(error.hint ? { hint: error.hint } : {}), cause: error });
}
