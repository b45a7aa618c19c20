// When a pod of a Job counts as failed, what podFailurePolicy makes of it, and how long to wait before the next try. Pure.
// Follows pod_failure_policy.go, success_policy.go and backoff_utils.go of kube-controller-manager.
import type { Job, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule, SuccessPolicy } from '#api/batch/v1';
import type { ContainerStatus, Pod } from '#api/core/v1';
import { timeMs } from '../../../apimachinery/time.ts';
import { parseIndexes, type Indexes } from './indexes.ts';

const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 600_000;

export const replacesOnlyFailed = ({ spec }: Job): boolean => spec.podReplacementPolicy === 'Failed' || spec.podFailurePolicy !== undefined;

/** A pod that is being deleted may never get to say that it failed. */
export function isPodFailed(job: Job, { status, metadata }: Pod): boolean {
  if (status?.phase === 'Failed') return true;
  if (replacesOnlyFailed(job)) return false;
  return metadata.deletionTimestamp !== undefined && status?.phase !== 'Succeeded';
}

export interface PolicyMatch {
  readonly action: string;
  /** Of FailJob: why. */
  readonly message: string;
}

/** What the first matching rule says; undefined: counted as any failure. */
export function matchFailurePolicy({ spec }: Job, pod: Pod): PolicyMatch | undefined {
  for (const [index, rule] of (spec.podFailurePolicy?.rules ?? []).entries()) {
    const why = matchRule(rule, pod);
    if (why !== undefined) return { action: rule.action, message: `${why} matching ${rule.action} rule at index ${index}` };
  }
  return undefined;
}

function matchRule({ onExitCodes, onPodConditions = [] }: PodFailurePolicyRule, pod: Pod): string | undefined {
  const { name, namespace } = pod.metadata;
  if (onExitCodes) {
    const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
    const container = statuses.find((c) => matchesExitCode(onExitCodes, c));
    return (
      container && `Container ${container.name} for pod ${namespace}/${name} failed with exit code ${container.state?.terminated?.exitCode}`
    );
  }
  const condition = pod.status?.conditions?.find((c) =>
    onPodConditions.some((p) => p.type === c.type && (p.status ?? 'True') === c.status),
  );
  return condition && `Pod ${namespace}/${name} has condition ${condition.type}`;
}

function matchesExitCode(
  { containerName, operator, values }: PodFailurePolicyOnExitCodesRequirement,
  { name, state }: ContainerStatus,
): boolean {
  const exitCode = state?.terminated?.exitCode;
  if (exitCode === undefined || exitCode === 0 || (containerName !== undefined && containerName !== name)) return false;
  return operator === 'In' ? values.includes(exitCode) : operator === 'NotIn' && !values.includes(exitCode);
}

/** Failures that are not to be ignored. */
export const isCounted = (job: Job, pod: Pod): boolean => matchFailurePolicy(job, pod)?.action !== 'Ignore';

/** Why the success policy is met; undefined where it is not. */
export function matchSuccessPolicy(policy: SuccessPolicy | undefined, completions: number, succeeded: Indexes): string | undefined {
  for (const [at, rule] of (policy?.rules ?? []).entries()) {
    const wanted = rule.succeededIndexes === undefined ? undefined : parseIndexes(rule.succeededIndexes, completions);
    const reached = wanted ? [...wanted].filter((index) => succeeded.has(index)).length : succeeded.size;
    const enough = rule.succeededCount ?? wanted?.size;
    if (enough !== undefined && reached >= enough) return `Matched rules at index ${at}`;
  }
  return undefined;
}

/** How often pods failed since the last one succeeded. */
export interface FailureRecord {
  readonly failures: number;
  readonly lastFailureMs: number;
}

export const NO_FAILURES: FailureRecord = { failures: 0, lastFailureMs: 0 };

export function withNewPods(record: FailureRecord, succeeded: readonly Pod[], failed: readonly Pod[], now: number): FailureRecord {
  const failedAt = failed.map((pod) => finishedMs(pod, now));
  if (succeeded.length === 0)
    return failed.length === 0 ? record : { failures: record.failures + failed.length, lastFailureMs: Math.max(...failedAt) };
  const lastSuccess = Math.max(...succeeded.map((pod) => finishedMs(pod, now)));
  const since = failedAt.filter((at) => at > lastSuccess);
  return since.length === 0 ? NO_FAILURES : { failures: since.length, lastFailureMs: Math.max(...since) };
}

/** Milliseconds before a pod may be made again. */
export function remainingPauseMs({ failures, lastFailureMs }: FailureRecord, now: number): number {
  if (failures === 0) return 0;
  return Math.max(0, Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS) - (now - lastFailureMs));
}

/** When the pod ended, as well as that can be told. */
export function finishedMs({ status, metadata }: Pod, now: number): number {
  const ended = (status?.containerStatuses ?? []).map((c) => c.state?.terminated?.finishedAt);
  if (ended.length > 0 && ended.every((at) => at !== undefined)) return Math.max(...ended.map((at) => timeMs(at)));
  if (metadata.deletionTimestamp) return timeMs(metadata.deletionTimestamp) - (metadata.deletionGracePeriodSeconds ?? 0) * 1000;
  const ready = status?.conditions?.find((c) => c.type === 'Ready' && c.status === 'False')?.lastTransitionTime;
  return ready === undefined ? now : timeMs(ready);
}
