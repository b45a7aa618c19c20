// When an apply need not be asked about: what is told without the server is what the server would say.
import { beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import type { KubernetesObject } from '../../../src/apimachinery/object.ts';
import { Random } from '../../../src/apimachinery/random.ts';
import type { Client } from '../../../src/client/client.ts';
import { Cluster } from '../../../src/cluster/cluster.ts';
import { MemoryStore } from '../../../src/cluster/storage/memory-store.ts';
import { isAppliedAlready } from '../../../src/reconcile/plan/no-op.ts';
import type { DesiredObject } from '../../../src/reconcile/render/manifest-document.ts';

let client: Client;
beforeEach(async () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  client = (await Cluster.start({ clock, random: new Random(1), store: new MemoryStore(clock), components: [] })).client();
});

const container = (parts: object = {}): object => ({ name: 'web', image: 'web:1', ...parts });
const deployment = (...containers: readonly object[]): DesiredObject =>
  ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', labels: { app: 'web' } },
    spec: { selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers } } },
  }) as unknown as DesiredObject;
const settings = (data: object): DesiredObject =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data }) as unknown as DesiredObject;

const apply = async (object: DesiredObject, fieldManager = 'jibe'): Promise<KubernetesObject> =>
  (
    await client.patch(`${object.apiVersion}/${object.kind}`, object.metadata.name!, object, {
      type: 'apply',
      force: true,
      fieldManager,
      namespace: 'default',
    })
  ).object as KubernetesObject;

const merge = async (object: DesiredObject, patch: object, fieldManager = 'kubectl-edit'): Promise<KubernetesObject> =>
  (
    await client.patch(`${object.apiVersion}/${object.kind}`, object.metadata.name!, patch, {
      type: 'strategic',
      fieldManager,
      namespace: 'default',
    })
  ).object as KubernetesObject;

describe('an apply that changes nothing', () => {
  test.each<readonly [situation: string, applied: DesiredObject, desired: DesiredObject, already: boolean]>([
    ['the same once more', deployment(container()), deployment(container()), true],
    [
      'quantities written otherwise',
      deployment(container({ resources: { requests: { cpu: '0.5', memory: '1024Mi' } } })),
      deployment(container({ resources: { requests: { cpu: '500m', memory: '1Gi' } } })),
      true,
    ],
    ['keys in another order', settings({ a: '1', b: '2' }), settings({ b: '2', a: '1' }), true],
    ['another image', deployment(container()), deployment(container({ image: 'web:2' })), false],
    ['a field more', deployment(container()), deployment(container({ tty: true })), false],
    ['a field less', deployment(container({ tty: true })), deployment(container()), false],
    ['a container less', deployment(container(), container({ name: 'side' })), deployment(container()), false],
    ['a default that is written out', deployment(container()), deployment(container({ imagePullPolicy: 'IfNotPresent' })), false],
    ['a field that is misspelt', deployment(container()), deployment(container({ imagePullpolicy: 'Always' })), false],
    ['something that no server would take', settings({ a: '1' }), settings({ a: { b: 1 } }), false],
  ])('%s: %#', async (_situation, applied, desired, already) => {
    const live = await apply(applied);
    expect(isAppliedAlready(live, desired, 'jibe')).toBe(already);
    if (!already) return;
    expect((await apply(desired)).metadata.resourceVersion).toBe(live.metadata.resourceVersion);
  });

  test('what others add does not matter, what they change does', async () => {
    const desired = deployment(container());
    await apply(desired);
    const added = await merge(desired, { metadata: { labels: { team: 'a' } }, spec: { replicas: 3 } });
    expect(isAppliedAlready(added, desired, 'jibe')).toBe(true);
    const changed = await merge(desired, { spec: { template: { spec: { containers: [{ name: 'web', image: 'other' }] } } } });
    expect(isAppliedAlready(changed, desired, 'jibe')).toBe(false);
  });

  test("what another manager has applied is not jibe's", async () => {
    const live = await apply(settings({ a: '1' }), 'other');
    expect(isAppliedAlready(live, settings({ a: '1' }), 'jibe')).toBe(false);
  });

  test('a Secret that is written in the clear is asked about', async () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { a: 'b' } } as unknown as DesiredObject;
    expect(isAppliedAlready(await apply(secret), secret, 'jibe')).toBe(false);
  });
});
