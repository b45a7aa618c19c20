// What a fresh API server holds, by the numbers of a real one; and that roles are put together as the aggregation controller leaves them.
import type { ClusterRole } from '#api/rbac/v1';
import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../../src/apimachinery/clock.ts';
import type { KubernetesObject } from '../../../../src/apimachinery/object.ts';
import { Random } from '../../../../src/apimachinery/random.ts';
import { bootstrap } from '../../../../src/cluster/apiserver/bootstrap/bootstrap.ts';
import { clusterRoles } from '../../../../src/cluster/apiserver/bootstrap/rbac-policy.ts';
import { aggregatedRules } from '../../../../src/cluster/controllers/cluster-role-aggregation.ts';
import { MemoryStore } from '../../../../src/cluster/storage/memory-store.ts';

const clock = new VirtualClock(Date.UTC(2026, 0, 1));

test('there are as many objects as in a real one, and no more after a second start', async () => {
  const store = new MemoryStore(clock);
  await bootstrap({ store, clock, random: new Random(1) });
  const { revision } = store;
  await bootstrap({ store, clock, random: new Random(2) });
  expect(store.revision).toBe(revision);
  const count = async (folder: string): Promise<number> => {
    const list = await store.list(`/registry/${folder}/`);
    return list.ok ? list.entries.length : -1;
  };
  const folders = ['clusterroles', 'clusterrolebindings', 'roles', 'rolebindings', 'flowschemas', 'prioritylevelconfigurations'];
  expect(await Promise.all(folders.map(count))).toEqual([69, 50, 7, 7, 11, 8]);
  const others = ['apiregistration.k8s.io/apiservices', 'priorityclasses', 'namespaces', 'services/specs', 'servicecidrs', 'ipaddresses'];
  expect(await Promise.all(others.map(count))).toEqual([21, 2, 4, 1, 1, 1]);
  expect(await Promise.all(['services/endpoints', 'endpointslices'].map(count))).toEqual([1, 1]);
});

describe('at the next start', () => {
  type Loose = Record<string, unknown>;
  const restarted = async (key: string, change: (object: Loose) => Loose): Promise<{ before: Loose; after: Loose }> => {
    const store = new MemoryStore(clock);
    await bootstrap({ store, clock, random: new Random(1) });
    const { modRevision, value } = (await store.get(key))!;
    await store.update(key, modRevision, () => change(value as unknown as Loose) as unknown as KubernetesObject);
    await bootstrap({ store, clock, random: new Random(2) });
    return { before: value as unknown as Loose, after: (await store.get(key))!.value as unknown as Loose };
  };
  const own = { verbs: ['get'], apiGroups: ['example.com'], resources: ['gadgets'] };
  const metadata = (object: Loose): Loose => object['metadata'] as Loose;

  test('a role gets back the rules that it lacks, and keeps those that it was given', async () => {
    const { before, after } = await restarted('/registry/clusterroles/system:auth-delegator', (role) => ({ ...role, rules: [own] }));
    expect(after['rules']).toEqual([own, ...(before['rules'] as object[])]);
  });

  test('a role whose rules cover more stays as it is', async () => {
    const all = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };
    const { after } = await restarted('/registry/clusterroles/system:auth-delegator', (role) => ({ ...role, rules: [all] }));
    expect(after['rules']).toEqual([all]);
  });

  test('a role that somebody else looks after stays as it is', async () => {
    const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' };
    const { after } = await restarted('/registry/clusterroles/system:auth-delegator', (role) => ({
      ...role,
      metadata: { ...metadata(role), annotations },
      rules: [],
    }));
    expect(after['rules']).toEqual([]);
  });

  test('labels and annotations come back, and are not overwritten', async () => {
    const { after } = await restarted('/registry/clusterroles/view', (role) => ({
      ...role,
      metadata: { ...metadata(role), labels: { 'kubernetes.io/bootstrapping': 'mine' }, annotations: { a: 'b' } },
    }));
    expect(metadata(after)).toMatchObject({
      labels: {
        'kubernetes.io/bootstrapping': 'mine',
        'rbac.authorization.k8s.io/aggregate-to-edit': 'true',
      },
      annotations: { a: 'b', 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
    });
  });

  test('the rules of an aggregated role are left to its controller, its selectors are not', async () => {
    const { before, after } = await restarted('/registry/clusterroles/view', (role) => {
      const { aggregationRule: _, ...rest } = role;
      return { ...rest, rules: [] };
    });
    expect(after['rules']).toEqual([]);
    expect(after['aggregationRule']).toEqual(before['aggregationRule']);
  });

  test('a binding gets back its subjects', async () => {
    const ann = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' };
    const key = '/registry/clusterrolebindings/cluster-admin';
    const { before, after } = await restarted(key, (binding) => ({ ...binding, subjects: [ann] }));
    expect(after['subjects']).toEqual([ann, ...(before['subjects'] as object[])]);
  });

  test('a binding to another role is made anew', async () => {
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
    const { before, after } = await restarted('/registry/clusterrolebindings/cluster-admin', (binding) => ({ ...binding, roleRef }));
    expect(after['roleRef']).toEqual(before['roleRef']);
    expect(metadata(after)['uid']).not.toBe(metadata(before)['uid']);
  });

  test('what is no role stays as it is', async () => {
    const { after } = await restarted('/registry/namespaces/kube-public', (one) => ({
      ...one,
      metadata: { ...metadata(one), labels: {} },
    }));
    expect(metadata(after)['labels']).toEqual({});
  });
});

test.each(['admin', 'edit', 'view'])('%s is what its parts say', (name) => {
  const roles = clusterRoles() as ClusterRole[];
  const role = roles.find(({ metadata }) => metadata.name === name)!;
  expect(role.rules?.length).toBeGreaterThan(10);
  expect(aggregatedRules(role, roles)).toEqual(role.rules);
});
