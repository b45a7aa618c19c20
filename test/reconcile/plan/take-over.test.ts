// Objects that were applied with kubectl before: they are taken over with all that kubectl applied, once.
import { beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import { LAST_APPLIED } from '../../../src/apimachinery/apply/last-applied.ts';
import type { KubernetesObject } from '../../../src/apimachinery/object.ts';
import { Random } from '../../../src/apimachinery/random.ts';
import type { Client } from '../../../src/client/client.ts';
import { Cluster } from '../../../src/cluster/cluster.ts';
import { MemoryStore } from '../../../src/cluster/storage/memory-store.ts';
import type { DesiredResource } from '../../../src/reconcile/plan/desired.ts';
import { applyObject, dryRunScratch, find } from '../../../src/reconcile/plan/scratch.ts';
import { readSyncAnnotations } from '../../../src/reconcile/plan/sync-annotations.ts';

const id = { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'default', name: 'web' };
const deployment = (container: object, labels: object = {}): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default', labels },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1', ...container }] } },
  },
});
const desired = (object: object): DesiredResource => ({ id, object, sync: readSyncAnnotations({}) }) as unknown as DesiredResource;

let client: Client;
let run: <T>(work: Promise<T>) => Promise<T>;
beforeEach(async () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const cluster = await Cluster.start({ clock, random: new Random(1), store: new MemoryStore(clock), components: [] });
  client = cluster.client();
  run = (work) => cluster.run(work);
  const object = deployment(
    {
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
      tty: true,
    },
    { team: 'shop', tier: 'front' },
  );
  const noted = { ...object, metadata: { name: 'web', labels: { team: 'shop', tier: 'front' }, annotations: { [LAST_APPLIED]: '{}' } } };
  await run(client.create('apps/v1/Deployment', noted as never, { namespace: 'default', fieldManager: 'kubectl-client-side-apply' }));
  // another manager's label, beside kubectl's
  await run(
    client.patch(
      'apps/v1/Deployment',
      'web',
      { metadata: { labels: { seen: 'yes' } } },
      { type: 'merge', namespace: 'default', fieldManager: 'robot' },
    ),
  );
});

const live = async (): Promise<KubernetesObject> => (await run(find(client, id)))!;
const parts = (object: KubernetesObject): unknown => {
  const { spec } = object as unknown as { spec: { template: { spec: { containers: readonly { env?: unknown; tty?: unknown }[] } } } };
  const [{ env, tty }] = spec.template.spec.containers as [{ env?: unknown; tty?: unknown }];
  return { labels: object.metadata.labels, note: object.metadata.annotations?.[LAST_APPLIED], env, tty };
};
const LEFT = { labels: { team: 'shop', seen: 'yes' }, note: undefined, env: [{ name: 'A', value: '1' }], tty: undefined };

describe('taking over from kubectl apply', () => {
  const next = desired(deployment({ env: [{ name: 'A', value: '1' }] }, { team: 'shop' }));

  test('what the source no longer has goes; what others own stays', async () => {
    await run(applyObject(client, next, await live()));
    expect(parts(await live())).toEqual(LEFT);
    expect((await live()).metadata.managedFields?.map(({ manager, operation }) => `${manager} ${operation}`).sort()).toEqual([
      'jibe Apply',
      'robot Update',
    ]);
  });

  test('a dry run foresees it', async () => {
    expect(parts(await run(dryRunScratch(client).apply(next, await live())))).toEqual(LEFT);
    expect(parts(await live())).not.toEqual(LEFT);
  });

  test('what somebody applies with kubectl later is theirs', async () => {
    await run(applyObject(client, next, await live()));
    await run(
      client.patch(
        'apps/v1/Deployment',
        'web',
        { metadata: { labels: { tier: 'back' }, annotations: { [LAST_APPLIED]: '{}' } } },
        { type: 'merge', namespace: 'default', fieldManager: 'kubectl-client-side-apply' },
      ),
    );
    await run(applyObject(client, next, await live()));
    expect((await live()).metadata.labels).toEqual({ team: 'shop', seen: 'yes', tier: 'back' });
  });

  test('a write in between does not get lost', async () => {
    const before = await live();
    await run(
      client.patch(
        'apps/v1/Deployment',
        'web',
        { metadata: { labels: { late: 'yes' } } },
        { type: 'merge', namespace: 'default', fieldManager: 'late' },
      ),
    );
    await run(applyObject(client, next, before));
    expect((await live()).metadata.labels).toEqual({ team: 'shop', seen: 'yes', late: 'yes' });
  });
});
