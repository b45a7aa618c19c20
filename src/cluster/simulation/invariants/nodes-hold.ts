// No node has more bound to it than it can take.
import { isPodTerminal } from '../../../apimachinery/core/pod.ts';
import { addResources, noResources, podRequests, readResources } from '../../../apimachinery/core/pod-requests.ts';
import type { RestInvariant } from './invariant.ts';

export const nodesHold: RestInvariant = {
  name: 'nodes hold what is bound to them',
  check({ nodes, pods }) {
    return nodes.flatMap((node) => {
      const { name } = node.metadata;
      const allocatable = readResources(node.status?.allocatable);
      const used = noResources();
      const bound = pods.filter((pod) => pod.spec.nodeName === name && !isPodTerminal(pod));
      for (const pod of bound) addResources(used, podRequests(pod));
      const most = Number(node.status?.allocatable?.['pods'] ?? Infinity);
      return [
        ...(used.milliCPU > allocatable.milliCPU ? [`node ${name}: ${used.milliCPU}m CPU are requested of ${allocatable.milliCPU}m`] : []),
        ...(used.memory > allocatable.memory
          ? [`node ${name}: ${used.memory} bytes of memory are requested of ${allocatable.memory}`]
          : []),
        ...(bound.length > most ? [`node ${name}: ${bound.length} pods are bound, and it takes ${most}`] : []),
      ];
    });
  },
};
