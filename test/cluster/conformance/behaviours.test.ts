// Behaviours that Kubernetes' conformance tests name and no other suite shows, with the real controllers on a virtual clock.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { KubernetesObject, Manifest } from '../../../src/apimachinery/object.ts';
import { refusal } from '../apiserver/in-process.ts';
import { NAMESPACE, startedCluster } from '../controllers/harness.ts';
import type { TestCluster } from '../scenario-world.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await startedCluster(1);
});
afterEach(() => cluster.stop());

function create(kind: string, name: string, rest: object = {}): Promise<KubernetesObject> {
  const short = kind.slice(kind.lastIndexOf('/') + 1);
  const manifest = { apiVersion: kind.slice(0, -short.length - 1), kind: short, metadata: { name, namespace: NAMESPACE }, ...rest };
  return cluster.client.create(kind, manifest as Manifest<KubernetesObject>) as Promise<KubernetesObject>;
}
const at = { namespace: NAMESPACE };
const pod = (spec: object = {}, container: object = {}) => ({ spec: { containers: [{ name: 'a', image: 'b', ...container }], ...spec } });
const patch = (kind: string, name: string, body: object) => cluster.client.patch(kind, name, body, { type: 'merge', ...at });

test('the Service kubernetes is there, with Endpoints and an EndpointSlice of the API server', async () => {
  expect((await cluster.client.get('v1/Service', 'kubernetes', at)).spec?.ports).toMatchObject([{ name: 'https', port: 443 }]);
  const { subsets } = await cluster.client.get('v1/Endpoints', 'kubernetes', at);
  const slices = (
    await cluster.client.list('discovery.k8s.io/v1/EndpointSlice', { ...at, labelSelector: 'kubernetes.io/service-name=kubernetes' })
  ).items;
  expect(slices.map((s) => [s.metadata.name, s.addressType, s.endpoints.map((e) => e.addresses[0])])).toEqual([
    ['kubernetes', 'IPv4', subsets?.[0]?.addresses?.map((a) => a.ip)],
  ]);
  expect(subsets?.[0]?.ports?.[0]?.port).toBe(slices[0]?.ports?.[0]?.port);
});

test('a Service with a selector has an EndpointSlice for it, empty while nothing matches, and loses it with the Service', async () => {
  await create('v1/Service', 'web', { spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } });
  const slices = async () => {
    await cluster.clock.advance(60_000);
    const all = await cluster.client.list('discovery.k8s.io/v1/EndpointSlice', { ...at, labelSelector: 'kubernetes.io/service-name=web' });
    return all.items.map((s) => ((s.endpoints as readonly object[] | null) ?? []).length);
  };
  expect(await slices()).toEqual([0]);
  await create('v1/Pod', 'p', { metadata: { name: 'p', namespace: NAMESPACE, labels: { app: 'web' } }, ...pod() });
  expect(await slices()).toEqual([1]);
  await cluster.client.delete('v1/Service', 'web', at);
  expect(await slices()).toEqual([]);
});

test('a CronJob that is suspended schedules nothing', async () => {
  const template = { spec: { containers: [{ name: 'a', image: 'b' }], restartPolicy: 'Never' } };
  await create('batch/v1/CronJob', 'tick', { spec: { schedule: '* * * * *', suspend: true, jobTemplate: { spec: { template } } } });
  await cluster.clock.advance(300_000);
  expect((await cluster.client.list('batch/v1/Job', at)).items).toEqual([]);
  expect((await cluster.client.get('batch/v1/CronJob', 'tick', at)).status?.active).toBeUndefined();
});

test('a ReplicationController that exceeds a quota says so in a condition, and takes it back when there is room', async () => {
  await create('v1/ResourceQuota', 'q', { spec: { hard: { pods: '2' } } });
  await cluster.clock.advance(6000);
  const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'a', image: 'b' }] } };
  await create('v1/ReplicationController', 'rc', { spec: { replicas: 3, selector: { app: 'x' }, template } });
  await cluster.clock.advance(10_000);
  const conditions = async () => (await cluster.client.get('v1/ReplicationController', 'rc', at)).status?.conditions ?? [];
  expect(await conditions()).toMatchObject([{ type: 'ReplicaFailure', status: 'True' }]);
  await patch('v1/ReplicationController', 'rc', { spec: { replicas: 2 } });
  await cluster.clock.advance(30_000);
  expect(await conditions()).toEqual([]);
});

test('a ServiceAccount opts out of its token, and a pod out or in again', async () => {
  await create('v1/ServiceAccount', 'quiet', { automountServiceAccountToken: false });
  const mounts = async (name: string, spec: object): Promise<number> => {
    const made = (await create('v1/Pod', name, pod({ serviceAccountName: 'quiet', ...spec }))) as unknown as {
      spec: { volumes?: object[] };
    };
    return made.spec.volumes?.length ?? 0;
  };
  expect(await mounts('none', {})).toBe(0);
  expect(await mounts('in', { automountServiceAccountToken: true })).toBe(1);
  expect(await mounts('out', { serviceAccountName: 'default', automountServiceAccountToken: false })).toBe(0);
});

test.each([
  { kind: 'v1/ConfigMap', change: { data: { a: 'c' } } },
  { kind: 'v1/Secret', change: { stringData: { a: 'c' } } },
])('an immutable $kind cannot be changed, nor made mutable again; it can be deleted', async ({ kind, change }) => {
  await create(kind, 'fixed', { immutable: true });
  expect(await refusal(patch(kind, 'fixed', change))).toMatch(/^422 .*field is immutable when `immutable` is set/);
  expect(await refusal(patch(kind, 'fixed', { immutable: null }))).toMatch(/^422 .*field is immutable when `immutable` is set/);
  await patch(kind, 'fixed', { metadata: { labels: { a: 'b' } } });
  await cluster.client.delete(kind, 'fixed', at);
});

