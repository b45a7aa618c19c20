// TaintToleration: nodes with taints that the pod does not tolerate are out; of the others those with fewer PreferNoSchedule taints
// are better.
import { eventNode, normalizeToMax, refuseForGood, type Plugin } from '../framework.ts';
import { tolerated, untoleratedTaint } from '../../../apimachinery/core/taints.ts';

export const taintToleration: Plugin = {
  name: 'TaintToleration',
  weight: 3,
  events: [
    {
      resource: 'Node',
      actions: ['Add', 'UpdateTaint'],
      mayHelp: ({ pod }, event) => !untoleratedTaint(eventNode(event), pod.spec.tolerations),
    },
    { resource: 'Pod', actions: ['UpdateSelf'] },
  ],
  preFilter({ pod }) {
    const { tolerations } = pod.spec;
    return {
      local: true,
      filter: ({ node }) => (untoleratedTaint(node, tolerations) ? refuseForGood('node(s) had untolerated taint(s)') : undefined),
    };
  },
  preScore({ pod }) {
    const relevant = (pod.spec.tolerations ?? []).filter((t) => !t.effect || t.effect === 'PreferNoSchedule');
    return {
      local: true,
      score: ({ node }) => node.spec?.taints?.filter((t) => t.effect === 'PreferNoSchedule' && !tolerated(t, relevant)).length ?? 0,
      normalize: (scores) => normalizeToMax(scores, true),
    };
  },
};
