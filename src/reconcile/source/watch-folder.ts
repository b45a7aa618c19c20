// Notices that something in a folder has changed. What changed is found out by reading it again: the folder's listing is the truth, not
// the events of the file system.
import fs from 'node:fs';
import { watch } from 'chokidar';
import type { Clock, Timer } from '../../apimachinery/clock.ts';

export interface FolderChanges {
  /** Resolves at the next change, once it has been quiet for a while; many changes at once are one. */
  next(): Promise<'changed' | 'gone' | 'stopped'>;
  close(): Promise<void>;
}

/** Resolves when the folder is being watched: what changes from then on is not missed. @param quietMs nothing must change for so long */
export async function watchFolder(folder: string, quietMs: number, clock: Clock, signal: AbortSignal): Promise<FolderChanges> {
  // git's own files change with every command; what is hidden is no manifest
  const watcher = watch(folder, {
    ignoreInitial: true,
    followSymlinks: true,
    ignored: (file) => /[/\\]\.(?:git|jibe)(?:[/\\]|$)/.test(file.slice(folder.length)),
  });
  let changed = false;
  let waiting: ((what: 'changed' | 'gone' | 'stopped') => void) | undefined;
  let quiet: Timer | undefined;
  const tell = (): void => {
    if (signal.aborted) answer('stopped');
    else if (changed && !quiet) answer(fs.existsSync(folder) ? 'changed' : 'gone');
  };
  const answer = (what: 'changed' | 'gone' | 'stopped'): void => {
    if (!waiting) return;
    changed = false;
    waiting(what);
    waiting = undefined;
  };
  watcher.on('all', () => {
    changed = true;
    quiet?.cancel();
    quiet = clock.schedule(quietMs, () => {
      quiet = undefined;
      tell();
    });
  });
  signal.addEventListener('abort', tell);
  await new Promise<void>((resolve, reject) => {
    watcher.once('ready', resolve);
    watcher.once('error', reject);
  });
  return {
    next: () =>
      new Promise((resolve) => {
        waiting = resolve;
        tell();
      }),
    async close() {
      quiet?.cancel();
      signal.removeEventListener('abort', tell);
      await watcher.close();
    },
  };
}
