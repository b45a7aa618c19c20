import { describe, expect, test } from 'vitest';
import type { Service, ServiceSpec } from '#api/core/v1';
import type { Endpoint, EndpointSlice } from '#api/discovery/v1';
import { endpointsFor, proxyRules, type RuleNode } from '../../../src/cluster/proxy/rules.ts';

const meta = { uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', namespace: 'default' };

export const service = (spec: Partial<ServiceSpec> = {}, status: Service['status'] = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { ...meta, name: 'web' },
  spec: { type: 'ClusterIP', clusterIP: '10.0.0.1', ports: [{ port: 80, protocol: 'TCP' }], ...spec },
  status,
});

export const slice = (
  endpoints: readonly Endpoint[],
  name = 'web-1',
  ports: EndpointSlice['ports'] = [{ name: '', port: 8080 }],
): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { ...meta, name, labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4',
  endpoints,
  ports,
});

const endpoint = (n: number, more: Partial<Endpoint> = {}): Endpoint => ({
  addresses: [`10.1.0.${n}`],
  conditions: { ready: true },
  nodeName: `node-${n}`,
  ...more,
});

describe('frontends', () => {
  const ingress = { loadBalancer: { ingress: [{ ip: '9.9.9.9' }] } };
  const cases: readonly [string, Service, readonly string[]][] = [
    ['ClusterIP', service(), ['cluster 10.0.0.1:80']],
    ['dual stack', service({ clusterIPs: ['10.0.0.1', 'fd00::1'] }), ['cluster 10.0.0.1:80', 'cluster fd00::1:80']],
    ['NodePort', service({ type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] }), ['cluster 10.0.0.1:80', 'nodePort *:30080']],
    [
      'LoadBalancer',
      service({ type: 'LoadBalancer', ports: [{ port: 80, nodePort: 30080 }] }, ingress),
      ['cluster 10.0.0.1:80', 'external 9.9.9.9:80', 'nodePort *:30080'],
    ],
    [
      'a load balancer in proxy mode',
      service({ type: 'LoadBalancer' }, { loadBalancer: { ingress: [{ ip: '9.9.9.9', ipMode: 'Proxy' }] } }),
      ['cluster 10.0.0.1:80'],
    ],
    ['externalIPs', service({ externalIPs: ['8.8.8.8'] }), ['cluster 10.0.0.1:80', 'external 8.8.8.8:80']],
    ['headless', service({ clusterIP: 'None' }), []],
    ['ExternalName', service({ type: 'ExternalName', externalName: 'x.test' }), []],
    ['no address yet', service({ clusterIP: '' }), []],
  ];
  test.each(cases)('%s', (_situation, given, expected) => {
    const found = proxyRules(given, []).flatMap((r) => r.frontends.map((f) => `${f.kind} ${f.ip ?? '*'}:${f.port}`));
    expect(found).toEqual(expected);
  });
});

test('ports are matched by name and protocol, and each address counts once', () => {
  const given = service({
    ports: [
      { name: 'http', port: 80 },
      { name: 'dns', port: 53, protocol: 'UDP' },
    ],
  });
  const ports = [
    { name: 'http', port: 8080 },
    { name: 'dns', port: 5353, protocol: 'UDP' },
  ];
  const rules = proxyRules(given, [slice([endpoint(1, { conditions: { ready: false } })], 'a', ports), slice([endpoint(1)], 'b', ports)]);
  expect(rules.map((r) => [r.name, r.endpoints.map((e) => `${e.ip}:${e.port} ${e.ready}`)])).toEqual([
    ['default/web:http', ['10.1.0.1:8080 true']],
    ['default/web:dns', ['10.1.0.1:5353 true']],
  ]);
});

describe('which endpoints answer on node-1 (zone a)', () => {
  const hint = (zone: string): Partial<Endpoint> => ({ hints: { forZones: [{ name: zone }] } });
  const forNode = (name: string): Partial<Endpoint> => ({ hints: { forNodes: [{ name }] } });
  const leaving = { conditions: { ready: false, serving: true, terminating: true } };
  const unready = { conditions: { ready: false, serving: false } };
  const cases: readonly {
    readonly situation: string;
    readonly endpoints: readonly Endpoint[];
    readonly spec?: Partial<ServiceSpec>;
    readonly internal: readonly number[];
    readonly external?: readonly number[];
  }[] = [
    { situation: 'all that are ready', endpoints: [endpoint(1), endpoint(2), endpoint(3, unready)], internal: [1, 2] },
    { situation: 'conditions that are not said count as ready', endpoints: [endpoint(1, { conditions: {} })], internal: [1] },
    { situation: 'none is ready: those that still serve', endpoints: [endpoint(1, leaving), endpoint(2, unready)], internal: [1] },
    { situation: 'one is ready: none that is leaving', endpoints: [endpoint(1, leaving), endpoint(2)], internal: [2] },
    {
      situation: 'internalTrafficPolicy Local',
      endpoints: [endpoint(1), endpoint(2)],
      spec: { internalTrafficPolicy: 'Local' },
      internal: [1],
      external: [1, 2],
    },
    {
      situation: 'externalTrafficPolicy Local',
      endpoints: [endpoint(1), endpoint(2)],
      spec: { externalTrafficPolicy: 'Local' },
      internal: [1, 2],
      external: [1],
    },
    {
      situation: 'Local without any here',
      endpoints: [endpoint(2)],
      spec: { externalTrafficPolicy: 'Local' },
      internal: [2],
      external: [],
    },
    {
      situation: 'Local: one here that is leaving beats none',
      endpoints: [endpoint(1, leaving), endpoint(2)],
      spec: { externalTrafficPolicy: 'Local' },
      internal: [2],
      external: [1],
    },
    { situation: 'hints for zones', endpoints: [endpoint(1, hint('b')), endpoint(2, hint('a'))], internal: [2] },
    { situation: 'a hint is missing: none counts', endpoints: [endpoint(1), endpoint(2, hint('a'))], internal: [1, 2] },
    { situation: 'no endpoint is meant for the zone', endpoints: [endpoint(1, hint('b')), endpoint(2, hint('c'))], internal: [1, 2] },
    { situation: 'hints for nodes', endpoints: [endpoint(1, forNode('node-1')), endpoint(2, forNode('node-2'))], internal: [1] },
    { situation: 'no endpoint is meant for the node', endpoints: [endpoint(2, forNode('node-2'))], internal: [2] },
  ];
  const node: RuleNode = { name: 'node-1', zone: 'a' };
  test.each(cases)('$situation', ({ endpoints, spec = {}, internal, external = internal }) => {
    const [rule] = proxyRules(service(spec), [slice(endpoints)]);
    const numbers = (traffic: 'internal' | 'external'): number[] =>
      endpointsFor(rule!, node, traffic).map((e) => Number(e.ip.split('.').at(-1)));
    expect(numbers('internal')).toEqual(internal);
    expect(numbers('external')).toEqual(external);
  });
});
