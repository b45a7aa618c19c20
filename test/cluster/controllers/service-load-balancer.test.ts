// Addresses of Services of type LoadBalancer. Rows are named after the rules of cloud-provider's service controller.
import type { Service } from '#api/core/v1';
import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../src/apimachinery/object.ts';
import { serviceLoadBalancerController } from '../../../src/cluster/cloud-provider/service-load-balancer.ts';
import { controllerSpecs } from '../../../src/cluster/controllers/controllers.ts';
import { NAMESPACE, startedCluster, told } from './harness.ts';

const FINALIZER = 'service.kubernetes.io/load-balancer-cleanup';
const scope = { namespace: NAMESPACE };

const service = (name: string, spec: object = {}): Manifest<Service> => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, ...scope },
  spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80 }], ...spec },
});

const began = async () => {
  const cluster = await startedCluster(0, {
    components: (options) => [
      ...controllerSpecs(options).filter(({ component }) => component !== 'service-controller'),
      {
        component: 'service-controller',
        make: (deps) => serviceLoadBalancerController(deps, { first: '10.9.0.1', last: '10.9.0.3' }),
      },
    ],
  });
  const { client, clock } = cluster;
  const shown = async (name: string): Promise<string> => {
    await clock.settle();
    const { status, metadata } = await client.get('v1/Service', name, scope);
    const address = status?.loadBalancer?.ingress?.map(({ ip }) => ip).join() ?? '-';
    return `${address}${metadata.finalizers?.includes(FINALIZER) ? ' held' : ''}`;
  };
  return { ...cluster, shown };
};

test.each<{ situation: string; spec: object; expected: string }>([
  { situation: 'the first that is free', spec: {}, expected: '10.9.0.1 held' },
  { situation: 'the one that is asked for', spec: { loadBalancerIP: '10.9.0.3' }, expected: '10.9.0.3 held' },
  { situation: 'one that is asked for out of range is not given', spec: { loadBalancerIP: '192.168.0.1' }, expected: '10.9.0.1 held' },
  { situation: "a class is somebody else's", spec: { loadBalancerClass: 'example.com/own' }, expected: '-' },
  { situation: 'another type has none', spec: { type: 'ClusterIP' }, expected: '-' },
])('$situation', async ({ spec, expected }) => {
  const { client, shown, stop } = await began();
  await client.create('v1/Service', service('web', spec));
  expect(await shown('web')).toBe(expected);
  await stop();
});

describe('whole runs', () => {
  test('each has its own; what is given back is given again', async () => {
    const { client, clock, shown, stop } = await began();
    for (const name of ['a', 'b', 'c']) await client.create('v1/Service', service(name));
    expect([await shown('a'), await shown('b'), await shown('c')]).toEqual(['10.9.0.1 held', '10.9.0.2 held', '10.9.0.3 held']);
    await client.delete('v1/Service', 'b', scope);
    await clock.settle();
    expect((await client.list('v1/Service', scope)).items.map(({ metadata }) => metadata.name)).not.toContain('b');
    await client.create('v1/Service', service('d'));
    expect(await shown('d')).toBe('10.9.0.2 held');
    await stop();
  });

  test('none is left: it is told, and given once there is one', async () => {
    const cluster = await began();
    const { client, clock, shown, stop } = cluster;
    for (const name of ['a', 'b', 'c', 'd']) await client.create('v1/Service', service(name));
    expect(await shown('d')).toBe('- held');
    expect(await told(cluster, 'Service')).toContain(
      'SyncLoadBalancerFailed: Error syncing load balancer: failed to ensure load balancer: no address is left',
    );
    await client.delete('v1/Service', 'a', scope);
    await clock.advance(600_000);
    expect(await shown('d')).toBe('10.9.0.1 held');
    await stop();
  });

  test('one that is a LoadBalancer no more gives its address back, and is told of', async () => {
    const cluster = await began();
    const { client, shown, stop } = cluster;
    await client.create('v1/Service', service('web'));
    await shown('web');
    await client.patch(
      'v1/Service',
      'web',
      { spec: { type: 'ClusterIP', allocateLoadBalancerNodePorts: null } },
      { type: 'merge', ...scope },
    );
    expect(await shown('web')).toBe('-');
    expect(await told(cluster, 'Service')).toEqual([
      'EnsuringLoadBalancer: Ensuring load balancer',
      'EnsuredLoadBalancer: Ensured load balancer',
      'DeletingLoadBalancer: Deleting load balancer',
      'DeletedLoadBalancer: Deleted load balancer',
    ]);
    await stop();
  });

  test('an address that was given stays, whatever else changes', async () => {
    const { client, shown, stop } = await began();
    await client.create('v1/Service', service('a'));
    await client.create('v1/Service', service('b'));
    await shown('b');
    await client.delete('v1/Service', 'a', scope);
    await client.patch('v1/Service', 'b', { spec: { ports: [{ port: 81 }] } }, { type: 'merge', ...scope });
    expect(await shown('b')).toBe('10.9.0.2 held');
    await stop();
  });
});
