// What each admission plugin makes of an object, or says when it refuses one. Named after the rules of plugin/pkg/admission.
import { describe, expect, it } from 'vitest';
import type { Pod } from '#api/core/v1';
import { VirtualClock } from '../../../../src/apimachinery/clock.ts';
import type { KubernetesObject, Manifest } from '../../../../src/apimachinery/object.ts';
import { Random } from '../../../../src/apimachinery/random.ts';
import { Client } from '../../../../src/client/client.ts';
import { InProcessTransport } from '../../../../src/client/in-process.ts';
import { standaloneApiServer } from '../../../../src/cluster/apiserver/standalone.ts';
import { refusal } from '../in-process.ts';

type Loose = Record<string, unknown>;
const namespace = 'default';

async function server(...objects: Loose[]) {
  const api = standaloneApiServer({ clock: new VirtualClock(Date.UTC(2026, 0, 1)), random: new Random(1) });
  const client = new Client(new InProcessTransport(api, { username: 'admin', groups: ['system:masters'] }, 'test'));
  const create = (object: Loose): Promise<KubernetesObject> => {
    const apiVersion = (object['apiVersion'] as string | undefined) ?? 'v1';
    return client.create(`${apiVersion}/${object['kind'] as string}`, { apiVersion, ...object } as unknown as Manifest<KubernetesObject>);
  };
  await create({ kind: 'Namespace', metadata: { name: namespace } });
  await create({ kind: 'ServiceAccount', metadata: { name: 'default', namespace } });
  for (const object of objects) await create(object);
  return { client, create };
}

const pod = (spec: Loose = {}, container: Loose = {}): Loose => ({
  kind: 'Pod',
  metadata: { name: 'web', namespace },
  spec: { containers: [{ name: 'app', image: 'nginx', ...container }], ...spec },
});
const priorityClass = (name: string, value: number, more: Loose = {}): Loose => ({
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
  metadata: { name },
  value,
  ...more,
});
const claim = (spec: Loose = {}): Loose => ({
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data', namespace },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
});
const limitRange = (...limits: Loose[]): Loose => ({ kind: 'LimitRange', metadata: { name: 'bounds', namespace }, spec: { limits } });
const byDefault = (prefix: string): Loose => ({ annotations: { [`${prefix}.kubernetes.io/is-default-class`]: 'true' } });

const specOf = async (made: Promise<KubernetesObject>): Promise<Pod['spec']> => ((await made) as unknown as Pod).spec;

