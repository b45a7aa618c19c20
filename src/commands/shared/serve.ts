// Serves a cluster in this process until it is told to end, and tells failures as lines of a log.
import { RealClock } from '../../apimachinery/clock.ts';
import { serveCluster, type ServeOptions } from '../../cluster/served-cluster.ts';
import type { Serving } from '../../cluster/serving.ts';
import { readBehaviour } from './behaviour.ts';
import { CannotDo } from './failure.ts';

/** As JSON can say it. */
export interface ServerOptions extends Omit<ServeOptions, 'onError' | 'behaviour'> {
  /** A file: how pods live. */
  readonly behaviour?: string;
}

/** Resolves when the cluster is stopped and all that it holds is kept. */
export async function serveUntil(options: ServerOptions, end: AbortSignal, ready: (serving: Serving) => void): Promise<void> {
  const { behaviour, ...rest } = options;
  const lives = behaviour === undefined ? {} : { behaviour: await readBehaviour(behaviour) };
  const served = await serveCluster({ ...rest, ...lives, onError: log }).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new CannotDo(`port ${options.port} is in use`, 'choose another one with --port, or leave the flag away', error);
    if (code === 'EACCES') throw new CannotDo(`port ${options.port} may not be used by this user`, 'choose one above 1023', error);
    if (error instanceof Error && NOT_AS_ASKED[error.name]) throw new CannotDo(error.message, NOT_AS_ASKED[error.name], error);
    throw error;
  });
  ready(served.serving);
  if (!end.aborted) await new Promise((resolve) => end.addEventListener('abort', resolve, { once: true }));
  await served.stop();
}

/** What a server cannot be given, by the error's name → what to do about it. */
const NOT_AS_ASKED: Readonly<Record<string, string>> = {
  TokenFileError: 'mend what --token-auth-file names',
  UnknownAdmissionPlugin: 'mend --enable-admission-plugins or --disable-admission-plugins',
};

function log(component: string, key: string, error: unknown): void {
  const time = new Date(new RealClock().now()).toISOString();
  const message = error instanceof Error ? (process.env['JIBE_DEBUG'] && error.stack) || error.message : String(error);
  process.stderr.write(`${time} ${component}${key ? ` ${key}` : ''}: ${message}\n`);
}
