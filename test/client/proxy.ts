// A proxy for tests: it leads all names to this machine, and tells what it was asked for.
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Proxy {
  readonly url: string;
  /** `cluster.test:6443` */
  readonly asked: readonly string[];
}

/** For the length of a test. */
export async function startProxy(): Promise<Proxy> {
  const asked: string[] = [];
  const server = http.createServer((_, response) => response.writeHead(400).end());
  server.on('connect', ({ url = '' }, socket, head) => {
    asked.push(url);
    const onwards = net.connect(Number(url.split(':').at(-1)), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onwards.write(head);
      onwards.pipe(socket).pipe(onwards);
    });
    onwards.on('error', () => socket.destroy());
    socket.on('error', () => onwards.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}
