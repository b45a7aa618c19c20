// What Kubernetes' conformance tests ask of an API one by one: an object is created, read, listed, watched, patched, replaced, given a
// status, and deleted, alone and with others of a label.
import { expect, test } from 'vitest';
import type { JsonObject, KubernetesObject, Manifest } from '../../../src/apimachinery/object.ts';
import { isConflict } from '../../../src/apimachinery/status-error.ts';
import { inProcess, namespace, refusal } from '../apiserver/in-process.ts';

interface Api {
  /** Full name: `apps/v1/Deployment`. */
  readonly kind: string;
  readonly rest?: object;
  readonly clusterScoped?: true;
  /** A status to write; absent: the kind has no such subresource. */
  readonly status?: object;
  readonly name?: string;
  /** Deleting only begins: a finalizer that a controller takes away holds it. */
  readonly finalized?: true;
  /** That it is deleted is written down before it is. */
  readonly marked?: true;
  /** The server itself writes its status meanwhile. */
  readonly written?: true;
  /** Collections of it cannot be deleted. */
  readonly oneByOne?: true;
}

const pod = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'a', image: 'b' }] } };
const selector = { matchLabels: { app: 'x' } };
const now = '2026-01-01T00:00:00.000000Z';
const condition = { type: 'Example', status: 'True', reason: 'Tested', message: 'none', lastTransitionTime: '2026-01-01T00:00:00Z' };
const rule = { apiGroups: ['example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['none'] };
const webhook = {
  name: 'a.example.com',
  clientConfig: { url: 'https://127.0.0.1/' },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  rules: [rule],
};

const APIS: readonly Api[] = [
  { kind: 'v1/ConfigMap', rest: { data: { a: 'b' } } },
  { kind: 'v1/Secret', rest: { data: { a: 'Yg==' } } },
  { kind: 'v1/ServiceAccount' },
  { kind: 'v1/Service', rest: { spec: { ports: [{ port: 80 }] } }, status: { conditions: [condition] } },
  { kind: 'v1/Endpoints', rest: { subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 80 }] }] } },
  {
    kind: 'v1/Event',
    rest: { involvedObject: { kind: 'Pod', namespace, name: 'a' }, reason: 'a', message: 'b', type: 'Normal' },
  },
  {
    kind: 'events.k8s.io/v1/Event',
    rest: {
      eventTime: now,
      regarding: { kind: 'Pod', namespace, name: 'a' },
      reason: 'a',
      action: 'b',
      type: 'Normal',
      reportingController: 'example.com/c',
      reportingInstance: 'd',
    },
  },
  { kind: 'v1/LimitRange', rest: { spec: { limits: [{ type: 'Container', max: { cpu: '1' } }] } } },
  { kind: 'v1/ResourceQuota', rest: { spec: { hard: { pods: '5' } } }, status: { hard: { pods: '5' }, used: { pods: '1' } } },
  { kind: 'v1/PodTemplate', rest: { template: pod } },
  { kind: 'v1/Pod', marked: true, rest: { spec: pod.spec }, status: { conditions: [{ type: 'Example', status: 'True' }] } },
  {
    kind: 'v1/ReplicationController',
    rest: { spec: { replicas: 0, selector: { app: 'x' }, template: pod } },
    status: { replicas: 0, conditions: [{ type: 'Example', status: 'True' }] },
    finalized: true,
  },
  {
    kind: 'v1/PersistentVolumeClaim',
    rest: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    status: { conditions: [{ type: 'Example', status: 'True' }] },
    finalized: true,
  },
  {
    kind: 'v1/PersistentVolume',
    clusterScoped: true,
    rest: { spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/a' } } },
    status: { phase: 'Available', message: 'tested' },
    finalized: true,
  },
  { kind: 'v1/Node', clusterScoped: true, status: { conditions: [{ type: 'Example', status: 'True' }] } },
  { kind: 'v1/Namespace', clusterScoped: true, status: { phase: 'Active', conditions: [condition] }, finalized: true, oneByOne: true },
  { kind: 'apps/v1/ControllerRevision', rest: { revision: 1, data: { a: 1 } } },
  {
    kind: 'apps/v1/Deployment',
    rest: { spec: { selector, template: pod } },
    status: { conditions: [{ type: 'Example', status: 'True' }] },
  },
  {
    kind: 'apps/v1/ReplicaSet',
    rest: { spec: { selector, template: pod } },
    status: { replicas: 0, conditions: [{ type: 'E', status: 'True' }] },
  },
  {
    kind: 'apps/v1/DaemonSet',
    rest: { spec: { selector, template: pod } },
    status: {
      currentNumberScheduled: 0,
      numberMisscheduled: 0,
      desiredNumberScheduled: 0,
      numberReady: 0,
      conditions: [{ type: 'E', status: 'True' }],
    },
  },
  {
    kind: 'apps/v1/StatefulSet',
    rest: { spec: { selector, serviceName: 'x', template: pod } },
    status: { replicas: 0, conditions: [{ type: 'E', status: 'True' }] },
  },
  {
    kind: 'batch/v1/CronJob',
    rest: { spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: { template: { spec: { ...pod.spec, restartPolicy: 'Never' } } } } } },
    status: { lastScheduleTime: '2026-01-01T00:00:00Z' },
  },
  {
    kind: 'batch/v1/Job',
    rest: { spec: { template: { spec: { ...pod.spec, restartPolicy: 'Never' } } } },
    status: { ready: 0, conditions: [condition] },
    finalized: true,
  },
  {
    kind: 'policy/v1/PodDisruptionBudget',
    rest: { spec: { minAvailable: 1, selector } },
    status: { observedGeneration: 1, disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 1, expectedPods: 0 },
  },
  {
    kind: 'autoscaling/v2/HorizontalPodAutoscaler',
    rest: { spec: { maxReplicas: 2, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' } } },
    status: { desiredReplicas: 1, currentReplicas: 1 },
  },
  { kind: 'coordination.k8s.io/v1/Lease', rest: { spec: { holderIdentity: 'a', leaseDurationSeconds: 5 } } },
  {
    kind: 'discovery.k8s.io/v1/EndpointSlice',
    rest: { addressType: 'IPv4', endpoints: [{ addresses: ['192.0.2.1'] }], ports: [{ port: 80 }] },
  },
  {
    kind: 'networking.k8s.io/v1/Ingress',
    rest: { spec: { defaultBackend: { service: { name: 'a', port: { number: 80 } } } } },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
  },
  { kind: 'networking.k8s.io/v1/IngressClass', clusterScoped: true, rest: { spec: { controller: 'example.com/c' } } },
  { kind: 'networking.k8s.io/v1/NetworkPolicy', rest: { spec: { podSelector: {} } } },
  {
    kind: 'networking.k8s.io/v1/ServiceCIDR',
    clusterScoped: true,
    rest: { spec: { cidrs: ['10.9.0.0/24'] } },
    status: { conditions: [condition] },
  },
  { kind: 'node.k8s.io/v1/RuntimeClass', clusterScoped: true, rest: { handler: 'a' } },
  { kind: 'scheduling.k8s.io/v1/PriorityClass', clusterScoped: true, rest: { value: 5 } },
  { kind: 'storage.k8s.io/v1/StorageClass', clusterScoped: true, rest: { provisioner: 'example.com/p' } },
  { kind: 'storage.k8s.io/v1/CSIDriver', clusterScoped: true, rest: { spec: { attachRequired: false } } },
  { kind: 'storage.k8s.io/v1/CSINode', clusterScoped: true, rest: { spec: { drivers: [] } } },
  { kind: 'storage.k8s.io/v1/CSIStorageCapacity', rest: { storageClassName: 'a', capacity: '1Gi' } },
  {
    kind: 'storage.k8s.io/v1/VolumeAttachment',
    clusterScoped: true,
    rest: { spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'p' } } },
    status: { attached: true },
  },
  {
    kind: 'storage.k8s.io/v1/VolumeAttributesClass',
    clusterScoped: true,
    finalized: true,
    rest: { driverName: 'a', parameters: { a: 'b' } },
  },
  {
    kind: 'flowcontrol.apiserver.k8s.io/v1/FlowSchema',
    written: true,
    clusterScoped: true,
    rest: {
      spec: {
        priorityLevelConfiguration: { name: 'global-default' },
        matchingPrecedence: 9000,
        rules: [{ subjects: [{ kind: 'User', user: { name: 'a' } }], nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['/a'] }] }],
      },
    },
    status: { conditions: [condition] },
  },
  {
    kind: 'flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration',
    clusterScoped: true,
    rest: { spec: { type: 'Limited', limited: { nominalConcurrencyShares: 1, limitResponse: { type: 'Reject' } } } },
    status: { conditions: [condition] },
  },
  { kind: 'rbac.authorization.k8s.io/v1/Role', rest: { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] } },
  { kind: 'rbac.authorization.k8s.io/v1/ClusterRole', clusterScoped: true, rest: { rules: [{ nonResourceURLs: ['/a'], verbs: ['get'] }] } },
  {
    kind: 'rbac.authorization.k8s.io/v1/RoleBinding',
    rest: { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'a' } },
  },
  {
    kind: 'rbac.authorization.k8s.io/v1/ClusterRoleBinding',
    clusterScoped: true,
    rest: { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'a' } },
  },
  { kind: 'admissionregistration.k8s.io/v1/MutatingWebhookConfiguration', clusterScoped: true, rest: { webhooks: [webhook] } },
  { kind: 'admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration', clusterScoped: true, rest: { webhooks: [webhook] } },
  {
    kind: 'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy',
    clusterScoped: true,
    rest: { spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: 'true' }] } },
    status: { observedGeneration: 1, conditions: [condition] },
  },
  {
    kind: 'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding',
    clusterScoped: true,
    rest: { spec: { policyName: 'a', validationActions: ['Deny'] } },
  },
  {
    kind: 'apiregistration.k8s.io/v1/APIService',
    written: true,
    name: 'v1.example.com',
    clusterScoped: true,
    rest: { spec: { group: 'example.com', version: 'v1', groupPriorityMinimum: 1, versionPriority: 1, service: { name: 'a', namespace } } },
    status: { conditions: [condition] },
  },
  { kind: 'resource.k8s.io/v1/DeviceClass', clusterScoped: true, rest: { spec: {} } },
  { kind: 'resource.k8s.io/v1/ResourceClaim', rest: { spec: {} }, status: {} },
  { kind: 'resource.k8s.io/v1/ResourceClaimTemplate', rest: { spec: { spec: {} } } },
];

