// The status that a pod has, from what its containers are doing: pure. Follows the kubelet's generateAPIPodStatus and pkg/kubelet/status.
import { createHash } from 'node:crypto';
import type { ContainerStatus, Pod, PodCondition, PodStatus } from '#api/core/v1';
import { podCondition } from '../../apimachinery/core/pod.ts';
import { formatTime } from '../../apimachinery/time.ts';
import type { ContainerRecord, ContainerState } from './container-record.ts';
import type { PodSandbox } from './runtime/runtime.ts';
import type { KubeletTraits } from './traits.ts';

export interface PodObservation {
  readonly pod: Pod;
  /** Init containers and sidecars first, in order. */
  readonly containers: readonly ContainerRecord[];
  readonly sandbox: PodSandbox | undefined;
  readonly hostIPs: readonly string[];
  readonly restartPolicy: string;
  readonly startedAtMs: number;
  /** The pod is over whatever its containers say (deadline, rejection); `disruption`: by no fault of its own, as its condition says. */
  readonly ended: { readonly reason: string; readonly message: string; readonly disruption?: string } | undefined;
  /** No container will be started again: it is being deleted, or over. */
  readonly stopping: boolean;
  readonly runtimeName: string;
}

export function podStatus(seen: PodObservation, traits: KubeletTraits, nowMs: number): PodStatus {
  const { pod, containers, sandbox, hostIPs, ended } = seen;
  const phase = podPhase(seen);
  const { generation } = pod.metadata;
  const statuses = (roles: readonly string[]): ContainerStatus[] =>
    containers.filter((r) => roles.includes(r.role)).map((r) => containerStatus(r, seen.runtimeName));
  const init = statuses(['init', 'sidecar']);
  const ephemeral = statuses(['ephemeral']);
  const addresses = pod.spec.hostNetwork ? hostIPs : (sandbox?.ips ?? []);
  return {
    ...(traits.conditions === 'all' && generation ? { observedGeneration: generation } : {}),
    phase,
    conditions: conditions(seen, phase, traits, nowMs),
    ...(ended ? { reason: ended.reason, message: ended.message } : {}),
    ...(hostIPs.length ? { hostIP: hostIPs[0]!, hostIPs: hostIPs.map((ip) => ({ ip })) } : {}),
    ...(addresses.length ? { podIP: addresses[0]!, podIPs: addresses.map((ip) => ({ ip })) } : {}),
    startTime: formatTime(seen.startedAtMs),
    ...(init.length ? { initContainerStatuses: init } : {}),
    containerStatuses: statuses(['main']),
    ...(ephemeral.length ? { ephemeralContainerStatuses: ephemeral } : {}),
  };
}

export function podPhase({ containers, restartPolicy, ended, stopping }: PodObservation): string {
  if (ended) return 'Failed';
  let [waiting, running, stopped, succeeded, initPending, initFailed] = [0, 0, 0, 0, 0, 0];
  for (const { role, state, last, started, restartDue } of containers) {
    // who only looks does not count
    if (role === 'ephemeral') continue;
    if (role === 'init') {
      const done = state.is === 'terminated' && state.exit.exitCode === 0;
      if (state.is === 'terminated' && !done && !restartDue && restartPolicy === 'Never') initFailed++;
      else if (!done) initPending++;
    } else if (role === 'sidecar') {
      if (state.is === 'waiting' && !last) initPending++;
      else if (state.is === 'running') {
        if (!started) initPending++;
      }
    } else if (state.is === 'running') running++;
    else if (state.is === 'terminated') {
      stopped++;
      if (state.exit.exitCode === 0) succeeded++;
    } else if (last) {
      stopped++;
      if (last.exit.exitCode === 0) succeeded++;
    } else waiting++;
  }
  if (initFailed > 0) return 'Failed';
  if (stopping && running === 0 && (stopped > 0 || waiting > 0)) return stopped === succeeded && waiting === 0 ? 'Succeeded' : 'Failed';
  if (initPending > 0) return 'Pending';
  if (waiting > 0) return 'Pending';
  if (running > 0) return 'Running';
  const willRestart = containers.some((r) => r.role === 'main' && (r.state.is === 'waiting' || r.restartDue));
  if (willRestart || restartPolicy === 'Always') return 'Running';
  if (stopped === succeeded) return 'Succeeded';
  return restartPolicy === 'Never' ? 'Failed' : 'Running';
}

function containerStatus(record: ContainerRecord, runtimeName: string): ContainerStatus {
  const { container, state, last, restartCount, started, ready } = record;
  const image = container.image ?? '';
  const id = state.is === 'waiting' ? last?.id : state.id;
  const requests = container.resources?.requests;
  return {
    name: container.name,
    state: apiState(state, runtimeName),
    ...(last ? { lastState: apiState(last, runtimeName) } : {}),
    ready,
    restartCount,
    image,
    imageID: id === undefined ? '' : imageId(image),
    ...(id === undefined ? {} : { containerID: `${runtimeName}://${id}` }),
    started,
    ...(id !== undefined && requests ? { allocatedResources: requests } : {}),
    ...(id !== undefined && container.resources ? { resources: container.resources } : {}),
    ...(container.volumeMounts?.length
      ? {
          volumeMounts: container.volumeMounts.map(({ name, mountPath, readOnly, recursiveReadOnly }) => ({
            name,
            mountPath,
            ...(readOnly ? { readOnly, recursiveReadOnly: recursiveReadOnly ?? 'Disabled' } : {}),
          })),
        }
      : {}),
  };
}