describe('ServiceAccount', () => {
  it('gives a pod the account of the namespace, and its token', async () => {
    const { create } = await server();
    const spec = await specOf(create(pod()));
    expect([spec.serviceAccountName, spec.serviceAccount]).toEqual(['default', 'default']);
    const [volume] = spec.volumes!;
    expect(volume!.name).toMatch(/^kube-api-access-[a-z0-9]{5}$/);
    expect(volume!.projected!.sources!.map((s) => Object.keys(s)[0])).toEqual(['serviceAccountToken', 'configMap', 'downwardAPI']);
    expect(spec.containers[0]!.volumeMounts).toEqual([
      { name: volume!.name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
    ]);
  });

  it.each([
    ['the pod does not want the token', { automountServiceAccountToken: false }, {}],
    ['something else is in its place', {}, { volumeMounts: [{ name: 'x', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }] }],
  ])('mounts nothing where %s', async (_, spec, container) => {
    const { create } = await server();
    const volumes = 'volumeMounts' in container ? [{ name: 'x', emptyDir: {} }] : undefined;
    const made = await specOf(create(pod({ ...spec, ...(volumes ? { volumes } : {}) }, container)));
    expect((made.volumes ?? []).map((v) => v.name)).toEqual(volumes ? ['x'] : []);
  });

  it.each([
    ['as a volume', { volumes: [{ name: 's', secret: { secretName: 'other' } }] }, {}, 'volume with secret.secretName="other"'],
    [
      'in the environment',
      {},
      { env: [{ name: 'KEY', valueFrom: { secretKeyRef: { name: 'other', key: 'k' } } }] },
      'container app with envVar KEY referencing secret.secretName="other"',
    ],
    ['to pull with', { imagePullSecrets: [{ name: 'other' }] }, {}, 'imagePullSecrets[0].name="other"'],
  ])('refuses a secret %s that an account which enforces this does not name', async (_, spec, container, what) => {
    const { create } = await server({
      kind: 'ServiceAccount',
      metadata: { name: 'kept', namespace, annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
      secrets: [{ name: 'own' }],
      imagePullSecrets: [{ name: 'registry' }],
    });
    const account = { serviceAccountName: 'kept' };
    expect(await refusal(create(pod({ ...account, ...spec }, container)))).toMatch(
      `403 pods "web" is forbidden: ${what} is not allowed because service account kept does not reference that`,
    );
    await create(pod({ ...account, volumes: [{ name: 's', secret: { secretName: 'own' } }] }));
  });

  it('takes over the secrets to pull images with', async () => {
    const account = { kind: 'ServiceAccount', metadata: { name: 'puller', namespace }, imagePullSecrets: [{ name: 'registry' }] };
    const { create } = await server(account);
    expect((await specOf(create(pod({ serviceAccountName: 'puller' })))).imagePullSecrets).toEqual([{ name: 'registry' }]);
  });

  it('refuses a pod whose account is not there', async () => {
    const { create } = await server();
    expect(await refusal(create(pod({ serviceAccountName: 'nobody' })))).toBe(
      '403 pods "web" is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found',
    );
  });
});

describe('Priority', () => {
  const refused = (what: string, value: string, computed: string): string =>
    `403 pods "web" is forbidden: the ${what} (${value}) must not be provided in pod spec; priority admission controller computed ${computed} from the given PriorityClass name`;

  it.each([
    ['none is named and there is no default', [], {}, [undefined, 0, 'PreemptLowerPriority']],
    ['none is named', [priorityClass('usual', 7, { globalDefault: true })], {}, ['usual', 7, 'PreemptLowerPriority']],
    ['one is named', [priorityClass('high', 9, { preemptionPolicy: 'Never' })], { priorityClassName: 'high' }, ['high', 9, 'Never']],
  ])('the class of a pod where %s', async (_, classes, spec, expected) => {
    const { create } = await server(...classes);
    const { priorityClassName, priority, preemptionPolicy } = await specOf(create(pod(spec)));
    expect([priorityClassName, priority, preemptionPolicy]).toEqual(expected);
  });

  it.each([
    ['the class is not there', { priorityClassName: 'x' }, '403 pods "web" is forbidden: no PriorityClass with name x was found'],
    ['the number is another', { priority: 5 }, refused('integer value of priority', '5', '0')],
    ['the policy is another', { preemptionPolicy: 'Never' }, refused('string value of PreemptionPolicy', 'Never', 'PreemptLowerPriority')],
  ])('a pod is refused where %s', async (_, spec, message) => {
    const { create } = await server();
    expect(await refusal(create(pod(spec)))).toBe(message);
  });

  it('there is one default class at most', async () => {
    const { create } = await server(priorityClass('a', 1, { globalDefault: true }));
    expect(await refusal(create(priorityClass('b', 2, { globalDefault: true })))).toBe(
      '403 priorityclasses.scheduling.k8s.io "b" is forbidden: PriorityClass a is already marked as default. Only one default can exist',
    );
  });
});

it('DefaultTolerationSeconds: five minutes for each taint that is not tolerated yet', async () => {
  const { create } = await server();
  const own = { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 };
  const { tolerations } = await specOf(create(pod({ tolerations: [own] })));
  expect(tolerations!.map((t) => [t.key, t.tolerationSeconds])).toEqual([
    ['node.kubernetes.io/not-ready', 5],
    ['node.kubernetes.io/unreachable', 300],
  ]);
});

it('TaintNodesByCondition: a new node takes no pods yet', async () => {
  const { create } = await server();
  expect(await create({ kind: 'Node', metadata: { name: 'a' } })).toMatchObject({
    spec: { taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] },
  });
});

describe('default classes', () => {
  const storageClass = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', provisioner: 'x' };
  const standard = { ...storageClass, metadata: { name: 'standard', ...byDefault('storageclass') } };

  it.each([
    ['nothing is said', {}, 'standard'],
    ['a class is named', { storageClassName: 'other' }, 'other'],
    ['no class is wanted', { storageClassName: '' }, ''],
  ])('DefaultStorageClass: a claim where %s', async (_, spec, expected) => {
    const { create } = await server(standard);
    expect(await create(claim(spec))).toMatchObject({ spec: { storageClassName: expected } });
  });

  it('DefaultIngressClass: an Ingress that names none', async () => {
    const ingressClass = { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', spec: { controller: 'a/b' } };
    const { create } = await server({ ...ingressClass, metadata: { name: 'nginx', ...byDefault('ingressclass') } });
    const ingress = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'web', namespace } };
    const backend = { service: { name: 'web', port: { number: 80 } } };
    expect(await create({ ...ingress, spec: { defaultBackend: backend } })).toMatchObject({ spec: { ingressClassName: 'nginx' } });
  });
});

