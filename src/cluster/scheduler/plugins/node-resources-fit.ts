// NodeResourcesFit: what the pod asks for must be free on the node; the emptier the node the better (LeastAllocated of CPU and memory).
import { eventNode, MAX_NODE_SCORE, refuse, refuseForGood, type Plugin } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import { readResources, type Resources } from '../../../apimachinery/core/pod-requests.ts';

export const nodeResourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  weight: 1,
  events: [
    { resource: 'Pod', actions: ['Delete', 'Update'], mayHelp: (pod, event) => event.leavesRoom?.(pod) ?? true },
    {
      resource: 'Node',
      actions: ['Add', 'UpdateAllocatable'],
      mayHelp: ({ requests }, event) => withinAllocatable(requests, readResources(eventNode(event).status?.allocatable)),
    },
    { resource: 'Pod', actions: ['UpdateSelf'] },
  ],
  preFilter: (pod) => ({
    local: true,
    filter(node) {
      const { reasons, hopeless } = shortages(pod, node);
      if (reasons.length === 0) return undefined;
      return hopeless ? refuseForGood(...reasons) : refuse(...reasons);
    },
  }),
  preScore: ({ scored }) => ({
    local: true,
    score({ allocatable, scored: taken }) {
      let sum = 0;
      let weights = 0;
      if (allocatable.milliCPU > 0) {
        sum += freeShare(taken.milliCPU + scored.milliCPU, allocatable.milliCPU);
        weights++;
      }
      if (allocatable.memory > 0) {
        sum += freeShare(taken.memory + scored.memory, allocatable.memory);
        weights++;
      }
      return weights === 0 ? 0 : Math.floor(sum / weights);
    },
  }),
};

const NONE: readonly string[] = [];

/** What is short on the node. `hopeless`: it would be so on the empty node too. */
export function shortages({ requests }: PodInfo, node: NodeInfo): { readonly reasons: readonly string[]; readonly hopeless: boolean } {
  const { allocatable, requested } = node;
  let reasons: string[] | undefined;
  let hopeless = false;
  const check = (name: string, wanted: number, total: number, taken: number): void => {
    if (wanted <= 0 || wanted <= total - taken) return;
    (reasons ??= []).push(`Insufficient ${name}`);
    if (wanted > total) hopeless = true;
  };
  if (node.pods.size + 1 > node.maxPods) reasons = ['Too many pods'];
  check('cpu', requests.milliCPU, allocatable.milliCPU, requested.milliCPU);
  check('memory', requests.memory, allocatable.memory, requested.memory);
  check('ephemeral-storage', requests.ephemeralStorage, allocatable.ephemeralStorage, requested.ephemeralStorage);
  if (requests.scalars)
    for (const [name, wanted] of requests.scalars)
      check(name, wanted, allocatable.scalars?.get(name) ?? 0, requested.scalars?.get(name) ?? 0);
  return { reasons: reasons ?? NONE, hopeless };
}

function withinAllocatable(requests: Resources, allocatable: Resources): boolean {
  if (requests.milliCPU > allocatable.milliCPU || requests.memory > allocatable.memory) return false;
  if (requests.ephemeralStorage > allocatable.ephemeralStorage) return false;
  for (const [name, wanted] of requests.scalars ?? []) if (wanted > (allocatable.scalars?.get(name) ?? 0)) return false;
  return true;
}

const freeShare = (requested: number, capacity: number): number =>
  requested > capacity ? 0 : Math.floor(((capacity - requested) * MAX_NODE_SCORE) / capacity);
