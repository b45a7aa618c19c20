// One of several leads: the rules of client-go's leaderelection, on the virtual clock.
import { beforeEach, describe, expect, it } from 'vitest';
import type { Lease } from '#api/coordination/v1';
import { VirtualClock } from '../../src/apimachinery/clock.ts';
import { Random } from '../../src/apimachinery/random.ts';
import { LeaderElection } from '../../src/client/leader-election.ts';
import { ADMIN, Cluster } from '../../src/cluster/cluster.ts';
import { Link } from '../../src/cluster/simulation/link.ts';
import { Client } from '../../src/client/client.ts';

let clock: VirtualClock;
let cluster: Cluster;
let log: string[];

beforeEach(async () => {
  clock = new VirtualClock(Date.UTC(2026, 0, 1));
  cluster = await Cluster.start({ clock, random: new Random(1), components: [] });
  log = [];
});

function candidate(identity: string): { readonly election: LeaderElection; readonly link: Link } {
  const link = new Link(clock, new Random(3));
  const election = new LeaderElection({
    client: new Client(link.over(cluster.transport(ADMIN, identity))),
    clock,
    random: new Random(identity.charCodeAt(0)),
    namespace: 'kube-system',
    name: 'the-lease',
    identity,
    onStartedLeading: () => log.push(`${identity} leads`),
    onStoppedLeading: () => log.push(`${identity} leads no more`),
  });
  election.start();
  return { election, link };
}

const lease = (): Promise<Lease> =>
  cluster.run(cluster.client().get('coordination.k8s.io/v1/Lease', 'the-lease', { namespace: 'kube-system' }));

describe('a lease', () => {
  it('that nobody holds goes to the first who asks, and stays there while it is renewed', async () => {
    candidate('a');
    await clock.advance(1_000);
    candidate('b');
    await clock.advance(120_000);
    expect(log).toEqual(['a leads']);
    const { spec } = await lease();
    expect(spec).toMatchObject({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      leaseTransitions: 0,
      acquireTime: '2026-01-01T00:00:00.000000Z',
    });
    expect(Date.parse(spec!.renewTime!)).toBeGreaterThan(clock.now() - 3_000);
  });

  it('is taken over when its holder has not renewed it for as long as it lasts', async () => {
    const { link } = candidate('a');
    await clock.advance(1_000);
    candidate('b');
    await clock.advance(10_000);
    link.kill();
    await clock.advance(13_000);
    expect(log).not.toContain('b leads');
    await clock.advance(8_000);
    expect(log).toEqual(['a leads', 'a leads no more', 'b leads']);
    expect((await lease()).spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  });

  it('a leader that cannot renew it gives up before another one may take it', async () => {
    const { link } = candidate('a');
    await clock.advance(1_000);
    candidate('b');
    await clock.advance(10_000);
    link.break();
    await clock.advance(30_000);
    expect(log).toEqual(['a leads', 'a leads no more', 'b leads']);
  });

  it('short outages do no harm', async () => {
    const { link } = candidate('a');
    candidate('b');
    await clock.advance(10_000);
    link.break();
    await clock.advance(7_000);
    link.mend();
    await clock.advance(30_000);
    expect(log).toEqual(['a leads']);
  });

  it('who is stopped hands it over at once', async () => {
    const { election } = candidate('a');
    await clock.advance(1_000);
    candidate('b');
    await clock.advance(10_000);
    await cluster.run(election.stop());
    expect((await lease()).spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    await clock.advance(5_000);
    expect(log).toEqual(['a leads', 'b leads']);
  });

  it('who never led leaves it as it is', async () => {
    candidate('a');
    await clock.advance(1_000);
    const { election } = candidate('b');
    await clock.advance(5_000);
    await election.stop();
    expect((await lease()).spec).toMatchObject({ holderIdentity: 'a' });
  });
});