it('StorageObjectInUseProtection: claims and volumes are held back by a finalizer', async () => {
  const { create } = await server();
  expect((await create(claim())).metadata.finalizers).toEqual(['kubernetes.io/pvc-protection']);
});

it.each([
  ['the class allows it', true, undefined],
  [
    'the class does not',
    false,
    '403 persistentvolumeclaims "data" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
  ],
])('PersistentVolumeClaimResize: a bound claim grows where %s', async (_, allowVolumeExpansion, message) => {
  const storageClass = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 's' },
    provisioner: 'x',
    allowVolumeExpansion,
  };
  const { client, create } = await server(storageClass);
  await create(claim({ storageClassName: 's' }));
  const options = { type: 'merge', namespace } as const;
  const kind = 'v1/PersistentVolumeClaim';
  await client.patch(kind, 'data', { status: { phase: 'Bound', capacity: { storage: '1Gi' } } }, { ...options, subresource: 'status' });
  const grown = client.patch(kind, 'data', { spec: { resources: { requests: { storage: '2Gi' } } } }, options);
  if (message) expect(await refusal(grown)).toBe(message);
  else {
    await grown;
    expect((await client.get(kind, 'data', { namespace })).spec.resources?.requests).toEqual({ storage: '2Gi' });
  }
});

describe('LimitRanger', () => {
  it('fills in what a container does not ask for, and says so', async () => {
    const { create } = await server(
      limitRange({ type: 'Container', default: { cpu: '1' }, defaultRequest: { cpu: '100m', memory: '1Mi' } }),
    );
    const made = await create(pod({}, { resources: { limits: { cpu: '2' } } }));
    expect(made.metadata.annotations).toEqual({ 'kubernetes.io/limit-ranger': 'LimitRanger plugin set: memory request for container app' });
    expect(made).toMatchObject({ spec: { containers: [{ resources: { limits: { cpu: '2' }, requests: { cpu: '2', memory: '1Mi' } } }] } });
  });

  it.each([
    ['too little', { min: { cpu: '1' } }, { requests: { cpu: '500m' } }, 'minimum cpu usage per Container is 1, but request is 500m'],
    ['too much', { max: { cpu: '1' } }, { limits: { cpu: '2' } }, 'maximum cpu usage per Container is 1, but limit is 2'],
    [
      'too far apart',
      { maxLimitRequestRatio: { cpu: '2' } },
      { requests: { cpu: '1' }, limits: { cpu: '3' } },
      'cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000',
    ],
  ])('refuses a container that asks for %s', async (_, item, resources, why) => {
    const { create } = await server(limitRange({ type: 'Container', ...item }));
    expect(await refusal(create(pod({}, { resources })))).toContain(why);
  });
});

describe('ResourceQuota', () => {
  const quota = (hard: Loose): Loose => ({ kind: 'ResourceQuota', metadata: { name: 'q', namespace }, spec: { hard } });
  const counted = async (hard: Loose, used: Loose) => {
    const made = await server(quota(hard));
    await made.client.patch('v1/ResourceQuota', 'q', { status: { hard, used } }, { type: 'merge', namespace, subresource: 'status' });
    const usedNow = async (): Promise<unknown> => (await made.client.get('v1/ResourceQuota', 'q', { namespace })).status?.used;
    return { ...made, usedNow };
  };

  it('counts what is made', async () => {
    const { create, usedNow } = await counted({ pods: '2', 'requests.cpu': '1' }, { pods: '0', 'requests.cpu': '0' });
    await create(pod({}, { resources: { requests: { cpu: '250m' } } }));
    expect(await usedNow()).toEqual({ pods: '1', 'requests.cpu': '250m' });
  });

  it.each([
    ['is too much', { pods: '1' }, { pods: '1' }, {}, 'exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1'],
    [
      'does not say what it asks for',
      { 'requests.cpu': '1' },
      { 'requests.cpu': '0' },
      {},
      'failed quota: q: must specify requests.cpu for: app',
    ],
  ])('refuses what %s', async (_, hard, used, container, why) => {
    const { create, usedNow } = await counted(hard, used);
    expect(await refusal(create(pod({}, container)))).toBe(`403 pods "web" is forbidden: ${why}`);
    expect(await usedNow()).toEqual(used);
  });

  it('bounds nothing before the controller has looked at it', async () => {
    const { create } = await server(quota({ pods: '0' }));
    await create(pod());
  });

  it('refuses while what it bounds has not been counted yet', async () => {
    const { create } = await counted({ pods: '1' }, {});
    expect(await refusal(create(pod()))).toBe('403 pods "web" is forbidden: status unknown for quota: q, resources: pods');
  });
});

