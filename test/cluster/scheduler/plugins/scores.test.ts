import { describe, expect, test } from 'vitest';
import type { Pod } from '#api/core/v1';
import { LabelSelector } from '../../../../src/apimachinery/label-selector.ts';
import { asking, node, pod, scores, type World } from '../snapshot.ts';

const on = (nodeName: string, name: string, spec: Partial<Pod['spec']> = {}, labels: Record<string, string> = {}): Pod =>
  pod(name, { nodeName, ...spec }, labels);

const two = [node('a', { zone: '1' }), node('b', { zone: '2' })];
const small = node('b', {}, { allocatable: { cpu: '1800m', memory: '3600Mi' } });
const roomy = node('a', {}, { allocatable: { cpu: '8', memory: '16Gi' } });
const prefer = (operator: string, weight: number) => ({
  affinity: {
    nodeAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight, preference: { matchExpressions: [{ key: 'zone', operator, values: ['1'] }] } },
      ],
    },
  },
});
const preferPods = (kind: 'podAffinity' | 'podAntiAffinity') => ({
  affinity: {
    [kind]: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 10, podAffinityTerm: { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'db' } } } },
      ],
    },
  },
});
const requireNear = {
  affinity: {
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector: { matchLabels: { app: 'web' } } }],
    },
  },
};
const anyway = (topologyKey: string) => ({
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey, whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { app: 'web' } } },
  ],
});
const MB = 1024 * 1024;
const withImage = (name: string, sizeBytes: number) => {
  const given = node(name);
  return { ...given, status: { ...given.status, images: [{ names: ['x:1'], sizeBytes }] } };
};

const cases: readonly (readonly [string, string, Pod, World, Record<string, number> | undefined])[] = [
  [
    'NodeResourcesFit',
    'the emptier node',
    pod('x', asking({ cpu: '1', memory: '2Gi' })),
    { nodes: two, pods: [on('a', 'y', asking({ cpu: '2', memory: '4Gi' }))] },
    { a: 25, b: 75 },
  ],
  ['NodeResourcesFit', 'a pod that asks for nothing counts as 100m and 200Mi', pod('x'), { nodes: [roomy, small] }, { a: 98, b: 94 }],
  [
    'NodeResourcesBalancedAllocation',
    'CPU and memory to the same degree',
    pod('x', asking({ cpu: '1', memory: '1Gi' })),
    { nodes: two, pods: [on('a', 'y', asking({ memory: '1Gi' }))] },
    { a: 100, b: 93 },
  ],
  ['NodeResourcesBalancedAllocation', 'a pod that asks for nothing is not scored', pod('x'), { nodes: two }, undefined],
  [
    'TaintToleration',
    'fewer PreferNoSchedule taints',
    pod('x'),
    { nodes: [node('a', {}, { taints: [{ key: 'k', effect: 'PreferNoSchedule' }] }), node('b')] },
    { a: 0, b: 100 },
  ],
  ['NodeAffinity', 'the preferred zone', pod('x', prefer('In', 5)), { nodes: two }, { a: 100, b: 0 }],
  [
    'InterPodAffinity',
    'near preferred pods',
    pod('x', preferPods('podAffinity')),
    { nodes: two, pods: [on('b', 'db', {}, { app: 'db' })] },
    { a: 0, b: 100 },
  ],
  [
    'InterPodAffinity',
    'away from others',
    pod('x', preferPods('podAntiAffinity')),
    { nodes: two, pods: [on('b', 'db', {}, { app: 'db' })] },
    { a: 100, b: 0 },
  ],
  [
    'InterPodAffinity',
    'near pods that require it',
    pod('x', {}, { app: 'web' }),
    { nodes: two, pods: [on('b', 'y', requireNear)] },
    { a: 0, b: 100 },
  ],
  ['InterPodAffinity', 'nobody has a wish', pod('x'), { nodes: two }, undefined],
  [
    'PodTopologySpread',
    'the emptier zone',
    pod('x', anyway('zone'), { app: 'web' }),
    { nodes: two, pods: [on('a', 'w1', {}, { app: 'web' }), on('a', 'w2', {}, { app: 'web' })] },
    { a: 0, b: 100 },
  ],
  [
    'PodTopologySpread',
    'a node without the label',
    pod('x', anyway('rack'), { app: 'web' }),
    { nodes: [node('a', { rack: '1' }), node('b')] },
    { a: 100, b: 0 },
  ],
  [
    'PodTopologySpread',
    'by default: the others of its Service, over hosts and zones',
    pod('x', {}, { app: 'web' }),
    { nodes: two, pods: [on('a', 'w1', {}, { app: 'web' })], ownSelector: LabelSelector.fromSet({ app: 'web' }) },
    { a: 66, b: 100 },
  ],
  ['PodTopologySpread', 'by default: nothing without a Service or controller', pod('x'), { nodes: two }, undefined],
  ['ImageLocality', 'the node that has the image', pod('x'), { nodes: [withImage('a', 500 * MB), node('b')] }, { a: 23, b: 0 }],
  ['ImageLocality', 'no node has it', pod('x'), { nodes: two }, undefined],
];

describe('scores', () => {
  test.each(cases)('%s: %s', (plugin, _situation, incoming, world, expected) => {
    expect(scores(plugin, incoming, world)).toEqual(expected);
  });
});
