// What a kubelet remembers of one container of a pod: its state now, its last end, how often it was started, and when it may be again.
import type { Container, ContainerStateTerminated, ContainerStatus, PodSpec } from '#api/core/v1';
import { timeMs } from '../../apimachinery/time.ts';
import type { ContainerExit, RunningContainer } from './runtime/runtime.ts';

export type ContainerState =
  | { readonly is: 'waiting'; readonly reason: string; readonly message?: string }
  | { readonly is: 'running'; readonly startedAtMs: number; readonly id: string }
  | { readonly is: 'terminated'; readonly startedAtMs: number; readonly id: string; readonly exit: ContainerExit };

export interface ContainerRecord {
  container: Container;
  /** The same with another image: it takes its place once what runs has ended. */
  next: Container | undefined;
  readonly role: 'init' | 'sidecar' | 'main' | 'ephemeral';
  state: ContainerState;
  last: Extract<ContainerState, { is: 'terminated' }> | undefined;
  restartCount: number;
  /** The startup probe has succeeded, or there is none and it runs. */
  started: boolean;
  ready: boolean;
  /** It has ended and is to run again. */
  restartDue: boolean;
  /** Pause before the restart after the next end, in milliseconds; 0: none yet. */
  backoffMs: number;
  /** Pause before the next pull. */
  pullBackoffMs: number;
  /** No start or pull before this. */
  notBeforeMs: number;
}

const FIRST_BACKOFF_MS = 10_000;
const MAX_BACKOFF_MS = 300_000;
/** A container that ran this long starts with the first pause again. */
const BACKOFF_RESET_MS = 600_000;

export function newRecord(container: Container, role: ContainerRecord['role'], waitingReason: string): ContainerRecord {
  return {
    container,
    next: undefined,
    role,
    state: { is: 'waiting', reason: waitingReason },
    last: undefined,
    restartCount: 0,
    started: false,
    ready: false,
    restartDue: false,
    backoffMs: 0,
    pullBackoffMs: 0,
    notBeforeMs: 0,
  };
}

/** Takes the image that the spec has now, or will at its next start. @returns whether it is to be started with it */
export function takesImage(record: ContainerRecord, { initContainers = [], containers }: PodSpec): boolean {
  const { container, next, role, state } = record;
  const now = [...initContainers, ...containers].find(({ name }) => name === container.name);
  if (role === 'ephemeral' || !now || now.image === (next ?? container).image) return false;
  const changed = { ...container, image: now.image ?? '' };
  if (state.is === 'running') {
    // what an init container has begun it brings to its end
    if (role === 'init') return false;
    record.next = changed;
    return next === undefined;
  }
  record.container = changed;
  record.pullBackoffMs = 0;
  record.notBeforeMs = 0;
  return true;
}

/**
 * It has ended so that the same container can start with another image. What the pod's status says of it stays until then, as with a kubelet,
 * which does both in one go: the policy does not matter, and there is no pause. @returns whether that is why it has ended
 */
export function makesWay(record: ContainerRecord, ended: NonNullable<ContainerRecord['last']>): boolean {
  if (!record.next) return false;
  Object.assign(record, { container: record.next, next: undefined, last: ended, restartDue: true, backoffMs: 0, notBeforeMs: 0 });
  return true;
}

/** What the pod's status tells of the container, after the kubelet has started anew. @param id of the container if it still runs */
export function recoverRecord(record: ContainerRecord, status: ContainerStatus | undefined, found: RunningContainer | undefined): void {
  if (!status) return;
  const { state, lastState, restartCount, ready, started = false } = status;
  record.restartCount = restartCount;
  record.backoffMs = restartCount === 0 ? 0 : Math.min(FIRST_BACKOFF_MS * 2 ** (restartCount - 1), MAX_BACKOFF_MS);
  record.last = terminated(lastState?.terminated);
  if (found) {
    const { id, startedAtMs, container } = found;
    record.state = { is: 'running', id, startedAtMs };
    if (container?.image) record.container = { ...record.container, image: container.image };
    record.ready = ready;
    record.started = started;
    return;
  }
  const ended = terminated(state?.terminated);
  if (ended) {
    record.state = ended;
    record.ready = ready;
  } else if (state?.waiting?.reason === 'CrashLoopBackOff' && record.last) {
    const { reason, message } = state.waiting;
    record.state = { is: 'waiting', reason, ...(message ? { message } : {}) };
    record.restartDue = true;
    record.notBeforeMs = record.last.exit.finishedAtMs + record.backoffMs;
  }
}

function terminated(state: ContainerStateTerminated | undefined): ContainerRecord['last'] {
  if (!state) return undefined;
  const { exitCode, reason, message, startedAt = '', finishedAt = '', containerID = '' } = state;
  const known = reason === 'Completed' || reason === 'OOMKilled' ? reason : 'Error';
  const exit = { exitCode, reason: known, finishedAtMs: timeMs(finishedAt), ...(message ? { message } : {}) } as const;
  return { is: 'terminated', startedAtMs: timeMs(startedAt), id: containerID.replace(/^.*:\/\//, ''), exit };
}

export const doubled = (pauseMs: number): number => (pauseMs === 0 ? FIRST_BACKOFF_MS : Math.min(pauseMs * 2, MAX_BACKOFF_MS));

/** The container has ended and is to run again: how long to wait, counted from its end. The first time it need not wait. */
export function restartPause(record: ContainerRecord, ranMs: number): number {
  const pause = ranMs >= BACKOFF_RESET_MS ? 0 : record.backoffMs;
  record.backoffMs = doubled(pause);
  return pause;
}

/** Whether a container that ended so is started again under the policy. */
export function restarts(record: ContainerRecord, exit: ContainerExit, restartPolicy: string): boolean {
  if (record.role === 'sidecar') return true;
  if (record.role === 'ephemeral') return false;
  const ruled = ruledRestart(record.container, exit);
  if (ruled !== undefined) return ruled;
  const policy = record.container.restartPolicy ?? restartPolicy;
  if (policy === 'Never') return false;
  // an init container that has done its work is done
  if (policy === 'OnFailure' || record.role === 'init') return exit.exitCode !== 0;
  return true;
}

/** The container's own rules come first. */
function ruledRestart({ restartPolicyRules = [] }: Container, { exitCode }: ContainerExit): boolean | undefined {
  for (const { action, exitCodes } of restartPolicyRules) {
    if (!exitCodes) continue;
    const listed = (exitCodes.values ?? []).includes(exitCode);
    if (exitCodes.operator === 'In' ? listed : !listed) return action === 'Restart';
  }
  return undefined;
}