it.each([
  ['enforce', 'strict', 'must be one of privileged, baseline, restricted'],
  ['warn-version', 'v2', 'must be "latest" or "v1.x"'],
])('PodSecurity: the label %s of a namespace', async (label, value, why) => {
  const { create } = await server();
  const labels = { [`pod-security.kubernetes.io/${label}`]: value };
  expect(await refusal(create({ kind: 'Namespace', metadata: { name: 'n', labels } }))).toContain(why);
});

describe('PodTopologyLabels', () => {
  const ZONE = 'topology.kubernetes.io/zone';
  const REGION = 'topology.kubernetes.io/region';
  const node: Loose = { kind: 'Node', metadata: { name: 'n', labels: { [ZONE]: 'a', [REGION]: 'r', other: 'x' } } };

  it.each<[string, string, Loose, Loose | undefined]>([
    ['of its node', 'n', {}, { [ZONE]: 'a', [REGION]: 'r' }],
    ['unless it says so itself', 'n', { labels: { [ZONE]: 'own' } }, { [ZONE]: 'own', [REGION]: 'r' }],
    ['of a node that is not there: nothing', 'nosuch', {}, undefined],
  ])('tells a pod that is made with its node the zone and region %s', async (_, nodeName, metadata, expected) => {
    const { create } = await server(node);
    const made = pod({ nodeName });
    const { labels } = (await create({ ...made, metadata: { ...(made['metadata'] as Loose), ...metadata } })).metadata;
    expect(labels).toEqual(expected);
  });

  it.each<[string, Loose, Loose | undefined]>([
    ['a node', { kind: 'Node', name: 'n' }, { [ZONE]: 'a', [REGION]: 'r' }],
    ['what does not say that it is a node', { name: 'n' }, undefined],
  ])('tells a pod that is bound to %s', async (_, target, expected) => {
    const { client, create } = await server(node);
    await create(pod());
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'web', namespace }, target };
    await client.create('v1/Pod', binding as never, { subresource: 'binding' });
    expect((await client.get('v1/Pod', 'web', { namespace })).metadata.labels).toEqual(expected);
  });
});

describe('RuntimeClass', () => {
  const runtimeClass = (more: Loose = {}): Loose => ({
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    metadata: { name: 'sandboxed' },
    handler: 'kata',
    ...more,
  });
  const sandboxed = (more: Loose = {}): Loose => pod({ runtimeClassName: 'sandboxed', ...more });
  const overhead = { podFixed: { cpu: '250m' } };

  it('refuses a pod of a class that is not there', async () => {
    const { create } = await server();
    expect(await refusal(create(sandboxed()))).toBe('403 pods "web" is forbidden: pod rejected: RuntimeClass "sandboxed" not found');
  });

  it("adds the class's overhead, and refuses another one", async () => {
    const { create } = await server(runtimeClass({ overhead }));
    expect((await specOf(create(sandboxed()))).overhead).toEqual({ cpu: '250m' });
    const other = { ...sandboxed({ overhead: { cpu: '1' } }), metadata: { name: 'other', namespace } };
    expect(await refusal(create(other))).toMatch(/Pod's Overhead doesn't match RuntimeClass's defined Overhead$/);
  });

  it('refuses an overhead that no class has', async () => {
    const { create } = await server(runtimeClass());
    const expected = /Pod Overhead set without corresponding RuntimeClass defined Overhead$/;
    expect(await refusal(create(sandboxed({ overhead: { cpu: '1' } })))).toMatch(expected);
    expect(await refusal(create(pod({ overhead: { cpu: '1' } })))).toMatch(expected);
  });

  it('keeps the pod to the nodes of the class, and merges tolerations', async () => {
    const exists = { key: 'kata', operator: 'Exists' };
    const { create } = await server(runtimeClass({ scheduling: { nodeSelector: { kata: 'yes' }, tolerations: [exists] } }));
    const spec = await specOf(
      create(sandboxed({ nodeSelector: { disk: 'ssd' }, tolerations: [{ key: 'kata', operator: 'Exists', effect: 'NoSchedule' }] })),
    );
    expect(spec.nodeSelector).toEqual({ disk: 'ssd', kata: 'yes' });
    // one that covers less goes
    expect(spec.tolerations!.filter(({ key }) => key === 'kata')).toEqual([exists]);
    const other = { ...sandboxed({ nodeSelector: { kata: 'no' } }), metadata: { name: 'other', namespace } };
    expect(await refusal(create(other))).toBe(
      '403 pods "other" is forbidden: conflict: runtimeClass.scheduling.nodeSelector[kata] = yes; pod.spec.nodeSelector[kata] = no',
    );
  });
});