/** Whoever writes beside somebody else reads again when he was too late. */
async function retried<T>(others: boolean | undefined, write: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (!others || !isConflict(error)) throw error;
    }
  }
}

const LABEL = 'of=this';

test.each(APIS)(
  'the API of $kind: create, get, list, watch, patch, update, status, delete, deletecollection',
  async ({ kind, rest = {}, clusterScoped, status, name = 'tested', finalized, marked, written, oneByOne }) => {
    const { client, clock } = await inProcess();
    const scope = clusterScoped ? {} : { namespace };
    const short = kind.slice(kind.lastIndexOf('/') + 1);
    const metadata = { name, labels: { of: 'this' }, ...scope };
    const manifest = { apiVersion: kind.slice(0, -short.length - 1), kind: short, metadata, ...rest } as Manifest<KubernetesObject>;
    const before = await client.list(kind, { ...scope, labelSelector: LABEL });
    expect(before.items).toEqual([]);
    const watch = await client.watch(kind, { ...scope, labelSelector: LABEL, resourceVersion: before.resourceVersion });

    const created = await client.create(kind, manifest);
    expect(created.metadata.uid).toBeTruthy();
    if (written) await clock.settle();
    expect(await refusal(client.create(kind, manifest))).toMatch(/^409 .*already exists/);
    expect((await client.get(kind, name, scope)).metadata.uid).toBe(created.metadata.uid);
    expect((await client.list(kind, { labelSelector: LABEL })).items).toHaveLength(1);

    const annotate = (value: string): object => ({ metadata: { annotations: { seen: value } } });
    const { object: patched } = await client.patch(kind, name, annotate('once'), { type: 'merge', ...scope });
    expect(patched.metadata.annotations?.['seen']).toBe('once');
    const fresh = async () => (written ? client.get(kind, name, scope) : patched);
    const updated = await retried(written, async () => {
      const base = await fresh();
      return client.update(kind, { ...base, metadata: { ...base.metadata, annotations: { seen: 'twice' } } });
    });
    expect(updated.metadata.annotations?.['seen']).toBe('twice');
    expect(await refusal(client.update(kind, { ...patched, metadata: { ...patched.metadata, resourceVersion: '1' } }))).toMatch(/^409 /);
    const seen = ['ADDED', 'MODIFIED', 'MODIFIED'];

    if (status) {
      const { object } = await client.patch(kind, name, { status }, { type: 'merge', subresource: 'status', ...scope });
      expect((object as unknown as JsonObject)['status']).toMatchObject(status);
      expect(await client.get(kind, name, { subresource: 'status', ...scope })).toMatchObject({ status });
      if (object.metadata.resourceVersion !== updated.metadata.resourceVersion) seen.push('MODIFIED');
      await retried(written, async () => {
        const latest = written ? await client.get(kind, name, scope) : object;
        const replaced = await client.updateStatus(kind, latest);
        expect(replaced.metadata.resourceVersion).toBe(latest.metadata.resourceVersion);
      });
    } else expect(await refusal(client.get(kind, name, { subresource: 'status', ...scope }))).toMatch(/^404 /);

    await client.delete(kind, name, { ...scope, gracePeriodSeconds: 0 });
    if (marked) seen.push('MODIFIED');
    seen.push(finalized ? 'MODIFIED' : 'DELETED');
    const types: string[] = [];
    const complete = (): boolean => types.length >= seen.length && (!written || types.at(-1) === seen.at(-1));
    while (!complete()) types.push((await watch.next())!.type);
    if (written) expect([...new Set(types)]).toEqual([...new Set(seen)]);
    else expect(types).toEqual(seen);
    watch.cancel();
    if (finalized) return expect((await client.get(kind, name, scope)).metadata.deletionTimestamp).toBeTruthy();
    expect(await refusal(client.get(kind, name, scope))).toMatch(/^404 .*not found/);

    if (oneByOne) return;
    await client.create(kind, manifest);
    await client.deleteCollection(kind, { ...scope, labelSelector: 'of=other' });
    expect((await client.list(kind, { labelSelector: LABEL })).items).toHaveLength(1);
    await client.deleteCollection(kind, { ...scope, labelSelector: LABEL, gracePeriodSeconds: 0 });
    expect((await client.list(kind, { labelSelector: LABEL })).items).toEqual([]);
  },
);
