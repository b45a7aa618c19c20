import { describe, expect, test } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '#api/core/v1';
import { asking, node, pod, verdicts, type World } from '../snapshot.ts';

interface Case {
  readonly situation: string;
  readonly pod: Pod;
  readonly world: World;
  readonly says: readonly string[];
}

function run(name: string, cases: readonly Case[]): void {
  describe(name, () => {
    test.each(cases)('$situation', ({ pod: incoming, world, says }) => expect(verdicts(name, incoming, world)).toEqual(says));
  });
}

const on = (nodeName: string, name: string, spec: Partial<Pod['spec']> = {}, labels: Record<string, string> = {}): Pod =>
  pod(name, { nodeName, ...spec }, labels);

run('NodeUnschedulable', [
  {
    situation: 'a cordoned node',
    pod: pod('x'),
    world: { nodes: [node('a', {}, { unschedulable: true }), node('b')] },
    says: ['a: node(s) were unschedulable !', 'b: ok'],
  },
  {
    situation: 'its taint is tolerated',
    pod: pod('x', { tolerations: [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }] }),
    world: { nodes: [node('a', {}, { unschedulable: true })] },
    says: ['a: ok'],
  },
]);

const tainted = (...taints: readonly { key: string; value?: string; effect: string }[]) => node('a', {}, { taints });
const untolerated = 'a: node(s) had untolerated taint(s) !';
const taint = { key: 'k', value: 'v', effect: 'NoSchedule' };

run(
  'TaintToleration',
  (
    [
      ['no toleration', undefined, [untolerated]],
      ['Equal', { key: 'k', operator: 'Equal', value: 'v' }, ['a: ok']],
      ['Equal is the default', { key: 'k', value: 'v' }, ['a: ok']],
      ['another value', { key: 'k', value: 'w' }, [untolerated]],
      ['Exists', { key: 'k', operator: 'Exists' }, ['a: ok']],
      ['Exists of all keys', { operator: 'Exists' }, ['a: ok']],
      ['another effect', { key: 'k', operator: 'Exists', effect: 'NoExecute' }, [untolerated]],
    ] as const
  ).map(([situation, toleration, says]) => ({
    situation,
    pod: pod('x', toleration ? { tolerations: [toleration] } : {}),
    world: { nodes: [tainted(taint)] },
    says,
  })),
);

run('TaintToleration', [
  {
    situation: 'PreferNoSchedule keeps nobody out, NoExecute does',
    pod: pod('x'),
    world: { nodes: [tainted({ key: 'k', effect: 'PreferNoSchedule' }), node('b', {}, { taints: [{ key: 'k', effect: 'NoExecute' }] })] },
    says: ['a: ok', 'b: node(s) had untolerated taint(s) !'],
  },
]);

const affinity = (...matchExpressions: readonly { key: string; operator: string; values?: readonly string[] }[]) => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } } },
});
const unfit = "node(s) didn't match Pod's node affinity/selector !";

run('NodeAffinity', [
  {
    situation: 'nodeSelector',
    pod: pod('x', { nodeSelector: { disk: 'ssd' } }),
    world: { nodes: [node('a', { disk: 'ssd' }), node('b', { disk: 'hdd' }), node('c')] },
    says: ['a: ok', `b: ${unfit}`, `c: ${unfit}`],
  },
  ...(
    [
      ['In', ['1', '2'], 'ok', unfit],
      ['NotIn', ['1'], unfit, 'ok'],
      ['Exists', undefined, 'ok', unfit],
      ['DoesNotExist', undefined, unfit, 'ok'],
      ['Gt', ['0'], 'ok', unfit],
      ['Lt', ['1'], unfit, unfit],
    ] as const
  ).map(([operator, values, a, b]) => ({
    situation: `${operator} of ${values?.join(',')}`,
    pod: pod('x', affinity({ key: 'n', operator, ...(values ? { values } : {}) })),
    world: { nodes: [node('a', { n: '1' }), node('b')] },
    says: [`a: ${a}`, `b: ${b}`],
  })),
  {
    situation: 'a term of nothing matches nothing',
    pod: pod('x', affinity()),
    world: { nodes: [node('a')] },
    says: [`a: ${unfit}`],
  },
  {
    situation: 'matchFields name the only nodes that are looked at',
    pod: pod('x', {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['b'] }] }],
          },
        },
      },
    }),
    world: { nodes: [node('a'), node('b')] },
    says: ['a: not looked at', 'b: ok'],
  },
]);

