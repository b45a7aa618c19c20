// A command's streams and its end, whatever carries them. Follows k8s.io/apimachinery/pkg/util/remotecommand and the kubelet's answer at the
// end: a Status that says success, or the exit code.
import type { ExecEnd, ExecSession, OutputName } from '../../../../apimachinery/node-api.ts';
import type { JsonObject } from '../../../../apimachinery/object.ts';

/** Where a command's output goes. */
export interface ExecSink {
  output(name: OutputName, data: Uint8Array): void;
  /** The Status at the end, as JSON; nothing comes after it. */
  end(status: string): void;
}

/** Runs the command until it ends. */
export async function runExec(session: ExecSession, sink: ExecSink): Promise<void> {
  const end = await session.start((name, data) => sink.output(name, data));
  sink.end(JSON.stringify(statusOf(end)));
}

function statusOf(end: ExecEnd): JsonObject {
  if ('failure' in end)
    return {
      metadata: {},
      status: 'Failure',
      message: `Internal error occurred: error executing command in container: ${end.failure}`,
      reason: 'InternalError',
      details: { causes: [{ message: `error executing command in container: ${end.failure}` }] },
      code: 500,
    };
  const { exitCode } = end;
  if (exitCode === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: error executing command [${exitCode}], exit code ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  };
}

/** What a client says of the size of its terminal; it may come in pieces that are no JSON, which say nothing. */
export function resized(session: ExecSession, data: Uint8Array): void {
  const match = /"Width":(\d+),"Height":(\d+)/.exec(Buffer.from(data).toString('utf8'));
  if (match) session.resize(Number(match[1]), Number(match[2]));
}
