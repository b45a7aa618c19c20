// A way to an API server that is not to be relied upon: connections are lost before and after requests get through, some are told to wait,
// some fail, watches end. What happens to which request is drawn from a seed.
import type http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { Random } from '../../src/apimachinery/random.ts';

export interface FaultyProxy {
  readonly port: number;
  /** How many of each fault there were. */
  readonly faults: Readonly<Record<string, number>>;
  /** From now on all gets through. */
  heal(): void;
  close(): void;
}

/** @param target where the server is; asked anew for each request, as it may move */
export async function faultyProxy(
  { key, cert }: { readonly key: string; readonly cert: string },
  target: () => { readonly port: number; readonly ca: string },
  seed: number,
): Promise<FaultyProxy> {
  const random = new Random(seed);
  const faults: Record<string, number> = { lostBefore: 0, lostAfter: 0, tooMany: 0, failed: 0, watchEnded: 0 };
  let healthy = false;
  const fault = (name: keyof typeof faults, chance: number): boolean => {
    if (healthy || random.fraction() >= chance) return false;
    faults[name]!++;
    return true;
  };
  const server = https.createServer({ key, cert }, (asked, answer) => {
    const watching = /[?&]watch=(?:true|1)/.test(asked.url ?? '');
    if (fault('lostBefore', 0.04)) return void asked.socket.destroy();
    if (fault('tooMany', 0.04)) return refuse(answer, 429, 'TooManyRequests');
    if (fault('failed', 0.03)) return refuse(answer, 500, 'InternalError');
    const { port, ca } = target();
    const onward = https.request(
      { host: '127.0.0.1', port, ca, method: asked.method, path: asked.url, headers: { ...asked.headers, host: `127.0.0.1:${port}` } },
      (answered) => {
        if (fault('lostAfter', 0.04)) return void asked.socket.destroy();
        answer.writeHead(answered.statusCode ?? 502, answered.headers);
        answer.flushHeaders();
        answered.pipe(answer);
        if (watching && fault('watchEnded', 0.3)) setTimeout(() => asked.socket.destroy(), 300);
      },
    );
    onward.on('error', () => asked.socket.destroy());
    asked.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    faults,
    heal: () => void (healthy = true),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function refuse(answer: http.ServerResponse, code: number, reason: string): void {
  answer.writeHead(code, { 'content-type': 'application/json', ...(code === 429 ? { 'retry-after': '1' } : {}) });
  answer.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: `${reason} of the test` }));
}
