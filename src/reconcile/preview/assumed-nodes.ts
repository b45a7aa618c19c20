// Nodes for a base that lives somewhere, of which nothing else is known: as many as the usual ones take to hold twice what base asks for, large
// enough for its largest pod, and with the labels that its pods look for. Pure.
import type { Node, NodeSelectorTerm, PodSpec } from '#api/core/v1';
import type { Deployment } from '#api/apps/v1';
import type { Manifest } from '../../apimachinery/object.ts';
import { podRequests } from '../../apimachinery/core/pod-requests.ts';
import { nodeManifest, type NodeSize } from '../../cluster/cluster.ts';
import type { DesiredObject } from '../render/manifest-document.ts';
import { podSpecOf } from './needs.ts';

/** What a usual node has. */
const USUAL = { milliCPU: 8000, memory: 32 * 2 ** 30, pods: 110 };
const LEAST_NODES = 3;
const MOST_NODES = 500;
/** Room for what comes with a rollout, and for what a change adds. */
const ROOM = 2;

interface Demand {
  readonly spec: PodSpec;
  /** Pods at a time; of a DaemonSet one on each node. */
  readonly pods: number | 'each';
  readonly milliCPU: number;
  readonly memory: number;
  readonly scalars: ReadonlyMap<string, number>;
}

/** @param objects of base, as their schemas say */
export function nodesFor(objects: readonly DesiredObject[]): readonly Manifest<Node>[] {
  const demands = objects.flatMap(demandOf);
  const size = sizeFor(demands);
  const count = countFor(demands, size);
  return poolsFor(demands).flatMap((labels, pool) =>
    Array.from({ length: count }, (_, i) => labelled(nodeManifest(pool * count + i, written(size)), labels)),
  );
}

function demandOf(object: DesiredObject): readonly Demand[] {
  const spec = podSpecOf(object);
  if (!spec) return [];
  const { milliCPU, memory, scalars = new Map<string, number>() } = podRequests({ spec } as Parameters<typeof podRequests>[0]);
  return [{ spec, pods: podsOf(object), milliCPU, memory, scalars }];
}

function podsOf(object: DesiredObject): Demand['pods'] {
  if (object.kind === 'DaemonSet') return 'each';
  if (object.kind === 'Pod') return 1;
  const { replicas, parallelism } = object.spec as Deployment['spec'] & { readonly parallelism?: number };
  return (object.kind === 'Job' || object.kind === 'CronJob' ? parallelism : replicas) ?? 1;
}

interface Size {
  readonly milliCPU: number;
  readonly memory: number;
  readonly scalars: ReadonlyMap<string, number>;
  /** What DaemonSets take of it. */
  readonly taken: { readonly milliCPU: number; readonly memory: number; readonly pods: number };
}

function sizeFor(demands: readonly Demand[]): Size {
  const daemons = demands.filter(({ pods }) => pods === 'each');
  const taken = {
    milliCPU: sum(daemons.map(({ milliCPU }) => milliCPU)),
    memory: sum(daemons.map(({ memory }) => memory)),
    pods: daemons.length,
  };
  const largest = (of: (demand: Demand) => number): number => Math.max(0, ...demands.map(of));
  const enough = (usual: number, needed: number): number => {
    let size = usual;
    while (size < needed) size *= 2;
    return size;
  };
  const scalars = new Map<string, number>();
  for (const { scalars: own } of demands) for (const [name, n] of own) scalars.set(name, Math.max(enough(8, n), scalars.get(name) ?? 0));
  return {
    milliCPU: enough(USUAL.milliCPU, largest(({ milliCPU }) => milliCPU) + taken.milliCPU),
    memory: enough(USUAL.memory, largest(({ memory }) => memory) + taken.memory),
    scalars,
    taken,
  };
}

