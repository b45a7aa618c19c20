// Why a pod goes where it goes: the explanation is that of the decision.
import { expect, it, test } from 'vitest';
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import { Random } from '../../../src/apimachinery/random.ts';
import { Cluster } from '../../../src/cluster/cluster.ts';
import { explainPod, explainScheduling } from '../../../src/cluster/scheduler/explain.ts';
import { podInfo } from '../../../src/cluster/scheduler/pod-info.ts';
import { asking, build, cycle, node, pod, type World } from './snapshot.ts';

const explain = (incoming: ReturnType<typeof pod>, world: World) => {
  const { plugins, cache } = build(world);
  return explainScheduling(podInfo(incoming), plugins, cache);
};

const busy = pod('busy', { ...asking({ cpu: '3', memory: '6Gi' }), nodeName: 'a' });

it('the best node is the one that a cycle chooses, and its total the weighted sum', () => {
  const world = { nodes: [node('a'), node('b')], pods: [busy] };
  const incoming = pod('new', asking({ cpu: '500m', memory: '1Gi' }));
  const [best, second] = explain(incoming, world);
  const outcome = cycle(incoming, world);
  expect(outcome.is === 'fits' && outcome.node.name).toBe(best!.node);
  expect(best!.total).toBeGreaterThan(second!.total);
  for (const { scores, total } of [best!, second!]) expect(total).toBe(scores.reduce((sum, { score, weight }) => sum + score * weight, 0));
  expect(best!.scores.find(({ plugin }) => plugin === 'NodeResourcesFit')).toEqual({ plugin: 'NodeResourcesFit', score: 87, weight: 1 });
});

it.each<[string, Parameters<typeof pod>[1], readonly [node: string, by: string, why: string][]]>([
  ['too much', asking({ cpu: '2' }), [['a', 'NodeResourcesFit', 'Insufficient cpu']]],
  ['another node', { nodeSelector: { disk: 'ssd' } }, [['a', 'NodeAffinity', "node(s) didn't match Pod's node affinity/selector"]]],
  [
    'too much for any',
    { ...asking({ cpu: '9' }) },
    [
      ['a', 'NodeResourcesFit', 'Insufficient cpu'],
      ['b', 'NodeResourcesFit', 'Insufficient cpu'],
    ],
  ],
])('each node that is refused says by whom and why: %s', (_, spec, expected) => {
  const found = explain(pod('new', spec), { nodes: [node('a'), node('b', { disk: 'ssd' })], pods: [busy] });
  const refused = found.flatMap(({ node: name, refusedBy }) => (refusedBy ? [[name, refusedBy.plugin, refusedBy.reasons.join()]] : []));
  expect(refused).toEqual(expected);
});

it('what is refused before any node is looked at is refused on all', () => {
  const waits = pod('new', { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'nosuch' } }] });
  const found = explain(waits, { nodes: [node('a'), node('b')] });
  expect(found.map(({ refusedBy }) => refusedBy?.reasons)).toEqual([
    ['persistentvolumeclaim "nosuch" not found'],
    ['persistentvolumeclaim "nosuch" not found'],
  ]);
});

test('a pod of a cluster is looked at as if it had no node yet', async () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const cluster = await Cluster.start({ clock, random: new Random(1), nodes: 2 });
  const client = cluster.client();
  await clock.advance(5_000);
  const spec = { containers: [{ name: 'app', image: 'x', resources: { requests: { cpu: '7' } } }] };
  await client.create('v1/Pod', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'large', namespace: 'default' }, spec });
  await clock.advance(5_000);
  const explained = await cluster.run(explainPod(client, clock, 'default', 'large'));
  expect(explained.nodeName).toMatch(/^node-/);
  // its own request does not stand in its way
  expect(explained.nodes.map(({ refusedBy }) => refusedBy)).toEqual([undefined, undefined]);
  await cluster.stop();
});
