// Pods that a controller may not create: a quota is used up, or admission refuses them. The event is the cause.
import { resourceText } from '../../plan/resource-id.ts';
import { type Finding } from '../consequence.ts';
import { changedFields, type Rule } from '../evidence.ts';

export const refusedPods: Rule = (evidence) => {
  const { observed, workloads } = evidence;
  const byWorkload = new Map<string, { cause: string; quota: boolean }>();
  for (const { reason, workload, message } of observed.events)
    if (reason === 'FailedCreate' && !byWorkload.has(workload)) byWorkload.set(workload, { cause: message, quota: isQuota(message) });
  return [...byWorkload].flatMap(([key, { cause, quota }]): Finding[] => {
    const workload = workloads.after.get(key) ?? workloads.before.get(key);
    if (!workload) return [];
    const lasting = workload.health.status !== 'Healthy';
    const what = quota ? 'exceed a quota' : 'are refused';
    return [
      {
        severity: lasting ? 'error' : 'warning',
        type: quota ? 'QuotaExceeded' : 'PodsRefused',
        reason: lasting ? 'Lasting' : 'ForAWhile',
        object: workload.id,
        message: `pods of ${resourceText(workload.id)} ${what}${lasting ? '' : ' until others are gone'}`,
        cause,
        remedy: quota ? 'lower the requests or the replicas, or have the quota raised' : '',
        fields: changedFields(evidence, workload.id),
      },
    ];
  });
};

/** There is no other sign of it: the server answers 403 to whatever admission refuses. */
const isQuota = (message: string): boolean => /exceeded quota|failed quota/.test(message);
