// The table of pods: one word for all that a pod may be going through. Follows pkg/printers/internalversion.
import type { ContainerStatus, Pod } from '#api/core/v1';
import { podCondition } from '../../../apimachinery/core/pod.ts';
import type { JsonObject, KubernetesObject } from '../../../apimachinery/object.ts';
import { timeMs } from '../../../apimachinery/time.ts';
import { age, humanDuration } from './ages.ts';
import type { Columns } from './table.ts';
import { AGE, NAME } from './workload-cells.ts';

interface Seen {
  reason: string;
  restarts: number;
  /** Those of sidecars alone: once a pod is under way, plain init containers do not count any more. */
  sidecarRestarts: number;
  ready: number;
  total: number;
  /** Milliseconds since 1970 of the last restart. */
  lastRestart: number;
}

export const podColumns: Columns = {
  columns: [
    NAME,
    { name: 'Ready', type: 'string', description: 'Containers that are ready, of all that should be.' },
    { name: 'Status', type: 'string', description: 'What the pod is going through.' },
    { name: 'Restarts', type: 'string', description: 'How often its containers have been restarted, and when last.' },
    AGE,
    { name: 'IP', type: 'string', description: 'Address of the pod.', priority: 1 },
    { name: 'Node', type: 'string', description: 'Node of the pod.', priority: 1 },
    { name: 'Nominated Node', type: 'string', description: 'Node on which room is being made for the pod.', priority: 1 },
    { name: 'Readiness Gates', type: 'string', description: 'Readiness gates that are open, of all.', priority: 1 },
  ],
  cells(object: KubernetesObject, now) {
    const pod = object as unknown as Pod;
    const { spec, status = {} } = pod;
    const seen = look(pod);
    const restarts =
      seen.restarts > 0 && seen.lastRestart > 0 ? `${seen.restarts} (${humanDuration(now - seen.lastRestart)} ago)` : `${seen.restarts}`;
    return [
      object.metadata.name,
      `${seen.ready}/${seen.total}`,
      seen.reason,
      restarts,
      age(object.metadata.creationTimestamp, now),
      status.podIPs?.[0]?.ip || status.podIP || '<none>',
      spec.nodeName || '<none>',
      status.nominatedNodeName || '<none>',
      gates(pod),
    ];
  },
  conditions(object: KubernetesObject): readonly JsonObject[] | undefined {
    const { phase } = (object as unknown as Pod).status ?? {};
    if (phase === 'Succeeded') return [completed('Succeeded', 'The pod has completed successfully.')];
    return phase === 'Failed' ? [completed('Failed', 'The pod failed.')] : undefined;
  },
};

const completed = (reason: string, message: string): JsonObject => ({ type: 'Completed', status: 'True', reason, message });

function gates({ spec, status }: Pod): string {
  const { readinessGates = [] } = spec;
  if (readinessGates.length === 0) return '<none>';
  const open = readinessGates.filter(({ conditionType }) =>
    status?.conditions?.some((c) => c.type === conditionType && c.status === 'True'),
  );
  return `${open.length}/${readinessGates.length}`;
}

function look(pod: Pod): Seen {
  const { spec, status = {}, metadata } = pod;
  const seen: Seen = {
    reason: status.reason || status.phase || '',
    restarts: 0,
    sidecarRestarts: 0,
    ready: 0,
    total: spec.containers?.length ?? 0,
    lastRestart: 0,
  };
  for (const condition of status.conditions ?? [])
    if (condition.type === 'PodScheduled' && condition.reason === 'SchedulingGated') seen.reason = 'SchedulingGated';
  const sidecars = new Set((spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always').map((c) => c.name));
  seen.total += sidecars.size;
  const initializing = lookAtInit(pod, seen, sidecars);
  if (!initializing || podCondition(pod, 'Initialized')?.status === 'True') lookAtContainers(pod, seen);
  if (metadata.deletionTimestamp) {
    if (status.reason === 'NodeLost') seen.reason = 'Unknown';
    else if (status.phase !== 'Succeeded' && status.phase !== 'Failed') seen.reason = 'Terminating';
  }
  return seen;
}

function countRestart(seen: Seen, container: ContainerStatus): void {
  seen.restarts += container.restartCount;
  const ended = container.lastState?.terminated?.finishedAt;
  if (ended) seen.lastRestart = Math.max(seen.lastRestart, timeMs(ended));
}

/** Returns whether init containers are still at work. */
function lookAtInit({ spec, status }: Pod, seen: Seen, sidecars: ReadonlySet<string>): boolean {
  const containers = status?.initContainerStatuses ?? [];
  for (const [i, container] of containers.entries()) {
    countRestart(seen, container);
    if (sidecars.has(container.name)) seen.sidecarRestarts += container.restartCount;
    const { terminated, waiting } = container.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (sidecars.has(container.name) && container.started) {
      if (container.ready) seen.ready++;
      continue;
    }
    if (terminated) seen.reason = `Init:${terminatedReason(terminated)}`;
    else if (waiting?.reason && waiting.reason !== 'PodInitializing') seen.reason = `Init:${waiting.reason}`;
    else seen.reason = `Init:${i}/${spec.initContainers?.length ?? 0}`;
    return true;
  }
  return false;
}

const terminatedReason = (state: { readonly reason?: string; readonly signal?: number; readonly exitCode: number }): string =>
  state.reason || (state.signal ? `Signal:${state.signal}` : `ExitCode:${state.exitCode}`);

function lookAtContainers(pod: Pod, seen: Seen): void {
  let running = false;
  seen.restarts = seen.sidecarRestarts;
  // the first container has the last word
  for (const container of [...(pod.status?.containerStatuses ?? [])].reverse()) {
    countRestart(seen, container);
    const { waiting, terminated } = container.state ?? {};
    if (waiting?.reason) seen.reason = waiting.reason;
    else if (terminated) seen.reason = terminatedReason(terminated);
    else if (container.ready && container.state?.running) {
      running = true;
      seen.ready++;
    }
  }
  if (seen.reason === 'Completed' && running) seen.reason = podCondition(pod, 'Ready')?.status === 'True' ? 'Running' : 'NotReady';
}
