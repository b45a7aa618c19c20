// The files that commands in a simulated container see: what the pod's volumes bring, and what was written since. Nothing of the image.
import path from 'node:path/posix';
import type { ContainerView } from '../../../container-view.ts';

/** All that may be written into one container, in bytes. */
const MAX_BYTES = 16 * 2 ** 20;

export class FileError extends Error {
  override readonly name = 'FileError';
}

/** What is in every image. */
const DIRECTORIES = ['/', '/bin', '/dev', '/etc', '/home', '/proc', '/root', '/tmp', '/usr', '/var'];

export class FileSystem {
  private readonly written = new Map<string, Uint8Array>();
  private readonly removed = new Set<string>();
  private readonly made = new Set<string>();
  private bytes = 0;

  /** @param view what volumes bring now: they change while the container runs */
  at(view: ContainerView): MountedFiles {
    return new MountedFiles(this, view);
  }

  read(at: string): Uint8Array | undefined {
    return this.written.get(at);
  }

  write(at: string, content: Uint8Array): void {
    const more = content.length - (this.written.get(at)?.length ?? 0);
    if (this.bytes + more > MAX_BYTES) throw new FileError('No space left on device');
    this.bytes += more;
    this.written.set(at, content);
    this.removed.delete(at);
  }

  remove(at: string): void {
    this.bytes -= this.written.get(at)?.length ?? 0;
    this.written.delete(at);
    this.made.delete(at);
    this.removed.add(at);
  }

  makeDirectory(at: string): void {
    this.made.add(at);
  }

  isRemoved(at: string): boolean {
    return this.removed.has(at);
  }

  get files(): Iterable<string> {
    return this.written.keys();
  }

  get directories(): Iterable<string> {
    return this.made;
  }
}

/** The files of one container at one moment. All paths are absolute. */
export class MountedFiles {
  private readonly own: FileSystem;
  private readonly view: ContainerView;

  constructor(own: FileSystem, view: ContainerView) {
    this.own = own;
    this.view = view;
  }

  /** Throws a FileError. */
  read(at: string): Uint8Array {
    const found = this.own.read(at) ?? (this.own.isRemoved(at) ? undefined : this.view.files.get(at));
    if (found) return found;
    throw new FileError(this.isDirectory(at) ? 'Is a directory' : 'No such file or directory');
  }

  exists(at: string): boolean {
    return this.isFile(at) || this.isDirectory(at);
  }

  isFile(at: string): boolean {
    return this.own.read(at) !== undefined || (!this.own.isRemoved(at) && this.view.files.has(at));
  }

  isDirectory(at: string): boolean {
    if (DIRECTORIES.includes(at) || this.view.mounts.includes(at)) return !this.isFile(at);
    const inside = `${at}/`;
    for (const one of this.all()) if (one.startsWith(inside)) return true;
    for (const one of this.own.directories) if (one === at || one.startsWith(inside)) return true;
    return this.view.mounts.some((mount) => mount.startsWith(inside));
  }

  /** Throws a FileError where it may not be written. */
  write(at: string, content: Uint8Array): void {
    if (this.isDirectory(at)) throw new FileError('Is a directory');
    if (!this.isDirectory(path.dirname(at))) throw new FileError('No such file or directory');
    if (this.view.files.has(at) && at !== '/etc/hostname') throw new FileError('Read-only file system');
    this.own.write(at, content);
  }

  makeDirectory(at: string, parents: boolean): void {
    if (this.exists(at) && !parents) throw new FileError('File exists');
    if (!parents && !this.isDirectory(path.dirname(at))) throw new FileError('No such file or directory');
    this.own.makeDirectory(at);
  }

  remove(at: string, recursive: boolean): void {
    if (!this.exists(at)) throw new FileError('No such file or directory');
    if (this.isDirectory(at) && !recursive) throw new FileError('Is a directory');
    for (const one of [...this.all(), ...this.own.directories]) if (one === at || one.startsWith(`${at}/`)) this.own.remove(one);
  }

  /** Names in a directory, in order. Throws a FileError. */
  list(at: string): string[] {
    if (!this.isDirectory(at)) throw new FileError('No such file or directory');
    const inside = at === '/' ? '/' : `${at}/`;
    const names = new Set<string>();
    for (const one of [...DIRECTORIES, ...this.all(), ...this.own.directories, ...this.view.mounts])
      if (one.startsWith(inside) && one !== inside) names.add(one.slice(inside.length).split('/')[0]!);
    return [...names].sort();
  }

  /** Paths of all files at or below a path. */
  below(at: string): string[] {
    return [...this.all()].filter((one) => one === at || one.startsWith(at === '/' ? '/' : `${at}/`)).sort();
  }

  private all(): Set<string> {
    const all = new Set(this.own.files);
    for (const one of this.view.files.keys()) if (!this.own.isRemoved(one)) all.add(one);
    return all;
  }
}
