// `reflect.DeepEqual`: of the same type all the way down.
import { integerOf, isNilCollection, isSlice, typeName } from '../values.ts';

export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return (a ?? null) === (b ?? null);
  if (typeName(a) !== typeName(b)) return false;
  const int = integerOf(a);
  if (int !== undefined) return int === integerOf(b);
  if (isNilCollection(a) !== isNilCollection(b)) return false;
  if (isSlice(a)) return isSlice(b) && a.length === b.length && Array.from(a).every((item, i) => sameValue(item, b[i]));
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  const [left, right] = [a, b] as readonly Readonly<Record<string, unknown>>[];
  return keys.every((key) => Object.hasOwn(b, key) && sameValue(left![key], right![key]));
}
