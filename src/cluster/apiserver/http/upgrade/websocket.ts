// exec and attach over WebSockets: every message begins with the number of its channel. Follows the protocols v4 and v5.channel.k8s.io
// (k8s.io/kubelet/pkg/cri/streaming/remotecommand/websocket.go); v5 also says when the input has ended.
import type { WebSocket } from 'ws';
import type { ExecOptions, ExecSession } from '../../../../apimachinery/node-api.ts';
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
