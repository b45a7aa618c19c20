import { describe, expect, test } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim } from '#api/core/v1';
import { bestMatch, mismatch } from '../../../src/apimachinery/core/volume-matching.ts';
import { controllerSpecs } from '../../../src/cluster/controllers/controllers.ts';
import { planProtection } from '../../../src/cluster/controllers/claim-protection.ts';
import { claimBoundTo, unboundVolume, volumeBoundTo } from '../../../src/cluster/controllers/persistent-volume/binding.ts';
import { FAKE_NODES } from '../scenario-world.ts';
import { NAMESPACE, startedCluster, stored, told } from './harness.ts';

const volume = (name: string, storage: string, spec: PersistentVolume['spec'] = {}, phase = 'Available', labels = {}): PersistentVolume =>
  stored<PersistentVolume>({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, labels },
    spec: { capacity: { storage }, accessModes: ['ReadWriteOnce'], storageClassName: 'fixed', hostPath: { path: '/x' }, ...spec },
    status: { phase },
  });

const claim = (spec: PersistentVolumeClaim['spec'] = {}): PersistentVolumeClaim =>
  stored<PersistentVolumeClaim>({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } }, storageClassName: 'fixed', ...spec },
  });

const reserved = (uid?: string) => ({ claimRef: { namespace: NAMESPACE, name: 'data', ...(uid ? { uid } : {}) } });

describe('FindMatchingVolume', () => {
  test.each([
    {
      situation: 'the smallest that is large enough',
      of: claim(),
      volumes: [volume('a', '9Gi'), volume('b', '3Gi'), volume('c', '1Gi')],
      expected: 'b',
    },
    { situation: 'none is large enough', of: claim(), volumes: [volume('a', '1Gi')], expected: undefined },
    { situation: 'another class', of: claim(), volumes: [volume('a', '3Gi', { storageClassName: 'other' })], expected: undefined },
    { situation: 'access modes', of: claim({ accessModes: ['ReadWriteMany'] }), volumes: [volume('a', '3Gi')], expected: undefined },
    {
      situation: 'rather few further modes than small',
      of: claim(),
      volumes: [volume('a', '3Gi', { accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] }), volume('b', '9Gi')],
      expected: 'b',
    },
    { situation: 'volumeMode', of: claim({ volumeMode: 'Block' }), volumes: [volume('a', '3Gi')], expected: undefined },
    {
      situation: 'selector',
      of: claim({ selector: { matchLabels: { tier: 'gold' } } }),
      volumes: [volume('a', '3Gi'), volume('b', '9Gi', {}, 'Available', { tier: 'gold' })],
      expected: 'b',
    },
    { situation: 'reserved for it', of: claim(), volumes: [volume('a', '3Gi'), volume('b', '9Gi', reserved())], expected: 'b' },
    {
      situation: 'reserved for a former claim of that name',
      of: claim(),
      volumes: [volume('a', '3Gi', reserved('former'))],
      expected: undefined,
    },
    { situation: 'released', of: claim(), volumes: [volume('a', '3Gi', {}, 'Released')], expected: undefined },
  ])('$situation', ({ of, volumes, expected }) => {
    expect(bestMatch(of, volumes, { delayed: false })?.metadata.name).toBe(expected);
  });

  test('claims that wait for a consumer get only what is reserved for them', () => {
    expect(bestMatch(claim(), [volume('a', '3Gi')], { delayed: true })).toBeUndefined();
    expect(bestMatch(claim(), [volume('a', '3Gi', reserved())], { delayed: true })?.metadata.name).toBe('a');
  });

  test.each([
    { of: volume('a', '1Gi'), why: 'requested PV is too small' },
    { of: volume('a', '3Gi', { storageClassName: 'x' }), why: 'storageClassName does not match' },
    { of: volume('a', '3Gi', { volumeMode: 'Block' }), why: 'incompatible volumeMode' },
    { of: volume('a', '3Gi', { accessModes: ['ReadOnlyMany'] }), why: 'incompatible accessMode' },
    { of: volume('a', '3Gi'), why: undefined },
  ])('checkVolumeSatisfyClaim: $why', ({ of, why }) => {
    expect(mismatch(claim(), of)).toBe(why);
  });
});

describe('binding', () => {
  test('who bound is noted, so that unbinding gives back what there was', () => {
    const bound = volumeBoundTo(volume('a', '3Gi'), claim());
    expect(bound.metadata.annotations).toEqual({ 'pv.kubernetes.io/bound-by-controller': 'yes' });
    expect(unboundVolume(bound)).toEqual({ ...volume('a', '3Gi'), metadata: volume('a', '3Gi').metadata });
  });
  test('what was reserved by hand stays reserved', () => {
    const bound = volumeBoundTo(volume('a', '3Gi', reserved()), claim());
    expect(bound.metadata.annotations).toBeUndefined();
    expect(bound.spec?.claimRef?.uid).toBe('uid-of-data');
    expect(unboundVolume(bound).spec?.claimRef).toMatchObject({ name: 'data', namespace: NAMESPACE });
    expect(unboundVolume(bound).spec?.claimRef?.uid).toBeUndefined();
  });
  test('a claim that named its volume was not bound by the controller', () => {
    const named = claim({ volumeName: 'a' });
    expect(claimBoundTo(named, volume('a', '3Gi')).metadata.annotations).toEqual({ 'pv.kubernetes.io/bind-completed': 'yes' });
  });
});