function countFor(demands: readonly Demand[], { milliCPU, memory, scalars, taken }: Size): number {
  const of = (amount: (demand: Demand) => number): number =>
    sum(demands.map((demand) => (demand.pods === 'each' ? 0 : demand.pods * amount(demand))));
  const apart = demands.flatMap(({ pods, spec }) => (pods !== 'each' && keepsApart(spec) ? [pods + 1] : []));
  const needed = [
    (ROOM * of((demand) => demand.milliCPU)) / Math.max(1, milliCPU - taken.milliCPU),
    (ROOM * of((demand) => demand.memory)) / Math.max(1, memory - taken.memory),
    (ROOM * of(() => 1)) / Math.max(1, USUAL.pods - taken.pods),
    ...[...scalars].map(([name, each]) => (ROOM * of((demand) => demand.scalars.get(name) ?? 0)) / each),
  ];
  return Math.min(MOST_NODES, Math.max(LEAST_NODES, ...needed.map(Math.ceil), ...apart));
}

/** No two of its pods share a node. */
const keepsApart = ({ affinity, containers }: PodSpec): boolean =>
  (affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).some(
    ({ topologyKey }) => topologyKey === 'kubernetes.io/hostname',
  ) || containers.some(({ ports = [] }) => ports.some(({ hostPort }) => hostPort));

type Labels = Readonly<Record<string, string>>;

/** What every node is, whoever asks. */
const USUAL_LABELS: Labels = { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' };

interface Wish {
  readonly labels: Labels;
  /** Labels that must not be there. */
  readonly without: readonly string[];
}

/** The labels of each pool of nodes: as few pools as the pods' wishes allow, and one at least. */
function poolsFor(demands: readonly Demand[]): readonly Labels[] {
  const pools: Wish[] = [{ labels: {}, without: [] }];
  for (const { spec } of demands) {
    const wish = wishOf(spec);
    const i = pools.findIndex((pool) => fits(pool, wish));
    const { labels, without } = pools[i] ?? { labels: {}, without: [] };
    const pool = { labels: { ...labels, ...wish.labels }, without: [...without, ...wish.without] };
    if (i < 0) pools.push(pool);
    else pools[i] = pool;
  }
  return pools.map(({ labels }) => labels);
}

const fits = ({ labels, without }: Wish, wish: Wish): boolean => {
  const all: Labels = { ...USUAL_LABELS, ...labels };
  return (
    Object.entries(wish.labels).every(([key, value]) => (all[key] ?? value) === value && !without.includes(key)) &&
    wish.without.every((key) => !(key in labels))
  );
};

function wishOf({ nodeSelector = {}, affinity }: PodSpec): Wish {
  const [term] = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const wish = termWish(term);
  return { labels: { ...wish.labels, ...nodeSelector }, without: wish.without };
}

/** Terms are alternatives; the first is as good as any. */
function termWish({ matchExpressions = [] }: NodeSelectorTerm = {}): Wish {
  const labels: Record<string, string> = {};
  const without: string[] = [];
  for (const { key, operator, values = [] } of matchExpressions) {
    if (operator === 'In') labels[key] = values[0] ?? '';
    else if (operator === 'Exists') labels[key] = 'true';
    else if (operator === 'DoesNotExist') without.push(key);
    else if (operator === 'Gt') labels[key] = String(Number(values[0]) + 1);
    else if (operator === 'Lt') labels[key] = String(Number(values[0]) - 1);
  }
  return { labels, without };
}

/** Zones stay as they are spread, unless one is asked for. */
const labelled = (node: Manifest<Node>, labels: Labels): Manifest<Node> => ({
  ...node,
  metadata: { ...node.metadata, labels: { ...node.metadata.labels, ...labels } },
});

const written = ({ milliCPU, memory, scalars }: Size): NodeSize => ({
  cpu: String(milliCPU / 1000),
  memory: `${memory / 2 ** 30}Gi`,
  ...Object.fromEntries([...scalars].map(([name, n]) => [name, String(n)])),
});

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
