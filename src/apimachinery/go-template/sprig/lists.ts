// sprig's functions on lists: they make new ones, of whatever is in the old.
import { go, type TemplateFunction, type TemplateFunctions } from '../signature.ts';
import { FunctionError } from '../template-error.ts';
import { elements, isNil, isSlice, isTrue, kindName, nil, objectType, typed } from '../values.ts';
import { toInt } from './cast.ts';
import { sameValue } from './equality.ts';

/** A function under its name, and under the one with `must`: here both tell what is wrong. */
function both(name: string, run: TemplateFunction): TemplateFunctions {
  return { [name]: run, [`must${name.charAt(0).toUpperCase()}${name.slice(1)}`]: run };
}

const ofList = (name: string, make: (items: readonly unknown[]) => unknown, result = '[]any') =>
  both(
    name,
    go(`(any) ${result}`, (value: unknown) => make(list(value, `Cannot find ${name} on type`))),
  );

const push = go('(any, any) []any', (items: unknown, item: unknown) => [...list(items, 'Cannot push on type'), item]);
const tuple = go('(...any) []any', (...args) => args);

export const SPRIG_LISTS: TemplateFunctions = {
  list: tuple,
  tuple,
  ...both('append', push),
  ...both('push', push),
  ...both(
    'prepend',
    go('(any, any) []any', (items: unknown, item: unknown) => [item, ...list(items, 'Cannot prepend on type')]),
  ),
  ...ofList('first', (items) => items[0] ?? null, 'any'),
  ...ofList('last', (items) => items.at(-1) ?? null, 'any'),
  ...ofList('rest', (items) => (items.length === 0 ? nil([]) : items.slice(1))),
  ...ofList('initial', (items) => (items.length === 0 ? nil([]) : items.slice(0, -1))),
  ...ofList('reverse', (items) => [...items].reverse()),
  ...ofList('uniq', unique),
  ...both(
    'compact',
    go('(any) []any', (value: unknown) => list(value, 'Cannot compact on type').filter(isTrue)),
  ),
  ...both(
    'without',
    go('(any, ...any) []any', (items: unknown, ...unwanted: readonly unknown[]) =>
      list(items, 'Cannot find without on type').filter((item) => !unwanted.some((other) => sameValue(other, item))),
    ),
  ),
  ...both(
    'has',
    go('(any, any) bool', (wanted: unknown, items: unknown) =>
      isNil(items) ? false : list(items, 'Cannot find has on type').some((item) => sameValue(item, wanted)),
    ),
  ),
  ...both(
    'chunk',
    go('(int, any) [][]any', (size: number, items: unknown) => chunks(list(items, 'Cannot chunk type'), size)),
  ),
  ...both(
    'slice',
    go('(any, ...any) any', (value: unknown, ...bounds: readonly unknown[]) => sliced(value, bounds)),
  ),
  concat: go('(...any) any', (...lists) => {
    // of nothing Go makes a nil list
    const all = lists.flatMap((value) => {
      if (!isNil(value) && !isSlice(value)) throw new FunctionError(`Cannot concat type ${kindName(value)} as list`);
      return list(value, '');
    });
    return all.length === 0 ? nil(all) : all;
  }),
};

function list(value: unknown, wrong: string): readonly unknown[] {
  if (isSlice(value)) return elements(value);
  if (isNil(value)) throw new FunctionError('runtime error: invalid memory address or nil pointer dereference');
  throw new FunctionError(`${wrong} ${kindName(value)}`);
}

function unique(items: readonly unknown[]): unknown[] {
  const simple = new Set<unknown>();
  const others: unknown[] = [];
  return items.filter((item) => {
    // of values that are compared as a whole a set knows
    const isSimple = typeof item !== 'object' || item === null;
    if (isSimple ? simple.has(item) : others.some((other) => sameValue(other, item))) return false;
    if (isSimple) simple.add(item);
    else others.push(item);
    return true;
  });
}

function chunks(items: readonly unknown[], size: number): unknown[] {
  if (size <= 0) throw new FunctionError('runtime error: makeslice: len out of range');
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

function sliced(value: unknown, bounds: readonly unknown[]): unknown {
  const items = list(value, 'list should be type of slice or array but');
  if (items.length === 0) return null;
  const from = bounds.length > 0 ? toInt(bounds[0]) : 0;
  const to = bounds.length > 1 ? toInt(bounds[1]) : items.length;
  if (from < 0 || to < from || to > items.length) throw new FunctionError('reflect.Value.Slice: slice index out of bounds');
  if (value instanceof Uint8Array) return value.slice(from, to);
  return typed(items.slice(from, to), objectType(value as object));
}
