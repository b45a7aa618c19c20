// NodeAffinity: the pod's nodeSelector and required node affinity say where it may run, the preferred one where it had better.
import type { Pod } from '#api/core/v1';
import { eventNode, normalizeToMax, refuseForGood, type Plugin } from '../framework.ts';
import { matchesRequiredNodeAffinity, matchesTerm } from '../../../apimachinery/core/node-affinity.ts';

export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  weight: 2,
  events: [
    {
      resource: 'Node',
      actions: ['Add', 'UpdateLabel'],
      mayHelp: ({ pod }, event) => matchesRequiredNodeAffinity(pod.spec, eventNode(event)),
    },
    { resource: 'Pod', actions: ['UpdateSelf'] },
  ],
  preFilter({ pod }) {
    const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    if (!required && !pod.spec.nodeSelector) return undefined;
    const onlyNodes = namedNodes(pod);
    return {
      local: true,
      filter: ({ node }) =>
        matchesRequiredNodeAffinity(pod.spec, node) ? undefined : refuseForGood("node(s) didn't match Pod's node affinity/selector"),
      ...(onlyNodes ? { onlyNodes } : {}),
    };
  },
  preScore({ pod }) {
    const preferred = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (preferred.length === 0) return undefined;
    return {
      local: true,
      score: ({ node }) => preferred.reduce((sum, { weight, preference }) => sum + (matchesTerm(preference, node) ? weight : 0), 0),
      normalize: (scores) => normalizeToMax(scores, false),
    };
  },
};

/** Where every term names its nodes in `matchFields`, no others need be looked at. */
function namedNodes(pod: Pod): ReadonlySet<string> | undefined {
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (!terms?.length) return undefined;
  const all = new Set<string>();
  for (const { matchFields = [] } of terms) {
    let named: string[] | undefined;
    for (const { key, operator, values = [] } of matchFields) {
      if (key !== 'metadata.name' || operator !== 'In') continue;
      named = named ? named.filter((n) => values.includes(n)) : [...values];
    }
    if (!named) return undefined;
    for (const name of named) all.add(name);
  }
  return all;
}
