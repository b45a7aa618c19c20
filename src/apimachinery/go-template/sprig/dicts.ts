// sprig's functions on dictionaries. Some change the one that they are given, as in Go.
import { setKey } from '../../json/parse.ts';
import { go, type TemplateFunctions } from '../signature.ts';
import { FunctionError } from '../template-error.ts';
import { isMap, kindName, objectType, typed, typeName } from '../values.ts';
import { merge } from './merge.ts';
import { strval } from './strval.ts';

type Dictionary = Record<string, unknown>;

const MAP = 'map[string]any';

const merging = (overwrite: boolean) =>
  go(`(${MAP}, ...${MAP}) any`, (destination: Dictionary, ...sources: readonly Dictionary[]) => {
    for (const source of sources) merge(destination, source, overwrite);
    return destination;
  });

const deepCopy = go('(any) any', copied);

export const SPRIG_DICTS: TemplateFunctions = {
  dict: go(`(...any) ${MAP}`, (...args) => {
    const dictionary: Dictionary = {};
    for (let i = 0; i < args.length; i += 2) setKey(dictionary, strval(args[i]), i + 1 < args.length ? args[i + 1] : '');
    return dictionary;
  }),
  get: go(`(${MAP}, string) any`, (dictionary: Dictionary, key: string) => (Object.hasOwn(dictionary, key) ? dictionary[key] : '')),
  set: go(`(${MAP}, string, any) ${MAP}`, (dictionary: Dictionary, key: string, value: unknown) => {
    setKey(dictionary, key, value);
    return dictionary;
  }),
  unset: go(`(${MAP}, string) ${MAP}`, (dictionary: Dictionary, key: string) => {
    delete dictionary[key];
    return dictionary;
  }),
  hasKey: go(`(${MAP}, string) bool`, (dictionary: Dictionary, key: string) => Object.hasOwn(dictionary, key)),
  // DEVIATION: Go's order is random
  keys: go(`(...${MAP}) []string`, (...dictionaries: readonly Dictionary[]) => dictionaries.flatMap((d) => Object.keys(d))),
  values: go(`(${MAP}) []any`, (dictionary: Dictionary) => Object.values(dictionary)),
  pluck: go(`(string, ...${MAP}) []any`, (key: string, ...dictionaries: readonly Dictionary[]) =>
    dictionaries.filter((d) => Object.hasOwn(d, key)).map((d) => d[key]),
  ),
  pick: go(`(${MAP}, ...string) ${MAP}`, (dictionary: Dictionary, ...keys: readonly string[]) =>
    filtered(dictionary, (key) => keys.includes(key)),
  ),
  omit: go(`(${MAP}, ...string) ${MAP}`, (dictionary: Dictionary, ...keys: readonly string[]) =>
    filtered(dictionary, (key) => !keys.includes(key)),
  ),
  merge: merging(false),
  mustMerge: merging(false),
  mergeOverwrite: merging(true),
  mustMergeOverwrite: merging(true),
  deepCopy,
  mustDeepCopy: deepCopy,
  dig: go('(...any) any', (...args) => dig(args)),
};

function filtered(dictionary: Dictionary, wanted: (key: string) => boolean): Dictionary {
  const out: Dictionary = {};
  for (const key of Object.keys(dictionary)) if (wanted(key)) setKey(out, key, dictionary[key]);
  return out;
}

function copied(value: unknown): unknown {
  if (value instanceof Uint8Array) return value.slice();
  if (Array.isArray(value)) return typed(value.map(copied), objectType(value));
  if (!isMap(value)) return value;
  const out: Dictionary = {};
  for (const key of Object.keys(value)) setKey(out, key, copied(value[key]));
  const type = objectType(value);
  return type.name === 'map[string]interface {}' ? out : typed(out, type);
}

function dig(args: readonly unknown[]): unknown {
  if (args.length < 3) throw new FunctionError('dig needs at least three arguments');
  let at = dictionary(args.at(-1), (value) => typeName(value) === 'map[string]interface {}');
  const keys = args.slice(0, -2).map((key) => {
    if (typeof key === 'string') return key;
    throw new FunctionError(`interface conversion: interface {} is ${assertedType(key)}, not string`);
  });
  for (const [i, key] of keys.entries()) {
    if (!Object.hasOwn(at, key)) return args.at(-2);
    if (i === keys.length - 1) return at[key];
    at = dictionary(at[key], isAnyMap);
  }
  return at;
}

/** What lies within a dictionary has no type of its own there. */
const isAnyMap = (value: Dictionary): boolean =>
  typeName(value) === 'map[string]interface {}' || objectType(value).underlying === 'map[string]interface {}';

function dictionary(value: unknown, isWanted: (value: Dictionary) => boolean): Readonly<Dictionary> {
  if (isMap(value) && isWanted(value)) return value;
  throw new FunctionError(`interface conversion: interface {} is ${assertedType(value)}, not map[string]interface {}`);
}

const assertedType = (value: unknown): string => (kindName(value) === 'invalid' ? 'nil' : typeName(value));
