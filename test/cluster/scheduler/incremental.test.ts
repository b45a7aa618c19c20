// What is kept from one cycle to the next changes no decision: a scheduler that has seen a world change decides like one that sees it for
// the first time.
import { describe, expect, test } from 'vitest';
import type { Node, Pod } from '#api/core/v1';
import type { PodDisruptionBudget } from '#api/policy/v1';
import { Random } from '../../../src/apimachinery/random.ts';
import { scoreNodes, schedulePod, type CycleInput, type CycleOutcome } from '../../../src/cluster/scheduler/cycle.ts';
import { Nominator } from '../../../src/cluster/scheduler/nominator.ts';
import { podInfo, type PodInfo } from '../../../src/cluster/scheduler/pod-info.ts';
import { preempt } from '../../../src/cluster/scheduler/preemption.ts';
import { ShapeCache } from '../../../src/cluster/scheduler/shape-cache.ts';
import { asking, build, node, pod } from './snapshot.ts';

const ZONE = 'zone';
const apart = (key: string, required: boolean): Pod['spec']['affinity'] => {
  const term = { topologyKey: key, labelSelector: { matchLabels: { app: 'a' } } };
  return {
    podAntiAffinity: required
      ? { requiredDuringSchedulingIgnoredDuringExecution: [term] }
      : { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 7, podAffinityTerm: term }] },
  };
};
const together: Pod['spec']['affinity'] = {
  podAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: ZONE, labelSelector: { matchLabels: { app: 'b' } } }],
  },
};
const spread = (key: string, when: string): Partial<Pod['spec']> => ({
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: key, whenUnsatisfiable: when, labelSelector: { matchLabels: { app: 'a' } }, nodeTaintsPolicy: 'Honor' },
  ],
});
const KINDS: readonly Partial<Pod['spec']>[] = [
  {},
  asking({ cpu: '500m', memory: '1Gi' }),
  asking({ cpu: '2' }),
  { ...asking({ cpu: '2' }), priority: 10 },
  { ...asking({ cpu: '3' }), priority: 20, affinity: apart('kubernetes.io/hostname', true) },
  { affinity: apart('kubernetes.io/hostname', true) },
  { affinity: apart(ZONE, false) },
  { affinity: together },
  { nodeSelector: { disk: 'ssd' } },
  { tolerations: [{ operator: 'Exists' }] },
  { containers: [{ name: 'app', image: 'x:1', ports: [{ containerPort: 1, hostPort: 80 }] }] },
  spread(ZONE, 'DoNotSchedule'),
  spread('kubernetes.io/hostname', 'DoNotSchedule'),
  { ...spread(ZONE, 'ScheduleAnyway'), priority: 10 },
];

/** Nobody cares for others: what preemption would do is remembered too. */
const LONERS = [
  asking({ cpu: '1500m' }),
  asking({ cpu: '2' }),
  { ...asking({ cpu: '3' }), priority: 10 },
  { ...asking({ cpu: '2' }), priority: 20 },
];

const budgetOf = (app: string, disruptionsAllowed: number): PodDisruptionBudget => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: pod(`budget-${app}`).metadata,
  spec: { selector: { matchLabels: { app } } },
  status: { disruptionsAllowed, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
});

const told = (outcome: CycleOutcome): unknown => {
  if (outcome.is === 'noNodes') return outcome.is;
  if (outcome.is === 'fits') return `${outcome.node.name} after ${outcome.looked}`;
  const { refused, plugins, preFilterMessage } = outcome.diagnosis;
  return {
    refused: refused.nodes.map((n, i) => `${n.name}: ${refused.refusals[i]!.reasons.join()} ${refused.refusals[i]!.resolvable}`),
    plugins: [...plugins].sort(),
    preFilterMessage,
  };
};

/** A world that changes at random, and a scheduler that follows it. */
class ChangingWorld {
  private readonly random: Random;
  private readonly kept = build({ nodes: [] });
  private readonly known = new ShapeCache();
  private readonly nominator = new Nominator((name, awaited) => this.kept.cache.setAwaited(name, awaited));
  private readonly nodes = new Map<string, Node>();
  private readonly pods = new Map<string, Pod>();
  private count = 0;
  private budgets: readonly PodDisruptionBudget[] = [];

  private readonly kinds: readonly Partial<Pod['spec']>[];

  constructor(seed: number, kinds: readonly Partial<Pod['spec']>[]) {
    this.random = new Random(seed);
    this.kinds = kinds;
    for (let i = 0; i < 6; i++) this.addNode();
  }

  private pick<T>(list: readonly T[]): T {
    return list[this.random.below(list.length)]!;
  }

