// sprig's functions on lists and dictionaries, on what is empty, and on types.
import { deepEqual } from '../object.ts';
import { encodeJson } from '../json/encode.ts';
import { JsonSyntaxError, parseJson, plainValue, setKey } from '../json/parse.ts';
import { counted, integer, isTrue, text, wrongType, type TemplateFunctions } from './functions.ts';
import { typeName } from './print.ts';
import { FunctionError } from './template-error.ts';

type Dictionary = Record<string, unknown>;

/** Those that templates have made: only these may be changed. */
const made = new WeakSet<object>();

export const SPRIG_DATA: TemplateFunctions = {
  default: (...args) => {
    const [byDefault, value] = counted(args, 1, 2);
    return isTrue(value) ? value : byDefault;
  },
  empty: (...args) => !isTrue(counted(args, 1)[0]),
  coalesce: (...args) => args.find(isTrue),
  all: (...args) => args.every(isTrue),
  any: (...args) => args.some(isTrue),
  ternary: (...args) => {
    const [whenTrue, whenFalse, condition] = counted(args, 3);
    if (typeof condition !== 'boolean') throw wrongType(condition, 'bool');
    return condition ? whenTrue : whenFalse;
  },
  fail: (...args) => {
    throw new FunctionError(text(counted(args, 1)[0]));
  },

  list: (...args) => args,
  first: ofList((items) => items[0]),
  last: ofList((items) => items.at(-1)),
  rest: ofList((items) => items.slice(1)),
  initial: ofList((items) => items.slice(0, -1)),
  reverse: ofList((items) => [...items].reverse()),
  uniq: ofList((items) => items.filter((item, i) => items.findIndex((other) => deepEqual(other, item)) === i)),
  compact: ofList((items) => items.filter(isTrue)),
  append: (...args) => {
    const [items, item] = counted(args, 2);
    return [...list(items), item];
  },
  prepend: (...args) => {
    const [items, item] = counted(args, 2);
    return [item, ...list(items)];
  },
  concat: (...args) => args.flatMap(list),
  without: (items, ...unwanted) => list(items).filter((item) => !unwanted.some((other) => deepEqual(other, item))),
  has: (...args) => {
    const [wanted, items] = counted(args, 2);
    return items === undefined || items === null ? false : list(items).some((item) => deepEqual(item, wanted));
  },

  dict: (...args) => {
    const dictionary = newDictionary();
    for (let i = 0; i < args.length; i += 2) setKey(dictionary, String(args[i]), i + 1 < args.length ? args[i + 1] : '');
    return dictionary;
  },
  get: (...args) => {
    const [dictionary, key] = counted(args, 2);
    return own(dict(dictionary), text(key), '');
  },
  set: (...args) => {
    const [dictionary, key, value] = counted(args, 3);
    setKey(changeable(dictionary), text(key), value);
    return dictionary;
  },
  unset: (...args) => {
    const [dictionary, key] = counted(args, 2);
    delete changeable(dictionary)[text(key)];
    return dictionary;
  },
  hasKey: (...args) => {
    const [dictionary, key] = counted(args, 2);
    return Object.hasOwn(dict(dictionary), text(key));
  },
  keys: (...args) => args.flatMap((arg) => Object.keys(dict(arg))),
  values: (...args) => Object.values(dict(counted(args, 1)[0])),
  pluck: (key, ...dictionaries) =>
    dictionaries.filter((d) => Object.hasOwn(dict(d), text(key))).map((d) => own(dict(d), text(key), undefined)),
  pick: (dictionary, ...keys) => filtered(dict(dictionary), (key) => keys.includes(key)),
  omit: (dictionary, ...keys) => filtered(dict(dictionary), (key) => !keys.includes(key)),
  merge: (...args) => merged([...args].reverse()),
  mergeOverwrite: (...args) => merged(args),
  deepCopy: (...args) => copied(counted(args, 1)[0]),
  dig: (...args) => {
    const keys = counted(args, 3, Infinity).slice(0, -2).map(text);
    let at: unknown = args.at(-1);
    for (const key of keys) {
      if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return args.at(-2);
      at = (at as Dictionary)[key];
    }
    return at;
  },

  toJson: (...args) => encodeJson(counted(args, 1)[0] ?? null),
  toPrettyJson: (...args) => encodeJson(counted(args, 1)[0] ?? null, 2),
  fromJson: (...args) => {
    try {
      return plainValue(parseJson(text(counted(args, 1)[0])).value);
    } catch (error) {
      if (error instanceof JsonSyntaxError) return undefined;
      throw error;
    }
  },
  kindOf: (...args) => kind(counted(args, 1)[0]),
  kindIs: (...args) => {
    const [wanted, value] = counted(args, 2);
    return kind(value) === text(wanted);
  },
  typeOf: (...args) => typeName(counted(args, 1)[0]),
  typeIs: (...args) => {
    const [wanted, value] = counted(args, 2);
    return typeName(value) === text(wanted);
  },
  deepEqual: (...args) => {
    const [a, b] = counted(args, 2);
    return deepEqual(a, b);
  },
  slice: (items, ...bounds) => list(items).slice(...bounds.map(integer)),
};

function ofList(make: (items: readonly unknown[]) => unknown): (...args: readonly unknown[]) => unknown {
  return (...args) => make(list(counted(args, 1)[0]));
}

function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw wrongType(value, '[]interface {}');
}

function dict(value: unknown): Readonly<Dictionary> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Dictionary;
  throw wrongType(value, 'map[string]interface {}');
}

function newDictionary(): Dictionary {
  const dictionary: Dictionary = {};
  made.add(dictionary);
  return dictionary;
}

function changeable(value: unknown): Dictionary {
  const dictionary = dict(value);
  if (!made.has(dictionary)) throw new FunctionError('only a dictionary that the template made can be changed: see deepCopy');
  return dictionary;
}

const own = (dictionary: Readonly<Dictionary>, key: string, byDefault: unknown): unknown =>
  Object.hasOwn(dictionary, key) ? dictionary[key] : byDefault;

function filtered(dictionary: Readonly<Dictionary>, wanted: (key: string) => boolean): Dictionary {
  const out = newDictionary();
  for (const [key, value] of Object.entries(dictionary)) if (wanted(key)) setKey(out, key, value);
  return out;
}

/** Later ones over earlier ones, all the way down. */
function merged(dictionaries: readonly unknown[]): Dictionary {
  const out = newDictionary();
  for (const dictionary of dictionaries)
    for (const [key, value] of Object.entries(dict(dictionary))) {
      const known = own(out, key, undefined);
      setKey(out, key, kind(known) === 'map' && kind(value) === 'map' ? merged([known, value]) : value);
    }
  return out;
}

function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  if (typeof value !== 'object' || value === null) return value;
  const out = newDictionary();
  for (const [key, inner] of Object.entries(value)) setKey(out, key, copied(inner));
  return out;
}

function kind(value: unknown): string {
  if (value === undefined || value === null) return 'invalid';
  if (typeof value === 'object') return Array.isArray(value) ? 'slice' : 'map';
  return typeName(value);
}