const hostPort = (port: number, protocol = 'TCP', hostIP?: string) => ({
  containers: [{ name: 'app', ports: [{ containerPort: port, hostPort: port, protocol, ...(hostIP ? { hostIP } : {}) }] }],
});
const taken = "a: node(s) didn't have free ports for the requested pod ports";

run(
  'NodePorts',
  (
    [
      ['the same port', hostPort(80), hostPort(80), taken],
      ['another port', hostPort(81), hostPort(80), 'a: ok'],
      ['another protocol', hostPort(80, 'UDP'), hostPort(80), 'a: ok'],
      ['one address against all', hostPort(80, 'TCP', '1.1.1.1'), hostPort(80), taken],
      ['all against one address', hostPort(80), hostPort(80, 'TCP', '1.1.1.1'), taken],
      ['two addresses', hostPort(80, 'TCP', '2.2.2.2'), hostPort(80, 'TCP', '1.1.1.1'), 'a: ok'],
    ] as const
  ).map(([situation, wanted, used, says]) => ({
    situation,
    pod: pod('x', wanted),
    world: { nodes: [node('a')], pods: [on('a', 'y', used)] },
    says: [says],
  })),
);

const container = (name: string, cpu: string, more: object = {}) => ({ name, resources: { requests: { cpu } }, ...more });

run('NodeResourcesFit', [
  {
    situation: 'what is free counts; what the node never had is hopeless',
    pod: pod('x', asking({ cpu: '3', memory: '1Gi' })),
    world: {
      nodes: [node('a'), node('b', {}, { allocatable: { cpu: '2' } }), node('c')],
      pods: [on('a', 'y', asking({ cpu: '2' }))],
    },
    says: ['a: Insufficient cpu', 'b: Insufficient cpu !', 'c: ok'],
  },
  {
    situation: 'all that is short is named',
    pod: pod('x', asking({ cpu: '5', memory: '9Gi', 'ephemeral-storage': '1Gi', 'x.test/gpu': '1' })),
    world: { nodes: [node('a')] },
    says: ['a: Insufficient cpu, Insufficient memory, Insufficient ephemeral-storage, Insufficient x.test/gpu !'],
  },
  {
    situation: 'too many pods',
    pod: pod('x'),
    world: { nodes: [node('a', {}, { allocatable: { pods: '1' } })], pods: [on('a', 'y')] },
    says: ['a: Too many pods'],
  },
  {
    situation: 'init containers count by the largest, not the sum',
    pod: pod('x', { containers: [container('m', '1')], initContainers: [container('i', '3'), container('j', '4')] }),
    world: { nodes: [node('a')] },
    says: ['a: ok'],
  },
  {
    situation: 'sidecars run beside all that comes after them',
    pod: pod('x', {
      containers: [container('m', '1')],
      initContainers: [container('s', '1', { restartPolicy: 'Always' }), container('i', '4')],
    }),
    world: { nodes: [node('a')] },
    says: ['a: Insufficient cpu !'],
  },
  {
    situation: 'the pod as a whole may ask for less than its containers',
    pod: pod('x', { containers: [container('m', '5')], resources: { requests: { cpu: '4' } } }),
    world: { nodes: [node('a')] },
    says: ['a: ok'],
  },
  {
    situation: 'overhead comes on top',
    pod: pod('x', { ...asking({ cpu: '4' }), overhead: { cpu: '1m' } }),
    world: { nodes: [node('a')] },
    says: ['a: Insufficient cpu !'],
  },
]);

const zones = [node('a', { zone: '1' }), node('b', { zone: '2' }), node('c')];
const term = (matchLabels: Record<string, string>, topologyKey = 'zone', more: object = {}) => ({
  labelSelector: { matchLabels },
  topologyKey,
  ...more,
});
const near = (...terms: readonly ReturnType<typeof term>[]) => ({
  affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
});
const apart = (...terms: readonly ReturnType<typeof term>[]) => ({
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
});
const notNear = "node(s) didn't match pod affinity rules !";

