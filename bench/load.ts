// A served API server under load: `jibe cluster start --components apiserver` in a process of its own, durable (each write is on the disk
// before it is answered), and clients over HTTPS in this one.
//
//   npm run build && npm run bench:load -- [--quick] [--objects 100000]
//
// Ratios are against kube-apiserver 1.36 with etcd 3.6 on two cores. The bodies of lists are those of the same pods.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { loadKubeconfig } from '../src/client/kubeconfig.ts';
import type { Serving } from '../src/cluster/serving.ts';

const { values: args } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, objects: { type: 'string', default: '100000' } },
});
const SHARE = args.quick ? 0.1 : 1;

const JIBE = path.resolve('bin/jibe.js');
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-load-'));
const jibe = (...words: string[]): string =>
  execFileSync(process.execPath, [JIBE, 'cluster', ...words], { env: { ...process.env, JIBE_HOME: home }, encoding: 'utf8' });

const started = performance.now();
const serving = JSON.parse(jibe('start', '--name', 'load', '--components', 'apiserver', '-o', 'json')) as Serving;
const startMs = performance.now() - started;
const { ca, clientCertificate: cert, clientKey: key } = loadKubeconfig({ env: {}, files: [serving.kubeconfig] });
const { hostname: host, port } = new URL(serving.url);
const tls = { host, port, ca, cert, key };
const agent = new https.Agent({ keepAlive: true, maxSockets: 128 });

interface Answer {
  readonly code: number;
  readonly bytes: number;
}

function send(method: string, url: string, body?: object, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = https.request(
      {
        ...tls,
        agent,
        method,
        path: url,
        headers: { accept: 'application/json', ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
      },
      (response) => {
        let bytes = 0;
        response.on('data', (chunk: Buffer) => (bytes += chunk.length));
        response.on('end', () => resolve({ code: response.statusCode ?? 0, bytes }));
      },
    );
    request.on('error', reject);
    request.end(body && JSON.stringify(body));
  });
}

async function expectCode(answer: Promise<Answer>, code: number): Promise<Answer> {
  const got = await answer;
  if (got.code !== code) throw new Error(`answered ${got.code} instead of ${code}`);
  return got;
}

/** So many at a time. @returns how long each took, in milliseconds, sorted */
async function many(count: number, clients: number, work: (i: number) => Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = [];
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < count) {
      const begun = performance.now();
      await work(next++);
      times.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return times.sort((a, b) => a - b);
}

const quantile = (sorted: readonly number[], q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;

/** @param real what Kubernetes has; more is better where `aim` is a rate */
function told(what: string, value: number, unit: string, { real, aim, note = '' }: { real?: number; aim?: number; note?: string }): void {
  const rate = unit.endsWith('/s');
  const ratio = real === undefined ? '' : `${(rate ? value / real : real / value).toFixed(1)} × kube-apiserver (${real} ${unit})`;
  const wanted = aim === undefined ? '' : `aim ${aim} ${unit}${(rate ? value >= aim : value <= aim) ? '' : ' MISSED'}`;
  console.log(
    `${value.toFixed(value < 10 ? 1 : 0).padStart(8)} ${unit.padEnd(5)} ${what}: ${[ratio, wanted, note].filter(Boolean).join(', ')}`,
  );
}

const NAMESPACE = '/api/v1/namespaces/default';
const configMap = (name: string, labels: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
  data: { k: 'v' },
});
const pod = (i: number): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `p-${i}`, labels: { app: `a${i % 50}`, tier: 'web' } },
  spec: {
    automountServiceAccountToken: false,
    schedulerName: 'nobody',
    containers: [
      { name: 'app', image: 'nginx:1.27', ports: [{ containerPort: 80 }], resources: { requests: { cpu: '10m', memory: '16Mi' } } },
    ],
  },
});

