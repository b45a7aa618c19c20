// Workloads that go, want another number of pods, or run once.
import { resourceText } from '../../plan/resource-id.ts';
import { counted, type Finding } from '../consequence.ts';
import { isHook, plannedOf, stayed, type Evidence, type Rule } from '../evidence.ts';
import { keepsRunning } from '../workloads.ts';

export const workloadChanges: Rule = (evidence) => [...removed(evidence), ...scaled(evidence), ...jobRuns(evidence)];

function removed(evidence: Evidence): Finding[] {
  const {
    workloads: { before, after },
    observed,
  } = evidence;
  return [...before.values()].flatMap(({ key, id, uid }): Finding[] => {
    const is = after.get(key);
    // it may also belong to another one from now on
    if (is?.uid === uid || evidence.after.find(id)?.metadata.uid === uid || isHook(evidence, id)) return [];
    const pods = observed.workloads.get(key)?.podsBefore ?? 0;
    return [
      {
        severity: 'info',
        type: 'WorkloadRemoved',
        reason: is ? 'MadeAnew' : 'Removed',
        object: id,
        message: `${resourceText(id)} ${is ? 'is made anew' : 'goes'}${pods ? `, with ${counted(pods, 'pod')}` : ''}`,
      },
    ];
  });
}

function scaled(evidence: Evidence): Finding[] {
  return stayed(evidence).flatMap(({ was, is }): Finding[] => {
    if (!keepsRunning(is) || was.desired === is.desired) return [];
    const planned = plannedOf(evidence, is.id);
    const inSource = planned?.desired?.object['spec'] as { readonly replicas?: number } | undefined;
    const own = planned?.differences.some(({ path }) => path === 'spec.replicas');
    return [
      {
        severity: is.desired === 0 ? 'warning' : 'info',
        type: 'Scaled',
        reason: is.desired > was.desired ? 'Up' : is.desired === 0 ? 'ToZero' : 'Down',
        object: is.id,
        message: `${resourceText(is.id)} wants ${counted(is.desired, 'pod')} instead of ${was.desired}`,
        remedy:
          own && inSource && inSource.replicas === undefined
            ? 'spec.replicas is no longer in the source: it takes its default; name it to keep the number'
            : '',
        fields: own ? ['spec.replicas'] : [],
      },
    ];
  });
}

function jobRuns(evidence: Evidence): Finding[] {
  const {
    workloads: { after },
    observed,
  } = evidence;
  return [...after.values()].flatMap(({ key, id }): Finding[] => {
    const created = observed.workloads.get(key)?.podsCreated ?? 0;
    if (id.kind !== 'Job' || created === 0 || isHook(evidence, id)) return [];
    return [
      {
        severity: 'info',
        type: 'JobRuns',
        reason: 'Runs',
        object: id,
        message: `${resourceText(id)} runs, with ${counted(created, 'pod')}`,
      },
    ];
  });
}
