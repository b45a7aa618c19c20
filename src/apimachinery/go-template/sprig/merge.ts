// sprig's merge and mergeOverwrite. Follows mergo, its ways with empty values included: without overwriting, what is empty in the
// destination (false, too) counts as missing; and what is taken over is shared, not copied.
import { setKey } from '../../json/parse.ts';
import { isMap, isNil, isSlice, isTrue, objectType } from '../values.ts';

type Dictionary = Record<string, unknown>;

/** Changes the destination. */
export function merge(destination: Dictionary, source: Readonly<Dictionary>, overwrite: boolean): void {
  for (const key of Object.keys(source)) {
    const value = source[key];
    const has = Object.hasOwn(destination, key);
    const known = has ? destination[key] : undefined;
    if (isNil(value)) {
      if (overwrite) setKey(destination, key, value);
      continue;
    }
    if (isMap(value)) {
      if (isMap(known)) merge(known, value, overwrite);
    } else if (isSlice(value)) {
      if (overwrite) setKey(destination, key, value);
      else if (isNil(known)) setKey(destination, key, []);
    }
    if (!isEmpty(known) && (isSlice(value) || (isMap(value) && isMap(known)))) continue;
    if (overwrite || isEmpty(known)) setKey(destination, key, value);
  }
}

function isEmpty(value: unknown): boolean {
  // a struct never is
  if (typeof value === 'object' && value !== null && objectType(value).kind === 'struct') return false;
  return !isTrue(value);
}
