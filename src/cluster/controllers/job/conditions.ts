// Conditions of Jobs: two of them announce an end (FailureTarget, SuccessCriteriaMet), two are one (Failed, Complete). Pure.
import type { Job, JobCondition } from '#api/batch/v1';
import { formatTime } from '../../../apimachinery/time.ts';

export const conditionOf = (conditions: readonly JobCondition[] | undefined, type: string): JobCondition | undefined =>
  conditions?.find((c) => c.type === type && c.status === 'True');

export const isFinished = ({ status }: Job): boolean =>
  conditionOf(status?.conditions, 'Complete') !== undefined || conditionOf(status?.conditions, 'Failed') !== undefined;

export function condition(type: string, status: string, reason: string, message: string, now: number): JobCondition {
  const at = formatTime(now);
  return { type, status, lastProbeTime: at, lastTransitionTime: at, reason, message };
}

/** What an announced end becomes once everything is counted. */
export function finalCondition({ type, reason = '', message = '' }: JobCondition, now: number): JobCondition {
  return condition(type === 'FailureTarget' ? 'Failed' : 'Complete', 'True', reason, message, now);
}

/** The very same where nothing changes; a condition that is not True need not be told where it never was. */
export function withCondition(conditions: readonly JobCondition[], next: JobCondition): readonly JobCondition[] {
  const known = conditions.find((c) => c.type === next.type);
  if (!known) return next.status === 'False' ? conditions : [...conditions, next];
  if (known.status === next.status && known.reason === next.reason && known.message === next.message) return conditions;
  return conditions.map((c) => (c === known ? next : c));
}
