// The examples of Kubernetes' documentation (topology spread, node affinity, inter-pod affinity, taints) as placements: on which nodes the
// pod may run, and which of them suit it best. `-`: it stays pending.
import { describe, expect, test } from 'vitest';
import type { Affinity, Node, Pod, PodAffinityTerm, Toleration, TopologySpreadConstraint } from '#api/core/v1';
import { explainScheduling } from '../../../src/cluster/scheduler/explain.ts';
import { podInfo } from '../../../src/cluster/scheduler/pod-info.ts';
import { build, node, pod, type World } from './snapshot.ts';

const HOSTNAME = 'kubernetes.io/hostname';

/** `node1 node2 | node2`: those that fit, and the best of them where that are fewer. */
function placement(incoming: Pod, world: World): string {
  const { plugins, cache } = build(world);
  const fit = explainScheduling(podInfo(incoming), plugins, cache).filter(({ refusedBy }) => !refusedBy);
  const best = fit.filter(({ total }) => total === fit[0]?.total);
  const names = (nodes: typeof fit): string =>
    nodes
      .map((one) => one.node)
      .sort()
      .join(' ');
  if (fit.length === 0) return '-';
  return best.length === fit.length ? names(fit) : `${names(fit)} | ${names(best)}`;
}

type Row = readonly [situation: string, incoming: Pod, world: World, expected: string];

const inZone = (zone: string, ...names: readonly string[]): Node[] => names.map((name) => node(name, { zone }));
/** `on({ node1: 2 }, { foo: 'bar' })`: two such pods on node1. */
const on = (counts: Readonly<Record<string, number>>, labels: Record<string, string>, spec: Partial<Pod['spec']> = {}): Pod[] =>
  Object.entries(counts).flatMap(([nodeName, count]) =>
    Array.from({ length: count }, (_, i) => pod(`${Object.values(labels).join('-')}-${nodeName}-${i}`, { nodeName, ...spec }, labels)),
  );

describe('topology spread constraints', () => {
  const FOO = { foo: 'bar' };
  const spread = (topologyKey: string, more: Partial<TopologySpreadConstraint> = {}): TopologySpreadConstraint => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchLabels: FOO },
    ...more,
  });
  const mypod = (...topologySpreadConstraints: TopologySpreadConstraint[]): Pod => pod('mypod', { topologySpreadConstraints }, FOO);
  const four = [...inZone('A', 'node1', 'node2'), ...inZone('B', 'node3', 'node4')];
  const three = on({ node1: 1, node2: 1, node3: 1 }, FOO);
  const notInC: Affinity = {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['C'] }] }],
      },
    },
  };
  const five = [...four, ...inZone('C', 'node5')];
  const ofRevision = (hash: string): Record<string, string> => ({ ...FOO, 'pod-template-hash': hash });

  test.each<Row>([
    ['one constraint: the zone with fewer', mypod(spread('zone')), { nodes: four, pods: three }, 'node3 node4 | node4'],
    [
      'a skew of two lets it go anywhere',
      mypod(spread('zone', { maxSkew: 2 })),
      { nodes: four, pods: three },
      'node1 node2 node3 node4 | node4',
    ],
    [
      'as a wish only: anywhere, the zone with fewer is better',
      mypod(spread('zone', { whenUnsatisfiable: 'ScheduleAnyway' })),
      { nodes: four, pods: three },
      'node1 node2 node3 node4 | node4',
    ],
    ['two constraints: zone and node', mypod(spread('zone'), spread(HOSTNAME)), { nodes: four, pods: three }, 'node4'],
    [
      'two constraints that are in each other’s way',
      mypod(spread('zone'), spread(HOSTNAME)),
      { nodes: [...inZone('A', 'node1', 'node2'), ...inZone('B', 'node3')], pods: on({ node1: 2, node2: 1, node3: 2 }, FOO) },
      '-',
    ],
    [
      'the same with a wish for the node',
      mypod(spread('zone'), spread(HOSTNAME, { whenUnsatisfiable: 'ScheduleAnyway' })),
      { nodes: [...inZone('A', 'node1', 'node2'), ...inZone('B', 'node3')], pods: on({ node1: 2, node2: 1, node3: 2 }, FOO) },
      'node3',
    ],
    [
      'a zone that node affinity leaves out does not count',
      pod('mypod', { topologySpreadConstraints: [spread('zone')], affinity: notInC }, FOO),
      { nodes: five, pods: three },
      'node3 node4 | node4',
    ],
    [
      'unless the constraint ignores affinity: then the empty zone is the one to go to, and out of reach',
      pod('mypod', { topologySpreadConstraints: [spread('zone', { nodeAffinityPolicy: 'Ignore' })], affinity: notInC }, FOO),
      { nodes: five, pods: three },
      '-',
    ],
    [
      'a node without the label is passed over',
      mypod(spread('zone')),
      { nodes: [...four, node('bare')], pods: three },
      'node3 node4 | node4',
    ],
    [
      'fewer zones than there must be: the least counts as none',
      mypod(spread('zone', { minDomains: 3 })),
      { nodes: four, pods: on({ node1: 1, node3: 1 }, FOO) },
      '-',
    ],
    [
      'as many zones as there must be',
      mypod(spread('zone', { minDomains: 2 })),
      { nodes: four, pods: on({ node1: 1, node3: 1 }, FOO) },
      'node1 node2 node3 node4 | node2 node4',
    ],
    [
      'a revision is spread by itself',
      pod('mypod', { topologySpreadConstraints: [spread('zone', { matchLabelKeys: ['pod-template-hash'] })] }, ofRevision('new')),
      { nodes: four, pods: [...on({ node1: 2 }, ofRevision('old')), ...on({ node3: 1 }, ofRevision('new'))] },
      'node1 node2 | node2',
    ],
    [
      'a tainted zone counts, unless the constraint honours taints',
      mypod(spread('zone')),
      { nodes: [...four, node('node5', { zone: 'C' }, { taints: [{ key: 'k', effect: 'NoSchedule' }] })], pods: three },
      '-',
    ],
    [
      'and does not where it does',
      mypod(spread('zone', { nodeTaintsPolicy: 'Honor' })),
      { nodes: [...four, node('node5', { zone: 'C' }, { taints: [{ key: 'k', effect: 'NoSchedule' }] })], pods: three },
      'node3 node4 | node4',
    ],
  ])('%s', (_, incoming, world, expected) => expect(placement(incoming, world)).toBe(expected));
});