function apiState(state: ContainerState, runtimeName: string): NonNullable<ContainerStatus['state']> {
  if (state.is === 'waiting') return { waiting: { reason: state.reason, ...(state.message ? { message: state.message } : {}) } };
  const startedAt = formatTime(state.startedAtMs);
  if (state.is === 'running') return { running: { startedAt } };
  const { exitCode, reason, message, finishedAtMs } = state.exit;
  return {
    terminated: {
      exitCode,
      reason,
      ...(message ? { message } : {}),
      startedAt,
      finishedAt: formatTime(finishedAtMs),
      containerID: `${runtimeName}://${state.id}`,
    },
  };
}

const imageIds = new Map<string, string>();

/** A digest as a registry would give it: the same for the same image. */
function imageId(image: string): string {
  let id = imageIds.get(image);
  if (id === undefined) {
    const name = image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
    id = image.includes('@') ? image : `${name}@sha256:${createHash('sha256').update(image).digest('hex')}`;
    if (imageIds.size > 4096) imageIds.clear();
    imageIds.set(image, id);
  }
  return id;
}

type Verdict = Pick<PodCondition, 'status' | 'reason' | 'message'>;

/** In the kubelet's order; what is as before keeps its time of transition. */
function conditions(seen: PodObservation, phase: string, traits: KubeletTraits, nowMs: number): PodCondition[] {
  const { pod } = seen;
  const ready = containersReady(seen, phase, traits);
  const verdicts: [string, Verdict][] = [];
  if (traits.conditions === 'all')
    verdicts.push(['PodReadyToStartContainers', { status: seen.sandbox && !isOver(phase) ? 'True' : 'False' }]);
  verdicts.push(['Initialized', initialized(seen, phase, traits)]);
  verdicts.push(['Ready', ready.status === 'True' ? gates(pod) : ready]);
  verdicts.push(['ContainersReady', ready]);
  if (traits.conditions === 'all') verdicts.push(['PodScheduled', { status: 'True' }]);
  const { disruption } = seen.ended ?? {};
  if (disruption !== undefined)
    verdicts.push(['DisruptionTarget', { status: 'True', reason: 'TerminationByKubelet', message: disruption }]);
  const generation = traits.conditions === 'all' ? pod.metadata.generation : undefined;
  return verdicts.map(([type, verdict]) => {
    const known = podCondition(pod, type);
    const since = known?.status === verdict.status ? known.lastTransitionTime : undefined;
    return {
      type,
      ...(generation ? { observedGeneration: generation } : {}),
      status: verdict.status,
      lastTransitionTime: since ?? formatTime(nowMs),
      ...(verdict.reason ? { reason: verdict.reason } : {}),
      ...(verdict.message ? { message: verdict.message } : {}),
    };
  });
}

const isOver = (phase: string): boolean => phase === 'Succeeded' || phase === 'Failed';

function containersReady({ containers }: PodObservation, phase: string, traits: KubeletTraits): Verdict {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  const unready = containers.filter((r) => r.role !== 'init' && r.role !== 'ephemeral' && !r.ready).map((r) => r.container.name);
  if (unready.length === 0) return { status: 'True' };
  const list = traits.conditions === 'all' ? `: [${unready.join(' ')}]` : '';
  return { status: 'False', reason: 'ContainersNotReady', message: `containers with unready status${list}` };
}

function initialized({ containers }: PodObservation, phase: string, traits: KubeletTraits): Verdict {
  if (traits.conditions === 'basic') return { status: 'True' };
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
  const incomplete = containers.filter(
    ({ role, state, started }) =>
      (role === 'init' && !(state.is === 'terminated' && state.exit.exitCode === 0)) || (role === 'sidecar' && !started),
  );
  if (incomplete.length === 0) return { status: 'True' };
  // once a main container has run, all that comes before it has been done
  if (containers.some((r) => r.role === 'main' && (r.state.is !== 'waiting' || r.last))) return { status: 'True' };
  const names = incomplete.map((r) => r.container.name).join(' ');
  return { status: 'False', reason: 'ContainersNotInitialized', message: `containers with incomplete status: [${names}]` };
}

/** Others say by conditions whether the pod may take traffic. */
function gates(pod: Pod): Verdict {
  const unmet: string[] = [];
  for (const { conditionType } of pod.spec.readinessGates ?? []) {
    const condition = podCondition(pod, conditionType);
    if (!condition) unmet.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`);
    else if (condition.status !== 'True')
      unmet.push(`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`);
  }
  return unmet.length ? { status: 'False', reason: 'ReadinessGatesNotReady', message: unmet.join(', ') } : { status: 'True' };
}
