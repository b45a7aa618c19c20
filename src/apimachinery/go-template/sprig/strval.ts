// What sprig makes of a value where it wants a text, or a list of texts.
import { plain } from '../print.ts';
import { elements, isNil, isSlice, textOfBytes } from '../values.ts';

export const strval = (value: unknown): string =>
  typeof value === 'string' ? value : value instanceof Uint8Array ? textOfBytes(value) : plain(value);

/** Nil is left out; what is no list is one of one. */
export function strings(value: unknown): readonly string[] {
  if (isSlice(value)) return present(elements(value)).map(strval);
  return isNil(value) ? [] : [strval(value)];
}

export const present = (values: readonly unknown[]): readonly unknown[] => values.filter((value) => !isNil(value));
