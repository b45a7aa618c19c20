// What a fresh API server holds, by the numbers of a real one; and that roles are put together as the aggregation controller leaves them.
import type { ClusterRole } from '#api/rbac/v1';
import { expect, test } from 'vitest';
import { VirtualClock } from '../../../../src/apimachinery/clock.ts';
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
});

test('what is there stays as it is', async () => {
  const store = new MemoryStore(clock);
  await bootstrap({ store, clock, random: new Random(1) });
  const key = '/registry/clusterroles/view';
  const { modRevision, value } = (await store.get(key))!;
  await store.update(key, modRevision, () => ({ ...value, metadata: { ...value.metadata, labels: {} } }));
  await bootstrap({ store, clock, random: new Random(1) });
  expect((await store.get(key))?.value.metadata.labels).toEqual({});
});

test.each(['admin', 'edit', 'view'])('%s is what its parts say', (name) => {
  const roles = clusterRoles() as ClusterRole[];
  const role = roles.find(({ metadata }) => metadata.name === name)!;
  expect(role.rules?.length).toBeGreaterThan(10);
  expect(aggregatedRules(role, roles)).toEqual(role.rules);
});
