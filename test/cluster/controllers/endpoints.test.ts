import { describe, expect, test } from 'vitest';
import type { Service } from '#api/core/v1';
import type { EndpointSlice } from '#api/discovery/v1';
import { desiredEndpoints, type Desired } from '../../../src/cluster/controllers/endpoint-slice/desired.ts';
import { planSlices } from '../../../src/cluster/controllers/endpoint-slice/plan.ts';
import { planSubsets } from '../../../src/cluster/controllers/endpoints.ts';
import { NAMESPACE, node, pod, startedCluster, stored, type PodSketch } from './harness.ts';

const service = (spec: Service['spec'] = {}): Service =>
  stored<Service>({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }], ...spec },
  });

const behind = (sketch: Partial<PodSketch> = {}) => pod({ name: 'one', ip: '10.1.0.1', ...sketch });
const nodeOf = (name: string) => (name === 'node-1' ? node(name, {}, { 'topology.kubernetes.io/zone': 'z1' }) : undefined);

describe('conditions of an endpoint', () => {
  test.each([
    { situation: 'ready', of: {}, spec: {}, expected: { ready: true, serving: true, terminating: false } },
    { situation: 'unready', of: { ready: false }, spec: {}, expected: { ready: false, serving: false, terminating: false } },
    {
      situation: 'terminating, still ready',
      of: { deleted: true },
      spec: {},
      expected: { ready: false, serving: true, terminating: true },
    },
    {
      situation: 'publishNotReadyAddresses',
      of: { ready: false },
      spec: { publishNotReadyAddresses: true },
      expected: { ready: true, serving: false, terminating: false },
    },
  ])('$situation', ({ of, spec, expected }) => {
    const { groups } = desiredEndpoints(service(spec), [behind(of)], 'IPv4', nodeOf);
    expect([...groups.values()][0]?.endpoints[0]?.conditions).toEqual(expected);
  });

  test.each([
    { distribution: 'PreferSameZone', expected: { forZones: [{ name: 'z1' }] } },
    { distribution: 'PreferSameNode', expected: { forZones: [{ name: 'z1' }], forNodes: [{ name: 'node-1' }] } },
    { distribution: undefined, expected: undefined },
  ])('trafficDistribution $distribution', ({ distribution, expected }) => {
    const spec = distribution === undefined ? {} : { trafficDistribution: distribution };
    const { groups } = desiredEndpoints(service(spec), [behind()], 'IPv4', nodeOf);
    expect([...groups.values()][0]?.endpoints[0]?.hints).toEqual(expected);
  });

  test('pods on unknown nodes are left out and told of', () => {
    const { groups, missingNodes } = desiredEndpoints(service(), [behind({ node: 'gone' })], 'IPv4', nodeOf);
    expect([groups.size, missingNodes]).toEqual([0, ['gone']]);
  });

  test('a pod that lacks a named port is in a group of its own', () => {
    const named = service({ ports: [{ port: 80, targetPort: 'http' }] });
    const with_ = behind({ name: 'two', ip: '10.1.0.2' });
    const open = {
      ...with_,
      spec: { ...with_.spec, containers: [{ name: 'a', image: 'b', ports: [{ name: 'http', containerPort: 8080 }] }] },
    };
    const { groups } = desiredEndpoints(named, [behind(), open], 'IPv4', nodeOf);
    expect([...groups.values()].map((g) => g.ports)).toEqual([[], [{ name: '', port: 8080, protocol: 'TCP' }]]);
  });
});

const LABELS = { 'kubernetes.io/service-name': 'web' };
const PORTS = [{ name: '', port: 80, protocol: 'TCP' }];
const endpoint = (i: number, ready = true) => ({
  addresses: [`10.1.${i >> 8}.${i & 255}`],
  conditions: { ready },
  targetRef: { kind: 'Pod', uid: `u${i}` },
});
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => endpoint(from + i));
const desired = (...endpoints: readonly ReturnType<typeof endpoint>[]): Desired => ({
  groups: endpoints.length ? new Map([[JSON.stringify([['', 80, 'TCP', undefined]]), { ports: PORTS, endpoints }]]) : new Map(),
  missingNodes: [],
});
const slice = (name: string, endpoints: readonly ReturnType<typeof endpoint>[], ports = PORTS): EndpointSlice =>
  stored<EndpointSlice>({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, labels: LABELS },
    addressType: 'IPv4',
    endpoints,
    ports,
  });

