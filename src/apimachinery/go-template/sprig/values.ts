// sprig's functions on what is empty, and on types.
import { go, type TemplateFunctions } from '../signature.ts';
import { FunctionError } from '../template-error.ts';
import { isTrue, kindName, typeName } from '../values.ts';
import { sameValue } from './equality.ts';

export const SPRIG_VALUES: TemplateFunctions = {
  default: go('(any, ...any) any', (byDefault: unknown, ...given: readonly unknown[]) => (isTrue(given[0]) ? given[0] : byDefault)),
  empty: go('(any) bool', (value: unknown) => !isTrue(value)),
  coalesce: go('(...any) any', (...args) => args.find(isTrue) ?? null),
  all: go('(...any) bool', (...args) => args.every(isTrue)),
  any: go('(...any) bool', (...args) => args.some(isTrue)),
  ternary: go('(any, any, bool) any', (whenTrue: unknown, whenFalse: unknown, condition: boolean) => (condition ? whenTrue : whenFalse)),
  fail: go('(string) string', (message: string) => {
    throw new FunctionError(message);
  }),
  kindOf: go('(any) string', kindName),
  kindIs: go('(string, any) bool', (wanted: string, value: unknown) => kindName(value) === wanted),
  typeOf: go('(any) string', typeName),
  typeIs: go('(string, any) bool', (wanted: string, value: unknown) => typeName(value) === wanted),
  typeIsLike: go('(string, any) bool', (wanted: string, value: unknown) => [wanted, `*${wanted}`].includes(typeName(value))),
  deepEqual: go('(any, any) bool', sameValue),
};
