// The process behind `jibe cluster start`: serves one cluster, as the JSON in its only argument says, and tells its parent when it does,
// or why it cannot. An entry of its own, so that it loads nothing of the command line.
import { explainFailure } from './failure.ts';
import { serveUntil, type ServerOptions } from './serve.ts';
import type { ServerMessage } from './spawn-server.ts';

const tell = (message: ServerMessage): void => {
  // a parent that is gone needs no telling
  if (process.connected) process.send!(message, undefined, {}, () => process.connected && process.disconnect());
};

export async function main(): Promise<void> {
  const end = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end.abort());
  try {
    await serveUntil(JSON.parse(process.argv[2]!) as ServerOptions, end.signal, (serving) => tell({ serving }));
    process.exit(0);
  } catch (error) {
    const told = explainFailure(error);
    process.exitCode = 2;
    if (told) tell({ failure: { message: told.message, ...(told.hint === undefined ? {} : { hint: told.hint }) } });
    else throw error;
  }
}
