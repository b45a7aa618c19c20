// The order of versions by their names: v10, v2, v1, v11beta2, v3beta1, v12alpha1, and then all others by the alphabet. Follows
// k8s.io/apimachinery's version.CompareKubeAwareVersionStrings.

const KUBE_VERSION = /^v(\d+)(?:(alpha|beta)(\d+))?$/;

/** Negative where `a` comes first. */
export function byVersionPriority(a: string, b: string): number {
  const x = KUBE_VERSION.exec(a);
  const y = KUBE_VERSION.exec(b);
  if (!x || !y) return x ? -1 : y ? 1 : a < b ? -1 : a > b ? 1 : 0;
  const rank = (stage: string | undefined): number => (stage === undefined ? 2 : stage === 'beta' ? 1 : 0);
  return rank(y[2]) - rank(x[2]) || Number(y[1]) - Number(x[1]) || Number(y[3] ?? 0) - Number(x[3] ?? 0);
}
