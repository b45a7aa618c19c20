// Endpoints that somebody writes by hand reach the proxies as EndpointSlices. Rules of pkg/controller/endpointslicemirroring.
import { describe, expect, test } from 'vitest';
import type { Endpoints } from '#api/core/v1';
import type { EndpointSlice } from '#api/discovery/v1';
import { planMirror } from '../../../src/cluster/controllers/endpoint-slice-mirroring.ts';
import { NAMESPACE, startedCluster, stored } from './harness.ts';

const endpoints = (subsets: Endpoints['subsets'], metadata: object = {}): Endpoints =>
  stored<Endpoints>({ apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'db', ...metadata }, subsets });

const http = { name: 'http', port: 80, protocol: 'TCP' } as const;
const brief = (slice: object): string => {
  const { addressType, ports, endpoints: all } = slice as EndpointSlice;
  const told = ((all as readonly EndpointSlice['endpoints'][number][] | null) ?? []).map(
    ({ addresses, conditions }) => `${addresses[0]}${conditions?.ready ? '' : '!'}`,
  );
  return `${addressType} ${(ports ?? []).map((p) => p.port).join('+')}: ${told.join(' ')}`;
};

describe('slices of an Endpoints object', () => {
  test.each([
    { rule: 'nothing to mirror makes no slice', subsets: [], expected: [] },
    {
      rule: 'addresses that are not ready are told as such',
      subsets: [{ addresses: [{ ip: '192.0.2.1' }], notReadyAddresses: [{ ip: '192.0.2.2' }], ports: [http] }],
      expected: ['IPv4 80: 192.0.2.1 192.0.2.2!'],
    },
    {
      rule: 'each family has its own slice',
      subsets: [{ addresses: [{ ip: '192.0.2.1' }, { ip: '2001:db8::1' }], ports: [http] }],
      expected: ['IPv4 80: 192.0.2.1', 'IPv6 80: 2001:db8::1'],
    },
    {
      rule: 'subsets with the same ports share a slice, others have their own',
      subsets: [
        { addresses: [{ ip: '192.0.2.1' }], ports: [http] },
        { addresses: [{ ip: '192.0.2.2' }], ports: [http] },
        { addresses: [{ ip: '192.0.2.3' }], ports: [{ ...http, port: 81 }] },
      ],
      expected: ['IPv4 80: 192.0.2.1 192.0.2.2', 'IPv4 81: 192.0.2.3'],
    },
    {
      rule: 'a subset without ports is mirrored too',
      subsets: [{ addresses: [{ ip: '192.0.2.1' }] }],
      expected: ['IPv4 : 192.0.2.1'],
    },
    {
      rule: 'of a subset at most a thousand addresses',
      subsets: [{ addresses: Array.from({ length: 1001 }, (_, i) => ({ ip: `198.51.${100 + Math.floor(i / 250)}.${1 + (i % 250)}` })) }],
      expected: [expect.stringMatching(/^(IPv4 :)( [^ ]+){1000}$/)],
    },
  ])('$rule', ({ subsets, expected }) => {
    expect(planMirror(endpoints(subsets), []).create.map(brief)).toEqual(expected);
  });

  test('labels and annotations are copied, but for those that are about the Endpoints themselves', () => {
    const [slice] = planMirror(
      endpoints([{ addresses: [{ ip: '192.0.2.1' }] }], {
        labels: { team: 'a' },
        annotations: { note: 'b', 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
      }),
      [],
    ).create;
    expect(slice?.metadata).toMatchObject({
      generateName: 'db-',
      labels: {
        team: 'a',
        'kubernetes.io/service-name': 'db',
        'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
      },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Endpoints', name: 'db', controller: true, blockOwnerDeletion: true }],
    });
    expect(slice?.metadata.annotations).toEqual({ note: 'b' });
  });
});

describe('a Service without selector', () => {
  const slicesOf = async (cluster: Awaited<ReturnType<typeof startedCluster>>): Promise<string[]> => {
    await cluster.clock.settle();
    return (await cluster.client.list('discovery.k8s.io/v1/EndpointSlice', { namespace: NAMESPACE })).items
      .filter((s) => s.metadata.labels?.['kubernetes.io/service-name'] === 'db')
      .map(brief);
  };
  const service = {
    apiVersion: 'v1' as const,
    kind: 'Service' as const,
    metadata: { name: 'db', namespace: NAMESPACE },
    spec: { ports: [{ port: 80 }] },
  };
  const manual = (ip: string, labels: Readonly<Record<string, string>> = {}) => ({
    apiVersion: 'v1' as const,
    kind: 'Endpoints' as const,
    metadata: { name: 'db', namespace: NAMESPACE, labels },
    subsets: [{ addresses: [{ ip }], ports: [{ port: 80 }] }],
  });

  test('its Endpoints are mirrored, changed along, and taken away with them', async () => {
    const cluster = await startedCluster(0);
    await cluster.client.create('v1/Service', service);
    const made = await cluster.client.create('v1/Endpoints', manual('192.0.2.1'));
    expect(await slicesOf(cluster)).toEqual(['IPv4 80: 192.0.2.1']);
    await cluster.client.update('v1/Endpoints', { ...made, subsets: manual('192.0.2.9').subsets });
    expect(await slicesOf(cluster)).toEqual(['IPv4 80: 192.0.2.9']);
    await cluster.client.delete('v1/Endpoints', 'db', { namespace: NAMESPACE });
    expect(await slicesOf(cluster)).toEqual([]);
    await cluster.stop();
  });

  test('not where the Service has a selector, is not there, or the Endpoints ask to be skipped', async () => {
    const cluster = await startedCluster(0);
    await cluster.client.create('v1/Endpoints', manual('192.0.2.1', { 'endpointslice.kubernetes.io/skip-mirror': 'true' }));
    expect(await slicesOf(cluster)).toEqual([]);
    await cluster.client.create('v1/Service', service);
    expect(await slicesOf(cluster)).toEqual([]);
    await cluster.client.patch('v1/Endpoints', 'db', { metadata: { labels: null } }, { type: 'merge', namespace: NAMESPACE });
    expect(await slicesOf(cluster)).toEqual(['IPv4 80: 192.0.2.1']);
    await cluster.client.patch('v1/Service', 'db', { spec: { selector: { app: 'db' } } }, { type: 'merge', namespace: NAMESPACE });
    expect((await slicesOf(cluster)).filter((text) => text.includes('192.0.2.1'))).toEqual([]);
    await cluster.stop();
  });
});