describe('node affinity', () => {
  const zones = ['antarctica-east1', 'antarctica-west1', 'elsewhere'].map((zone, i) => node(`node${i + 1}`, { zone }));
  const required = (...values: string[]): Affinity => ({
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values }] }],
      },
    },
  });
  const linux = (name: string, labels: Record<string, string> = {}): Node => node(name, { 'kubernetes.io/os': 'linux', ...labels });
  const weighted: Affinity = {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/os', operator: 'In', values: ['linux'] }] }],
      },
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 1, preference: { matchExpressions: [{ key: 'label-1', operator: 'In', values: ['key-1'] }] } },
        { weight: 50, preference: { matchExpressions: [{ key: 'label-2', operator: 'In', values: ['key-2'] }] } },
      ],
    },
  };
  const preferred: Affinity = {
    nodeAffinity: {
      ...required('antarctica-east1', 'antarctica-west1').nodeAffinity,
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 1, preference: { matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] } },
      ],
    },
  };
  const terms = (...nodeSelectorTerms: { matchExpressions: { key: string; operator: string; values?: string[] }[] }[]): Affinity => ({
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
  });
  const sized = [node('none'), node('small', { cores: '4' }), node('large', { cores: '16' })];

  test.each<Row>([
    ['one of several values', pod('p', { affinity: required('antarctica-east1', 'antarctica-west1') }), { nodes: zones }, 'node1 node2'],
    [
      'required, and one of them preferred',
      pod('p', { affinity: preferred }),
      { nodes: [...zones, node('node4', { zone: 'antarctica-west1', disk: 'ssd' }), node('node5', { disk: 'ssd' })] },
      'node1 node2 node4 | node4',
    ],
    [
      'of two preferences the heavier one',
      pod('p', { affinity: weighted }),
      { nodes: [linux('one', { 'label-1': 'key-1' }), linux('fifty', { 'label-2': 'key-2' }), linux('none'), node('windows')] },
      'fifty none one | fifty',
    ],
    [
      'both preferences weigh more than one',
      pod('p', { affinity: weighted }),
      { nodes: [linux('fifty', { 'label-2': 'key-2' }), linux('both', { 'label-1': 'key-1', 'label-2': 'key-2' })] },
      'both fifty | both',
    ],
    [
      'terms are alternatives',
      pod('p', {
        affinity: terms(
          { matchExpressions: [{ key: 'zone', operator: 'In', values: ['elsewhere'] }] },
          { matchExpressions: [{ key: 'disk', operator: 'Exists' }] },
        ),
      }),
      { nodes: [...zones, node('disk', { disk: 'ssd' })] },
      'disk node3',
    ],
    [
      'expressions of one term must all match',
      pod('p', {
        affinity: terms({
          matchExpressions: [
            { key: 'zone', operator: 'Exists' },
            { key: 'zone', operator: 'NotIn', values: ['elsewhere'] },
          ],
        }),
      }),
      { nodes: [...zones, node('bare')] },
      'node1 node2',
    ],
    [
      'more than so many',
      pod('p', { affinity: terms({ matchExpressions: [{ key: 'cores', operator: 'Gt', values: ['8'] }] }) }),
      { nodes: sized },
      'large',
    ],
    [
      'fewer than so many: a node without the label is neither',
      pod('p', { affinity: terms({ matchExpressions: [{ key: 'cores', operator: 'Lt', values: ['8'] }] }) }),
      { nodes: sized },
      'small',
    ],
    [
      'kept away from nodes with a label',
      pod('p', { affinity: terms({ matchExpressions: [{ key: 'cores', operator: 'DoesNotExist' }] }) }),
      { nodes: sized },
      'none',
    ],
    [
      'nodeSelector and affinity must both be satisfied',
      pod('p', { nodeSelector: { disk: 'ssd' }, affinity: required('antarctica-east1', 'antarctica-west1') }),
      { nodes: [...zones, node('node4', { zone: 'antarctica-west1', disk: 'ssd' }), node('node5', { zone: 'elsewhere', disk: 'ssd' })] },
      'node4',
    ],
  ])('%s', (_, incoming, world, expected) => expect(placement(incoming, world)).toBe(expected));
});

