// Taints and tolerations. Follows the helpers of k8s.io/component-helpers.
import type { Node, Taint, Toleration } from '#api/core/v1';

export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  switch (toleration.operator ?? '') {
    case '':
    case 'Equal':
      // an empty key is only good with Exists
      return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '');
    case 'Exists':
      return true;
    case 'Gt':
      return compares(toleration, taint, (have, limit) => have > limit);
    case 'Lt':
      return compares(toleration, taint, (have, limit) => have < limit);
    default:
      return false;
  }
}

/** The taint's number against the toleration's. */
function compares(toleration: Toleration, taint: Taint, holds: (have: number, limit: number) => boolean): boolean {
  const [have, limit] = [Number(taint.value || NaN), Number(toleration.value || NaN)];
  return Number.isInteger(have) && Number.isInteger(limit) && holds(have, limit);
}

export const tolerated = (taint: Taint, tolerations: readonly Toleration[] | undefined): boolean =>
  tolerations?.some((t) => tolerates(t, taint)) ?? false;

/** The first taint that keeps new pods off the node and is not tolerated. */
export function untoleratedTaint(node: Node, tolerations: readonly Toleration[] | undefined): Taint | undefined {
  return node.spec?.taints?.find((t) => (t.effect === 'NoSchedule' || t.effect === 'NoExecute') && !tolerated(t, tolerations));
}
