// Empty lists and maps that decoding leaves out, put back for those who tell them from none: rules say `{}` of an empty map that was sent,
// and `null` of one that was not.
import type { EmptyField } from '../../../apimachinery/codec/decode.ts';
import { isObject, type KubernetesObject } from '../../../apimachinery/object.ts';

/** Selectors are shown by the names that they have in JSON, where what is empty is left out. */
const isInSelector = ({ path }: EmptyField): boolean => path.includes('matchExpressions') || path.includes('matchLabels');

/** A copy as far as it differs. What has been filled in since stays. */
export function asSent(object: KubernetesObject, empties: readonly EmptyField[]): KubernetesObject {
  let copy: unknown = object;
  for (const empty of empties) if (!isInSelector(empty)) copy = withEmpty(copy, empty.path, empty.isList ? [] : {});
  return copy as KubernetesObject;
}

function withEmpty(value: unknown, [key, ...rest]: readonly (string | number)[], empty: unknown): unknown {
  if (key === undefined) return value ?? empty;
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    if (typeof key !== 'number' || key >= items.length) return value;
    return items.map((item, i) => (i === key ? withEmpty(item, rest, empty) : item));
  }
  if (!isObject(value) || typeof key !== 'string') return value;
  const inner = withEmpty(value[key], rest, empty);
  return inner === value[key] ? value : { ...value, [key]: inner };
}
