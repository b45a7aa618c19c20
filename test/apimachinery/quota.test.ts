import { describe, expect, test } from 'vitest';
import type { Pod, ResourceQuota } from '#api/core/v1';
import type { KubernetesObject } from '../../src/apimachinery/object.ts';
import { countedResource, inScope, quotaStatus, usageOf } from '../../src/apimachinery/quota.ts';

const NOW = Date.UTC(2026, 0, 1);
const object = (spec: object, status: object = {}, metadata: object = {}): KubernetesObject =>
  ({ apiVersion: 'v1', kind: 'X', metadata, spec, status }) as unknown as KubernetesObject;
const usage = (resource: string, of: KubernetesObject) =>
  Object.fromEntries([...usageOf(resource, of, NOW)].map(([name, amount]) => [name, amount.text]));
const container = (requests: object, limits: object = {}, more: object = {}) => ({ name: 'a', resources: { requests, limits }, ...more });

describe('usage', () => {
  test.each([
    {
      situation: 'containers are added up',
      spec: { containers: [container({ cpu: '500m' }), container({ cpu: '1' })] },
      expected: { cpu: '1500m', 'requests.cpu': '1500m', pods: '1' },
    },
    {
      situation: 'an init container that needs more',
      spec: { containers: [container({ cpu: '1' })], initContainers: [container({ cpu: '3' })] },
      expected: { 'requests.cpu': '3' },
    },
    {
      situation: 'a sidecar runs beside them',
      spec: { containers: [container({ cpu: '1' })], initContainers: [container({ cpu: '3' }, {}, { restartPolicy: 'Always' })] },
      expected: { 'requests.cpu': '4' },
    },
    { situation: 'limits', spec: { containers: [container({}, { memory: '1Gi' })] }, expected: { 'limits.memory': '1Gi' } },
    {
      situation: 'extended resources only as requests',
      spec: { containers: [container({ 'example.com/gpu': '2' })] },
      expected: { 'requests.example.com/gpu': '2' },
    },
  ])('$situation', ({ spec, expected }) => {
    expect(usage('pods', object(spec))).toMatchObject(expected);
  });

  test('a pod that ended still is an object', () => {
    expect(usage('pods', object({ containers: [container({ cpu: '1' })] }, { phase: 'Succeeded' }))).toEqual({ 'count/pods': '1' });
  });

  test('services and claims', () => {
    expect(usage('services', object({ type: 'NodePort', ports: [{}, {}] }))).toEqual({
      'count/services': '1',
      services: '1',
      'services.nodeports': '2',
    });
    const claim = object({ storageClassName: 'fast', resources: { requests: { storage: '2Gi' } } });
    expect(usage('persistentvolumeclaims', claim)).toMatchObject({
      'requests.storage': '2Gi',
      'fast.storageclass.storage.k8s.io/requests.storage': '2Gi',
    });
    expect(usage('deployments.apps', object({}))).toEqual({ 'count/deployments.apps': '1' });
  });
});

test.each([
  { name: 'requests.cpu', resource: 'pods' },
  { name: 'count/deployments.apps', resource: 'deployments.apps' },
  { name: 'requests.storage', resource: 'persistentvolumeclaims' },
  { name: 'services.nodeports', resource: 'services' },
  { name: 'nonsense', resource: undefined },
])('$name is about $resource', ({ name, resource }) => {
  expect(countedResource(name)).toBe(resource);
});

test.each([
  { scopes: ['BestEffort'], pod: object({ containers: [] }, { qosClass: 'BestEffort' }), expected: true },
  { scopes: ['NotBestEffort'], pod: object({ containers: [] }, { qosClass: 'BestEffort' }), expected: false },
  { scopes: ['Terminating'], pod: object({ containers: [], activeDeadlineSeconds: 3 }), expected: true },
  { scopes: ['NotTerminating', 'BestEffort'], pod: object({ containers: [] }, { qosClass: 'Burstable' }), expected: false },
])('scopes $scopes', ({ scopes, pod, expected }) => {
  expect(inScope({ spec: { scopes } } as unknown as ResourceQuota, pod as unknown as Pod)).toBe(expected);
});

test('only what is bounded is told of, none as zero', () => {
  const quota = { spec: { hard: { pods: '1', 'requests.cpu': '2' } } } as unknown as ResourceQuota;
  expect(quotaStatus(quota, usageOf('pods', object({ containers: [] }), NOW)).used).toEqual({ pods: '1', 'requests.cpu': '0' });
});