test.each([
  { situation: 'not held yet', metadata: {}, inUse: true, expected: 'add' },
  { situation: 'held', metadata: { finalizers: ['f'] }, inUse: false, expected: undefined },
  { situation: 'deleted, in use', metadata: { finalizers: ['f'], deletionTimestamp: 'x' }, inUse: true, expected: undefined },
  { situation: 'deleted, not in use', metadata: { finalizers: ['f'], deletionTimestamp: 'x' }, inUse: false, expected: 'remove' },
])('protection: $situation', ({ metadata, inUse, expected }) => {
  const held = { ...claim(), metadata: { ...claim().metadata, ...metadata } };
  expect(planProtection(held, 'f', () => inUse)).toBe(expected);
});

describe('whole runs', () => {
  const PROVISIONER = 'disk.example.test';
  const start = () =>
    startedCluster(1, { components: [...controllerSpecs({ rootCA: 'ca', simulatedProvisioners: [PROVISIONER] }), ...FAKE_NODES] });
  const metadata = { name: 'data', namespace: NAMESPACE };
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'fast' };

  test('a VolumeAttributesClass stays while a claim has it, and goes with the claim', async () => {
    const cluster = await start();
    const { client, clock } = cluster;
    const kind = 'storage.k8s.io/v1/VolumeAttributesClass';
    await client.create(kind, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'VolumeAttributesClass',
      metadata: { name: 'gold' },
      driverName: 'd',
      parameters: { a: 'b' },
    });
    await client.create('v1/PersistentVolumeClaim', {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata,
      spec: { ...spec, storageClassName: 'none', volumeAttributesClassName: 'gold' },
    });
    await clock.settle();
    await client.delete(kind, 'gold');
    await clock.settle();
    expect((await client.list(kind)).items.map((c) => c.metadata.finalizers)).toEqual([['kubernetes.io/vac-protection']]);
    await client.delete('v1/PersistentVolumeClaim', 'data', { namespace: NAMESPACE });
    await clock.settle();
    expect((await client.list(kind)).items).toEqual([]);
    await cluster.stop();
  });

  test('a volume is provisioned, bound, and deleted with its claim', async () => {
    const cluster = await start();
    const { client, clock } = cluster;
    await client.create('storage.k8s.io/v1/StorageClass', {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'fast' },
      provisioner: PROVISIONER,
    });
    await client.create('v1/PersistentVolumeClaim', { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec });
    await clock.advance(20_000);
    const bound = await client.get('v1/PersistentVolumeClaim', 'data', { namespace: NAMESPACE });
    expect(bound.status).toMatchObject({ phase: 'Bound', capacity: { storage: '1Gi' } });
    expect(await told(cluster, 'PersistentVolumeClaim')).toContain(
      `ProvisioningSucceeded: Successfully provisioned volume ${bound.spec?.volumeName}`,
    );
    await client.delete('v1/PersistentVolumeClaim', 'data', { namespace: NAMESPACE });
    await clock.advance(20_000);
    expect((await client.list('v1/PersistentVolume')).items).toEqual([]);
    await cluster.stop();
  });

  test('the volume vanishes: the claim is Lost; Retain keeps a volume Released', async () => {
    const cluster = await start();
    const { client, clock } = cluster;
    const make = (name: string) =>
      client.create('v1/PersistentVolume', {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name },
        spec: {
          capacity: { storage: '1Gi' },
          accessModes: ['ReadWriteOnce'],
          hostPath: { path: '/x' },
          storageClassName: 'fixed',
          persistentVolumeReclaimPolicy: 'Retain',
        },
      });
    const fixed = { ...spec, storageClassName: 'fixed' };
    await make('a');
    await clock.advance(100);
    await client.create('v1/PersistentVolumeClaim', { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec: fixed });
    await clock.advance(20_000);
    const phase = async (kind: 'v1/PersistentVolume' | 'v1/PersistentVolumeClaim', name: string) =>
      (await client.get(kind, name, kind === 'v1/PersistentVolume' ? {} : { namespace: NAMESPACE })).status?.phase;
    expect([await phase('v1/PersistentVolume', 'a'), await phase('v1/PersistentVolumeClaim', 'data')]).toEqual(['Bound', 'Bound']);
    // a bound volume is protected: its finalizer is taken off by force
    await client.delete('v1/PersistentVolume', 'a');
    await client.patch('v1/PersistentVolume', 'a', { metadata: { finalizers: null } }, { type: 'merge' });
    await clock.advance(1000);
    expect(await phase('v1/PersistentVolumeClaim', 'data')).toBe('Lost');
    await client.delete('v1/PersistentVolumeClaim', 'data', { namespace: NAMESPACE });
    await make('b');
    await clock.advance(1000);
    await client.create('v1/PersistentVolumeClaim', { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec: fixed });
    await clock.advance(1000);
    await client.delete('v1/PersistentVolumeClaim', 'data', { namespace: NAMESPACE });
    await clock.advance(1000);
    expect(await phase('v1/PersistentVolume', 'b')).toBe('Released');
    await cluster.stop();
  });
});
