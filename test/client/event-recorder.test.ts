// Events while the API server cannot be reached: they are kept back, tried again every ten seconds, and given up at last. As client-go.
import { beforeEach, expect, it } from 'vitest';
import { VirtualClock } from '../../src/apimachinery/clock.ts';
import { Random } from '../../src/apimachinery/random.ts';
import { Client } from '../../src/client/client.ts';
import { EventRecorder } from '../../src/client/event-recorder.ts';
import { ADMIN, Cluster } from '../../src/cluster/cluster.ts';
import { Link } from '../../src/cluster/simulation/link.ts';

let clock: VirtualClock;
let cluster: Cluster;
let link: Link;
let recorder: EventRecorder;

beforeEach(async () => {
  clock = new VirtualClock(Date.UTC(2026, 0, 1));
  cluster = await Cluster.start({ clock, random: new Random(1), components: [] });
  link = new Link(clock, new Random(2));
  recorder = new EventRecorder(new Client(link.over(cluster.transport(ADMIN, 'test'))), clock, { component: 'test' });
});

const about = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'default', uid: 'u' } };
const reasons = async (): Promise<readonly (string | undefined)[]> =>
  (await cluster.client().list('v1/Event')).items.map(({ reason }) => reason);

it('what is told meanwhile is written once the server is there again, in its order', async () => {
  link.break();
  recorder.event(about, 'Normal', 'First', 'first');
  recorder.event(about, 'Normal', 'Second', 'second');
  await clock.advance(25_000);
  expect(await reasons()).toEqual([]);
  link.mend();
  await clock.advance(10_000);
  expect(await reasons()).toEqual(['First', 'Second']);
});

it('after twelve attempts it is lost, and the next one has its turn', async () => {
  link.break();
  recorder.event(about, 'Normal', 'First', 'first');
  recorder.event(about, 'Normal', 'Second', 'second');
  await clock.advance(125_000);
  link.mend();
  await clock.advance(20_000);
  expect(await reasons()).toEqual(['Second']);
});

it('what the server refuses is not tried again', async () => {
  recorder.event({ ...about, metadata: { ...about.metadata, namespace: 'nosuch' } }, 'Normal', 'First', 'first');
  recorder.event(about, 'Normal', 'Second', 'second');
  await clock.advance(0);
  expect(await reasons()).toEqual(['Second']);
});