run('InterPodAffinity', [
  {
    situation: 'near others, by zone',
    pod: pod('x', near(term({ app: 'db' }))),
    world: { nodes: zones, pods: [on('a', 'db', {}, { app: 'db' })] },
    says: ['a: ok', `b: ${notNear}`, `c: ${notNear}`],
  },
  {
    situation: 'the first of a group that matches itself may go anywhere with the label',
    pod: pod('x', near(term({ app: 'web' })), { app: 'web' }),
    world: { nodes: zones },
    says: ['a: ok', 'b: ok', `c: ${notNear}`],
  },
  {
    situation: 'away from others',
    pod: pod('x', apart(term({ app: 'db' }))),
    world: { nodes: zones, pods: [on('a', 'db', {}, { app: 'db' })] },
    says: ["a: node(s) didn't match pod anti-affinity rules", 'b: ok', 'c: ok'],
  },
  {
    situation: 'others want to be away from it',
    pod: pod('x', {}, { app: 'web' }),
    world: { nodes: zones, pods: [on('a', 'db', apart(term({ app: 'web' })))] },
    says: ["a: node(s) didn't satisfy existing pods anti-affinity rules", 'b: ok', 'c: ok'],
  },
  {
    situation: 'pods of other namespaces do not count unless they are selected',
    pod: pod('x', near(term({ app: 'db' }, 'zone', { namespaceSelector: { matchLabels: { team: 't' } } }))),
    world: {
      nodes: zones.slice(0, 2),
      pods: [
        { ...on('a', 'db', {}, { app: 'db' }), metadata: { ...on('a', 'db').metadata, namespace: 'other', labels: { app: 'db' } } },
        on('b', 'here', {}, { app: 'db' }),
      ],
      namespaces: { other: { team: 't' }, default: {} },
    },
    says: ['a: ok', `b: ${notNear}`],
  },
]);

const spread = (maxSkew: number, more: object = {}) => ({
  topologySpreadConstraints: [
    { maxSkew, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'web' } }, ...more },
  ],
});
const web = (nodeName: string, name: string) => on(nodeName, name, {}, { app: 'web' });
const skewed = "node(s) didn't match pod topology spread constraints";

run('PodTopologySpread', [
  {
    situation: 'the fuller zone is out, and a node without the label for good',
    pod: pod('x', spread(1), { app: 'web' }),
    world: { nodes: zones, pods: [web('a', 'w1')] },
    says: [`a: ${skewed}`, 'b: ok', `c: ${skewed} (missing required label) !`],
  },
  {
    situation: 'maxSkew 2',
    pod: pod('x', spread(2), { app: 'web' }),
    world: { nodes: zones.slice(0, 2), pods: [web('a', 'w1')] },
    says: ['a: ok', 'b: ok'],
  },
  {
    situation: 'fewer domains than minDomains: the least is zero',
    pod: pod('x', spread(1, { minDomains: 3 }), { app: 'web' }),
    world: { nodes: zones.slice(0, 2), pods: [web('a', 'w1'), web('b', 'w2')] },
    says: [`a: ${skewed}`, `b: ${skewed}`],
  },
  {
    situation: 'zones that the pod may not use do not count (nodeAffinityPolicy Honor)',
    pod: pod('x', { ...spread(1), nodeSelector: { zone: '1' } }, { app: 'web' }),
    world: { nodes: zones.slice(0, 2), pods: [web('a', 'w1')] },
    says: ['a: ok', 'b: ok'],
  },
  {
    situation: 'matchLabelKeys: each revision for itself',
    pod: pod('x', spread(1, { matchLabelKeys: ['rev'] }), { app: 'web', rev: '2' }),
    world: { nodes: zones.slice(0, 2), pods: [on('a', 'w1', {}, { app: 'web', rev: '1' })] },
    says: ['a: ok', 'b: ok'],
  },
]);

const metaOf = (name: string) => ({ ...pod(name).metadata });
const claim = (
  name: string,
  spec: PersistentVolumeClaim['spec'],
  more: Partial<PersistentVolumeClaim['metadata']> = {},
): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { ...metaOf(name), ...more },
  spec,
  status: {},
});
const boundTo = (volumeName: string, accessModes = ['ReadWriteOnce']) =>
  claim('data', { volumeName, accessModes }, { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } });
const volume = (name: string, spec: Partial<PersistentVolume['spec']> = {}, labels: Record<string, string> = {}): PersistentVolume => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { ...metaOf(name), labels },
  spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: 'late', ...spec },
  status: { phase: 'Available' },
});
const inZone = (zone: string): Partial<PersistentVolume['spec']> => ({
  nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: [zone] }] }] } },
});
const late = (provisioner: string) => ({
  apiVersion: 'storage.k8s.io/v1' as const,
  kind: 'StorageClass' as const,
  metadata: metaOf('late'),
  provisioner,
  volumeBindingMode: 'WaitForFirstConsumer',
});
const unbound = claim('data', { storageClassName: 'late', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } });
const withClaim = { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] };
const noVolume = "node(s) didn't find available persistent volumes to bind !";
const ab = zones.slice(0, 2);

