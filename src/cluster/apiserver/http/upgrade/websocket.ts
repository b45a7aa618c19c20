// exec, attach and portforward over WebSockets: every message begins with the number of its channel. Follows the protocols v4 and
// v5.channel.k8s.io (k8s.io/kubelet/pkg/cri/streaming/{remotecommand,portforward}/websocket.go); v5 also says when the input has ended.
import type { WebSocket } from 'ws';
import type { ExecOptions, ExecSession, PodConnection } from '../../../../apimachinery/node-api.ts';
import { resized, runExec } from './exec-channels.ts';

export const EXEC_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;

const STDIN = 0;
const OUTPUT = { stdout: 1, stderr: 2 } as const;
const ERROR = 3;
const RESIZE = 4;
const CLOSE = 255;
/** Told to who closes without a reason. */
const NORMAL = 1000;

export async function execOverWebSocket(socket: WebSocket, options: ExecOptions, session: ExecSession): Promise<void> {
  const send = (channel: number, data: Uint8Array): void => {
    if (socket.readyState === socket.OPEN) socket.send(Buffer.concat([Buffer.of(channel), data]));
  };
  socket.on('message', (message: Buffer) => {
    const [channel] = message;
    const data = message.subarray(1);
    if (channel === STDIN) session.write(data);
    else if (channel === RESIZE) resized(session, data);
    else if (channel === CLOSE && data[0] === STDIN) session.endInput();
  });
  socket.on('close', () => session.cancel());
  socket.on('error', () => socket.terminate());
  // an empty message tells that the streams are there
  send(options.stdout ? OUTPUT.stdout : options.stderr ? OUTPUT.stderr : ERROR, new Uint8Array());
  await runExec(session, {
    output: (name, data) => send(OUTPUT[name], data),
    end: (status) => send(ERROR, Buffer.from(status)),
  });
  socket.close(NORMAL);
}

export const FORWARD_PROTOCOLS = ['v4.channel.k8s.io'] as const;

/** Each port has two channels: its data, and what goes wrong. Both begin with the port, in two bytes, the lower first. */
export async function forwardOverWebSocket(
  socket: WebSocket,
  ports: readonly number[],
  connect: (port: number) => Promise<PodConnection>,
): Promise<void> {
  const send = (channel: number, data: Uint8Array): void => {
    if (socket.readyState === socket.OPEN) socket.send(Buffer.concat([Buffer.of(channel), data]));
  };
  const connections = new Map<number, PodConnection>();
  /** What comes before the pod has answered. */
  const early: [number, Buffer][] = [];
  socket.on('message', (message: Buffer) => {
    const [channel = 0] = message;
    const connection = connections.get(channel);
    if (connection) connection.write(message.subarray(1));
    else early.push([channel, message]);
  });
  socket.on('close', () => {
    for (const connection of connections.values()) connection.cancel();
  });
  socket.on('error', () => socket.terminate());
  const forward = async (port: number, data: number): Promise<void> => {
    for (const channel of [data, data + 1]) send(channel, Buffer.of(port & 0xff, port >> 8));
    let connection: PodConnection;
    try {
      connection = await connect(port);
    } catch (failure) {
      send(data + 1, Buffer.from(`error forwarding port ${port} to pod: ${(failure as Error).message}`));
      return;
    }
    connections.set(data, connection);
    const done = connection.start((chunk) => send(data, chunk));
    for (const [channel, message] of early) if (channel === data) connection.write(message.subarray(1));
    await done;
  };
  await Promise.all(ports.map((port, i) => forward(port, 2 * i)));
  socket.close(NORMAL);
}
