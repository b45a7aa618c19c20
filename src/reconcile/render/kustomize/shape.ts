// Documents of kustomize's own, decoded strictly by the shapes that their fields must have: unknown fields and wrong types are errors at
// their field. As with Go's JSON, names of fields match whatever their case, null is nothing, and what is absent is empty.
import { isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { closest } from '../../closest.ts';
import { KustomizeError, type FieldPath } from './kustomize-error.ts';

export type Shape =
  | 'string'
  | 'bool'
  | 'int'
  /** Anything at all. */
  | 'any'
  | { readonly list: Shape }
  | { readonly map: Shape }
  | Fields;

/** A struct; `optional` ones are undefined where they are absent. */
export interface Fields {
  readonly fields: Readonly<Record<string, Shape>>;
  readonly optional?: boolean;
}

/** Decodes a document into what its shape says; every field that is not optional is there. Throws {@link KustomizeError}. */
export function decodeShape(shape: Shape, value: unknown, at: FieldPath = []): unknown {
  if (shape === 'any') return value;
  if (typeof shape === 'string') return scalar(shape, value, at);
  if ('list' in shape) {
    if (value === null || value === undefined) return [];
    if (!Array.isArray(value)) throw wrong('a list', value, at);
    return value.map((item, i) => decodeShape(shape.list, item, [...at, i]));
  }
  if ('map' in shape) {
    if (value === null || value === undefined) return {};
    if (!isObject(value)) throw wrong('a mapping', value, at);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, decodeShape(shape.map, item, [...at, key])]));
  }
  if ((value === null || value === undefined) && shape.optional) return undefined;
  return struct(shape, value ?? {}, at);
}

function struct({ fields }: Fields, value: unknown, at: FieldPath): JsonObject {
  if (!isObject(value)) throw wrong('a mapping', value, at);
  const given = new Map<string, unknown>();
  for (const [key, item] of Object.entries(value)) {
    const name = Object.hasOwn(fields, key) ? key : Object.keys(fields).find((field) => field.toLowerCase() === key.toLowerCase());
    if (name === undefined) throw new KustomizeError('unknown field', { at: [...at, key], hint: hintFor(key, Object.keys(fields)) });
    if (item !== null) given.set(name, decodeShape(fields[name]!, item, [...at, key]));
  }
  return Object.fromEntries(
    Object.entries(fields).map(([name, shape]) => [name, given.has(name) ? given.get(name) : decodeShape(shape, undefined, at)]),
  );
}

function hintFor(key: string, known: readonly string[]): string {
  const near = closest(key, known);
  return near ? `is ${near} meant?` : 'remove it';
}

function scalar(shape: 'string' | 'bool' | 'int', value: unknown, at: FieldPath): unknown {
  switch (shape) {
    case 'string':
      if (value === undefined || value === null) return '';
      if (typeof value !== 'string') throw wrong('a string', value, at, 'put it in quotes');
      return value;
    case 'bool':
      if (value === undefined || value === null) return false;
      if (typeof value !== 'boolean') throw wrong('true or false', value, at);
      return value;
    case 'int':
      if (value === undefined || value === null) return 0;
      if (typeof value !== 'number' || !Number.isInteger(value)) throw wrong('an integer', value, at);
      return value;
  }
}

function wrong(expected: string, value: unknown, at: FieldPath, hint?: string): KustomizeError {
  const got = Array.isArray(value) ? 'a list' : isObject(value) ? 'a mapping' : value === null ? 'nothing' : JSON.stringify(value);
  const quotable = hint && (typeof value === 'number' || typeof value === 'boolean');
  return new KustomizeError(`must be ${expected}, not ${got}`, { at, ...(quotable ? { hint } : {}) });
}
