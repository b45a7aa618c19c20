// What is in use does not go. Rows are named after the rules of pkg/controller/volume/pvcprotection and pvprotection.
import type { PersistentVolumeClaim, Pod } from '#api/core/v1';
import { describe, expect, test } from 'vitest';
import { planProtection, usesClaim } from '../../../src/cluster/controllers/claim-protection.ts';
import { NAMESPACE, pod, startedCluster, stored } from './harness.ts';

const FINALIZER = 'kubernetes.io/pvc-protection';
const claim = (metadata: object = {}): PersistentVolumeClaim =>
  stored<PersistentVolumeClaim>({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', finalizers: [FINALIZER], ...metadata },
    spec: {},
  });
const DELETED = '2026-01-01T00:00:00Z';

describe('the finalizer', () => {
  test.each([
    { situation: 'is there, and the claim stays', of: claim(), used: false, expected: undefined },
    { situation: 'is given to a claim without', of: claim({ finalizers: [] }), used: false, expected: 'add' },
    {
      situation: 'is not given to a claim that goes',
      of: claim({ finalizers: [], deletionTimestamp: DELETED }),
      used: false,
      expected: undefined,
    },
    { situation: 'holds a claim that is used', of: claim({ deletionTimestamp: DELETED }), used: true, expected: undefined },
    { situation: 'lets go of one that is not', of: claim({ deletionTimestamp: DELETED }), used: false, expected: 'remove' },
    {
      situation: 'of others is left alone',
      of: claim({ finalizers: ['a/b'], deletionTimestamp: DELETED }),
      used: false,
      expected: undefined,
    },
  ])('$situation', ({ of, used, expected }) => {
    expect(planProtection(of, FINALIZER, () => used)).toBe(expected);
  });
});

describe('podUsesPVC', () => {
  const using = (volume: object, more: { node?: string; phase?: string; metadata?: object } = {}): Pod => {
    const { node = 'node-1', phase = 'Running', metadata } = more;
    const made = pod({ name: 'web', node, phase });
    return { ...made, metadata: { ...made.metadata, ...metadata }, spec: { ...made.spec, volumes: [{ name: 'v', ...volume }] } };
  };
  const named = { persistentVolumeClaim: { claimName: 'data' } };
  const ephemeral = { ephemeral: { volumeClaimTemplate: { spec: {} } } };
  const own = claim({
    name: 'web-v',
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'web', uid: 'uid-of-web', controller: true }],
  });

  test.each<{ situation: string; of: Pod; claim?: PersistentVolumeClaim; expected: boolean }>([
    { situation: 'a pod on a node', of: using(named), expected: true },
    { situation: 'a pod on no node', of: using(named, { node: '' }), expected: false },
    { situation: 'a pod that ended uses it still', of: using(named, { phase: 'Succeeded' }), expected: true },
    { situation: 'another claim', of: using({ persistentVolumeClaim: { claimName: 'other' } }), expected: false },
    { situation: 'another namespace', of: using(named, { metadata: { namespace: 'other' } }), expected: false },
    { situation: 'its own ephemeral volume', of: using(ephemeral), claim: own, expected: true },
    { situation: 'an ephemeral volume whose claim is not its own', of: using(ephemeral), claim: claim({ name: 'web-v' }), expected: false },
    {
      situation: 'an ephemeral volume of a pod with which the kubelet is done',
      of: using(ephemeral, { metadata: { deletionTimestamp: DELETED, deletionGracePeriodSeconds: 0 } }),
      claim: own,
      expected: false,
    },
    {
      situation: 'an ephemeral volume of a pod that is still ending',
      of: using(ephemeral, { metadata: { deletionTimestamp: DELETED, deletionGracePeriodSeconds: 30 } }),
      claim: own,
      expected: true,
    },
    {
      situation: 'a claim that is named, of a pod with which the kubelet is done',
      of: using(named, { metadata: { deletionTimestamp: DELETED, deletionGracePeriodSeconds: 0 } }),
      expected: true,
    },
  ])('$situation', ({ of, claim: asked = claim(), expected }) => {
    expect(usesClaim(of, asked)).toBe(expected);
  });
});

describe('whole runs', () => {
  const began = async () => {
    const cluster = await startedCluster(1);
    const { client } = cluster;
    await client.create('v1/PersistentVolumeClaim', {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace: NAMESPACE },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: '', resources: { requests: { storage: '1Gi' } } },
    });
    const claims = async (): Promise<string[]> =>
      (await client.list('v1/PersistentVolumeClaim')).items.map(
        ({ metadata }) => `${metadata.name} ${metadata.deletionTimestamp ? 'going' : 'there'}`,
      );
    const user = (nodeName?: string) =>
      client.create('v1/Pod', {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'user', namespace: NAMESPACE },
        spec: {
          ...(nodeName ? { nodeName } : {}),
          containers: [{ name: 'app', image: 'i' }],
          volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }],
        },
      });
    return { ...cluster, claims, user, scope: { namespace: NAMESPACE } };
  };

  test('a claim goes once the last pod that uses it is gone', async () => {
    const { client, clock, claims, user, scope, stop } = await began();
    await user('node-1');
    await clock.advance(1000);
    await client.delete('v1/PersistentVolumeClaim', 'data', scope);
    await clock.advance(10_000);
    expect(await claims()).toEqual(['data going']);
    await client.delete('v1/Pod', 'user', { ...scope, gracePeriodSeconds: 0 });
    await clock.advance(1000);
    expect(await claims()).toEqual([]);
    await stop();
  });

  test('a claim that nobody uses goes at once', async () => {
    const { client, clock, claims, scope, stop } = await began();
    await clock.advance(1000);
    await client.delete('v1/PersistentVolumeClaim', 'data', scope);
    await clock.advance(1000);
    expect(await claims()).toEqual([]);
    await stop();
  });

  test('a volume goes once it is bound no more', async () => {
    const { client, clock, scope, stop } = await began();
    await client.create('v1/PersistentVolume', {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'pv' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        hostPath: { path: '/x' },
        persistentVolumeReclaimPolicy: 'Retain',
      },
    });
    await clock.advance(20_000);
    expect((await client.get('v1/PersistentVolume', 'pv')).status?.phase).toBe('Bound');
    await client.delete('v1/PersistentVolume', 'pv');
    await clock.advance(20_000);
    expect((await client.get('v1/PersistentVolume', 'pv')).metadata.deletionTimestamp).toBeDefined();
    await client.delete('v1/PersistentVolumeClaim', 'data', scope);
    await clock.advance(20_000);
    expect((await client.list('v1/PersistentVolume')).items).toEqual([]);
    await stop();
  });
});
