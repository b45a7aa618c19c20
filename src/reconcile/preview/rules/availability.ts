// Workloads that have fewer ready pods for a while, or from then on, than they had and than is asked for; or none at all.
import { resourceText } from '../../plan/resource-id.ts';
import { changedFields, stayed, type Rule } from '../evidence.ts';
import { secondsWhere } from '../observed.ts';
import { keepsRunning } from '../workloads.ts';

export const availabilityLoss: Rule = (evidence) => {
  const { observed } = evidence;
  return stayed(evidence).flatMap(({ key, is }) => {
    const history = observed.workloads.get(key);
    if (!history || !keepsRunning(is) || is.desired === 0) return [];
    const { minReady, readyBefore, readyAfter, timeline } = history;
    if (minReady >= readyBefore || minReady >= is.desired) return [];
    const [outage, wanted] = [minReady === 0, Math.min(readyBefore, is.desired)];
    const seconds = secondsWhere(timeline, ({ ready }) => (outage ? ready === 0 : ready < wanted), observed.seconds);
    const lasting = outage ? readyAfter === 0 : readyAfter < wanted;
    const how = outage ? 'has no ready pod' : `has only ${minReady} of ${wanted} ready pods`;
    return [
      {
        severity: outage || lasting ? ('error' as const) : ('warning' as const),
        type: 'AvailabilityLoss' as const,
        reason: outage ? 'Outage' : 'Reduced',
        object: is.id,
        message: `${resourceText(is.id)} ${how} ${lasting ? 'in the end' : `for ${seconds} s`}; it had ${readyBefore}, and ${is.desired} ${is.desired === 1 ? 'is' : 'are'} asked for`,
        remedy: lasting ? 'see why its new pods do not become ready' : remedyFor(is.id.kind, is.desired),
        fields: changedFields(evidence, is.id),
      },
    ];
  });
};

function remedyFor(kind: string, desired: number): string {
  if (kind === 'Deployment')
    return desired === 1
      ? 'let the new pod come before the old one goes: strategy RollingUpdate with maxUnavailable: 0 and maxSurge: 1'
      : 'let new pods come before old ones go: strategy RollingUpdate with maxUnavailable: 0 and a maxSurge';
  if (kind === 'DaemonSet')
    return 'let new pods come before old ones go: updateStrategy.rollingUpdate with maxUnavailable: 0 and a maxSurge';
  return desired === 1 ? 'run more than one replica' : '';
}