describe('inter-pod affinity and anti-affinity', () => {
  const near = (app: Record<string, string>, topologyKey = HOSTNAME): PodAffinityTerm => ({
    topologyKey,
    labelSelector: { matchLabels: app },
  });
  const three = ['node-1', 'node-2', 'node-3'].map((name) => node(name));
  const STORE = { app: 'store' };
  const WEB = { app: 'web-store' };
  const cache: Partial<Pod['spec']> = { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [near(STORE)] } } };
  const web: Partial<Pod['spec']> = {
    affinity: {
      podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [near(WEB)] },
      podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [near(STORE)] },
    },
  };
  const zones = [...inZone('V', 'v1', 'v2'), ...inZone('R', 'r1')];
  const nearS1: Partial<Pod['spec']> = {
    affinity: {
      podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [near({ security: 'S1' }, 'zone')] },
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: near({ security: 'S2' }, 'zone') }],
      },
    },
  };
  const tenant = (name: string): Record<string, string> => ({ tenant: name });
  const exclusive: Partial<Pod['spec']> = {
    affinity: {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'pool', labelSelector: {}, matchLabelKeys: ['tenant'] }],
      },
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          {
            topologyKey: 'pool',
            labelSelector: { matchExpressions: [{ key: 'tenant', operator: 'Exists' }] },
            mismatchLabelKeys: ['tenant'],
          },
        ],
      },
    },
  };
  const pools = [node('a1', { pool: 'a' }), node('a2', { pool: 'a' }), node('b1', { pool: 'b' })];
  const elsewhere = (name: string, nodeName: string, labels: Record<string, string>): Pod => {
    const made = pod(name, { nodeName }, labels);
    return { ...made, metadata: { ...made.metadata, namespace: 'other' } };
  };

  test.each<Row>([
    ['the first cache goes anywhere', pod('redis', cache, STORE), { nodes: three }, 'node-1 node-2 node-3'],
    [
      'each further one to a node without',
      pod('redis', cache, STORE),
      { nodes: three, pods: on({ 'node-1': 1, 'node-2': 1 }, STORE, cache) },
      'node-3',
    ],
    [
      'a fourth has no place',
      pod('redis', cache, STORE),
      { nodes: three, pods: on({ 'node-1': 1, 'node-2': 1, 'node-3': 1 }, STORE, cache) },
      '-',
    ],
    ['a web server needs a cache beside it', pod('web', web, WEB), { nodes: three }, '-'],
    [
      'and goes where there is one, and no other web server',
      pod('web', web, WEB),
      { nodes: three, pods: [...on({ 'node-1': 1, 'node-2': 1 }, STORE, cache), ...on({ 'node-1': 1 }, WEB, web)] },
      'node-2',
    ],
    [
      'the zone with the one and rather without the other',
      pod('with-pod-affinity', nearS1),
      {
        nodes: zones,
        pods: [...on({ v1: 1 }, { security: 'S1' }), ...on({ r1: 1 }, { security: 'S1' }), ...on({ r1: 1 }, { security: 'S2' })],
      },
      'r1 v1 v2 | v2',
    ],
    ['no zone with the one', pod('with-pod-affinity', nearS1), { nodes: zones, pods: on({ r1: 1 }, { security: 'S2' }) }, '-'],
    [
      'who asks for its own kind may be the first',
      pod('p', { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [near(WEB)] } } }, WEB),
      { nodes: three },
      'node-1 node-2 node-3',
    ],
    [
      'who is there may keep others away',
      pod('web', {}, WEB),
      {
        nodes: three,
        pods: on(
          { 'node-2': 1 },
          { app: 'alone' },
          { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [near(WEB)] } } },
        ),
      },
      'node-1 node-3',
    ],
    [
      'a tenant’s first pod goes to an empty pool',
      pod('p', exclusive, tenant('a')),
      { nodes: pools, pods: on({ b1: 1 }, tenant('b'), exclusive) },
      'a1 a2',
    ],
    [
      'its further ones stay in the pool',
      pod('p', exclusive, tenant('a')),
      { nodes: pools, pods: [...on({ b1: 1 }, tenant('b'), exclusive), ...on({ a1: 1 }, tenant('a'), exclusive)] },
      'a1 a2 | a2',
    ],
    [
      'pods of other namespaces do not count',
      pod('p', { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [near(STORE)] } } }),
      { nodes: three, pods: [elsewhere('redis', 'node-1', STORE)] },
      '-',
    ],
    [
      'unless all namespaces are meant',
      pod('p', {
        affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ ...near(STORE), namespaceSelector: {} }] } },
      }),
      { nodes: three, pods: [elsewhere('redis', 'node-1', STORE)], namespaces: { other: {} } },
      'node-1',
    ],
  ])('%s', (_, incoming, world, expected) => expect(placement(incoming, world)).toBe(expected));
});

