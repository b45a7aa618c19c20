// Conditions, as nearly all kinds show their state.
import { isObject, type KubernetesObject } from '../../apimachinery/object.ts';

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

export function conditionsOf(object: KubernetesObject): readonly Condition[] {
  const { status } = object;
  const conditions = isObject(status) ? status['conditions'] : undefined;
  return Array.isArray(conditions) ? conditions.filter((c): c is Condition & object => isObject(c) && typeof c['type'] === 'string') : [];
}

export const findCondition = (conditions: readonly Condition[] | undefined, type: string): Condition | undefined =>
  conditions?.find((condition) => condition.type === type);

/** `message`, or `reason`, or what else there is to say. */
export const conditionText = ({ message, reason, type }: Condition): string => message || reason || type;
