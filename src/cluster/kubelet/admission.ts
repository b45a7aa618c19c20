// Whether a pod fits on the node it was given: the kubelet's own check, for pods that came past the scheduler.
import type { Node, Pod } from '#api/core/v1';
import { addResources, noResources, podRequests, readResources } from '../../apimachinery/core/pod-requests.ts';
import { parseQuantity, quantityNumber } from '../../apimachinery/quantity.ts';

export interface Rejection {
  readonly reason: string;
  readonly message: string;
}

/** @param others pods that run there already */
export function rejection(pod: Pod, node: Node, others: Iterable<Pod>): Rejection | undefined {
  const allocatable = node.status?.allocatable;
  if (!allocatable) return undefined;
  const total = readResources(allocatable);
  const used = noResources();
  let count = 0;
  for (const other of others) {
    count++;
    addResources(used, podRequests(other));
  }
  const podLimit = allocatable['pods'];
  if (podLimit !== undefined && count + 1 > quantityNumber(parseQuantity(podLimit)))
    return short('pods', 1, count, quantityNumber(parseQuantity(podLimit)));
  const wanted = podRequests(pod);
  if (wanted.milliCPU > total.milliCPU - used.milliCPU) return short('cpu', wanted.milliCPU, used.milliCPU, total.milliCPU);
  if (wanted.memory > total.memory - used.memory) return short('memory', wanted.memory, used.memory, total.memory);
  if (wanted.ephemeralStorage > total.ephemeralStorage - used.ephemeralStorage)
    return short('ephemeral-storage', wanted.ephemeralStorage, used.ephemeralStorage, total.ephemeralStorage);
  for (const [name, amount] of wanted.scalars ?? []) {
    const [have, taken] = [total.scalars?.get(name) ?? 0, used.scalars?.get(name) ?? 0];
    if (amount > have - taken) return short(name, amount, taken, have);
  }
  return undefined;
}

const short = (name: string, requested: number, used: number, capacity: number): Rejection => ({
  reason: `OutOf${name}`,
  message: `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
});