test.each(['v1/ConfigMap', 'v1/Secret'])('a %s with an empty key is refused', async (kind) => {
  expect(await refusal(create(kind, 'empty', { data: { '': 'YQ==' } }))).toMatch(/^422 .*data\[\]: Invalid value: ""/);
});

test('a pod with a sysctl that is none is refused', async () => {
  const sysctls = [
    { name: 'foo-', value: 'bar' },
    { name: 'kernel.shmmax', value: '1' },
    { name: 'bar..', value: '42' },
  ];
  expect(await refusal(create('v1/Pod', 'p', pod({ securityContext: { sysctls } })))).toMatch(
    /^422 .*\[spec\.securityContext\.sysctls\[0\]\.name: Invalid value: "foo-".*, spec\.securityContext\.sysctls\[2\]\.name: Invalid value: "bar\.\."/,
  );
});

test('a pod with a RuntimeClass that is not there is refused, and with one that was deleted', async () => {
  const with_ = () => create('v1/Pod', 'p', pod({ runtimeClassName: 'sandbox' }));
  expect(await refusal(with_())).toMatch(/^403 pods "p" is forbidden: pod rejected: RuntimeClass "sandbox" not found/);
  await cluster.client.create('node.k8s.io/v1/RuntimeClass', {
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    metadata: { name: 'sandbox' },
    handler: 'h',
  });
  await cluster.clock.settle();
  await cluster.client.delete('node.k8s.io/v1/RuntimeClass', 'sandbox');
  await cluster.clock.settle();
  expect(await refusal(with_())).toMatch(/^403 .*RuntimeClass "sandbox" not found/);
});

test('a LimitRange fills in what containers leave out, and refuses what is beyond it', async () => {
  await create('v1/LimitRange', 'bounds', {
    spec: {
      limits: [{ type: 'Container', default: { cpu: '500m' }, defaultRequest: { cpu: '100m' }, max: { cpu: '1' }, min: { cpu: '50m' } }],
    },
  });
  const made = (await create('v1/Pod', 'p', pod())) as unknown as { spec: { containers: { resources: object }[] } };
  expect(made.spec.containers[0]?.resources).toEqual({ limits: { cpu: '500m' }, requests: { cpu: '100m' } });
  expect(await refusal(create('v1/Pod', 'large', pod({}, { resources: { limits: { cpu: '2' } } })))).toMatch(
    /^403 .*maximum cpu usage per Container is 1, but limit is 2/,
  );
  expect(await refusal(create('v1/Pod', 'small', pod({}, { resources: { requests: { cpu: '10m' } } })))).toMatch(
    /^403 .*minimum cpu usage per Container is 50m, but request is 10m/,
  );
});

test('a pod says its class of service', async () => {
  const resources = { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } };
  const made = (await create('v1/Pod', 'p', pod({}, { resources }))) as unknown as { status: { qosClass: string } };
  expect(made.status.qosClass).toBe('Guaranteed');
});

test('a pod with a volume of a CSI driver in its own spec is taken', async () => {
  const volumes = [{ name: 'v', csi: { driver: 'inline.example.com', volumeAttributes: { a: 'b' } } }];
  const made = (await create('v1/Pod', 'p', pod({ volumes }))) as unknown as { spec: { volumes: object[] } };
  expect(made.spec.volumes).toContainEqual({ name: 'v', csi: { driver: 'inline.example.com', volumeAttributes: { a: 'b' } } });
});

test('a ResourceQuota tells its status as soon as it is there', async () => {
  await create('v1/ResourceQuota', 'q', { spec: { hard: { services: '3', secrets: '5' } } });
  await cluster.clock.settle();
  expect((await cluster.client.get('v1/ResourceQuota', 'q', at)).status).toEqual({
    hard: { services: '3', secrets: '5' },
    used: { services: '1', secrets: '0' },
  });
});

test('the endpoints of a named port follow the pod that is ready', async () => {
  await create('v1/Service', 'web', { spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }] } });
  const labels = { app: 'web' };
  await create('v1/Pod', 'p', {
    metadata: { name: 'p', namespace: NAMESPACE, labels },
    ...pod({}, { ports: [{ name: 'http', containerPort: 8080 }] }),
  });
  await cluster.clock.advance(10_000);
  expect((await cluster.client.get('v1/Endpoints', 'web', at)).subsets?.[0]?.ports).toMatchObject([{ port: 8080 }]);
});

test('events of core and of events.k8s.io are the same objects', async () => {
  await create('v1/Event', 'e', {
    involvedObject: { kind: 'Pod', namespace: NAMESPACE, name: 'p' },
    reason: 'Told',
    message: 'm',
    type: 'Normal',
    source: { component: 'c' },
  });
  const other = (await cluster.client.get('events.k8s.io/v1/Event', 'e', at)) as unknown as {
    note: string;
    regarding: object;
    deprecatedSource: object;
  };
  expect(other).toMatchObject({ note: 'm', regarding: { name: 'p' }, deprecatedSource: { component: 'c' } });
  await cluster.client.deleteCollection('events.k8s.io/v1/Event', { ...at });
  expect((await cluster.client.list('v1/Event', at)).items).toEqual([]);
});
