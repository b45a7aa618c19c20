// What it costs to keep many apps of which nothing changes: the first sync of them all, one look at whether anything has changed, how soon a
// drift is seen, what the service answers, and memory. `npm run bench:keep [APPS]`
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { RealClock, VirtualClock } from '../src/apimachinery/clock.ts';
import { Random } from '../src/apimachinery/random.ts';
import { Cluster } from '../src/cluster/cluster.ts';
import { prepareSource } from '../src/reconcile/apps/prepare-apps.ts';
import { EventLog } from '../src/reconcile/keep/event-log.ts';
import { KeepService } from '../src/reconcile/keep/keep-service.ts';
import { Keeper } from '../src/reconcile/keep/keeper.ts';
import type { KeepEvent } from '../src/reconcile/keep/keep-event.ts';
import { KeptSource } from '../src/reconcile/keep/kept-source.ts';
import { KeepMetrics } from '../src/reconcile/keep/metrics.ts';
import { copyScratch } from '../src/reconcile/plan/scratch.ts';
import { ManifestCache } from '../src/reconcile/render/manifest-cache.ts';

const apps = Number(process.argv[2] ?? 1000);
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-bench-'));
const names = Array.from({ length: apps }, (_, i) => `app-${i}`);
fs.writeFileSync(path.join(directory, 'jibe.yaml'), `apps:\n${names.map((name) => `- {name: ${name}, path: ${name}}\n`).join('')}`);
for (const name of names) {
  fs.mkdirSync(path.join(directory, name));
  const objects = ['a', 'b'].map((n) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}-${n}}\ndata: {value: "1"}\n`);
  fs.writeFileSync(path.join(directory, name, 'all.yaml'), objects.join('---\n'));
}

const cluster = await Cluster.start({ clock: new VirtualClock(Date.UTC(2026, 0, 1)), random: new Random(1), components: [] });
const engine = {
  client: cluster.client(),
  clock: cluster.clock,
  cluster: 'embedded:bench',
  scratch: async () => copyScratch((await cluster.scratch()).client()),
};
const events: KeepEvent[] = [];
const cache = new ManifestCache();
const deps = { clock: new RealClock(), stdin: process.stdin, cacheDirectory: path.join(directory, '.cache') };
const source = new KeptSource(deps, (kept) => prepareSource({ location: directory }, kept, { name: 'bench', cache }));
const keeper = new Keeper(engine, source, {
  name: 'bench',
  namespace: 'default',
  prune: 'safe',
  who: 'bench',
  timeoutMs: 600_000,
  intervalMs: 60_000,
  selfHeal: false,
  signal: new AbortController().signal,
  onEvent: (event) => void events.push(event),
});

async function timed(what: string, work: () => Promise<unknown>): Promise<void> {
  const started = performance.now();
  await work();
  console.log(`${what.padEnd(44)} ${(performance.now() - started).toFixed(0).padStart(8)} ms`);
}

const round = (): Promise<void> => cluster.run(keeper.round());
await timed(`${apps} apps, first sync`, round);
const synced = events.filter((event) => event.type === 'synced' && event.sync === 'Synced').length;
if (synced !== apps) throw new Error(`only ${synced} of ${apps} apps were synced`);
await timed('the round after it', round);
for (let i = 0; i < 3; i++) {
  keeper.poke();
  await timed('a look at all, nothing has changed', round);
}
await engine.client.patch(
  'v1/ConfigMap',
  'app-7-a',
  { data: { value: '2' } },
  { type: 'merge', namespace: 'default', fieldManager: 'somebody' },
);
await timed('a drift is found', round);
if (!events.some(({ type }) => type === 'drift')) throw new Error('the drift was not found');
fs.writeFileSync(
  path.join(directory, 'app-9/all.yaml'),
  'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app-9-a}\ndata: {value: "22"}\n',
);
keeper.poke();
await timed('one app has changed', round);
const kept = {
  name: 'bench',
  cluster: 'embedded:bench',
  location: directory,
  ref: undefined,
  path: undefined,
  intervalMs: 60_000,
  plainName: 'bench',
  only: undefined,
  keeper,
};
const log = new EventLog(0);
for (const event of events) log.add('bench', event, 0);
const service = new KeepService({
  sources: [kept],
  log,
  metrics: new KeepMetrics(),
  clock: cluster.clock,
  webhookSecret: undefined,
  history: async () => [],
});
for (const where of ['/api/v1/apps', '/api/v1/apps/bench/app-7', '/']) {
  let bytes = 0;
  await timed(`GET ${where}`, async () => {
    const answer = await service.handle({ method: 'GET', path: where, query: new URLSearchParams(), headers: {}, body: new Uint8Array() });
    bytes = typeof answer === 'function' ? 0 : answer.body.length;
  });
  console.log(`  ${(bytes / 1024).toFixed(0)} KiB`);
}
globalThis.gc?.();
console.log(
  `memory: ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB resident, ${(process.memoryUsage().heapUsed / 2 ** 20).toFixed(0)} MiB of heap`,
);
await keeper.close();
await cluster.stop();
fs.rmSync(directory, { recursive: true });
