// Numbers that may be given as a share of a whole: `25%`. Follows k8s.io/apimachinery's intstr.
import type { IntOrString } from '#api/intstr';

/** Half of the edge is rounded as told. Throws where the text is no percentage. */
export function scaledValue(value: IntOrString, total: number, roundUp: boolean): number {
  if (typeof value === 'number') return value;
  const match = /^([+-]?\d+)%$/.exec(value);
  if (!match) throw new Error(`invalid value for IntOrString: invalid type: string is not a percentage`);
  const share = (Number(match[1]) * total) / 100;
  return roundUp ? Math.ceil(share) : Math.floor(share);
}
