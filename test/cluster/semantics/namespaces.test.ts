// The end of namespaces and of what hangs on owners, with the real controllers.
// Rules of https://kubernetes.io/docs/concepts/architecture/garbage-collection/ and of the namespace controller.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { refusal } from '../apiserver/in-process.ts';
import type { TestCluster } from '../scenario-world.ts';
import { startedCluster } from '../controllers/harness.ts';

const CONFIG_MAP = 'v1/ConfigMap';
let cluster: TestCluster;
beforeEach(async () => {
  cluster = await startedCluster(0);
});
afterEach(() => cluster.stop());

interface Sketch {
  readonly namespace?: string;
  readonly finalizers?: readonly string[];
  readonly owners?: readonly object[];
}

async function make(name: string, { namespace = 'default', finalizers = [], owners = [] }: Sketch = {}): Promise<string> {
  const made = await cluster.client.create(CONFIG_MAP, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, finalizers, ownerReferences: owners } as never,
  });
  return made.metadata.uid;
}
const ownedBy = (name: string, uid: string, more: object = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', name, uid, ...more });
const left = async (namespace = 'default'): Promise<string[]> => {
  await cluster.clock.settle();
  return (await cluster.client.list(CONFIG_MAP, { namespace })).items
    .map((o) => o.metadata.name)
    .filter((name) => name !== 'kube-root-ca.crt');
};
const remove = (name: string, propagationPolicy: 'Background' | 'Foreground' | 'Orphan') =>
  cluster.client.delete(CONFIG_MAP, name, { namespace: 'default', propagationPolicy });
const release = (name: string, namespace = 'default') =>
  cluster.client.patch(CONFIG_MAP, name, { metadata: { finalizers: null } }, { type: 'merge', namespace });

describe('garbage collection', () => {
  test('Background: the owner goes at once, dependents after it', async () => {
    const uid = await make('owner');
    await make('dependent', { owners: [ownedBy('owner', uid)] });
    await remove('owner', 'Background');
    expect(await left()).toEqual([]);
  });

  test('Foreground: an owner waits for dependents that block it', async () => {
    const uid = await make('owner');
    await make('blocking', { owners: [ownedBy('owner', uid, { blockOwnerDeletion: true })], finalizers: ['example.com/hold'] });
    await cluster.clock.settle();
    await remove('owner', 'Foreground');
    expect(await left()).toEqual(['blocking', 'owner']);
    expect((await cluster.client.get(CONFIG_MAP, 'owner', { namespace: 'default' })).metadata.finalizers).toEqual(['foregroundDeletion']);
    await release('blocking');
    expect(await left()).toEqual([]);
  });

  test('Foreground: a dependent that does not block is not waited for', async () => {
    const uid = await make('owner');
    await make('held', { owners: [ownedBy('owner', uid)], finalizers: ['example.com/hold'] });
    await cluster.clock.settle();
    await remove('owner', 'Foreground');
    expect(await left()).toEqual(['held']);
  });

  test('Orphan: dependents stay and no longer name the owner', async () => {
    const uid = await make('owner');
    await make('dependent', { owners: [ownedBy('owner', uid)] });
    await cluster.clock.settle();
    await remove('owner', 'Orphan');
    expect(await left()).toEqual(['dependent']);
    expect((await cluster.client.get(CONFIG_MAP, 'dependent', { namespace: 'default' })).metadata.ownerReferences).toBeUndefined();
  });

  test.each([
    { rule: 'an owner that never was', owner: (uid: string) => ownedBy('none', uid), expected: [] },
    { rule: 'an owner of the same name with another uid', owner: (uid: string) => ownedBy('other', uid), expected: ['other'] },
  ])('$rule is absent: the dependent goes', async ({ owner, expected }) => {
    await make('other');
    await make('dependent', { owners: [owner('11111111-1111-1111-1111-111111111111')] });
    if (expected.length === 0) await remove('other', 'Background');
    expect(await left()).toEqual(expected);
  });

  test('one of two owners is enough to stay', async () => {
    const [one, two] = [await make('one'), await make('two')];
    await make('dependent', { owners: [ownedBy('one', one), ownedBy('two', two)] });
    await remove('one', 'Background');
    expect(await left()).toEqual(['dependent', 'two']);
    await remove('two', 'Background');
    expect(await left()).toEqual([]);
  });

  test('an owner in another namespace counts as absent', async () => {
    await cluster.client.create('v1/Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'far' } });
    const uid = await make('owner', { namespace: 'far' });
    await make('dependent', { owners: [ownedBy('owner', uid)] });
    expect(await left()).toEqual([]);
    const events = await cluster.client.list('v1/Event', { namespace: 'default' });
    expect(events.items.map((e) => e.reason)).toContain('OwnerRefInvalidNamespace');
  });
});

describe('namespaces', () => {
  beforeEach(async () => {
    await cluster.client.create('v1/Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    await cluster.clock.settle();
  });

  test('all that is in it goes with it: pods, services and custom resources too', async () => {
    await make('a', { namespace: 'shop' });
    await cluster.client.create('v1/Service', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's', namespace: 'shop' },
      spec: { ports: [{ port: 80 }] },
    });
    await cluster.client.create('v1/Pod', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'shop' },
      spec: { containers: [{ name: 'a', image: 'b' }] },
    });
    await cluster.client.delete('v1/Namespace', 'shop');
    await cluster.clock.advance(60_000);
    expect(await refusal(cluster.client.get('v1/Namespace', 'shop'))).toMatch(/^404 /);
    expect((await cluster.client.list('v1/Pod')).items).toEqual([]);
    expect((await cluster.client.list('v1/Service')).items.map((s) => s.metadata.namespace)).not.toContain('shop');
  });

  test('while something holds out it stays, says what, and takes nothing new', async () => {
    await make('held', { namespace: 'shop', finalizers: ['example.com/hold'] });
    await cluster.client.delete('v1/Namespace', 'shop');
    await cluster.clock.advance(30_000);
    const { status, spec } = await cluster.client.get('v1/Namespace', 'shop');
    expect([status?.phase, spec?.finalizers]).toEqual(['Terminating', ['kubernetes']]);
    const told = Object.fromEntries((status?.conditions ?? []).map((c) => [c.type, `${c.status} ${c.reason}: ${c.message}`]));
    expect(told).toMatchObject({
      NamespaceDeletionDiscoveryFailure: 'False ResourcesDiscovered: All resources successfully discovered',
      NamespaceContentRemaining: 'True SomeResourcesRemain: Some resources are remaining: configmaps. has 1 resource instances',
      NamespaceFinalizersRemaining:
        'True SomeFinalizersRemain: Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
    });
    expect(await refusal(make('new', { namespace: 'shop' }))).toMatch(
      /^403 configmaps "new" is forbidden: unable to create new content in namespace shop because it is being terminated/,
    );
    await release('held', 'shop');
    await cluster.clock.advance(60_000);
    expect(await refusal(cluster.client.get('v1/Namespace', 'shop'))).toMatch(/^404 /);
  });

  test('a finalizer of the namespace itself is waited for', async () => {
    await cluster.client.patch('v1/Namespace', 'shop', { metadata: { finalizers: ['example.com/hold'] } }, { type: 'merge' });
    await cluster.client.delete('v1/Namespace', 'shop');
    await cluster.clock.advance(30_000);
    const { spec, metadata } = await cluster.client.get('v1/Namespace', 'shop');
    expect([spec?.finalizers, metadata.finalizers]).toEqual([undefined, ['example.com/hold']]);
    await cluster.client.patch('v1/Namespace', 'shop', { metadata: { finalizers: null } }, { type: 'merge' });
    expect(await refusal(cluster.client.get('v1/Namespace', 'shop'))).toMatch(/^404 /);
  });

  test.each(['default', 'kube-system', 'kube-public'])('%s stays', async (name) => {
    expect(await refusal(cluster.client.delete('v1/Namespace', name))).toMatch(/^403 .*this namespace may not be deleted/);
  });

  test('pods go before what they are made of, and within their grace', async () => {
    await make('settings', { namespace: 'shop' });
    await cluster.client.create('v1/Pod', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'shop', finalizers: ['example.com/hold'] },
      spec: { containers: [{ name: 'a', image: 'b' }] },
    });
    await cluster.client.delete('v1/Namespace', 'shop');
    await cluster.clock.settle();
    // upstream waits for pods before it removes anything else
    expect(await left('shop')).toEqual(['settings']);
  });
});
