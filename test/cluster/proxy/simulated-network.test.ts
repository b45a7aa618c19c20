import { expect, test } from 'vitest';
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import { Random } from '../../../src/apimachinery/random.ts';
import { Client } from '../../../src/client/client.ts';
import { EventRecorder } from '../../../src/client/event-recorder.ts';
import { Informers } from '../../../src/client/informer.ts';
import { InProcessTransport } from '../../../src/client/in-process.ts';
import { createNamespaces } from '../namespaces.ts';
import { standaloneApiServer } from '../../../src/cluster/apiserver/standalone.ts';
import { WITHOUT_CONTROLLERS } from '../without-controllers.ts';
import { proxy } from '../../../src/cluster/proxy/proxy.ts';
import type { Frontend, RuleEndpoint, ServicePortRule } from '../../../src/cluster/proxy/rules.ts';
import { SimulatedNetwork, type Connection } from '../../../src/cluster/proxy/simulated-network.ts';

const endpoint = (n: number): RuleEndpoint => ({
  ip: `10.1.0.${n}`,
  port: 8080,
  nodeName: `node-${n}`,
  zone: undefined,
  ready: true,
  serving: true,
  terminating: false,
  forNodes: undefined,
  forZones: undefined,
  pod: undefined,
});

const rule = (over: Partial<ServicePortRule> = {}): ServicePortRule => ({
  name: 'default/web',
  protocol: 'TCP',
  frontends: [
    { kind: 'cluster', ip: '10.0.0.1', port: 80 },
    { kind: 'external', ip: '9.9.9.9', port: 80 },
    { kind: 'nodePort', ip: undefined, port: 30080 },
  ],
  endpoints: [endpoint(1), endpoint(2)],
  internalLocal: false,
  externalLocal: false,
  affinitySeconds: 0,
  ...over,
});

function network(...rules: readonly ServicePortRule[]) {
  const clock = new VirtualClock(0);
  const net = new SimulatedNetwork(clock, new Random(1), (ip) => ip === '10.64.0.1');
  net.setRules('default/web', rules);
  const reach = (to: Partial<Connection> = {}): string => {
    const reached = net.connect({ fromIP: '10.1.0.9', node: { name: 'node-1', zone: undefined }, toIP: '10.0.0.1', port: 80, ...to });
    return reached.is === 'endpoint' ? reached.endpoint.ip : reached.is;
  };
  return { clock, net, reach };
}

const many = (reach: () => string): string[] => [...new Set(Array.from({ length: 50 }, reach))].sort();

const outside = { external: true, fromIP: '1.2.3.4' };
const limited: Frontend = { kind: 'external', ip: '9.9.9.9', port: 80, sourceRanges: ['1.2.0.0/16'] };

const cases: readonly [string, ServicePortRule, Partial<Connection>, readonly string[]][] = [
  ['the cluster IP reaches all endpoints', rule(), {}, ['10.1.0.1', '10.1.0.2']],
  ['a node port on a node address', rule(), { toIP: '10.64.0.1', port: 30080 }, ['10.1.0.1', '10.1.0.2']],
  ['a node port is not on other addresses', rule(), { toIP: '10.0.0.1', port: 30080 }, ['direct']],
  ['another protocol is not taken in', rule(), { protocol: 'UDP' }, ['direct']],
  ['a pod address is reached as it is', rule(), { toIP: '10.1.0.7' }, ['direct']],
  ['no endpoints: refused', rule({ endpoints: [] }), {}, ['rejected']],
  ['Local from outside: only those of the node', rule({ externalLocal: true }), { ...outside, toIP: '9.9.9.9' }, ['10.1.0.1']],
  ['Local from a pod: all', rule({ externalLocal: true }), { toIP: '9.9.9.9' }, ['10.1.0.1', '10.1.0.2']],
  [
    'Local from outside without any here',
    rule({ externalLocal: true, endpoints: [endpoint(2)] }),
    { ...outside, toIP: '9.9.9.9' },
    ['dropped'],
  ],
  ['a source that may', rule({ frontends: [limited] }), { ...outside, toIP: '9.9.9.9' }, ['10.1.0.1', '10.1.0.2']],
  ['a source that may not', rule({ frontends: [limited] }), { ...outside, toIP: '9.9.9.9', fromIP: '4.4.4.4' }, ['dropped']],
];

test.each(cases)('%s', (_situation, given, to, expected) => {
  const { reach } = network(given);
  expect(many(() => reach(to))).toEqual(expected);
});

test('sessionAffinity keeps a client with its endpoint until it has been silent for long enough', async () => {
  const { reach, clock } = network(rule({ affinitySeconds: 100 }));
  expect(many(() => reach())).toHaveLength(1);
  await clock.advance(99_000);
  expect(many(() => reach())).toHaveLength(1);
  const clients = new Set(Array.from({ length: 30 }, (_, i) => reach({ fromIP: `10.1.1.${i}` })));
  expect(clients.size).toBe(2);
});

test('rules follow Services and EndpointSlices', async () => {
  const clock = new VirtualClock(0);
  const random = new Random(1);
  const client = new Client(
    new InProcessTransport(standaloneApiServer({ clock, random, ...WITHOUT_CONTROLLERS }), { username: 'x', groups: [] }, 'kube-proxy'),
  );
  const informers = new Informers(client, clock);
  const events = new EventRecorder(client, clock, { component: 'kube-proxy' });
  const net = new SimulatedNetwork(clock, random, () => false);
  const controller = proxy({ client, informers, clock, random, events }, { backend: net });
  await createNamespaces(client);
  await informers.start();
  controller.start();
  const metadata = { name: 'web', namespace: 'default' };
  const spec = { type: 'ClusterIP', clusterIP: '10.0.0.77', ports: [{ port: 80, protocol: 'TCP' }] };
  await client.create('v1/Service', { apiVersion: 'v1', kind: 'Service', metadata, spec });
  await client.create('discovery.k8s.io/v1/EndpointSlice', {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.1.0.5'], conditions: { ready: true } }],
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
  });
  await clock.settle();
  expect(net.rulesOf('default/web')[0]?.endpoints.map((e) => e.ip)).toEqual(['10.1.0.5']);
  await client.delete('v1/Service', 'web', { namespace: 'default' });
  await clock.settle();
  expect(net.rulesOf('default/web')).toEqual([]);
  expect(net.connect({ fromIP: '1.1.1.1', node: { name: 'a', zone: undefined }, toIP: '10.0.0.77', port: 80 }).is).toBe('direct');
});