describe('slices', () => {
  const EMPTY = slice('e', [], []);
  test.each([
    { situation: 'no pods: an empty slice', existing: [], want: desired(), expected: { create: [0], update: [], delete: [] } },
    { situation: 'and it stays', existing: [EMPTY], want: desired(), expected: { create: [], update: [], delete: [] } },
    {
      situation: 'the empty slice is written over',
      existing: [EMPTY],
      want: desired(endpoint(1)),
      expected: { create: [], update: ['e 1'], delete: [] },
    },
    {
      situation: 'at most a hundred',
      existing: [],
      want: desired(...range(0, 250)),
      expected: { create: [100, 100, 50], update: [], delete: [] },
    },
    {
      situation: 'nothing changed',
      existing: [slice('a', range(0, 3))],
      want: desired(...range(0, 3)),
      expected: { create: [], update: [], delete: [] },
    },
    {
      situation: 'one more fits in',
      existing: [slice('a', range(0, 3))],
      want: desired(...range(0, 4)),
      expected: { create: [], update: ['a 4'], delete: [] },
    },
    {
      situation: 'the fullest with room',
      existing: [slice('a', range(0, 10)), slice('b', range(10, 60))],
      want: desired(...range(0, 61)),
      expected: { create: [], update: ['b 51'], delete: [] },
    },
    {
      situation: 'only the slice of the endpoint that changed is written',
      existing: [slice('a', range(0, 100)), slice('b', range(100, 150))],
      want: desired(...range(0, 120), endpoint(120, false), ...range(121, 150)),
      expected: { create: [], update: ['b 50'], delete: [] },
    },
    {
      situation: 'a slice that is left empty goes',
      existing: [slice('a', range(0, 100)), slice('b', range(100, 101))],
      want: desired(...range(0, 100)),
      expected: { create: [], update: [], delete: ['b'] },
    },
  ])('$situation', ({ existing, want, expected }) => {
    const plan = planSlices(existing, want, LABELS);
    expect({
      create: plan.create.map((c) => c.endpoints.length),
      update: plan.update.map((u) => `${u.slice.metadata.name} ${u.content.endpoints.length}`),
      delete: plan.delete.map((s) => s.metadata.name),
    }).toEqual(expected);
  });
});

describe('subsets of Endpoints', () => {
  test('ready and unready addresses of the same ports', () => {
    const subsets = planSubsets(service(), [behind(), behind({ name: 'two', ip: '10.1.0.2', ready: false })]);
    expect(subsets).toMatchObject([
      { addresses: [{ ip: '10.1.0.1' }], notReadyAddresses: [{ ip: '10.1.0.2' }], ports: [{ port: 80, protocol: 'TCP' }] },
    ]);
  });

  test('headless without ports: addresses alone', () => {
    const subsets = planSubsets(service({ clusterIP: 'None', ports: [] }), [behind()]);
    expect(subsets.map((s) => [s.addresses?.length, s.ports])).toEqual([[1, undefined]]);
  });
});

test('slice and Endpoints follow the pods', async () => {
  const cluster = await startedCluster();
  const { client, clock } = cluster;
  const make = (name: string) =>
    client.create('v1/Pod', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: NAMESPACE, labels: { app: 'web' } },
      spec: { containers: [{ name: 'a', image: 'b' }] },
    });
  await client.create('v1/Service', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: NAMESPACE },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 80 }] },
  });
  await make('one');
  await make('two');
  await clock.advance(1000);
  const ofWeb = { namespace: NAMESPACE, labelSelector: 'kubernetes.io/service-name=web' };
  const slices = async () => (await client.list('discovery.k8s.io/v1/EndpointSlice', ofWeb)).items;
  const state = async () => {
    const [found] = await slices();
    const legacy = await client.get('v1/Endpoints', 'web', { namespace: NAMESPACE });
    return [found?.endpoints?.length ?? 0, legacy.subsets?.[0]?.addresses?.length ?? 0];
  };
  expect(await state()).toEqual([2, 2]);
  await client.delete('v1/Pod', 'one', { namespace: NAMESPACE });
  await clock.advance(1000);
  expect(await state()).toEqual([1, 1]);
  await client.delete('v1/Service', 'web', { namespace: NAMESPACE });
  await clock.advance(1000);
  expect(await slices()).toEqual([]);
  expect((await client.list('v1/Endpoints')).items.map(({ metadata }) => metadata.name)).toEqual(['kubernetes']);
  await cluster.stop();
});
