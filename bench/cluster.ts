// The embedded cluster at work, in this process, on the virtual clock: boot, Deployments to available, and to another image,
// a large cluster filled, and a small change in a larger and a smaller one.
//
//   npm run bench:cluster -- [--only TEXT]
//
// Ratios are against a real control plane (kube-apiserver, controller manager, scheduler 1.36 on etcd 3.6, kwok nodes) on two cores.
import { parseArgs } from 'node:util';
import type { Deployment } from '#api/apps/v1';
import { VirtualClock } from '../src/apimachinery/clock.ts';
import type { Manifest } from '../src/apimachinery/object.ts';
import { Random } from '../src/apimachinery/random.ts';
import { Cluster } from '../src/cluster/cluster.ts';
import { AT_ONCE } from '../src/cluster/kubelet/runtime/simulated/documents.ts';

const { values: args } = parseArgs({ options: { only: { type: 'string', default: '' } } });

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

const deployment = (i: number, replicas: number, image: string): Manifest<Deployment> => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: `web-${i}`, namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: `web-${i}` } },
    template: {
      metadata: { labels: { app: `web-${i}` } },
      spec: { containers: [{ name: 'web', image, resources: { requests: { cpu: '10m', memory: '16Mi' } } }] },
    },
  },
});

const start = (nodes: number): Promise<Cluster> =>
  Cluster.start({ clock: new VirtualClock(Date.UTC(2026, 0, 1)), random: new Random(1), nodes, behaviour: AT_ONCE });

interface Taken {
  readonly ms: number;
  /** Of all threads of this process: does not depend on what else the machine does. */
  readonly cpuMs: number;
}

async function timed(work: () => Promise<unknown>): Promise<Taken> {
  const started = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { ms: performance.now() - started, cpuMs: (user + system) / 1000 };
}

function told(what: string, { ms, cpuMs }: Taken, realMs: number | undefined, aimMs: number): void {
  const ratio = realMs === undefined ? '' : `${(realMs / ms).toFixed(0)} × the real control plane (${realMs / 1000} s), `;
  const heap = Math.round(process.memoryUsage().rss / 2 ** 20);
  const times = `${ms.toFixed(0).padStart(6)} ms  ${cpuMs.toFixed(0).padStart(6)} ms CPU  ${String(heap).padStart(4)} MB`;
  console.log(`${times}  ${what}: ${ratio}aim ${aimMs} ms`);
}

async function boot(): Promise<void> {
  const times: Taken[] = [];
  for (let i = 0; i < 9; i++) {
    times.push(
      await timed(async () => {
        const cluster = await start(3);
        await cluster.client().list('v1/Namespace');
        await cluster.stop();
      }),
    );
  }
  told(
    'boot to the first answer',
    { ms: median(times.map(({ ms }) => ms)), cpuMs: median(times.map(({ cpuMs }) => cpuMs)) },
    undefined,
    60,
  );
}

/** Twice: what runs for the first time in a process is compiled on the way; a cluster that is served has that behind it. */
async function rollOut(...[count, replicas, nodes, real, aims]: Parameters<typeof rolledOut>): Promise<void> {
  await rolledOut(count, replicas, nodes, real, aims);
  await rolledOut(count, replicas, nodes, real, aims, ' (again)');
}

