// Every component of a cluster may do what it does, as whom it does it: nothing is refused for want of a role.
import { expect, test } from 'vitest';
import { VirtualClock } from '../../src/apimachinery/clock.ts';
import type { KubernetesObject, Manifest } from '../../src/apimachinery/object.ts';
import { Random } from '../../src/apimachinery/random.ts';
import { Cluster } from '../../src/cluster/cluster.ts';
import { controllerSpecs } from '../../src/cluster/controllers/controllers.ts';
import { ADMIN, controllerUser, nodeUser } from '../../src/cluster/identities.ts';

const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
const template = (volume: boolean) => ({
  metadata: { labels: { app: 'web' } },
  spec: {
    containers: [{ name: 'a', image: 'i', ...(volume ? { volumeMounts: [{ name: 'v', mountPath: '/v' }] } : {}) }],
    ...(volume ? { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] } : {}),
  },
});
const selector = { matchLabels: { app: 'web' } };

const OBJECTS: readonly [kind: string, name: string, rest: object][] = [
  ['v1/PersistentVolumeClaim', 'data', { spec: claim }],
  ['apps/v1/Deployment', 'web', { spec: { replicas: 2, selector, template: template(true) } }],
  ['apps/v1/DaemonSet', 'each', { spec: { selector, template: template(false) } }],
  [
    'apps/v1/StatefulSet',
    'db',
    { spec: { serviceName: 'db', selector, template: template(false), volumeClaimTemplates: [{ metadata: { name: 'w' }, spec: claim }] } },
  ],
  ['v1/Service', 'web', { spec: { type: 'LoadBalancer', selector: selector.matchLabels, ports: [{ port: 80 }] } }],
  ['policy/v1/PodDisruptionBudget', 'web', { spec: { minAvailable: 1, selector } }],
  ['v1/ResourceQuota', 'all', { spec: { hard: { pods: '100' } } }],
  [
    'batch/v1/Job',
    'once',
    { spec: { ttlSecondsAfterFinished: 10, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'i' }] } } } },
  ],
];

test('nothing that components do is forbidden to them', async () => {
  const forbidden: string[] = [];
  const onError = (component: string, key: string, error: unknown): void => {
    if (/cannot .* (?:resource|path)/.test(String(error))) forbidden.push(`${component} ${key}: ${String(error)}`);
  };
  const cluster = await Cluster.start({ clock: new VirtualClock(Date.UTC(2026, 0, 1)), random: new Random(1), nodes: 2, onError });
  const client = cluster.client();
  const namespace = 'default';
  for (const [kind, name, rest] of OBJECTS) {
    const [, short = ''] = /([^/]+)$/.exec(kind) ?? [];
    const apiVersion = kind.slice(0, -short.length - 1);
    await client.create(kind, { apiVersion, kind: short, metadata: { name, namespace }, ...rest } as Manifest<KubernetesObject>);
  }
  await cluster.catchUp(cluster.clock.now() + 120_000);
  expect((await client.get('apps/v1/Deployment', 'web', { namespace })).status?.readyReplicas).toBe(2);
  expect((await client.get('apps/v1/StatefulSet', 'db', { namespace })).status?.readyReplicas).toBe(1);
  await client.delete('v1/Node', 'node-1');
  await client.delete('apps/v1/Deployment', 'web', { namespace });
  await client.delete('v1/Service', 'web', { namespace });
  await cluster.catchUp(cluster.clock.now() + 300_000);
  expect((await client.list('batch/v1/Job', { namespace })).items).toEqual([]);
  await cluster.stop();
  expect(forbidden).toEqual([]);
});

test('every controller that Kubernetes has a role for acts as its ServiceAccount', () => {
  const administrators = controllerSpecs({ rootCA: '' })
    .filter(({ component, serviceAccount }) => controllerUser(serviceAccount ?? component) === ADMIN)
    .map(({ component }) => component);
  expect(administrators).toEqual(['external-attacher', 'external-provisioner', 'external-resizer']);
});

test('a kubelet reaches what its pods use, and no more', async () => {
  const cluster = await Cluster.start({ clock: new VirtualClock(Date.UTC(2026, 0, 1)), random: new Random(1), nodes: 1 });
  const admin = cluster.client();
  for (const name of ['used', 'unused'])
    await admin.create('v1/Secret', { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'default' } });
  await admin.create('v1/Pod', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default' },
    spec: { nodeName: 'node-1', containers: [{ name: 'a', image: 'i', envFrom: [{ secretRef: { name: 'used' } }] }] },
  });
  const read = async (node: string, name: string): Promise<string> =>
    cluster
      .client(nodeUser(node))
      .get('v1/Secret', name, { namespace: 'default' })
      .then(
        () => 'read',
        (error: unknown) => String(error).replace(/^.*: /, ''),
      );
  expect([await read('node-1', 'used'), await read('node-1', 'unused'), await read('node-2', 'used')]).toEqual([
    'read',
    "no relationship found between node 'node-1' and this object",
    "no relationship found between node 'node-2' and this object",
  ]);
  await cluster.stop();
});
