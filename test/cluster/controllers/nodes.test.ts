import { describe, expect, test } from 'vitest';
import type { Node, NodeCondition } from '#api/core/v1';
import { NodeHealth } from '../../../src/cluster/controllers/node-lifecycle/health.ts';
import { wantedTaints } from '../../../src/cluster/controllers/node-lifecycle/taints.ts';
import type { ControllerDeps } from '../../../src/client/controller.ts';
import { controllerSpecs, type ControllerOptions } from '../../../src/cluster/controllers/controllers.ts';
import { nodeIpamController, RangeAllocator } from '../../../src/cluster/controllers/node-ipam.ts';
import { toleratedMs } from '../../../src/cluster/controllers/taint-eviction.ts';
import type { TestCluster } from '../scenario-world.ts';
import { at, NAMESPACE, node, startedCluster, told } from './harness.ts';

const NOW = at('01:00:00');
const withConditions = (conditions: Readonly<Record<string, string>>, spec: Node['spec'] = {}): Node => ({
  ...node('n', spec),
  status: { conditions: Object.entries(conditions).map(([type, status]): NodeCondition => ({ type, status })) },
});

describe('taints of conditions', () => {
  test.each([
    { situation: 'ready', of: withConditions({ Ready: 'True' }), expected: [] },
    { situation: 'not ready', of: withConditions({ Ready: 'False' }), expected: ['not-ready NoSchedule', 'not-ready NoExecute'] },
    { situation: 'silent', of: withConditions({ Ready: 'Unknown' }), expected: ['unreachable NoSchedule', 'unreachable NoExecute'] },
    {
      situation: 'pressure keeps new pods off',
      of: withConditions({ Ready: 'True', DiskPressure: 'True', MemoryPressure: 'False' }),
      expected: ['disk-pressure NoSchedule'],
    },
    { situation: 'cordoned', of: withConditions({ Ready: 'True' }, { unschedulable: true }), expected: ['unschedulable NoSchedule'] },
    {
      situation: 'ready again; what others set stays',
      of: withConditions(
        { Ready: 'True' },
        {
          taints: [
            { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' },
            { key: 'own', effect: 'NoSchedule' },
          ],
        },
      ),
      expected: ['own NoSchedule'],
    },
  ])('$situation', ({ of, expected }) => {
    expect(wantedTaints(of, NOW).map((t) => `${t.key.replace('node.kubernetes.io/', '')} ${t.effect}`)).toEqual(expected);
  });

  test('nothing new is no change', () => {
    const tainted = withConditions({ Ready: 'False' });
    const taints = wantedTaints(tainted, NOW);
    expect(wantedTaints({ ...tainted, spec: { taints } }, NOW + 1000)).toBe(taints);
  });
});

describe('health', () => {
  test('a node that renews its lease lives; one that does not becomes Unknown', () => {
    const health = new NodeHealth(50_000);
    const of = withConditions({ Ready: 'True' });
    expect(health.review(of, 'a', NOW)).toBeUndefined();
    expect(health.review(of, 'b', NOW + 45_000)).toBeUndefined();
    expect(health.review(of, 'b', NOW + 90_000)).toBeUndefined();
    const silent = health.review(of, 'b', NOW + 100_000);
    expect(silent?.map((c) => `${c.type} ${c.status} ${c.reason}`)).toEqual([
      'Ready Unknown NodeStatusUnknown',
      'MemoryPressure Unknown NodeStatusNeverUpdated',
      'DiskPressure Unknown NodeStatusNeverUpdated',
      'PIDPressure Unknown NodeStatusNeverUpdated',
    ]);
  });
});

describe('minimal toleration time', () => {
  const taints = [{ key: 'away', effect: 'NoExecute' }];
  test.each([
    { situation: 'not tolerated', tolerations: [], expected: 0 },
    { situation: 'for ever', tolerations: [{ key: 'away', operator: 'Exists' }], expected: undefined },
    { situation: 'for a while', tolerations: [{ key: 'away', operator: 'Exists', tolerationSeconds: 6 }], expected: 6000 },
    {
      situation: 'the shortest counts',
      tolerations: [
        { operator: 'Exists', tolerationSeconds: 9 },
        { key: 'away', operator: 'Exists', tolerationSeconds: 6 },
      ],
      expected: 6000,
    },
  ])('$situation', ({ tolerations, expected }) => {
    expect(toleratedMs(taints, tolerations)).toBe(expected);
  });
});

test('ranges of nodes do not overlap, and are given again', () => {
  const ranges = new RangeAllocator({ clusterCIDR: '10.244.0.0/22', nodeMaskSize: 24 });
  ranges.occupy('10.244.1.0/24');
  expect([ranges.allocate(), ranges.allocate(), ranges.allocate(), ranges.allocate()]).toEqual([
    '10.244.0.0/24',
    '10.244.2.0/24',
    '10.244.3.0/24',
    undefined,
  ]);
  ranges.release('10.244.2.0/24');
  expect(ranges.allocate()).toBe('10.244.2.0/24');
});

describe('rangeAllocator', () => {
  const shown = async ({ client }: TestCluster): Promise<string[]> =>
    (await client.list('v1/Node')).items.map(({ metadata, spec }) => `${metadata.name} ${spec?.podCIDRs?.join() ?? '-'}`).sort();
  const plain = (name: string, podCIDR?: string) => ({
    apiVersion: 'v1' as const,
    kind: 'Node' as const,
    metadata: { name },
    spec: podCIDR === undefined ? {} : { podCIDR, podCIDRs: [podCIDR] },
  });
  const two = {
    components: (options: ControllerOptions) => [
      ...controllerSpecs(options).filter(({ component }) => component !== 'cidrAllocator'),
      {
        component: 'cidrAllocator',
        serviceAccount: 'node-controller',
        make: (deps: ControllerDeps) => nodeIpamController(deps, { clusterCIDR: '10.244.0.0/23', nodeMaskSize: 24 }),
      },
    ],
  };

  test('a range that a node brings is kept, and given to no other', async () => {
    const cluster = await startedCluster(0);
    await cluster.client.create('v1/Node', plain('b', '10.244.0.0/24'));
    await cluster.client.create('v1/Node', plain('a'));
    await cluster.clock.advance(1000);
    expect(await shown(cluster)).toEqual(['a 10.244.1.0/24', 'b 10.244.0.0/24']);
    await cluster.stop();
  });

  test('a range that is none of the cluster is left alone', async () => {
    const cluster = await startedCluster(0);
    await cluster.client.create('v1/Node', plain('a', '192.168.0.0/24'));
    await cluster.client.create('v1/Node', plain('b'));
    await cluster.clock.advance(1000);
    expect(await shown(cluster)).toEqual(['a 192.168.0.0/24', 'b 10.244.0.0/24']);
    await cluster.stop();
  });

  test('none is left: it is told, and a node that goes makes room', async () => {
    const cluster = await startedCluster(0, two);
    for (const name of ['a', 'b', 'c']) await cluster.client.create('v1/Node', plain(name));
    await cluster.clock.advance(1000);
    expect(await shown(cluster)).toEqual(['a 10.244.0.0/24', 'b 10.244.1.0/24', 'c -']);
    expect(await told(cluster, 'Node')).toContain('CIDRNotAvailable: Node c status is now: CIDRNotAvailable');
    await cluster.client.delete('v1/Node', 'a');
    await cluster.clock.advance(600_000);
    expect(await shown(cluster)).toEqual(['b 10.244.1.0/24', 'c 10.244.0.0/24']);
    await cluster.stop();
  });
});

describe('whole runs', () => {
  test('a node is registered, given a range, and told of when it goes; its pods follow', async () => {
    const cluster = await startedCluster(2);
    const { client, clock } = cluster;
    const create = (name: string, nodeName: string) =>
      client.create('v1/Pod', {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: NAMESPACE },
        spec: { nodeName, containers: [{ name: 'a', image: 'b' }] },
      });
    await create('stays', 'node-1');
    await create('goes', 'node-2');
    await clock.advance(6000);
    const ranges = (await client.list('v1/Node')).items.map((n) => n.spec?.podCIDR);
    expect(ranges.sort()).toEqual(['10.244.0.0/24', '10.244.1.0/24']);
    await client.delete('v1/Node', 'node-2');
    await clock.advance(90_000);
    expect((await client.list('v1/Pod')).items.map((p) => p.metadata.name)).toEqual(['stays']);
    expect(await told(cluster, 'Node')).toEqual(
      expect.arrayContaining([
        'RegisteredNode: Node node-2 event: Registered Node node-2 in Controller',
        'RemovingNode: Node node-2 event: Removing Node node-2 from Controller',
      ]),
    );
    await cluster.stop();
  });

  test('a NoExecute taint by hand evicts', async () => {
    const cluster = await startedCluster(1);
    const { client, clock } = cluster;
    await client.create('v1/Pod', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'x', namespace: NAMESPACE },
      spec: { containers: [{ name: 'a', image: 'b' }] },
    });
    await clock.advance(1000);
    await client.patch('v1/Node', 'node-1', { spec: { taints: [{ key: 'away', effect: 'NoExecute' }] } }, { type: 'strategic' });
    await clock.advance(1000);
    expect((await client.list('v1/Pod')).items).toEqual([]);
    expect(await told(cluster, 'Pod')).toContain('TaintManagerEviction: Marking for deletion Pod default/x');
    await cluster.stop();
  });
});