run('VolumeBinding', [
  { situation: 'no such claim', pod: pod('x', withClaim), world: { nodes: ab }, says: ['all: persistentvolumeclaim "data" not found'] },
  {
    situation: 'an unbound claim that does not wait',
    pod: pod('x', withClaim),
    world: { nodes: ab, claims: [claim('data', {})] },
    says: ['all: pod has unbound immediate PersistentVolumeClaims'],
  },
  {
    situation: 'a claim that is being deleted',
    pod: pod('x', withClaim),
    world: { nodes: ab, claims: [claim('data', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })] },
    says: ['all: persistentvolumeclaim "data" is being deleted'],
  },
  {
    situation: 'a bound volume that is elsewhere',
    pod: pod('x', withClaim),
    world: { nodes: ab, claims: [boundTo('pv')], volumes: [volume('pv', inZone('1'))] },
    says: ['a: ok', "b: node(s) didn't match PersistentVolume's node affinity !"],
  },
  {
    situation: 'a waiting claim finds a volume on one node',
    pod: pod('x', withClaim),
    world: { nodes: ab, claims: [unbound], classes: [late('kubernetes.io/no-provisioner')], volumes: [volume('pv', inZone('2'))] },
    says: [`a: ${noVolume}`, 'b: ok'],
  },
  {
    situation: 'one that is too small, or taken, is none',
    pod: pod('x', withClaim),
    world: {
      nodes: ab,
      claims: [unbound],
      classes: [late('kubernetes.io/no-provisioner')],
      volumes: [volume('small', { capacity: { storage: '1Mi' } }), volume('taken', { claimRef: { namespace: 'default', name: 'other' } })],
    },
    says: [`a: ${noVolume}`, `b: ${noVolume}`],
  },
  {
    situation: 'a provisioner can make one anywhere',
    pod: pod('x', withClaim),
    world: { nodes: ab, claims: [unbound], classes: [late('disk.test')] },
    says: ['a: ok', 'b: ok'],
  },
]);

run('VolumeRestrictions', [
  {
    situation: 'ReadWriteOncePod is for one pod, on whatever node',
    pod: pod('x', withClaim),
    world: { nodes: ab, claims: [boundTo('pv', ['ReadWriteOncePod'])], pods: [on('a', 'y', withClaim)] },
    says: ['a', 'b'].map(
      (n) => `${n}: node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod`,
    ),
  },
  {
    situation: 'ReadWriteOnce is not',
    pod: pod('x', withClaim),
    world: { nodes: ab, claims: [boundTo('pv')], pods: [on('a', 'y', withClaim)] },
    says: ['a: ok', 'b: ok'],
  },
]);

run('VolumeZone', [
  {
    situation: 'a volume of a zone',
    pod: pod('x', withClaim),
    world: {
      nodes: [node('a', { 'topology.kubernetes.io/zone': 'z1' }), node('b', { 'topology.kubernetes.io/zone': 'z2' })],
      claims: [boundTo('pv')],
      volumes: [volume('pv', {}, { 'topology.kubernetes.io/zone': 'z1__z3' })],
    },
    says: ['a: ok', 'b: node(s) had no available volume zone !'],
  },
]);

run('NodeVolumeLimits', [
  {
    situation: 'a driver that can attach one more, or none',
    pod: pod('x', withClaim),
    world: {
      nodes: ab,
      claims: [boundTo('pv'), claim('other', { volumeName: 'pv2' })],
      volumes: ['pv', 'pv2'].map((name) => volume(name, { csi: { driver: 'd.test', volumeHandle: name } })),
      pods: [on('a', 'y', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'other' } }] })],
      csiNodes: ['a', 'b'].map((name) => ({
        apiVersion: 'storage.k8s.io/v1' as const,
        kind: 'CSINode' as const,
        metadata: metaOf(name),
        spec: { drivers: [{ name: 'd.test', nodeID: name, topologyKeys: [], allocatable: { count: 1 } }] },
      })),
    },
    says: ['a: node(s) exceed max volume count', 'b: ok'],
  },
]);
