// Connections that become something else than HTTP: the handshake, by WebSocket or by SPDY, and who serves what is then spoken. Libraries
// are loaded when the first such connection comes.
import type { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Upgrade } from '../../../../apimachinery/api-request.ts';
import { serveSpdy } from './spdy.ts';
import { EXEC_PROTOCOLS, execOverWebSocket, FORWARD_PROTOCOLS, forwardOverWebSocket } from './websocket.ts';

/** SPDY in the messages of a WebSocket: how newer clients forward ports. */
const TUNNEL = 'SPDY/3.1+portforward.k8s.io';
const SPDY_PROTOCOLS = { exec: ['v4.channel.k8s.io'], portforward: ['portforward.k8s.io'] } as const;
const MAX_MESSAGE_BYTES = 4 * 2 ** 20;

export async function upgradeConnection(request: IncomingMessage, socket: Duplex, head: Buffer, upgrade: Upgrade): Promise<void> {
  socket.on('error', () => socket.destroy());
  const wanted = (request.headers.upgrade ?? '').toLowerCase();
  if (wanted === 'websocket') return upgradeWebSocket(request, socket, head, upgrade);
  if (wanted === 'spdy/3.1') return upgradeSpdy(request, socket, head, upgrade);
  refuse(socket, 400, `unable to upgrade: unknown protocol ${JSON.stringify(request.headers.upgrade)}`);
}

async function upgradeWebSocket(request: IncomingMessage, socket: Duplex, head: Buffer, upgrade: Upgrade): Promise<void> {
  const { WebSocketServer } = await import('ws');
  const known: readonly string[] = upgrade.to === 'exec' ? EXEC_PROTOCOLS : [TUNNEL, ...FORWARD_PROTOCOLS];
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim());
  const chosen = offered.find((one) => known.includes(one));
  if (chosen === undefined) return refuse(socket, 400, `no supported protocol was offered; there are ${known.join(', ')}`);
  const tunnelled = chosen === TUNNEL;
  const ports = upgrade.to === 'portforward' && !tunnelled ? upgrade.ports : [];
  if (typeof ports === 'string') return refuse(socket, 400, ports);
  const server = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, handleProtocols: () => chosen });
  server.handleUpgrade(request, socket, head, (webSocket) => {
    if (upgrade.to === 'exec') void execOverWebSocket(webSocket, upgrade.options, upgrade.session);
    else if (tunnelled) void serveSpdy(tunnel(webSocket), upgrade);
    else void forwardOverWebSocket(webSocket, ports, (port) => upgrade.connect(port));
  });
}

/** The bytes of a WebSocket's messages as one stream. */
function tunnel(webSocket: WebSocket): Duplex {
  const stream = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      webSocket.send(chunk, (error) => done(error ?? null));
    },
    final(done) {
      webSocket.close();
      done();
    },
    destroy(error, done) {
      webSocket.terminate();
      done(error);
    },
  });
  webSocket.on('message', (message: Buffer) => stream.push(message));
  webSocket.on('close', () => stream.push(null));
  webSocket.on('error', () => stream.destroy());
  return stream;
}

async function upgradeSpdy(request: IncomingMessage, socket: Duplex, head: Buffer, upgrade: Upgrade): Promise<void> {
  const { 'x-stream-protocol-version': header = '' } = request.headers;
  const offered = (Array.isArray(header) ? header.join(',') : header).split(',').map((one) => one.trim());
  const known: readonly string[] = SPDY_PROTOCOLS[upgrade.to];
  const chosen = offered.find((one) => known.includes(one));
  if (chosen === undefined)
    return refuse(
      socket,
      403,
      `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${known.join(' ')}]`,
    );
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${chosen}\r\n\r\n`,
  );
  if (head.length) socket.unshift(head);
  await serveSpdy(socket, upgrade);
}

function refuse(socket: Duplex, code: number, message: string): void {
  socket.end(
    `HTTP/1.1 ${code} Refused\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(message)}\r\n\r\n${message}`,
  );
}
