// References to what is not there, where head makes them so: a new reference, or one whose target goes. Pods that already wait for it
// say so themselves.
import { isPodActive, isPodReady } from '../../../apimachinery/core/pod.ts';
import { stuckContainer } from '../../health/pod.ts';
import { resourceText } from '../../plan/resource-id.ts';
import { counted, listed, type Finding } from '../consequence.ts';
import type { Evidence, Rule } from '../evidence.ts';
import { danglingKey, danglingReferences, missingConfig, type Dangling } from '../references.ts';
import { workloadKey } from '../workloads.ts';

export const danglingReference: Rule = (evidence) => {
  const known = new Set(danglingReferences(evidence.before, evidence.workloads.before).map(danglingKey));
  const byObject = new Map<string, Dangling[]>();
  for (const dangling of danglingReferences(evidence.after, evidence.workloads.after)) {
    const key = workloadKey(dangling.from);
    if (!known.has(danglingKey(dangling))) byObject.set(key, [...(byObject.get(key) ?? []), dangling]);
  }
  return [...byObject].map(([key, all]) => told(evidence, key, all));
};

function told(evidence: Evidence, key: string, all: readonly Dangling[]): Finding {
  const { from } = all[0]!;
  const missing = [...new Set(all.map((dangling) => dangling.missing))];
  const waiting = waitingPods(evidence, key);
  const refers = from.kind === 'Service' ? 'selects nothing: there is not' : `refers to what is not there:`;
  const event = evidence.observed.events.findLast(
    (e) => e.workload === key && e.reason.startsWith('Failed') && e.reason !== 'FailedScheduling',
  );
  return {
    severity: waiting.count > 0 || all.some(({ blocksPods, failsRequests }) => blocksPods || failsRequests) ? 'error' : 'warning',
    type: 'DanglingReference',
    reason: waiting.count > 0 ? 'PodsWait' : from.kind === 'Service' ? 'SelectsNothing' : 'Missing',
    object: from,
    message: `${resourceText(from)} ${refers} ${listed(missing)}${waiting.count > 0 ? `; ${counted(waiting.count, 'pod')} ${waiting.count === 1 ? 'waits' : 'wait'} for it` : ''}${all.some(({ failsRequests }) => failsRequests) ? '; requests that match fail' : ''}`,
    cause: waiting.cause || (all.some(({ blocksPods }) => blocksPods) ? (event?.message ?? '') : ''),
    remedy:
      from.kind === 'Service' ? 'let its selector match the labels of a pod template' : 'add it to the source, or take the reference away',
    fields: [...new Set(all.map(({ path }) => path))],
  };
}

/** Pods at rest that have a node, do not run, and lack configuration. */
function waitingPods({ after }: Evidence, key: string): { readonly count: number; readonly cause: string } {
  const waiting = after.of('v1/Pod').filter((pod) => {
    if (!isPodActive(pod) || isPodReady(pod) || !pod.spec.nodeName || pod.status?.phase === 'Running') return false;
    const owner = after.outermost(pod);
    const { namespace = '' } = pod.metadata;
    return (
      workloadKey({ kind: owner.kind, namespace, name: owner.metadata.name }) === key &&
      [...missingConfig(after, namespace, pod.spec)].length > 0
    );
  });
  const cause = waiting.map((pod) => stuckContainer(pod)?.state?.waiting?.message).find(Boolean) ?? '';
  return { count: waiting.length, cause };
}
