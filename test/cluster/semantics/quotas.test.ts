// What quotas count and refuse, with the controller that keeps their status.
// Rules of https://kubernetes.io/docs/concepts/policy/resource-quotas/
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ResourceQuota } from '#api/core/v1';
import type { KubernetesObject, Manifest } from '../../../src/apimachinery/object.ts';
import { refusal } from '../apiserver/in-process.ts';
import { startedCluster } from '../controllers/harness.ts';
import type { TestCluster } from '../scenario-world.ts';

const NAMESPACE = 'shop';
let cluster: TestCluster;
beforeEach(async () => {
  cluster = await startedCluster(1);
  await cluster.client.create('v1/Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  await cluster.clock.settle();
});
afterEach(() => cluster.stop());

const create = (kind: string, name: string, rest: object = {}): Promise<unknown> => {
  const short = kind.slice(kind.lastIndexOf('/') + 1);
  return cluster.client.create(kind, {
    apiVersion: kind.slice(0, -short.length - 1),
    kind: short,
    metadata: { name, namespace: NAMESPACE },
    ...rest,
  } as Manifest<KubernetesObject>);
};
async function quota(hard: Readonly<Record<string, string>>, spec: object = {}): Promise<void> {
  await create('v1/ResourceQuota', 'q', { spec: { hard, ...spec } });
  await cluster.clock.advance(6000);
}
async function used(): Promise<Readonly<Record<string, string>> | undefined> {
  // a quota is counted anew within seconds of what makes room
  await cluster.clock.advance(10_000);
  return ((await cluster.client.get('v1/ResourceQuota', 'q', { namespace: NAMESPACE })) as ResourceQuota).status?.used as never;
}

const requests = (cpu: string, memory = '1Mi') => ({ resources: { requests: { cpu, memory } } });
const pod = (container: object = {}, spec: object = {}) => ({ spec: { containers: [{ name: 'a', image: 'b', ...container }], ...spec } });
const claim = (storageClassName = 'gold') => ({
  spec: { accessModes: ['ReadWriteOnce'], storageClassName, resources: { requests: { storage: '2Gi' } } },
});
const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'a', image: 'b' }] } };
const selector = { matchLabels: { app: 'x' } };