async function rolledOut(
  count: number,
  replicas: number,
  nodes: number,
  real: readonly [number | undefined, number | undefined],
  aims: readonly [number, number],
  which = '',
): Promise<void> {
  const cluster = await start(nodes);
  const client = cluster.client();
  const clock = cluster.clock as VirtualClock;
  const available = async (image: string): Promise<boolean> => {
    const { items } = await client.list('apps/v1/Deployment');
    return items.every(
      ({ metadata, spec, status }) =>
        status?.observedGeneration === metadata.generation &&
        spec.template.spec?.containers[0]?.image === image &&
        status?.updatedReplicas === replicas &&
        status?.availableReplicas === replicas &&
        status?.replicas === replicas,
    );
  };
  const settled = async (image: string): Promise<void> => {
    while (!(await available(image))) await clock.advance(50);
  };
  const created = await timed(async () => {
    await Promise.all(Array.from({ length: count }, (_, i) => client.create('apps/v1/Deployment', deployment(i, replicas, 'web:1'))));
    await settled('web:1');
  });
  told(`${count} Deployments of ${replicas} on ${nodes} nodes, to available${which}`, created, real[0], aims[0]);
  const patch = { spec: { template: { spec: { containers: [{ name: 'web', image: 'web:2' }] } } } };
  const rolled = await timed(async () => {
    await Promise.all(
      Array.from({ length: count }, (_, i) =>
        client.patch('apps/v1/Deployment', `web-${i}`, patch, { type: 'strategic', namespace: 'default' }),
      ),
    );
    await settled('web:2');
  });
  told(`${count} Deployments of ${replicas}, rolled to another image${which}`, rolled, real[1], aims[1]);
  await cluster.stop();
}

/** From an empty store: the nodes join, the pods are made, scheduled, and run. */
async function fill(pods: number, nodes: number, aimMs: number): Promise<void> {
  let cluster: Cluster | undefined;
  const taken = await timed(async () => {
    cluster = await start(nodes);
    const client = cluster.client();
    const each = 100;
    await Promise.all(Array.from({ length: pods / each }, (_, i) => client.create('apps/v1/Deployment', deployment(i, each, 'web:1'))));
    await until(cluster, async () => {
      const { items } = await client.list('apps/v1/Deployment');
      return items.every(({ status }) => status?.availableReplicas === each);
    });
  });
  told(`${pods} pods on ${nodes} nodes, from nothing to Running`, taken, undefined, aimMs);
  await cluster?.stop();
}

async function until(cluster: Cluster, done: () => Promise<boolean>): Promise<void> {
  const clock = cluster.clock as VirtualClock;
  while (!(await done())) await clock.advance(50);
}

/** Milliseconds of CPU for one Deployment to go up by a pod and down again, beside so many others. */
async function changeAmong(others: number): Promise<number> {
  const cluster = await start(20 + others / 5);
  const client = cluster.client();
  const scaled = async (name: string, replicas: number): Promise<boolean> => {
    const { status } = await client.get('apps/v1/Deployment', name, { namespace: 'default' });
    return status?.availableReplicas === replicas && status.replicas === replicas;
  };
  await Promise.all(Array.from({ length: others }, (_, i) => client.create('apps/v1/Deployment', deployment(i, 1, 'web:1'))));
  await until(cluster, async () => (await client.list('apps/v1/Deployment')).items.every(({ status }) => status?.availableReplicas === 1));
  const change = async (replicas: number): Promise<void> => {
    await client.patch('apps/v1/Deployment', 'web-7', { spec: { replicas } }, { type: 'merge', namespace: 'default' });
    await until(cluster, () => scaled('web-7', replicas));
  };
  const both = async (): Promise<void> => {
    await change(2);
    await change(1);
  };
  for (let i = 0; i < 50; i++) await both();
  const times: number[] = [];
  for (let i = 0; i < 50; i++) times.push((await timed(both)).cpuMs);
  await cluster.stop();
  return median(times);
}

async function changes(): Promise<void> {
  const [few, many] = [await changeAmong(100), await changeAmong(1000)];
  console.log(
    `  ${(many / few).toFixed(2)} ×  CPU for a change among 1,000 Deployments (${many.toFixed(2)} ms) as among 100 (${few.toFixed(2)} ms): aim 1 ×`,
  );
}

const CASES: Readonly<Record<string, () => Promise<void>>> = {
  boot,
  'roll out 100 of 5': () => rollOut(100, 5, 10, [9_900, 21_800], [1_000, 2_000]),
  'roll out 1000 of 1': () => rollOut(1_000, 1, 50, [56_000, undefined], [5_000, 10_000]),
  'roll out 1 of 500': () => rollOut(1, 500, 50, [undefined, undefined], [1_000, 1_000]),
  'fill 1000 nodes': () => fill(10_000, 1_000, 20_000),
  'change among others': changes,
};

for (const [name, run] of Object.entries(CASES)) if (name.includes(args.only)) await run();
