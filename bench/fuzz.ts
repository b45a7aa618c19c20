// Hostile requests by the thousand: what jibe's API server answers to them, and whether it stays up, quick and small.
//
//   npm run bench:fuzz -- [--requests 200000] [--seed 1]
import { parseArgs } from 'node:util';
import { RealClock, VirtualClock } from '../src/apimachinery/clock.ts';
import { Random } from '../src/apimachinery/random.ts';
import { ADMIN, Cluster } from '../src/cluster/cluster.ts';
import type { HttpResponse } from '../src/cluster/apiserver/http/http-message.ts';
import { handleHttp } from '../src/cluster/apiserver/http/http-api.ts';
import { answered, hostileRequest } from '../test/cluster/apiserver/http/hostile-requests.ts';

const { values } = parseArgs({ options: { requests: { type: 'string', default: '200000' }, seed: { type: 'string', default: '1' } } });
const count = Number(values.requests);
const random = new Random(Number(values.seed));
const real = new RealClock();
const clock = new VirtualClock(Date.UTC(2026, 0, 1));
const cluster = await Cluster.start({ clock, random: new Random(1), components: [] });
/** Of answers with 500. */
const AS_KUBERNETES = ['failed to create typed patch object', 'unable to convert unstructured object', 'strconv.ParseUint'];
const codes = new Map<number, number>();
const failures: string[] = [];
let slowest = 0;
const began = real.now();
for (let i = 0; i < count; i++) {
  const request = hostileRequest(random);
  const started = real.now();
  try {
    const { code, body } = await answered(handleHttp(cluster.server, { ...request, user: ADMIN }), clock);
    if (typeof body !== 'string' && !(body instanceof Uint8Array)) body.cancel();
    codes.set(code, (codes.get(code) ?? 0) + 1);
    // Kubernetes answers 500 too where an applied object is not of its schema, and where a watch begins at no version
    const known = code < 500 || code === 504 || AS_KUBERNETES.some((text) => textOf(body).includes(text));
    if (!known && failures.length < 20) failures.push(`${code} ${told(request)} ${textOf(body).slice(0, 200)}`);
  } catch (error) {
    codes.set(0, (codes.get(0) ?? 0) + 1);
    if (failures.length < 20) failures.push(`thrown ${told(request)} ${(error as Error).stack?.slice(0, 600)}`);
  }
  slowest = Math.max(slowest, real.now() - started);
}
const seconds = (real.now() - began) / 1000;
console.log(
  `${count} requests in ${seconds.toFixed(1)} s (${Math.round(count / seconds)}/s), the slowest ${slowest.toFixed(0)} ms, ${Math.round(process.memoryUsage().rss / 2 ** 20)} MB`,
);
for (const [code, n] of [...codes].sort(([a], [b]) => a - b)) console.log(String(n).padStart(8), code === 0 ? 'thrown' : code);
for (const failure of failures) console.log(failure);
if (codes.has(0)) process.exitCode = 1;

function told({ method, url, headers, body }: ReturnType<typeof hostileRequest>): string {
  return `${method} ${JSON.stringify(url)} ${JSON.stringify(headers)} ${JSON.stringify(
    Buffer.from(body ?? [])
      .toString()
      .slice(0, 300),
  )}`;
}

function textOf(body: HttpResponse['body']): string {
  if (typeof body === 'string') return body;
  return body instanceof Uint8Array ? Buffer.from(body).toString() : '';
}
