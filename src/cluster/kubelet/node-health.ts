// How a simulated node is, as annotations of its Node say. Pure.
//
//   jibe.dev/node-shutdown: "true"            the machine is being shut down: pods are ended in order, and none is taken
//   jibe.dev/node-memory-available: 60Mi      so much is left; below 100Mi pods are evicted until as much was freed
//
// Follows the conditions of pkg/kubelet/nodestatus, and the thresholds and ranks of pkg/kubelet/eviction.
import type { Node, NodeCondition, Pod } from '#api/core/v1';
import { isStatic } from '../../apimachinery/core/static-pods.ts';
import { parseQuantity, QuantityError, quantityNumber } from '../../apimachinery/quantity.ts';
import type { KubeletTraits } from './traits.ts';

export const SHUTDOWN = 'jibe.dev/node-shutdown';
export const MEMORY_AVAILABLE = 'jibe.dev/node-memory-available';
/** Below this (`memory.available`) pods are evicted. */
export const MEMORY_THRESHOLD = '100Mi';
const SYSTEM_CRITICAL = 2_000_000_000;

export type Health = Pick<NodeCondition, 'type' | 'status' | 'reason' | 'message'>;

const MEMORY_PRESSURE: Health = {
  type: 'MemoryPressure',
  status: 'True',
  reason: 'KubeletHasInsufficientMemory',
  message: 'kubelet has insufficient memory available',
};

const HEALTHY: readonly Health[] = [
  { type: 'MemoryPressure', status: 'False', reason: 'KubeletHasSufficientMemory', message: 'kubelet has sufficient memory available' },
  { type: 'DiskPressure', status: 'False', reason: 'KubeletHasNoDiskPressure', message: 'kubelet has no disk pressure' },
  { type: 'PIDPressure', status: 'False', reason: 'KubeletHasSufficientPID', message: 'kubelet has sufficient PID available' },
  { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' },
];

const SHUTTING_DOWN: Health = { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: 'node is shutting down' };

const NETWORK: Health = {
  type: 'NetworkUnavailable',
  status: 'False',
  reason: 'RouteCreated',
  message: 'RouteController created a route',
};

export function isShuttingDown({ metadata }: Node): boolean {
  const said = metadata.annotations?.[SHUTDOWN];
  return said !== undefined && said !== 'false';
}

/** Bytes that are missing until nobody is evicted; undefined where none are. */
export function memoryShortage({ metadata }: Node): number | undefined {
  const text = metadata.annotations?.[MEMORY_AVAILABLE];
  if (text === undefined) return undefined;
  const missing = bytes(MEMORY_THRESHOLD) - bytes(text);
  return missing > 0 ? missing : undefined;
}

/** What is no quantity counts as more than enough. */
function bytes(text: string): number {
  try {
    return quantityNumber(parseQuantity(text));
  } catch (error) {
    if (error instanceof QuantityError) return Infinity;
    throw error;
  }
}

/** What the node's conditions should be. */
export function healthOf(node: Node, { network }: KubeletTraits): readonly Health[] {
  const troubled = HEALTHY.map((condition) => {
    if (condition.type === 'MemoryPressure' && memoryShortage(node) !== undefined) return MEMORY_PRESSURE;
    return condition.type === 'Ready' && isShuttingDown(node) ? SHUTTING_DOWN : condition;
  });
  return network ? [...troubled, NETWORK] : troubled;
}

/** How kubelets tell of a condition that has changed: type → status → reason of the event. */
const TOLD: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  MemoryPressure: { True: 'NodeHasInsufficientMemory', False: 'NodeHasSufficientMemory' },
  DiskPressure: { True: 'NodeHasDiskPressure', False: 'NodeHasNoDiskPressure' },
  PIDPressure: { True: 'NodeHasInsufficientPID', False: 'NodeHasSufficientPID' },
  Ready: { True: 'NodeReady', False: 'NodeNotReady' },
};

/** The events of the conditions that are new or otherwise than before. */
export function changedConditions(before: readonly NodeCondition[], after: readonly Health[]): string[] {
  const told: string[] = [];
  for (const { type, status } of after) {
    const reason = TOLD[type]?.[status];
    if (reason !== undefined && before.find((c) => c.type === type)?.status !== status) told.push(reason);
  }
  return told;
}

/** Pods that are ended last, and never evicted. */
export const isCritical = (pod: Pod): boolean => isStatic(pod) || (pod.spec.priority ?? 0) >= SYSTEM_CRITICAL;

export interface MemoryUse {
  readonly pod: Pod;
  readonly usedBytes: number;
  readonly requestedBytes: number;
}

/** Who goes first: who uses more than it asked for, then the less important, then who uses most beyond its request. */
export const rankMemoryPressure = (uses: readonly MemoryUse[]): readonly MemoryUse[] =>
  uses
    .filter(({ pod }) => !isCritical(pod))
    .sort((a, b) => {
      const [x, y] = [a, b].map(({ usedBytes, requestedBytes }) => usedBytes - requestedBytes) as [number, number];
      return Number(y > 0) - Number(x > 0) || (a.pod.spec.priority ?? 0) - (b.pod.spec.priority ?? 0) || y - x;
    });