/** Resident, of the serving process. */
function memory(): number {
  const status = fs.readFileSync(`/proc/${serving.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024;
}

async function creates(): Promise<void> {
  const REAL: Readonly<Record<number, number>> = { 1: 173, 16: 396, 64: 717 };
  for (const [clients, count] of [
    [1, 500],
    [16, 5000],
    [64, 10_000],
  ] as const) {
    const begun = performance.now();
    const n = Math.ceil(count * SHARE);
    const times = await many(n, clients, (i) => expectCode(send('POST', `${NAMESPACE}/configmaps`, configMap(`c-${clients}-${i}`)), 201));
    const note = `p50 ${quantile(times, 0.5).toFixed(1)} ms, p99 ${quantile(times, 0.99).toFixed(1)} ms`;
    told(`ConfigMaps created by ${clients} at a time`, (n / (performance.now() - begun)) * 1000, '/s', {
      real: REAL[clients]!,
      ...(clients === 64 ? { aim: 2000 } : {}),
      note,
    });
  }
}

async function pods(): Promise<void> {
  const count = 10_000 * SHARE;
  const begun = performance.now();
  await many(count, 32, (i) => expectCode(send('POST', `${NAMESPACE}/pods`, pod(i)), 201));
  told('pods created by 32 at a time', (count / (performance.now() - begun)) * 1000, '/s', { real: 558, aim: 1700 });
  if (SHARE === 1) told('resident with 10,000 pods', memory(), 'MB', { real: 970, aim: 250, note: 'of API server and etcd' });
  const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
  const reads: readonly (readonly [string, string, number, number, Record<string, string>?])[] = [
    ['list of 10,000 pods', 'pods', 927, 250],
    ['... with resourceVersion=0', 'pods?resourceVersion=0', 780, 250],
    ['... the first 500', 'pods?limit=500', 39, 13],
    ['... 200 of them, by label', 'pods?labelSelector=app%3Da1', 28, 9],
    ['... as a Table', 'pods', 558, 186, TABLE],
    ['get of a pod', 'pods/p-1', 1.8, 0.6],
  ];
  for (const [what, url, real, aim, headers] of reads) {
    const answers: Answer[] = [];
    const times = await many(url.includes('/') ? 500 : 9, 1, async () =>
      answers.push(await expectCode(send('GET', `${NAMESPACE}/${url}`, undefined, headers), 200)),
    );
    const note = `p99 ${quantile(times, 0.99).toFixed(1)} ms, ${Math.round(answers[0]!.bytes / 1024)} kB`;
    told(what, quantile(times, 0.5), 'ms', SHARE === 1 ? { real, aim, note } : { note });
  }
}

/** Opens a watch and counts what comes; a slow one reads nothing. */
function watch(selector: string, onEvents: (count: number) => void, slow = false): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const request = https.request({ ...tls, path: `${NAMESPACE}/configmaps?watch=1&labelSelector=${selector}` }, (response) => {
      if (slow) response.pause();
      else
        response.on('data', (chunk: Buffer) => {
          let lines = 0;
          for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
          onEvents(lines);
        });
      response.on('error', () => undefined);
      resolve(() => request.destroy());
    });
    request.on('error', reject);
    request.end();
  });
}

async function watches(watchers: number, events: number, real: number | undefined, aim: number): Promise<void> {
  const label = `w${watchers}`;
  let got = 0;
  let arrived = (): void => {};
  const all = new Promise<void>((resolve) => (arrived = resolve));
  const count = (n: number): void => {
    got += n;
    if (got >= watchers * events) arrived();
  };
  const ends: (() => void)[] = [];
  await many(watchers, 20, async () => ends.push(await watch(`w%3D${label}`, count)));
  const begun = performance.now();
  await many(events, 8, (i) => expectCode(send('POST', `${NAMESPACE}/configmaps`, configMap(`${label}-${i}`, { w: label })), 201));
  await all;
  told(`events to ${watchers} watchers, ${events} each`, (got / (performance.now() - begun)) * 1000, '/s', {
    ...(real ? { real } : {}),
    aim,
  });
  for (const end of ends) end();
}

/** Writers do not wait for a watcher that reads nothing. */
async function slowWatcher(): Promise<void> {
  const rate = async (name: string): Promise<number> => {
    const n = 3000 * SHARE;
    const begun = performance.now();
    await many(n, 16, (i) => expectCode(send('POST', `${NAMESPACE}/configmaps`, configMap(`${name}-${i}`, { slow: 'yes' })), 201));
    return (n / (performance.now() - begun)) * 1000;
  };
  const without = await rate('without');
  const ends = await Promise.all(Array.from({ length: 20 }, () => watch('slow%3Dyes', () => undefined, true)));
  const beside = await rate('beside');
  console.log(
    `${((beside / without) * 100).toFixed(0).padStart(8)} %     of the rate of creates is left beside 20 watchers that read nothing`,
  );
  for (const end of ends) end();
}

try {
  told('start to the answer, from the shell', startMs, 'ms', { real: 4300, aim: 400 });
  told('resident when idle', memory(), 'MB', { real: 303, note: 'of API server and etcd' });
  // which a controller would make
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } };
  await expectCode(send('POST', `${NAMESPACE}/serviceaccounts`, account), 201);
  await pods();
  await creates();
  await watches(200, 500 * SHARE, 32_000, 100_000);
  await watches(1000, 100 * SHARE, undefined, 100_000);
  await slowWatcher();
  const objects = Number(args.objects) * SHARE;
  await many(objects, 64, (i) => expectCode(send('POST', `${NAMESPACE}/configmaps`, configMap(`m-${i}`)), 201));
  told(`resident after ${objects} more objects`, memory(), 'MB', {});
} finally {
  agent.destroy();
  jibe('stop', '--name', 'load');
  fs.rmSync(home, { recursive: true });
}
process.exit();
