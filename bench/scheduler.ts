// Pods scheduled per second, API server and store included, all in this process.
//
//   npm run bench:scheduler -- [--nodes 1000,5000] [--only TEXT]
//
// Beside each case: the floor that Kubernetes' own scheduler_perf demands at 5,000 nodes, and what kube-scheduler 1.36 really does there
// on two cores with its API server and etcd.
import { parseArgs } from 'node:util';
import type { Affinity, Pod, TopologySpreadConstraint } from '#api/core/v1';
import { VirtualClock } from '../src/apimachinery/clock.ts';
import type { Manifest } from '../src/apimachinery/object.ts';
import { Random } from '../src/apimachinery/random.ts';
import { Cluster } from '../src/cluster/cluster.ts';

const { values: args } = parseArgs({ options: { nodes: { type: 'string', default: '1000,5000' }, only: { type: 'string', default: '' } } });

interface Case {
  readonly name: string;
  /** Placed before the clock starts. */
  readonly before?: (nodes: number) => readonly Manifest<Pod>[];
  readonly pods: number;
  pod(i: number): Manifest<Pod>;
  /** Pods per second. */
  readonly floor: number;
  readonly real?: number;
}

const pod = (
  name: string,
  spec: Partial<Pod['spec']> = {},
  labels: Readonly<Record<string, string>> = {},
  cpu = '100m',
): Manifest<Pod> => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels },
  spec: {
    automountServiceAccountToken: false,
    containers: [{ name: 'app', image: 'example.com/app:1', resources: { requests: { cpu, memory: '50Mi' } } }],
    ...spec,
  },
});

const HOSTNAME = 'kubernetes.io/hostname';
const ZONE = 'topology.kubernetes.io/zone';
const inZones: Affinity = {
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: ZONE, operator: 'In', values: ['zone-a', 'zone-b'] }] }],
    },
  },
};
const spread: TopologySpreadConstraint = {
  maxSkew: 5,
  topologyKey: ZONE,
  whenUnsatisfiable: 'DoNotSchedule',
  labelSelector: { matchLabels: { app: 'spread' } },
};
const apart = (app: string): Affinity => ({
  podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: HOSTNAME, labelSelector: { matchLabels: { app } } }] },
});

const CASES: readonly Case[] = [
  { name: 'basic', pods: 5000, pod: (i) => pod(`p-${i}`), floor: 680, real: 224 },
  { name: 'node affinity', pods: 5000, pod: (i) => pod(`p-${i}`, { affinity: inZones }), floor: 220 },
  {
    name: 'topology spread',
    pods: 5000,
    pod: (i) => pod(`p-${i}`, { topologySpreadConstraints: [spread] }, { app: 'spread' }),
    floor: 460,
    real: 78,
  },
  {
    name: 'inter-pod anti-affinity',
    pods: 900,
    pod: (i) => pod(`p-${i}`, { affinity: apart('apart') }, { app: 'apart' }),
    floor: 60,
    real: 54,
  },
  {
    name: 'preemption',
    // every node is full of pods that may go, and go at once: there is no kubelet
    before: (nodes) =>
      Array.from({ length: nodes * 4 }, (_, i) =>
        pod(`low-${i}`, { nodeName: `n-${i % nodes}`, priorityClassName: 'low', terminationGracePeriodSeconds: 0 }, {}, '900m'),
      ),
    pods: 1000,
    pod: (i) => pod(`p-${i}`, { priorityClassName: 'high' }, {}, '3'),
    floor: 570,
    real: 25,
  },
];

for (const nodes of args.nodes.split(',').map(Number)) for (const one of CASES) if (one.name.includes(args.only)) await measure(one, nodes);

async function measure({ name, before, pods, pod: podOf, floor, real }: Case, nodes: number): Promise<void> {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const cluster = await Cluster.start({ clock, random: new Random(1), components: ['scheduler'] });
  const client = cluster.client();
  const resources = { cpu: '4', memory: '32Gi', pods: '110' };
  for (let i = 0; i < nodes; i++) {
    const labels = { [HOSTNAME]: `n-${i}`, [ZONE]: `zone-${'abc'[i % 3]}` };
    await cluster.run(client.create('v1/Node', { apiVersion: 'v1', kind: 'Node', metadata: { name: `n-${i}`, labels } }));
    await cluster.run(
      client.patch(
        'v1/Node',
        `n-${i}`,
        {
          status: { capacity: resources, allocatable: resources, conditions: [{ type: 'Ready', status: 'True' }] },
          spec: { taints: null },
        },
        { type: 'merge', subresource: 'status' },
      ),
    );
    await cluster.run(client.patch('v1/Node', `n-${i}`, { spec: { taints: null } }, { type: 'merge' }));
  }
  await cluster.run(
    client.create('v1/ServiceAccount', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'default' } }),
  );
  for (const [className, value] of [
    ['low', 1],
    ['high', 1000],
  ] as const)
    await cluster.run(
      client.create('scheduling.k8s.io/v1/PriorityClass', {
        apiVersion: 'scheduling.k8s.io/v1',
        kind: 'PriorityClass',
        metadata: { name: className },
        value,
      }),
    );
  for (const manifest of before?.(nodes) ?? []) await cluster.run(client.create('v1/Pod', manifest));
  const [begun, cpu] = [performance.now(), process.cpuUsage()];
  const bound = new Promise<void>((resolve) => {
    let left = pods;
    void client.watch('v1/Pod', { resourceVersion: '' }).then(async (watch) => {
      for (let event = await watch.next(); event && left > 0; event = await watch.next()) {
        const { metadata, spec } = event.object;
        if (event.type === 'MODIFIED' && metadata.name.startsWith('p-') && spec.nodeName && !metadata.deletionTimestamp) left--;
      }
      resolve();
    });
  });
  const created = (async () => {
    for (let i = 0; i < pods; i++) await client.create('v1/Pod', podOf(i));
  })();
  await cluster.run(Promise.all([created, bound]));
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const rate = pods / seconds;
  const told = [
    `${(rate / floor).toFixed(1)} × the floor (${floor}/s)`,
    ...(real ? [`${(rate / real).toFixed(0)} × kube-scheduler (${real}/s)`] : []),
    `${((user + system) / 1000 / pods).toFixed(2)} ms CPU a pod`,
  ];
  console.log(`${rate.toFixed(0).padStart(6)} pods/s  ${nodes} nodes, ${name}: ${told.join(', ')}`);
  await cluster.stop();
}