describe('taints and tolerations', () => {
  const tainted = (...taints: [key: string, value: string, effect: string][]): Node =>
    node('node1', {}, { taints: taints.map(([key, value, effect]) => ({ key, value, effect })) });
  const equal = (key: string, value: string, effect: string): Toleration => ({ key, operator: 'Equal', value, effect });
  const p = (...tolerations: Toleration[]): Pod => pod('nginx', { tolerations });
  const ONE = tainted(['key1', 'value1', 'NoSchedule']);
  const THREE = tainted(['key1', 'value1', 'NoSchedule'], ['key1', 'value1', 'NoExecute'], ['key2', 'value2', 'NoSchedule']);
  const two = [equal('key1', 'value1', 'NoSchedule'), equal('key1', 'value1', 'NoExecute')];
  const special = [node('plain'), node('gpu', { dedicated: 'ml' }, { taints: [{ key: 'dedicated', value: 'ml', effect: 'NoSchedule' }] })];

  test.each<Row>([
    ['no toleration', p(), { nodes: [ONE] }, '-'],
    ['the same key, value and effect', p(equal('key1', 'value1', 'NoSchedule')), { nodes: [ONE] }, 'node1'],
    ['the key alone', p({ key: 'key1', operator: 'Exists', effect: 'NoSchedule' }), { nodes: [ONE] }, 'node1'],
    ['three taints, two of them tolerated', p(...two), { nodes: [THREE] }, '-'],
    ['all three', p(...two, equal('key2', 'value2', 'NoSchedule')), { nodes: [THREE] }, 'node1'],
    ['every taint', p({ operator: 'Exists' }), { nodes: [THREE] }, 'node1'],
    ['every effect of a key', p({ key: 'key1', operator: 'Exists' }, { key: 'key2', operator: 'Exists' }), { nodes: [THREE] }, 'node1'],
    [
      'a soft taint is rather avoided',
      p(),
      { nodes: [tainted(['key1', 'value1', 'PreferNoSchedule']), node('node2')] },
      'node1 node2 | node2',
    ],
    [
      'a toleration does not pull: dedicated nodes are open, others too',
      p(equal('dedicated', 'ml', 'NoSchedule')),
      { nodes: special },
      'gpu plain',
    ],
    [
      'with a label besides, dedicated nodes alone',
      pod('nginx', { tolerations: [equal('dedicated', 'ml', 'NoSchedule')], nodeSelector: { dedicated: 'ml' } }),
      { nodes: special },
      'gpu',
    ],
    ['an unschedulable node', p(), { nodes: [node('node1', {}, { unschedulable: true }), node('node2')] }, 'node2'],
    [
      'is open to who tolerates it',
      p({ key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' }),
      { nodes: [node('node1', {}, { unschedulable: true })] },
      'node1',
    ],
  ])('%s', (_, incoming, world, expected) => expect(placement(incoming, world)).toBe(expected));
});
