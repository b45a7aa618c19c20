// One process at a time on a directory. The lock is a file that names the process which holds it; a lock whose process is gone, killed
// perhaps, is taken over.
import fs from 'node:fs';
import path from 'node:path';
import { isErrno, isOutOfSpace, StorageError } from './storage-error.ts';

const LOCK_FILE = 'lock';
/** A takeover may be lost to another process, which then holds the lock or is gone again. */
const MAX_ATTEMPTS = 5;

interface Holder {
  readonly pid: number;
  /** Tells a process from a later one with the same number; empty where the system does not say. */
  readonly started: string;
}

export interface DirectoryLock {
  release(): void;
}

/** Throws a StorageError of reason `locked` where another process, or this one, holds the directory. */
export function lockDirectory(directory: string): DirectoryLock {
  const file = path.join(directory, LOCK_FILE);
  const own = JSON.stringify({ pid: process.pid, started: startOf(process.pid) } satisfies Holder);
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    if (create(file, own)) return { release: () => fs.rmSync(file, { force: true }) };
    const text = read(file);
    const holder = text === undefined ? undefined : parse(text);
    if (text === undefined) continue;
    if (holder && isAlive(holder))
      throw new StorageError('locked', directory, `it is in use by process ${holder.pid}`, { pid: holder.pid });
    retire(file, text);
  }
  throw new StorageError('locked', directory, 'other processes are fighting for it');
}

/** The process that holds the directory; undefined where none does. */
export function holderOf(directory: string): number | undefined {
  const text = read(path.join(directory, LOCK_FILE));
  const holder = text === undefined ? undefined : parse(text);
  return holder && isAlive(holder) ? holder.pid : undefined;
}

function create(file: string, content: string): boolean {
  // written aside and linked into place: nobody ever reads half of it
  const aside = `${file}.${process.pid}`;
  try {
    fs.writeFileSync(aside, content, { mode: 0o600 });
    fs.linkSync(aside, file);
    return true;
  } catch (error) {
    if (isErrno(error) && error.code === 'EEXIST') return false;
    if (isOutOfSpace(error)) throw new StorageError('full', file, 'no space is left', { cause: error });
    throw new StorageError('failed', file, `it cannot be written (${isErrno(error) ? error.code : 'unknown'})`, { cause: error });
  } finally {
    fs.rmSync(aside, { force: true });
  }
}

function read(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (isErrno(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<Holder>;
    return typeof holder.pid === 'number' ? { pid: holder.pid, started: holder.started ?? '' } : undefined;
  } catch {
    return undefined; // not written by us: nobody holds it
  }
}

/** Takes the stale lock away, unless somebody else already did and put theirs in its place. */
function retire(file: string, stale: string): void {
  const aside = `${file}.stale.${process.pid}`;
  try {
    fs.renameSync(file, aside);
    if (read(aside) !== stale) fs.linkSync(aside, file);
  } catch (error) {
    if (!isErrno(error) || (error.code !== 'ENOENT' && error.code !== 'EEXIST')) throw error;
  } finally {
    fs.rmSync(aside, { force: true });
  }
}

function isAlive({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return isErrno(error) && error.code === 'EPERM';
  }
  const now = startOf(pid);
  return started === '' || now === '' || started === now;
}

/** When the process started, in clock ticks since boot, where Linux tells. */
function startOf(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the second field is a name in parentheses that may hold anything
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return ''; // no /proc here
  }
}
