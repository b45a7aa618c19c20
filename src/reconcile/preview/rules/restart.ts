// Pods that are replaced although their workload stays, and the fields that lead to it.
import { resourceText } from '../../plan/resource-id.ts';
import { counted, listed, type Finding } from '../consequence.ts';
import { changedFields, stayed, type Evidence, type Rule } from '../evidence.ts';
import { templateOf } from '../workloads.ts';

export const restarts: Rule = (evidence) => [...madeAnew(evidence), ...inPlace(evidence), ...replaced(evidence)];

function madeAnew({ plan }: Evidence): Finding[] {
  return plan.resources
    .filter(({ action, live }) => action === 'recreate' && live && templateOf(live))
    .map(({ id, differences }) => ({
      severity: 'warning',
      type: 'PodsRestart',
      reason: 'MadeAnew',
      object: id,
      message: `all pods of ${resourceText(id)} are replaced at once: it is made anew`,
      fields: differences.map(({ path }) => path),
    }));
}

const IMAGE = /^spec\.(?:c|initC)ontainers\[.*\]\.image$/;

/** A pod that no workload stands behind keeps its name and its place when its image changes; its containers do not run on. */
function inPlace({ plan }: Evidence): Finding[] {
  return plan.resources.flatMap(({ id, action, differences }): Finding[] => {
    const fields = differences.map(({ path }) => path).filter((path) => IMAGE.test(path));
    if (id.kind !== 'Pod' || id.group !== '' || action !== 'configure' || fields.length === 0) return [];
    const message = `${counted(fields.length, 'container')} of ${resourceText(id)} ${fields.length === 1 ? 'restarts' : 'restart'} in place: ${listed(fields)} ${fields.length === 1 ? 'changes' : 'change'}`;
    return [{ severity: 'info', type: 'PodsRestart', reason: 'InPlace', object: id, message, fields }];
  });
}

function replaced(evidence: Evidence): Finding[] {
  return stayed(evidence).flatMap(({ key, is: { id } }) => {
    const { podsCreated = 0, podsDeleted = 0 } = evidence.observed.workloads.get(key) ?? {};
    // others go or come because another number is wanted
    const count = Math.min(podsCreated, podsDeleted);
    if (id.kind === 'Job' || id.kind === 'CronJob' || podsCreated === 0 || podsDeleted === 0) return [];
    const fields = changedFields(evidence, id).filter((path) => path.startsWith('spec.template'));
    const preempted = evidence.observed.events.some(({ reason, workload }) => reason === 'Preempted' && workload === key);
    const why = fields.length
      ? `${listed(fields)} ${fields.length === 1 ? 'changes' : 'change'}`
      : preempted
        ? 'they make room for others'
        : 'not because of their template';
    return [
      {
        severity: preempted ? 'warning' : 'info',
        type: 'PodsRestart',
        reason: fields.length ? 'TemplateChanged' : preempted ? 'Preempted' : 'Other',
        object: id,
        message: `${counted(count, 'pod')} of ${resourceText(id)} ${count === 1 ? 'restarts' : 'restart'}: ${why}`,
        fields,
      },
    ];
  });
}
