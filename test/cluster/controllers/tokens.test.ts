// Secrets that hold tokens: of ServiceAccounts, and those by which nodes join.
import type { Secret } from '#api/core/v1';
import { expect, test } from 'vitest';
import type { Manifest } from '../../../src/apimachinery/object.ts';
import { detachedSignature } from '../../../src/cluster/controllers/bootstrap-tokens.ts';
import { startedCluster } from './harness.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

test('a Secret for an account gets its token, and goes with the account', async () => {
  const cluster = await startedCluster(0);
  const { client, clock } = cluster;
  const scope = { namespace: 'default' };
  await client.create('v1/ServiceAccount', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot', ...scope } });
  const annotations = { 'kubernetes.io/service-account.name': 'robot' };
  const type = 'kubernetes.io/service-account-token';
  await client.create('v1/Secret', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'robot-token', ...scope, annotations }, type });
  await clock.settle();
  const { data = {}, metadata } = await client.get('v1/Secret', 'robot-token', scope);
  expect(metadata.annotations?.['kubernetes.io/service-account.uid']).toBeTruthy();
  expect([data['namespace'], data['ca.crt']]).toEqual([base64('default'), base64('ca')]);
  const token = Buffer.from(data['token'] ?? '', 'base64').toString();
  const review = await client.create('authentication.k8s.io/v1/TokenReview', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    metadata: {},
    spec: { token },
  });
  expect(review.status?.user?.username).toBe('system:serviceaccount:default:robot');
  await client.delete('v1/ServiceAccount', 'robot', scope);
  await clock.settle();
  expect((await client.list('v1/Secret', scope)).items).toEqual([]);
  await cluster.stop();
});

const joinToken = (id: string, more: Readonly<Record<string, string>> = {}): Manifest<Secret> => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
  type: 'bootstrap.kubernetes.io/token',
  stringData: { 'token-id': id, 'token-secret': '0123456789abcdef', 'usage-bootstrap-signing': 'true', ...more },
});

test('cluster-info is signed with every token that signs', async () => {
  const cluster = await startedCluster(0);
  const { client, clock } = cluster;
  const metadata = { name: 'cluster-info', namespace: 'kube-public' };
  await client.create('v1/Secret', joinToken('abcdef'));
  await client.create('v1/Secret', joinToken('fedcba', { 'usage-bootstrap-signing': 'false' }));
  await client.create('v1/ConfigMap', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata,
    data: { kubeconfig: 'apiVersion: v1\nkind: Config\n' },
  });
  await clock.settle();
  // as a real control plane signed it
  expect((await client.get('v1/ConfigMap', 'cluster-info', { namespace: 'kube-public' })).data).toEqual({
    kubeconfig: 'apiVersion: v1\nkind: Config\n',
    'jws-kubeconfig-abcdef': 'eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiY2RlZiJ9..vH_kT4yiol-nrAWgjfCYqvum5wsKETXe0S7OOp1VgnE',
  });
  await cluster.stop();
});

test('tokens for joining go when their time is over', async () => {
  const cluster = await startedCluster(0);
  const { client, clock } = cluster;
  const expiration = (ms: number): Readonly<Record<string, string>> => ({
    expiration: new Date(clock.now() + ms).toISOString().replace(/\.\d+/, ''),
  });
  await client.create('v1/Secret', joinToken('aaaaaa', expiration(60_000)));
  await client.create('v1/Secret', joinToken('bbbbbb', expiration(600_000)));
  await clock.advance(120_000);
  const left = (await client.list('v1/Secret', { namespace: 'kube-system' })).items;
  expect(left.map(({ metadata }) => metadata.name)).toEqual(['bootstrap-token-bbbbbb']);
  await cluster.stop();
});

test('a signature without its middle is the same for the same content', () => {
  expect(detachedSignature('x', 'abcdef', 'secret')).toBe(detachedSignature('x', 'abcdef', 'secret'));
  expect(detachedSignature('x', 'abcdef', 'secret')).not.toBe(detachedSignature('y', 'abcdef', 'secret'));
});
