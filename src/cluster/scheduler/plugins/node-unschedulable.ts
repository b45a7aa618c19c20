// NodeUnschedulable: a cordoned node takes only pods that tolerate its taint.
import type { Taint } from '#api/core/v1';
import { eventNode, refuseForGood, type Plugin } from '../framework.ts';
import { tolerated } from '../../../apimachinery/core/taints.ts';

const UNSCHEDULABLE: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  events: [
    { resource: 'Node', actions: ['Add', 'UpdateTaint'], mayHelp: (_pod, event) => !eventNode(event).spec?.unschedulable },
    { resource: 'Pod', actions: ['UpdateSelf'] },
  ],
  preFilter({ pod }) {
    if (tolerated(UNSCHEDULABLE, pod.spec.tolerations)) return undefined;
    return {
      local: true,
      filter: ({ node }) => (node.spec?.unschedulable ? refuseForGood('node(s) were unschedulable') : undefined),
    };
  },
};
