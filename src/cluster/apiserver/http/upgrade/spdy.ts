// exec, attach and portforward over SPDY/3.1, as older clients and port forwarding speak it: each stream of a command, and each direction of
// a forwarded connection, is a stream of its own that says in its headers what it is. Follows k8s.io/kubelet/pkg/cri/streaming.
import type { Duplex } from 'node:stream';
import type { SpdyConnection, SpdyStream } from 'spdy-transport';
import type { Upgrade } from '../../../../apimachinery/api-request.ts';
import type { ExecOptions, ExecSession, PodConnection } from '../../../../apimachinery/node-api.ts';
import { resized, runExec } from './exec-channels.ts';

/** How many connections may be forwarded at a time. */
const MAX_FORWARDED = 128;
const WINDOW_BYTES = 1 << 20;

export async function serveSpdy(socket: Duplex, upgrade: Upgrade): Promise<void> {
  const { default: transport } = await import('spdy-transport');
  const connection = transport.connection.create(socket, { protocol: 'spdy', isServer: true, windowSize: WINDOW_BYTES });
  connection.on('error', () => socket.destroy());
  acceptPlainStreams(connection);
  connection.start(3.1);
  if (upgrade.to === 'exec') execOverSpdy(connection, socket, upgrade.options, upgrade.session);
  else forwardOverSpdy(connection, (port) => upgrade.connect(port));
}

/** Kubernetes' streams name no method and no path, without which the library takes none. */
function acceptPlainStreams({ _spdyState: { parser } }: SpdyConnection): void {
  const parse = parser.parseKVs.bind(parser);
  parser.parseKVs = (buffer, done) =>
    parse(buffer, (error, headers) => done(error, headers && { ':method': 'POST', ':path': '/', ...headers }));
}

const accepted = (stream: SpdyStream): SpdyStream => {
  stream.respond(200, {});
  stream.on('error', () => stream.destroy());
  return stream;
};

function execOverSpdy(connection: SpdyConnection, socket: Duplex, options: ExecOptions, session: ExecSession): void {
  const streams = new Map<string, SpdyStream>();
  const expected = [
    'error',
    ...(['stdin', 'stdout', 'stderr'] as const).filter((name) => options[name]),
    ...(options.tty ? ['resize'] : []),
  ];
  socket.on('close', () => session.cancel());
  connection.on('stream', (stream) => {
    streams.set(stream.headers['streamtype'] ?? '', accepted(stream));
    if (!expected.every((name) => streams.has(name))) return;
    streams.get('stdin')?.on('data', (data: Uint8Array) => session.write(data));
    streams.get('stdin')?.on('end', () => session.endInput());
    streams.get('resize')?.on('data', (data: Uint8Array) => resized(session, data));
    void runExec(session, {
      output: (name, data) => streams.get(name)?.write(data),
      end(status) {
        streams.get('stdout')?.end();
        streams.get('stderr')?.end();
        const error = streams.get('error')!;
        // a success is told by an error stream that says nothing, in the oldest form; since v4 it is a Status
        error.end(status);
      },
    });
  });
}

function forwardOverSpdy(connection: SpdyConnection, connect: (port: number) => Promise<PodConnection>): void {
  const waiting = new Map<string, Partial<Record<'data' | 'error', SpdyStream>>>();
  connection.on('stream', (stream) => {
    const { streamtype, requestid = '', port } = stream.headers;
    if ((streamtype !== 'data' && streamtype !== 'error') || waiting.size >= MAX_FORWARDED) return stream.abort();
    const pair = waiting.get(requestid) ?? {};
    pair[streamtype] = accepted(stream);
    waiting.set(requestid, pair);
    if (!pair.data || !pair.error) return;
    waiting.delete(requestid);
    void forward(pair.data, pair.error, Number(port), connect);
  });
}

async function forward(
  data: SpdyStream,
  error: SpdyStream,
  port: number,
  connect: (port: number) => Promise<PodConnection>,
): Promise<void> {
  let pod: PodConnection;
  try {
    pod = await connect(port);
  } catch (failure) {
    error.end(`error forwarding port ${port} to pod: ${(failure as Error).message}`);
    data.end();
    return;
  }
  data.on('data', (chunk: Uint8Array) => pod.write(chunk));
  data.on('end', () => pod.endInput());
  data.on('close', () => pod.cancel());
  await pod.start((chunk) => data.write(chunk));
  data.end();
  error.end();
}
