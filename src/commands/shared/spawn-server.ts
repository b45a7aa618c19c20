// Starts the process that serves a cluster, and leaves it behind once it answers.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { clusterDirectory } from '../../cluster/cluster-directory.ts';
import type { Serving } from '../../cluster/serving.ts';
import { CannotDo } from './failure.ts';
import type { ServerOptions } from './serve.ts';

/** What the process says, once. */
export type ServerMessage = { readonly serving: Serving } | { readonly failure: { readonly message: string; readonly hint?: string } };

const LOG = 'server.log';

/** What a long list took goes back to the system: glibc would keep it, and more of it with each list (mallopt(3)). */
const GIVE_BACK_MEMORY = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072' };

/** Throws a CannotDo where the process cannot serve. */
export async function spawnServer(options: ServerOptions): Promise<Serving> {
  const directory = clusterDirectory(options.home, options.name);
  // the cluster's directory must not be there before the process has made it its own
  const log = path.join(options.home, `${options.name}.${LOG}`);
  fs.mkdirSync(options.home, { recursive: true, mode: 0o700 });
  const output = fs.openSync(log, 'w', 0o600);
  try {
    const child = spawn(process.execPath, [entry(), JSON.stringify(options)], {
      detached: true,
      stdio: ['ignore', output, output, 'ipc'],
      // it belongs to no folder that somebody may want to take away
      cwd: options.home,
      env: { ...process.env, ...GIVE_BACK_MEMORY },
    });
    const message = await new Promise<ServerMessage | undefined>((resolve, reject) => {
      child.once('message', (message) => resolve(message as ServerMessage));
      child.once('error', reject);
      child.once('exit', () => resolve(undefined));
    });
    child.unref();
    if (child.connected) child.disconnect();
    if (!message) throw new CannotDo(`the server of cluster ${options.name} ended before it answered`, `its log is ${log}`);
    if ('failure' in message) throw new CannotDo(message.failure.message, message.failure.hint);
    return message.serving;
  } finally {
    fs.closeSync(output);
    if (fs.existsSync(directory)) fs.renameSync(log, path.join(directory, LOG));
  }
}

/** Beside the commands, wherever they were built. */
const entry = (): string => {
  const here = path.dirname(fileURLToPath(import.meta.url));
  return path.join(here, '..', 'server-process.cjs');
};