  private addNode(): void {
    const name = `n${this.count++}`;
    this.putNode(name);
  }

  private putNode(name: string): void {
    const labels = { ...(this.random.below(6) ? { [ZONE]: this.pick(['x', 'y', 'z']) } : {}), disk: this.pick(['ssd', 'hdd']) };
    const effect = this.pick(['NoSchedule', 'PreferNoSchedule']);
    const changed = node(name, labels, this.random.below(5) ? {} : { taints: [{ key: 'k', effect }] });
    this.nodes.set(name, changed);
    this.kept.cache.setNode(changed);
  }

  change(): void {
    const what = this.random.below(12);
    const name = this.pick([...this.nodes.keys()]);
    if (what === 0) this.addNode();
    else if (what === 1 && this.nodes.size > 3) {
      this.nodes.delete(name);
      this.kept.cache.removeNode(name);
    } else if (what === 2) this.putNode(name);
    else if (what < 5 && this.pods.size) {
      const gone = this.pick([...this.pods.values()]);
      this.pods.delete(gone.metadata.uid);
      this.kept.cache.removePod(gone.metadata.uid);
      this.nominator.delete(gone.metadata.uid);
    } else if (what === 5 && this.pods.size) {
      const { metadata, ...rest } = this.pick([...this.pods.values()]);
      this.put({ ...rest, metadata: { ...metadata, labels: { app: this.pick(['a', 'b']) } } });
    } else if (what === 6) this.nominator.set(podInfo(this.newPod()), name);
    else if (what === 7) this.budgets = ['a', 'b'].slice(this.random.below(3)).map((app) => budgetOf(app, this.random.below(3)));
    else if (what === 8 && this.pods.size) {
      const started = this.pick([...this.pods.values()]);
      this.put({ ...started, status: { ...started.status, startTime: new Date(this.count++ * 1000).toISOString() } });
    } else this.put({ ...this.newPod(), spec: { ...this.newPod().spec, nodeName: name } });
  }

  newPod(): Pod {
    const startTime = new Date(this.count * 1000).toISOString();
    return pod(`p${this.count++}`, this.pick(this.kinds), { app: this.pick(['a', 'b']) }, { startTime });
  }

  put(placed: Pod): void {
    this.pods.set(placed.metadata.uid, placed);
    this.kept.cache.setPod(placed);
  }

  private input(world: ReturnType<typeof build>, startAt: number): CycleInput {
    return {
      plugins: world.plugins,
      snapshot: world.cache,
      percentageOfNodesToScore: 0,
      startAt,
      random: new Random(this.count),
      nominated: (name) => this.nominator.on(name),
      nominatedTo: (uid) => this.nominator.nodeOf(uid),
    };
  }

  private decide(info: PodInfo, input: CycleInput): unknown {
    const outcome = schedulePod(info, input);
    if (outcome.is !== 'unschedulable') return told(outcome);
    const budgets = this.budgets.length ? () => this.budgets : undefined;
    const then = preempt(info, { ...input, diagnosis: outcome.diagnosis, budgets });
    const preemption =
      then.is === 'no'
        ? then.message
        : [then.candidate.node.name, then.candidate.budgetsViolated, ...then.candidate.victims.map((v) => v.pod.metadata.name)];
    return { outcome: told(outcome), preemption };
  }

  /** What both decide, and what the scores are. */
  both(incoming: Pod): { readonly following: unknown; readonly afresh: unknown } {
    const info = podInfo(incoming);
    // some wait for room already
    if (!this.random.below(3)) this.nominator.set(info, this.pick([...this.nodes.keys()]));
    const startAt = this.random.below(100);
    const fresh = build({ nodes: [...this.nodes.values()], pods: [...this.pods.values()] });
    const following = { ...this.input(this.kept, startAt), known: this.known };
    const afresh = this.input(fresh, startAt);
    const scores = ({ snapshot, plugins }: CycleInput): number[] => [...scoreNodes(info, snapshot.nodes, plugins, snapshot)];
    return {
      following: [this.decide(info, following), scores(following)],
      afresh: [this.decide(info, afresh), scores(afresh)],
    };
  }
}

describe('a scheduler that follows the changes decides as one that sees the world afresh', () => {
  test.each([1, 2, 3, 4, 5, 6].flatMap((seed) => [[seed, 'all kinds of pods', KINDS] as const, [seed, 'loners', LONERS] as const]))(
    'seed %i, %s',
    (seed, _, kinds) => {
      const world = new ChangingWorld(seed, kinds);
      for (let step = 0; step < 80; step++) {
        world.change();
        const { following, afresh } = world.both(world.newPod());
        expect(following).toEqual(afresh);
      }
    },
  );
});
