// Snapshots made by hand, for plugins and cycles.
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '#api/core/v1';
import type { PodDisruptionBudget } from '#api/policy/v1';
import type { CSINode, StorageClass } from '#api/storage/v1';
import type { LabelSelector } from '../../../src/apimachinery/label-selector.ts';
import { Random } from '../../../src/apimachinery/random.ts';
import { Client } from '../../../src/client/client.ts';
import { SchedulerCache } from '../../../src/cluster/scheduler/cache.ts';
import { prepareFilters, schedulePod, runFilters, type CycleOutcome } from '../../../src/cluster/scheduler/cycle.ts';
import { defaultPlugins } from '../../../src/cluster/scheduler/default-plugins.ts';
import type { Lister, Plugin } from '../../../src/cluster/scheduler/framework.ts';
import { VolumeBinder } from '../../../src/cluster/scheduler/plugins/volume-binding.ts';
import { podInfo } from '../../../src/cluster/scheduler/pod-info.ts';
import { preempt, type PreemptionOutcome } from '../../../src/cluster/scheduler/preemption.ts';

const meta = (name: string, labels: Record<string, string> = {}) => ({
  name,
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
  labels,
});

export const node = (
  name: string,
  labels: Record<string, string> = {},
  { allocatable = {}, ...spec }: Node['spec'] & { readonly allocatable?: Record<string, string> } = {},
): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: meta(name, { 'kubernetes.io/hostname': name, ...labels }),
  spec,
  status: { allocatable: { cpu: '4', memory: '8Gi', pods: '10', ...allocatable } },
});

export const pod = (
  name: string,
  spec: Partial<Pod['spec']> = {},
  labels: Record<string, string> = {},
  status: Pod['status'] = {},
): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { ...meta(name, labels), namespace: 'default' },
  spec: { containers: [{ name: 'app', image: 'x:1' }], ...spec },
  status,
});

export const asking = (requests: Record<string, string>): Pick<Pod['spec'], 'containers'> => ({
  containers: [{ name: 'app', image: 'x:1', resources: { requests } }],
});

export interface World {
  readonly nodes: readonly Node[];
  /** Pods that run: their spec names the node. */
  readonly pods?: readonly Pod[];
  readonly claims?: readonly PersistentVolumeClaim[];
  readonly volumes?: readonly PersistentVolume[];
  readonly classes?: readonly StorageClass[];
  readonly csiNodes?: readonly CSINode[];
  readonly namespaces?: Readonly<Record<string, Record<string, string>>>;
  readonly ownSelector?: LabelSelector;
  readonly budgets?: readonly PodDisruptionBudget[];
}

export function build(world: World) {
  const by = <T extends { readonly metadata: { readonly name?: string } }>(list: readonly T[] = [], name: string): T | undefined =>
    list.find((o) => o.metadata.name === name);
  const lister: Lister = {
    claim: (_namespace, name) => by(world.claims, name),
    volume: (name) => by(world.volumes, name),
    volumes: () => world.volumes ?? [],
    storageClass: (name) => by(world.classes, name),
    csiNode: (name) => by(world.csiNodes, name),
    namespaceLabels: (name) => world.namespaces?.[name],
    namespacesVersion: 0,
    ownSelector: () => world.ownSelector,
  };
  const nowhere = new Client({
    serve: () => Promise.reject(new Error('no server')),
    resolve: () => Promise.resolve(undefined),
    resources: () => Promise.resolve([]),
  });
  const plugins = defaultPlugins(lister, new VolumeBinder(lister, nowhere, new VirtualClock(0)));
  const cache = new SchedulerCache();
  for (const n of world.nodes) cache.setNode(n);
  for (const p of world.pods ?? []) cache.setPod(p);
  return { plugins, cache };
}

const plugin = (plugins: readonly Plugin[], name: string): Plugin => plugins.find((p) => p.name === name)!;

/** What the plugin says of each node: `a: ok`, `b: reason` with a `!` where preemption cannot help. Or one word for all. */
export function verdicts(name: string, incoming: Pod, world: World): string[] {
  const { plugins, cache } = build(world);
  const prepared = prepareFilters(podInfo(incoming), [plugin(plugins, name)], cache);
  if ('refusal' in prepared) return [`all: ${prepared.refusal.reasons.join(', ')}`];
  return cache.nodes.map((n) => {
    if (prepared.onlyNodes && !prepared.onlyNodes.has(n.name)) return `${n.name}: not looked at`;
    const refusal = runFilters(n, prepared.filters);
    return `${n.name}: ${refusal ? refusal.reasons.join(', ') + (refusal.resolvable ? '' : ' !') : 'ok'}`;
  });
}

/** The plugin's scores, normalized and before its weight; undefined where it does not score. */
export function scores(name: string, incoming: Pod, world: World): Record<string, number> | undefined {
  const { plugins, cache } = build(world);
  const scorer = plugin(plugins, name).preScore?.(podInfo(incoming), cache.nodes, cache);
  if (!scorer) return undefined;
  const all = Float64Array.from(cache.nodes.map((n) => scorer.score(n)));
  scorer.normalize?.(all, cache.nodes);
  return Object.fromEntries(cache.nodes.map((n, i) => [n.name, all[i]!]));
}

export function cycle(incoming: Pod, world: World): CycleOutcome {
  const { plugins, cache } = build(world);
  return schedulePod(podInfo(incoming), {
    plugins,
    snapshot: cache,
    percentageOfNodesToScore: 0,
    startAt: 0,
    random: new Random(1),
    nominated: () => [],
  });
}

export function preemption(incoming: Pod, world: World): PreemptionOutcome {
  const { plugins, cache } = build(world);
  const input = { plugins, snapshot: cache, percentageOfNodesToScore: 0, startAt: 0, random: new Random(1), nominated: () => [] };
  const outcome = schedulePod(podInfo(incoming), input);
  if (outcome.is !== 'unschedulable') throw new Error(`the pod ${outcome.is}`);
  return preempt(podInfo(incoming), { ...input, diagnosis: outcome.diagnosis, budgets: () => world.budgets ?? [] });
}
