// What it costs to compare: a source of 5,000 objects, all of them synced, with one change, in this process and over HTTPS; and many apps
// with nothing to do. `npm run bench:gitops -- [--objects 5000] [--apps 1000] [--only TEXT]`
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { RealClock, VirtualClock } from '../src/apimachinery/clock.ts';
import { Random } from '../src/apimachinery/random.ts';
import { Client } from '../src/client/client.ts';
import { HttpTransport } from '../src/client/http-transport.ts';
import { loadKubeconfig } from '../src/client/kubeconfig.ts';
import { Cluster } from '../src/cluster/cluster.ts';
import { serveCluster } from '../src/cluster/served-cluster.ts';
import { diff } from '../src/reconcile/difference.ts';
import type { Engine } from '../src/reconcile/engine.ts';
import { permittedScratch } from '../src/reconcile/plan/read-only-scratch.ts';
import { copyScratch } from '../src/reconcile/plan/scratch.ts';
import { prepare, type Prepared } from '../src/reconcile/prepare.ts';
import { sync, type SyncOptions } from '../src/reconcile/sync.ts';

const { values } = parseArgs({
  options: { objects: { type: 'string', default: '5000' }, only: { type: 'string', default: '' } },
});
const objects = Number(values.objects);
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-gitops-'));
const OPTIONS: SyncOptions = {
  app: 'big',
  namespace: 'default',
  prune: 'safe',
  timeoutMs: 3_600_000,
  signal: new AbortController().signal,
};

function write(changed: number): void {
  const parts: string[] = [];
  for (let i = 0; i < objects / 2; i++)
    parts.push(
      `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c${i}, labels: { app: a${i % 50} } }\ndata: { level: "${i === changed ? 'debug' : 'info'}", text: "${'x'.repeat(200)}" }\n`,
      `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: d${i}, labels: { app: a${i} } }\nspec:\n  replicas: 0\n  selector: { matchLabels: { app: a${i} } }\n  template:\n    metadata: { labels: { app: a${i} } }\n    spec:\n      containers: [{ name: web, image: "web:1", resources: { requests: { cpu: "0.1", memory: 64Mi } }, ports: [{ containerPort: 80 }] }]\n`,
    );
  fs.writeFileSync(path.join(directory, 'all.yaml'), parts.join('---\n'));
}

const read = (): Promise<Prepared> =>
  prepare({ location: directory }, { clock: new RealClock(), stdin: process.stdin, cacheDirectory: path.join(directory, '.cache') });

async function compare(name: string, aim: number, engine: Engine, run: <T>(work: () => Promise<T>) => Promise<T>): Promise<void> {
  write(-1);
  const before = await read();
  let started = performance.now();
  const synced = await run(() => sync(engine, before, OPTIONS));
  console.log(`${name}: ${synced.resources.length} objects synced in ${seconds(started)} (${synced.sync})`);
  write(7);
  const prepared = await read();
  for (const round of ['first', 'again']) {
    started = performance.now();
    const { differences } = await run(() => diff(engine, prepared, { app: 'big', namespace: 'default' }));
    console.log(`${name}: diff ${round}, ${differences.length} of ${objects} differ, ${seconds(started)} (aim ${aim} s)`);
  }
}

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(2)} s`;
const wanted = (name: string): boolean => name.includes(values.only);

try {
  if (wanted('in process')) {
    const clock = new VirtualClock(Date.UTC(2026, 0, 1));
    const cluster = await Cluster.start({ clock, random: new Random(1) });
    const scratch: Engine['scratch'] = async () => copyScratch((await cluster.scratch()).client());
    await compare('in process', 1, { client: cluster.client(), clock, cluster: 'embedded:bench', scratch }, (work) => cluster.run(work()));
    await cluster.stop();
  }
  if (wanted('over HTTPS')) {
    const served = await serveCluster({ home: directory, name: 'gitops', port: 0, inMemory: true, onError: () => undefined });
    const clock = new RealClock();
    const transport = new HttpTransport(loadKubeconfig({ env: {}, files: [served.serving.kubeconfig] }), clock, 'jibe');
    const client = new Client(transport);
    const scratch: Engine['scratch'] = () => Promise.resolve(permittedScratch(client, () => Promise.reject(new Error('all is permitted'))));
    await compare('over HTTPS', 3, { client, clock, cluster: 'context:bench', asksPermissions: true, scratch }, (work) => work());
    await transport.close();
    await served.stop();
  }
  console.log(`resident: ${Math.round(process.memoryUsage().rss / (1 << 20))} MB`);
} finally {
  fs.rmSync(directory, { recursive: true, force: true });
}
