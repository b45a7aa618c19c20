// Who may connect to whom under NetworkPolicies: isolation of both ends, peers, ports.
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { NetworkPolicy } from '#api/networking/v1';
import { isConnectionAllowed, type Endpoint, type Port } from '../../../src/apimachinery/core/network-policy.ts';

const pod = (namespace: string, app: string, ip: string): Endpoint => ({
  is: 'pod',
  namespace,
  namespaceLabels: { 'kubernetes.io/metadata.name': namespace },
  labels: { app },
  ip,
  ports: [
    { name: 'http', containerPort: 8080 },
    { name: 'dns', containerPort: 53, protocol: 'UDP' },
  ],
});
const web = pod('shop', 'web', '10.244.0.1');
const db = pod('shop', 'db', '10.244.0.2');
const tool = pod('ops', 'tool', '10.244.1.1');
const outside: Endpoint = { is: 'address', ip: '203.0.113.7' };
const starting: Endpoint = { ...(web as Extract<Endpoint, { is: 'pod' }>), ip: undefined };

const policy = (spec: string, namespace = 'shop', name = 'p'): NetworkPolicy =>
  ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace },
    spec: parse(spec) as object,
  }) as NetworkPolicy;

interface Row {
  readonly name: string;
  readonly policies: readonly NetworkPolicy[];
  readonly from?: Endpoint;
  readonly to?: Endpoint;
  readonly port?: Port;
  readonly allowed: boolean;
}

const rows: readonly Row[] = [
  { name: 'no policy', policies: [], allowed: true },
  { name: 'a policy of another namespace', policies: [policy('{podSelector: {}}', 'ops')], allowed: true },
  { name: 'a policy for other pods', policies: [policy('{podSelector: {matchLabels: {app: other}}}')], allowed: true },
  { name: 'no ingress at all', policies: [policy('{podSelector: {}}')], from: tool, allowed: false },
  { name: 'no ingress, to what is no pod', policies: [policy('{podSelector: {}}')], to: outside, allowed: true },
  { name: 'an empty rule', policies: [policy('{podSelector: {}, ingress: [{}]}')], from: outside, allowed: true },
  {
    name: 'a peer of the same namespace',
    policies: [policy('{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}')],
    allowed: true,
  },
  {
    name: 'that peer in another namespace',
    policies: [policy('{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: tool}}}]}]}')],
    from: tool,
    allowed: false,
  },
  {
    name: 'a whole namespace',
    policies: [policy('{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ops}}}]}]}')],
    from: tool,
    allowed: true,
  },
  {
    name: 'namespace and pod in one peer: both must match',
    policies: [policy('{podSelector: {}, ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}]}]}')],
    from: tool,
    allowed: false,
  },
  {
    name: 'namespace and pod in two peers: either will do',
    policies: [policy('{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}, {podSelector: {matchLabels: {app: web}}}]}]}')],
    from: tool,
    allowed: true,
  },
  {
    name: 'a block',
    policies: [policy('{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24}}]}]}')],
    from: outside,
    allowed: true,
  },
  {
    name: 'an exception of a block',
    policies: [policy('{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0, except: [203.0.113.0/28]}}]}]}')],
    from: outside,
    allowed: false,
  },
  {
    name: 'a block, from a pod without an address',
    policies: [policy('{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}')],
    from: starting,
    allowed: false,
  },
  { name: 'a port', policies: [policy('{podSelector: {}, ingress: [{ports: [{port: 8080}]}]}')], allowed: true },
  { name: 'another port', policies: [policy('{podSelector: {}, ingress: [{ports: [{port: 8081}]}]}')], allowed: false },
  { name: 'a range of ports', policies: [policy('{podSelector: {}, ingress: [{ports: [{port: 8000, endPort: 9000}]}]}')], allowed: true },
  { name: 'a protocol', policies: [policy('{podSelector: {}, ingress: [{ports: [{port: 8080, protocol: UDP}]}]}')], allowed: false },
  { name: 'any port of a protocol', policies: [policy('{podSelector: {}, ingress: [{ports: [{protocol: TCP}]}]}')], allowed: true },
  { name: 'a port by its name', policies: [policy('{podSelector: {}, ingress: [{ports: [{port: http}]}]}')], allowed: true },
  { name: 'the name of another port', policies: [policy('{podSelector: {}, ingress: [{ports: [{port: dns}]}]}')], allowed: false },
  {
    name: 'two policies: what one of them allows',
    policies: [policy('{podSelector: {}}'), policy('{podSelector: {}, ingress: [{}]}')],
    allowed: true,
  },
  { name: 'no egress', policies: [policy('{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]}')], allowed: false },
  {
    name: 'no egress of the other end',
    policies: [policy('{podSelector: {matchLabels: {app: db}}, policyTypes: [Egress]}')],
    allowed: true,
  },
  {
    name: 'egress allowed, ingress not',
    policies: [
      policy('{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{}]}'),
      policy('{podSelector: {matchLabels: {app: db}}}'),
    ],
    allowed: false,
  },
  {
    name: 'egress rules isolate although no type says so',
    policies: [policy('{podSelector: {}, egress: [{ports: [{port: 53}]}], ingress: [{}]}')],
    allowed: false,
  },
  {
    name: 'egress to a block',
    policies: [policy('{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 203.0.113.0/24}}]}]}')],
    to: outside,
    allowed: true,
  },
];

test.each(rows)('$name', ({ policies, from = web, to = db, port = { port: 8080 }, allowed }) => {
  expect(isConnectionAllowed(policies, from, to, port)).toBe(allowed);
});
