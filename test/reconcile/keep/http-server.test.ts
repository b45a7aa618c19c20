// Handlers behind sockets: what is bounded, and what a client sees of a defect.
import { once } from 'node:events';
import net from 'node:net';
import { expect, test } from 'vitest';
import { text, type Handler } from '../../../src/reconcile/keep/answer.ts';
import { MAX_UNREAD_BYTES, serveHttp, type HttpServer, type HttpServerOptions } from '../../../src/reconcile/keep/http-server.ts';

async function withServer(
  handle: Handler,
  work: (server: HttpServer) => Promise<void>,
  more: Partial<HttpServerOptions> = {},
): Promise<void> {
  const server = await serveHttp({ port: 0, maxBodyBytes: (path) => (path === '/none' ? 0 : 10), ...more }, handle);
  try {
    await work(server);
  } finally {
    await server.close();
  }
}

test('bodies are bounded', () =>
  withServer(
    ({ method, path, body }) => text(`${method} ${path} ${body.length}`),
    async ({ url }) => {
      expect(await (await fetch(`${url}/a?b`, { method: 'POST', body: '12345' })).text()).toBe('POST /a 5');
      expect((await fetch(url, { method: 'POST', body: '12345678901' })).status).toBe(413);
      expect((await fetch(`${url}/none`, { method: 'POST', body: '1' })).status).toBe(413);
      expect((await fetch(url, { method: 'POST', body: 'x'.repeat(1 << 20) })).status).toBe(413);
    },
  ));

test('a defect is told to whoever runs it, and not to whoever asks', async () => {
  const told: unknown[] = [];
  await withServer(
    () => {
      throw new Error('in /home/ada/secret.ts');
    },
    async ({ url }) => {
      const answer = await fetch(url);
      expect([answer.status, await answer.text()]).toEqual([500, expect.not.stringContaining('ada')]);
    },
    { onError: (error) => void told.push(error) },
  );
  expect(told).toMatchObject([{ message: 'in /home/ada/secret.ts' }]);
});

test('who does not read a stream is cut off, and others are not', async () => {
  const ended: string[] = [];
  let writeAll: ((part: string) => void)[] = [];
  await withServer(
    ({ path }) =>
      (write, gone) => {
        writeAll.push(write);
        gone.addEventListener('abort', () => void ended.push(path));
      },
    async ({ port, url }) => {
      const slow = net.connect(port, '127.0.0.1');
      slow.write('GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n');
      slow.on('error', () => undefined);
      slow.pause();
      const reader = (await fetch(`${url}/quick`)).body!.getReader();
      while (writeAll.length < 2) await new Promise((resolve) => setImmediate(resolve));
      const chunk = 'x'.repeat(MAX_UNREAD_BYTES / 16);
      for (let i = 0; i < 400 && ended.length === 0; i++) {
        for (const write of writeAll) write(chunk);
        for (let read = 0; read < chunk.length;) read += (await reader.read()).value!.length;
      }
      if (ended.length === 0) await once(slow, 'close');
      expect(ended).toEqual(['/slow']);
      writeAll = [];
      await reader.cancel();
    },
  );
});
