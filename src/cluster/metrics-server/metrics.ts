// From the counters of kubelets to NodeMetrics and PodMetrics: what was used on average between two readings. Pure.
import type { Node, Pod } from '#api/core/v1';
import type { ContainerUsage } from '../../apimachinery/node-api.ts';
import { canonicalQuantity } from '../../apimachinery/quantity.ts';
import { formatDuration, formatTime } from '../../apimachinery/time.ts';

export const RESOLUTION_MS = 15_000;
/** What was started later than so long before a reading is not told of yet. */
const LEAST_WINDOW_MS = 10_000;
/** What a node's own processes use: cores, and bytes. */
const SYSTEM = { cores: 0.05, bytes: 256 * 2 ** 20 };

export interface Usage {
  readonly cpu: string;
  readonly memory: string;
}

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly creationTimestamp: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface PodMetrics {
  readonly metadata: Metadata;
  readonly timestamp: string;
  readonly window: string;
  readonly containers: readonly { readonly name: string; readonly usage: Usage }[];
}

export interface NodeMetrics {
  readonly metadata: Metadata;
  readonly timestamp: string;
  readonly window: string;
  readonly usage: Usage;
}

export type UsageOf = (pod: Pod, atMs: number) => readonly ContainerUsage[];

/** The last reading. @param now milliseconds since 1970 */
export const scrapeTime = (now: number): number => Math.floor(now / RESOLUTION_MS) * RESOLUTION_MS;

interface Measured {
  readonly name: string;
  readonly cores: number;
  readonly bytes: number;
  readonly windowMs: number;
}

/** @returns undefined where one container has not run long enough, or none runs */
function measured(pod: Pod, atMs: number, usage: UsageOf): readonly Measured[] | undefined {
  const now = usage(pod, atMs);
  if (now.length === 0) return undefined;
  const before = new Map(usage(pod, atMs - RESOLUTION_MS).map((one) => [one.name, one]));
  const all: Measured[] = [];
  for (const { name, startedAtMs, cpuCoreNanoSeconds, memoryBytes } of now) {
    const earlier = before.get(name);
    const known = earlier?.startedAtMs === startedAtMs ? earlier : undefined;
    const windowMs = known ? RESOLUTION_MS : atMs - startedAtMs;
    if (windowMs < LEAST_WINDOW_MS) return undefined;
    const cores = (cpuCoreNanoSeconds - (known?.cpuCoreNanoSeconds ?? 0)) / (windowMs * 1e6);
    all.push({ name, cores, bytes: memoryBytes, windowMs });
  }
  return all;
}

const usageText = (cores: number, bytes: number): Usage => ({
  cpu: canonicalQuantity(BigInt(Math.round(cores * 1e9)), -9, 'DecimalSI'),
  memory: canonicalQuantity(BigInt(Math.ceil(bytes / 1024) * 1024), 0, 'BinarySI'),
});

export function podMetrics(pod: Pod, atMs: number, usage: UsageOf): PodMetrics | undefined {
  if (pod.status?.phase !== 'Running') return undefined;
  const containers = measured(pod, atMs, usage);
  if (!containers) return undefined;
  const { name, namespace = '', labels } = pod.metadata;
  return {
    metadata: { name, namespace, creationTimestamp: formatTime(atMs), ...(labels ? { labels } : {}) },
    timestamp: formatTime(atMs),
    window: formatDuration(Math.min(...containers.map(({ windowMs }) => windowMs)) * 1e6),
    containers: containers.map((c) => ({ name: c.name, usage: usageText(c.cores, c.bytes) })),
  };
}

/** @param pods all that are on the node. @returns undefined for a node that is not there long enough */
export function nodeMetrics(node: Node, pods: readonly Pod[], atMs: number, usage: UsageOf): NodeMetrics | undefined {
  const { name, labels, creationTimestamp } = node.metadata;
  if (Date.parse(creationTimestamp) > atMs - LEAST_WINDOW_MS) return undefined;
  let { cores, bytes } = SYSTEM;
  for (const pod of pods)
    for (const one of measured(pod, atMs, usage) ?? []) {
      cores += one.cores;
      bytes += one.bytes;
    }
  return {
    metadata: { name, creationTimestamp: formatTime(atMs), ...(labels ? { labels } : {}) },
    timestamp: formatTime(atMs),
    window: formatDuration(RESOLUTION_MS * 1e6),
    usage: usageText(cores, bytes),
  };
}
