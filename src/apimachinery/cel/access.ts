// Fields of objects, entries of maps, elements of lists: what is there, and what is said where it is not.
import { equals } from './equality.ts';
import { CelError, ListValue, MapValue, NONE, noSuchOverload, OptionalValue, typeNameOf, Uint, type Value } from './values.ts';

const noSuchKey = (key: Value): CelError => new CelError(`no such key: ${typeof key === 'string' ? key : keyName(key)}`);

const keyName = (key: Value): string => String(key instanceof Uint ? key.value : (key as bigint));

export function selectField(target: Value, field: string): Value {
  if (target instanceof MapValue) return target.field(field) ?? noSuchKey(field);
  if (target instanceof OptionalValue) return target.value === undefined ? target : optionalField(target.value, field);
  return target instanceof CelError ? target : noSuchKey(field);
}

export function hasField(target: Value, field: string): Value {
  if (target instanceof CelError) return target;
  if (target instanceof OptionalValue) return target.value === undefined ? false : hasField(target.value, field);
  return target instanceof MapValue && target.field(field) !== undefined;
}

export function optionalField(target: Value, field: string): Value {
  if (target instanceof CelError) return target;
  if (target instanceof OptionalValue) return target.value === undefined ? target : optionalField(target.value, field);
  const value = target instanceof MapValue ? target.field(field) : undefined;
  if (value instanceof CelError) return value;
  return value === undefined ? NONE : new OptionalValue(value);
}

export function indexValue(target: Value, key: Value): Value {
  if (target instanceof OptionalValue) return target.value === undefined ? target : optionalIndex(target.value, key);
  if (target instanceof MapValue) return target.get(key) ?? noSuchKey(key);
  if (!(target instanceof ListValue)) return noSuchOverload;
  const at = listIndex(key);
  if (at === undefined) return new CelError(`unsupported index type '${typeNameOf(key)}' in list`);
  return at < 0 || at >= target.length ? new CelError(`index out of bounds: ${at}`) : target.at(at);
}

export function optionalIndex(target: Value, key: Value): Value {
  if (target instanceof OptionalValue) return target.value === undefined ? target : optionalIndex(target.value, key);
  if (target instanceof ListValue) {
    const at = listIndex(key);
    return at === undefined || at < 0 || at >= target.length ? NONE : new OptionalValue(target.at(at));
  }
  const value = target instanceof MapValue ? target.get(key) : undefined;
  return value === undefined ? NONE : new OptionalValue(value);
}

function listIndex(key: Value): number | undefined {
  if (typeof key === 'bigint') return Number(key);
  if (key instanceof Uint) return Number(key.value);
  return typeof key === 'number' && Number.isInteger(key) ? key : undefined;
}

/** Whether a list has a value, or a map a key. */
export function contains(container: Value, value: Value): Value {
  if (container instanceof MapValue) return container.get(value) !== undefined;
  if (!(container instanceof ListValue)) return noSuchOverload;
  for (let i = 0; i < container.length; i++) if (equals(container.at(i), value)) return true;
  return false;
}
