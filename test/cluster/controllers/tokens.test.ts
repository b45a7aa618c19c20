// Secrets that hold tokens: of ServiceAccounts, and those by which nodes join.
import type { Secret } from '#api/core/v1';
import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../src/apimachinery/object.ts';
import { detachedSignature } from '../../../src/cluster/controllers/bootstrap-tokens.ts';
import type { TestCluster } from '../scenario-world.ts';
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

const later = (cluster: TestCluster, ms: number): Readonly<Record<string, string>> => ({
  expiration: new Date(cluster.clock.now() + ms).toISOString().replace(/\.\d+/, ''),
});

describe('the signer', () => {
  const KUBECONFIG = 'apiVersion: v1\nkind: Config\n';
  /** As a real control plane signed it. */
  const SIGNATURE = 'eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiY2RlZiJ9..vH_kT4yiol-nrAWgjfCYqvum5wsKETXe0S7OOp1VgnE';
  const began = async (...tokens: readonly Manifest<Secret>[]) => {
    const cluster = await startedCluster(0);
    const { client, clock } = cluster;
    for (const token of tokens) await client.create('v1/Secret', token);
    const metadata = { name: 'cluster-info', namespace: 'kube-public' };
    await client.create('v1/ConfigMap', { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { kubeconfig: KUBECONFIG } });
    const signed = async (): Promise<Readonly<Record<string, string>>> => {
      await clock.settle();
      const { kubeconfig: _, ...rest } = (await client.get('v1/ConfigMap', 'cluster-info', { namespace: 'kube-public' })).data!;
      return rest;
    };
    return { ...cluster, signed };
  };

  test.each<{ situation: string; token: Manifest<Secret>; signs: boolean }>([
    { situation: 'a token that signs', token: joinToken('abcdef'), signs: true },
    { situation: 'a token for something else', token: joinToken('abcdef', { 'usage-bootstrap-signing': 'false' }), signs: false },
    { situation: 'a token whose time is over', token: joinToken('abcdef', { expiration: '2020-01-01T00:00:00Z' }), signs: false },
    { situation: 'a token whose time cannot be read', token: joinToken('abcdef', { expiration: 'soon' }), signs: false },
    { situation: 'a token without secret', token: joinToken('abcdef', { 'token-secret': '' }), signs: false },
    { situation: 'a token under the name of another', token: joinToken('abcdef', { 'token-id': 'fedcba' }), signs: false },
    {
      situation: 'a token of another namespace',
      token: { ...joinToken('abcdef'), metadata: { name: 'bootstrap-token-abcdef', namespace: 'default' } },
      signs: false,
    },
    { situation: 'a Secret of another type', token: { ...joinToken('abcdef'), type: 'Opaque' }, signs: false },
  ])('$situation', async ({ token, signs }) => {
    const { signed, stop } = await began(token);
    expect(await signed()).toEqual(signs ? { 'jws-kubeconfig-abcdef': SIGNATURE } : {});
    await stop();
  });

  test('a secret of any length signs', async () => {
    const { signed, stop } = await began(joinToken('abcdef', { 'token-secret': 'Short' }));
    expect(await signed()).toEqual({ 'jws-kubeconfig-abcdef': detachedSignature(KUBECONFIG, 'abcdef', 'Short') });
    await stop();
  });

  test('a token that goes takes its signature with it, and signatures of nobody go', async () => {
    const { client, signed, stop } = await began(joinToken('abcdef'));
    const data = { 'jws-kubeconfig-zzzzzz': 'old', other: 'kept' };
    await client.patch('v1/ConfigMap', 'cluster-info', { data }, { type: 'merge', namespace: 'kube-public' });
    expect(await signed()).toEqual({ 'jws-kubeconfig-abcdef': SIGNATURE, other: 'kept' });
    await client.delete('v1/Secret', 'bootstrap-token-abcdef', { namespace: 'kube-system' });
    expect(await signed()).toEqual({ other: 'kept' });
    await stop();
  });

  test('another content is signed anew', async () => {
    const { client, signed, stop } = await began(joinToken('abcdef'));
    await client.patch('v1/ConfigMap', 'cluster-info', { data: { kubeconfig: 'x' } }, { type: 'merge', namespace: 'kube-public' });
    expect(await signed()).toEqual({ 'jws-kubeconfig-abcdef': detachedSignature('x', 'abcdef', '0123456789abcdef') });
    await stop();
  });
});

describe('the cleaner', () => {
  const left = async ({ client }: TestCluster): Promise<string[]> =>
    (await client.list('v1/Secret', { namespace: 'kube-system' })).items.map(({ metadata }) => metadata.name);

  test('tokens for joining go when their time is over', async () => {
    const cluster = await startedCluster(0);
    const { client, clock } = cluster;
    await client.create('v1/Secret', joinToken('aaaaaa', later(cluster, 60_000)));
    await client.create('v1/Secret', joinToken('bbbbbb', later(cluster, 600_000)));
    await client.create('v1/Secret', joinToken('cccccc'));
    await clock.advance(120_000);
    expect(await left(cluster)).toEqual(['bootstrap-token-bbbbbb', 'bootstrap-token-cccccc']);
    await cluster.stop();
  });

  test.each<{ situation: string; token: Manifest<Secret>; stays: boolean }>([
    {
      situation: 'one that is over already goes at once',
      token: joinToken('abcdef', { expiration: '2020-01-01T00:00:00Z' }),
      stays: false,
    },
    { situation: 'a time that cannot be read is over', token: joinToken('abcdef', { expiration: 'soon' }), stays: false },
    {
      situation: 'a Secret of another type stays',
      token: { ...joinToken('abcdef', { expiration: '2020-01-01T00:00:00Z' }), type: 'Opaque' },
      stays: true,
    },
  ])('$situation', async ({ token, stays }) => {
    const cluster = await startedCluster(0);
    await cluster.client.create('v1/Secret', token);
    await cluster.clock.advance(1000);
    expect(await left(cluster)).toHaveLength(stays ? 1 : 0);
    await cluster.stop();
  });

  test('a time that is put off counts', async () => {
    const cluster = await startedCluster(0);
    const { client, clock } = cluster;
    await client.create('v1/Secret', joinToken('abcdef', later(cluster, 60_000)));
    await clock.advance(30_000);
    const stringData = later(cluster, 600_000);
    await client.patch('v1/Secret', 'bootstrap-token-abcdef', { stringData }, { type: 'merge', namespace: 'kube-system' });
    await clock.advance(120_000);
    expect(await left(cluster)).toHaveLength(1);
    await clock.advance(600_000);
    expect(await left(cluster)).toEqual([]);
    await cluster.stop();
  });
});

test('a signature without its middle is the same for the same content', () => {
  expect(detachedSignature('x', 'abcdef', 'secret')).toBe(detachedSignature('x', 'abcdef', 'secret'));
  expect(detachedSignature('x', 'abcdef', 'secret')).not.toBe(detachedSignature('y', 'abcdef', 'secret'));
});
