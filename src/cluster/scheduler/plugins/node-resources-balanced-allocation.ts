// NodeResourcesBalancedAllocation: nodes on which CPU and memory would be used to the same degree are better.
import { MAX_NODE_SCORE, type Plugin } from '../framework.ts';

export const nodeResourcesBalancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  preScore({ requests }) {
    // pods that ask for nothing would all end up on the one most balanced node
    if (requests.milliCPU === 0 && requests.memory === 0) return undefined;
    return {
      local: true,
      score({ allocatable, requested }) {
        if (allocatable.milliCPU === 0 || allocatable.memory === 0) return MAX_NODE_SCORE;
        const cpu = Math.min(1, (requested.milliCPU + requests.milliCPU) / allocatable.milliCPU);
        const memory = Math.min(1, (requested.memory + requests.memory) / allocatable.memory);
        return Math.trunc((1 - Math.abs((cpu - memory) / 2)) * MAX_NODE_SCORE);
      },
    };
  },
};
