// What quotas count anew, and when. Rows are named after the rules of pkg/controller/resourcequota and pkg/quota.
import type { Pod } from '#api/core/v1';
import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../src/apimachinery/object.ts';
import { frees } from '../../../src/cluster/controllers/resource-quota.ts';
import { at, NAMESPACE, pod, startedCluster, stored } from './harness.ts';

const NOW = at('00:10:00');

describe('replenishment: a change after which an object may use less', () => {
  const given = (cpu: string): Pod => {
    const made = pod({ name: 'a' });
    const containerStatuses = [{ name: 'app', image: '', imageID: '', ready: true, restartCount: 0, allocatedResources: { cpu } }];
    return { ...made, status: { ...made.status, containerStatuses } };
  };
  const going = (seconds: number): Pod => {
    const made = pod({ name: 'a', deleted: true });
    return { ...made, metadata: { ...made.metadata, deletionGracePeriodSeconds: seconds } };
  };
  const service = (type: string) =>
    stored<KubernetesObject>({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec: { type } });
  const claim = (status: object) =>
    stored<KubernetesObject>({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'c' }, spec: {}, status });

  test.each<{ situation: string; resource: string; was: unknown; is: unknown; expected: boolean }>([
    { situation: 'a pod ends', resource: 'pods', was: pod({ name: 'a' }), is: pod({ name: 'a', phase: 'Succeeded' }), expected: true },
    { situation: 'a pod fails', resource: 'pods', was: pod({ name: 'a' }), is: pod({ name: 'a', phase: 'Failed' }), expected: true },
    {
      situation: 'a pod that ended changes',
      resource: 'pods',
      was: pod({ name: 'a', phase: 'Failed' }),
      is: pod({ name: 'a', phase: 'Failed' }),
      expected: false,
    },
    { situation: 'a pod becomes ready', resource: 'pods', was: pod({ name: 'a', ready: false }), is: pod({ name: 'a' }), expected: false },
    { situation: 'a pod is to go, and has time', resource: 'pods', was: pod({ name: 'a' }), is: going(3600), expected: false },
    { situation: 'a pod should be gone by now', resource: 'pods', was: pod({ name: 'a' }), is: going(0), expected: true },
    { situation: 'a container is resized', resource: 'pods', was: given('2'), is: given('1'), expected: true },
    { situation: 'a container is as large as before', resource: 'pods', was: given('2'), is: given('2'), expected: false },
    { situation: 'a Service becomes another', resource: 'services', was: service('NodePort'), is: service('ClusterIP'), expected: true },
    { situation: 'a Service stays', resource: 'services', was: service('NodePort'), is: service('NodePort'), expected: false },
    {
      situation: 'a claim is resized',
      resource: 'persistentvolumeclaims',
      was: claim({}),
      is: claim({ capacity: { storage: '1Gi' } }),
      expected: true,
    },
    { situation: 'anything else', resource: 'configmaps', was: claim({}), is: claim({ x: 1 }), expected: false },
  ])('$situation', ({ resource, was, is, expected }) => {
    expect(frees(resource, is as KubernetesObject, was as KubernetesObject, NOW)).toBe(expected);
  });
});

describe('whole runs', () => {
  const scope = { namespace: NAMESPACE };
  const began = async (spec: object) => {
    const cluster = await startedCluster(1);
    const { client } = cluster;
    await client.create('v1/ResourceQuota', { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q', ...scope }, spec });
    await cluster.clock.settle();
    const used = async () => (await client.get('v1/ResourceQuota', 'q', scope)).status?.used;
    const create = (name: string, more: object = {}, metadata: object = {}) =>
      client.create('v1/Pod', {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, ...scope, ...metadata },
        spec: { containers: [{ name: 'app', image: 'i', resources: { requests: { cpu: '100m', memory: '1Gi' } } }], ...more },
      });
    return { ...cluster, used, create };
  };

  test('what was there before counts, and what nobody uses is 0', async () => {
    const cluster = await startedCluster(1);
    const { client, clock } = cluster;
    for (const name of ['a', 'b'])
      await client.create('v1/ConfigMap', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...scope } });
    await client.create('v1/ResourceQuota', {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'q', ...scope },
      spec: { hard: { configmaps: '10', secrets: '5', 'count/deployments.apps': '3', 'requests.storage': '1Gi' } },
    });
    await clock.settle();
    // with the certificates that every namespace has
    expect((await client.get('v1/ResourceQuota', 'q', scope)).status?.used).toEqual({
      configmaps: '3',
      secrets: '0',
      'count/deployments.apps': '0',
      'requests.storage': '0',
    });
    await cluster.stop();
  });

  test('a pod that ends, or goes, gives back what it used', async () => {
    const { create, used, clock, client, stop } = await began({ hard: { pods: '5', 'requests.cpu': '1', 'requests.memory': '4Gi' } });
    await create('runs');
    await create('ends', { restartPolicy: 'Never' }, { annotations: { 'sim/exit': '0' } });
    await clock.advance(2000);
    expect(await used()).toEqual({ pods: '1', 'requests.cpu': '100m', 'requests.memory': '1Gi' });
    await client.delete('v1/Pod', 'runs', scope);
    await clock.advance(2000);
    expect(await used()).toEqual({ pods: '0', 'requests.cpu': '0', 'requests.memory': '0' });
    await stop();
  });

  test.each([
    { situation: 'BestEffort', spec: { hard: { pods: '9' }, scopes: ['BestEffort'] }, pods: '0' },
    { situation: 'NotBestEffort', spec: { hard: { pods: '9' }, scopes: ['NotBestEffort'] }, pods: '2' },
    { situation: 'Terminating', spec: { hard: { pods: '9' }, scopes: ['Terminating'] }, pods: '1' },
    { situation: 'NotTerminating', spec: { hard: { pods: '9' }, scopes: ['NotTerminating'] }, pods: '1' },
    {
      situation: 'a priority class',
      spec: {
        hard: { pods: '9' },
        scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] },
      },
      pods: '0',
    },
  ])('scopes: $situation', async ({ spec, pods }) => {
    const cluster = await startedCluster(1);
    const { client, clock } = cluster;
    for (const [name, more] of [
      ['a', {}],
      ['b', { activeDeadlineSeconds: 600 }],
    ] as const)
      await client.create('v1/Pod', {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, ...scope },
        spec: { containers: [{ name: 'app', image: 'i', resources: { requests: { cpu: '1m' } } }], ...more },
      });
    await client.create('v1/ResourceQuota', { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q', ...scope }, spec });
    await clock.settle();
    expect((await client.get('v1/ResourceQuota', 'q', scope)).status?.used).toEqual({ pods });
    await cluster.stop();
  });

  test('other bounds are counted anew, and a resource that comes with a definition once it is there', async () => {
    const { client, clock, used, stop } = await began({ hard: { 'count/widgets.example.com': '3' } });
    expect(await used()).toEqual({ 'count/widgets.example.com': '0' });
    await client.create('apiextensions.k8s.io/v1/CustomResourceDefinition', {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'widgets.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    });
    await clock.advance(1000);
    await client.create('example.com/v1/Widget', { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w', ...scope } });
    await clock.advance(300_000);
    expect(await used()).toEqual({ 'count/widgets.example.com': '1' });
    await client.patch('v1/ResourceQuota', 'q', { spec: { hard: { secrets: '1' } } }, { type: 'merge', ...scope });
    await clock.settle();
    expect(await used()).toEqual({ 'count/widgets.example.com': '1', secrets: '0' });
    await stop();
  });
});
