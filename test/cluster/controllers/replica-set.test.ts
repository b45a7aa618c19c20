import { createNamespaces } from '../namespaces.ts';
import { expect, test } from 'vitest';
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import { Random } from '../../../src/apimachinery/random.ts';
import { Client } from '../../../src/client/client.ts';
import { EventRecorder } from '../../../src/client/event-recorder.ts';
import { Informers } from '../../../src/client/informer.ts';
import { InProcessTransport } from '../../../src/client/in-process.ts';
import { standaloneApiServer } from '../../../src/cluster/apiserver/standalone.ts';
import { WITHOUT_CONTROLLERS } from '../without-controllers.ts';
import { replicaSetController } from '../../../src/cluster/controllers/replica-set.ts';

test('a ReplicaSet makes as many pods as it asks for', async () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const random = new Random(1);
  const server = standaloneApiServer({ clock, random, ...WITHOUT_CONTROLLERS });
  const client = new Client(new InProcessTransport(server, { username: 'x', groups: [] }, 'replicaset-controller'));
  await createNamespaces(client);
  const informers = new Informers(client, clock);
  const events = new EventRecorder(client, clock, { component: 'replicaset-controller' });
  const errors: unknown[] = [];
  const controller = replicaSetController({ client, informers, clock, random, events, onError: (_c, _k, e) => errors.push(e) });
  await informers.start();
  controller.start();
  const rs = (n: number) => ({
    apiVersion: 'apps/v1' as const,
    kind: 'ReplicaSet' as const,
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: n,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'a', image: 'b' }] } },
    },
  });
  await client.create('apps/v1/ReplicaSet', rs(3));
  await clock.settle();
  expect(errors).toEqual([]);
  expect((await client.list('v1/Pod')).items.length).toBe(3);
  const live = await client.get('apps/v1/ReplicaSet', 'web', { namespace: 'default' });
  expect(live.status?.replicas).toBe(3);
  await client.patch('apps/v1/ReplicaSet', 'web', { spec: { replicas: 1 } }, { type: 'merge', namespace: 'default' });
  await clock.settle();
  expect((await client.list('v1/Pod')).items.length).toBe(1);
});
