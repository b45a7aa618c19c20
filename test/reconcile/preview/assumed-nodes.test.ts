// Which nodes a preview takes for granted, from what base asks for.
import { expect, test } from 'vitest';
import type { DesiredObject } from '../../../src/reconcile/render/manifest-document.ts';
import { nodesFor } from '../../../src/reconcile/preview/assumed-nodes.ts';

const workload = (kind: string, replicas: number | undefined, spec: object, requests: object = {}): DesiredObject => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name: 'x' },
  spec: {
    ...(replicas === undefined ? {} : { replicas }),
    template: { spec: { containers: [{ name: 'c', image: 'i', resources: { requests } }], ...spec } },
  },
});
const deployment = (replicas: number, spec: object, requests?: object): DesiredObject => workload('Deployment', replicas, spec, requests);

/** `3 × 8 CPU 32Gi pool=a` for each pool. */
function told(...objects: readonly DesiredObject[]): string {
  const pools = new Map<string, number>();
  for (const { metadata, status } of nodesFor(objects)) {
    const { cpu, memory, pods: _, 'ephemeral-storage': __, ...rest } = status!.allocatable!;
    const labels = Object.entries(metadata.labels ?? {}).filter(([key]) => !key.startsWith('topology'));
    const shown = [
      `${cpu} CPU ${memory}`,
      ...Object.entries(rest).map((pair) => pair.join(': ')),
      ...labels.map((pair) => pair.join('=')),
    ].join(' ');
    pools.set(shown, (pools.get(shown) ?? 0) + 1);
  }
  return [...pools].map(([shown, n]) => `${n} × ${shown}`).join('; ');
}

const required = (...matchExpressions: readonly object[]): object => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } } },
});

test.each<readonly [situation: string, objects: readonly DesiredObject[], nodes: string]>([
  ['nothing asks for anything', [], '3 × 8 CPU 32Gi'],
  ['little is asked for', [deployment(3, {}, { cpu: '100m', memory: '64Mi' })], '3 × 8 CPU 32Gi'],
  ['room for twice as much CPU', [deployment(20, {}, { cpu: '2' })], '10 × 8 CPU 32Gi'],
  ['room for twice as much memory', [deployment(8, {}, { memory: '16Gi' })], '8 × 8 CPU 32Gi'],
  ['twice as many pods', [deployment(200, {})], '4 × 8 CPU 32Gi'],
  ['one pod that is larger than the usual node', [deployment(1, {}, { cpu: '12', memory: '100Gi' })], '3 × 16 CPU 128Gi'],
  [
    'DaemonSets take of every node',
    [workload('DaemonSet', undefined, {}, { cpu: '4' }), deployment(8, {}, { cpu: '1' })],
    '4 × 8 CPU 32Gi',
  ],
  ['a device', [deployment(2, {}, { 'nvidia.com/gpu': '1' })], '3 × 8 CPU 32Gi nvidia.com/gpu: 8'],
  [
    'replicas that share no node, and one more while they roll',
    [
      deployment(5, {
        affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname' }] } },
      }),
    ],
    '6 × 8 CPU 32Gi',
  ],
  ['a node selector', [deployment(1, { nodeSelector: { pool: 'a' } })], '3 × 8 CPU 32Gi pool=a'],
  [
    'two that no node fits both of',
    [deployment(1, { nodeSelector: { pool: 'a' } }), deployment(1, { nodeSelector: { pool: 'b' } })],
    '3 × 8 CPU 32Gi pool=a; 3 × 8 CPU 32Gi pool=b',
  ],
  [
    'two that one node fits',
    [deployment(1, { nodeSelector: { pool: 'a' } }), deployment(1, { nodeSelector: { disk: 'ssd' } })],
    '3 × 8 CPU 32Gi pool=a disk=ssd',
  ],
  ['what every node has', [deployment(1, { nodeSelector: { 'kubernetes.io/os': 'linux' } })], '3 × 8 CPU 32Gi kubernetes.io/os=linux'],
  [
    'another architecture',
    [deployment(1, {}), deployment(1, { nodeSelector: { 'kubernetes.io/arch': 'arm64' } })],
    '3 × 8 CPU 32Gi; 3 × 8 CPU 32Gi kubernetes.io/arch=arm64',
  ],
  [
    'expressions: one of several values, and a label that is there',
    [deployment(1, required({ key: 'pool', operator: 'In', values: ['a', 'b'] }, { key: 'ssd', operator: 'Exists' }))],
    '3 × 8 CPU 32Gi pool=a ssd=true',
  ],
  [
    'a label that keeps pods away',
    [deployment(1, { nodeSelector: { gpu: 'true' } }), deployment(1, required({ key: 'gpu', operator: 'DoesNotExist' }))],
    '3 × 8 CPU 32Gi gpu=true; 3 × 8 CPU 32Gi',
  ],
])('%s', (_, objects, nodes) => {
  expect(told(...objects)).toBe(nodes);
});