describe('what is counted', () => {
  const ROWS: readonly {
    readonly rule: string;
    readonly hard: string;
    readonly kind: string;
    readonly rest?: object;
    readonly each: string;
    readonly already?: string;
  }[] = [
    { rule: 'pods', hard: 'pods', kind: 'v1/Pod', rest: pod(), each: '1' },
    { rule: 'requests of CPU', hard: 'requests.cpu', kind: 'v1/Pod', rest: pod(requests('100m')), each: '100m' },
    { rule: 'cpu means requests', hard: 'cpu', kind: 'v1/Pod', rest: pod(requests('100m')), each: '100m' },
    { rule: 'requests of memory', hard: 'requests.memory', kind: 'v1/Pod', rest: pod(requests('1', '5Mi')), each: '5Mi' },
    {
      rule: 'limits of memory',
      hard: 'limits.memory',
      kind: 'v1/Pod',
      rest: pod({ resources: { limits: { memory: '7Mi' } } }),
      each: '7Mi',
    },
    {
      rule: 'requests of ephemeral storage',
      hard: 'requests.ephemeral-storage',
      kind: 'v1/Pod',
      rest: pod({ resources: { requests: { 'ephemeral-storage': '1Gi' } } }),
      each: '1Gi',
    },
    {
      rule: 'extended resources',
      hard: 'requests.example.com/gpu',
      kind: 'v1/Pod',
      rest: pod({ resources: { limits: { 'example.com/gpu': '2' } } }),
      each: '2',
    },
    { rule: 'claims', hard: 'persistentvolumeclaims', kind: 'v1/PersistentVolumeClaim', rest: claim(), each: '1' },
    { rule: 'storage that is requested', hard: 'requests.storage', kind: 'v1/PersistentVolumeClaim', rest: claim(), each: '2Gi' },
    {
      rule: 'storage of a class',
      hard: 'gold.storageclass.storage.k8s.io/requests.storage',
      kind: 'v1/PersistentVolumeClaim',
      rest: claim(),
      each: '2Gi',
    },
    {
      rule: 'claims of a class',
      hard: 'gold.storageclass.storage.k8s.io/persistentvolumeclaims',
      kind: 'v1/PersistentVolumeClaim',
      rest: claim(),
      each: '1',
    },
    { rule: 'services', hard: 'services', kind: 'v1/Service', rest: { spec: { ports: [{ port: 80 }] } }, each: '1' },
    {
      rule: 'services with ports on nodes',
      hard: 'services.nodeports',
      kind: 'v1/Service',
      rest: { spec: { type: 'NodePort', ports: [{ port: 80 }] } },
      each: '1',
    },
    {
      rule: 'services with load balancers',
      hard: 'services.loadbalancers',
      kind: 'v1/Service',
      rest: { spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } },
      each: '1',
    },
    { rule: 'secrets', hard: 'secrets', kind: 'v1/Secret', each: '1' },
    { rule: 'config maps, the CA of the cluster included', hard: 'configmaps', kind: 'v1/ConfigMap', each: '1', already: '1' },
    {
      rule: 'replication controllers',
      hard: 'replicationcontrollers',
      kind: 'v1/ReplicationController',
      rest: { spec: { replicas: 0, selector: { app: 'x' }, template } },
      each: '1',
    },
    {
      rule: 'objects of a kind by count/',
      hard: 'count/replicasets.apps',
      kind: 'apps/v1/ReplicaSet',
      rest: { spec: { replicas: 0, selector, template } },
      each: '1',
    },
    { rule: 'objects of a core kind by count/', hard: 'count/serviceaccounts', kind: 'v1/ServiceAccount', each: '1', already: '1' },
    { rule: 'leases by count/', hard: 'count/leases.coordination.k8s.io', kind: 'coordination.k8s.io/v1/Lease', each: '1' },
  ];
  test.each(ROWS)('$rule', async ({ hard, kind, rest, each, already = '0' }) => {
    // room for exactly one more
    const room = already === '0' ? each : '2';
    await quota({ [hard]: room });
    expect(await used()).toEqual({ [hard]: already });
    await create(kind, 'one', rest);
    expect(await used()).toEqual({ [hard]: room });
    expect(await refusal(create(kind, 'two', rest))).toMatch(/^403 .*is forbidden: exceeded quota: q, requested: .*, used: .*, limited: /);
    await cluster.client.delete(kind, 'one', { namespace: NAMESPACE, gracePeriodSeconds: 0, propagationPolicy: 'Background' });
    expect(await used()).toEqual({ [hard]: already });
  });

  test('pods that have ended are not counted', async () => {
    await quota({ pods: '1' });
    await create('v1/Pod', 'one', pod());
    expect(await used()).toEqual({ pods: '1' });
    await cluster.client.patch(
      'v1/Pod',
      'one',
      { status: { phase: 'Succeeded' } },
      { type: 'merge', subresource: 'status', namespace: NAMESPACE },
    );
    expect(await used()).toEqual({ pods: '0' });
  });

  test('under a quota of requests a pod must say what it requests', async () => {
    await quota({ 'requests.cpu': '1' });
    expect(await refusal(create('v1/Pod', 'one', pod()))).toMatch(
      /^403 pods "one" is forbidden: failed quota: q: must specify requests\.cpu for: a/,
    );
  });

  test('a change that asks for more is refused as a creation is', async () => {
    await quota({ 'services.nodeports': '0' });
    await create('v1/Service', 's', { spec: { ports: [{ port: 80 }] } });
    const change = cluster.client.patch('v1/Service', 's', { spec: { type: 'NodePort' } }, { type: 'merge', namespace: NAMESPACE });
    expect(await refusal(change)).toMatch(/^403 .*exceeded quota: q/);
  });

  test('a dry run is measured and not counted', async () => {
    await quota({ secrets: '1' });
    await cluster.client.create(
      'v1/Secret',
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: NAMESPACE } },
      { dryRun: true },
    );
    expect(await used()).toEqual({ secrets: '0' });
  });

  test('what a ReplicaSet may not make is told in its condition', async () => {
    await quota({ pods: '1' });
    await create('apps/v1/ReplicaSet', 'rs', { spec: { replicas: 2, selector, template } });
    await cluster.clock.advance(5000);
    const { status } = await cluster.client.get('apps/v1/ReplicaSet', 'rs', { namespace: NAMESPACE });
    expect(status?.conditions).toMatchObject([{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' }]);
    expect(await used()).toEqual({ pods: '1' });
  });
});

describe('scopes', () => {
  const guaranteed = pod(requests('1'));
  const ending = pod({}, { activeDeadlineSeconds: 60 });
  const important = pod({}, { priorityClassName: 'high' });
  const spread = pod(
    {},
    {
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'a', labelSelector: {}, namespaceSelector: {} }],
        },
      },
    },
  );
  const ROWS: readonly { readonly rule: string; readonly spec: object; readonly inside: object; readonly outside: object }[] = [
    { rule: 'BestEffort: pods without requests', spec: { scopes: ['BestEffort'] }, inside: pod(), outside: guaranteed },
    { rule: 'NotBestEffort: pods with requests', spec: { scopes: ['NotBestEffort'] }, inside: guaranteed, outside: pod() },
    { rule: 'Terminating: pods with a deadline', spec: { scopes: ['Terminating'] }, inside: ending, outside: pod() },
    { rule: 'NotTerminating: pods without a deadline', spec: { scopes: ['NotTerminating'] }, inside: pod(), outside: ending },
    {
      rule: 'PriorityClass by name',
      spec: { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] } },
      inside: important,
      outside: pod(),
    },
    {
      rule: 'PriorityClass that is none of these',
      spec: { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'NotIn', values: ['high'] }] } },
      inside: pod(),
      outside: important,
    },
    { rule: 'any PriorityClass', spec: { scopes: ['PriorityClass'] }, inside: important, outside: pod() },
    {
      rule: 'CrossNamespacePodAffinity: pods that look at other namespaces',
      spec: { scopes: ['CrossNamespacePodAffinity'] },
      inside: spread,
      outside: pod(),
    },
    {
      rule: 'several scopes: pods that are in all of them',
      spec: { scopes: ['BestEffort', 'NotTerminating'] },
      inside: pod(),
      outside: ending,
    },
  ];
  test.each(ROWS)('$rule', async ({ spec, inside, outside }) => {
    await cluster.client.create('scheduling.k8s.io/v1/PriorityClass', {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'high' },
      value: 9,
    });
    await quota({ pods: '1' }, spec);
    await create('v1/Pod', 'outside', outside);
    expect(await used()).toEqual({ pods: '0' });
    await create('v1/Pod', 'inside', inside);
    expect(await used()).toEqual({ pods: '1' });
    expect(await refusal(create('v1/Pod', 'more', inside))).toMatch(
      /^403 .*exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1/,
    );
    await create('v1/Pod', 'more-outside', outside);
  });
});
