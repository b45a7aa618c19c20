// Operations on values with a type; typed.yaml holds the situations as data. Each has a schema (OpenAPI) and some of:
// `valid`/`invalid` values with what is wrong with them, `sets` (the fields that a value mentions), `comparisons` and `merges` of two
// values, `removals` and `extractions` of fields.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { JSONSchemaProps } from '#api/apiextensions/v1';
import type { ApplyType } from '../../../src/apimachinery/apply/apply-schema.ts';
import { compare } from '../../../src/apimachinery/apply/compare.ts';
import { crdApplyType } from '../../../src/apimachinery/apply/crd-schema.ts';
import type { FieldSet } from '../../../src/apimachinery/apply/field-set.ts';
import { decodeFieldsV1 } from '../../../src/apimachinery/apply/fields-v1.ts';
import { merge } from '../../../src/apimachinery/apply/merge.ts';
import { pathText } from '../../../src/apimachinery/apply/path-element.ts';
import { extractItems, removeItems } from '../../../src/apimachinery/apply/remove-items.ts';
import { toFieldSet } from '../../../src/apimachinery/apply/to-field-set.ts';
import { validate } from '../../../src/apimachinery/apply/validate.ts';
import { deepFreeze } from '../../../src/apimachinery/object.ts';

interface Situation {
  readonly name: string;
  readonly schema: JSONSchemaProps;
  readonly valid?: readonly unknown[];
  readonly invalid?: readonly { readonly value: unknown; readonly error: string; readonly duplicates?: boolean }[];
  readonly sets?: readonly { readonly value: unknown; readonly fields: readonly string[] }[];
  readonly comparisons?: readonly {
    readonly from: unknown;
    readonly to: unknown;
    readonly added?: readonly string[];
    readonly modified?: readonly string[];
    readonly removed?: readonly string[];
  }[];
  readonly merges?: readonly { readonly stored: unknown; readonly applied: unknown; readonly result: unknown }[];
  readonly removals?: readonly { readonly value: unknown; readonly fields: unknown; readonly result: unknown }[];
  readonly extractions?: readonly { readonly value: unknown; readonly fields: unknown; readonly result: unknown }[];
}

const situations = deepFreeze(
  parse(fs.readFileSync(path.join(import.meta.dirname, 'typed.yaml'), 'utf8'), { merge: true }) as readonly Situation[],
);
const paths = (set: FieldSet): string[] => Array.from(set.paths(), pathText);

/** The type of the field `x` of a custom resource: the schema without what all objects have. */
function typeOf(schema: JSONSchemaProps): ApplyType {
  return crdApplyType({ type: 'object', properties: { x: schema } }).map!.fields.get('x')!.type;
}

describe.each(situations.map((situation) => [situation.name, situation] as const))('%s', (_, situation) => {
  const type = typeOf(situation.schema);
  const rows = <T>(list: readonly T[] | undefined): readonly [string, T][] => (list ?? []).map((row) => [JSON.stringify(row), row]);

  it.each(rows(situation.valid))('valid: %s', (_, value) => {
    validate(type, value);
  });

  it.each(rows(situation.invalid))('invalid: %s', (_, { value, error, duplicates }) => {
    expect(() => validate(type, value)).toThrow(expect.objectContaining({ name: 'ValidationErrors', message: error }));
    if (duplicates) validate(type, value, { allowDuplicates: true });
    else expect(() => validate(type, value, { allowDuplicates: true })).toThrow(error);
  });

  it.each(rows(situation.sets))('mentions: %s', (_, { value, fields }) => {
    validate(type, value, { allowDuplicates: true });
    expect(paths(toFieldSet(type, value))).toEqual(fields);
  });

  it.each(rows(situation.comparisons))('differs: %s', (_, { from, to, added = [], modified = [], removed = [] }) => {
    const there = compare(type, from, to);
    expect({ added: paths(there.added), modified: paths(there.modified), removed: paths(there.removed) }).toEqual({
      added,
      modified,
      removed,
    });
    const back = compare(type, to, from);
    expect({ added: paths(back.added), modified: paths(back.modified), removed: paths(back.removed) }).toEqual({
      added: removed,
      modified,
      removed: added,
    });
    expect(compare(type, from, structuredClone(from))).toEqual({
      added: expect.objectContaining({ size: 0 }),
      modified: expect.objectContaining({ size: 0 }),
      removed: expect.objectContaining({ size: 0 }),
    });
  });

  it.each(rows(situation.merges))('merges: %s', (_, { stored, applied, result }) => {
    const merged = merge(type, stored, applied);
    expect(merged).toEqual(result);
    expect(merge(type, merged, structuredClone(applied))).toBe(merged);
    expect(merge(type, stored, undefined)).toBe(stored);
  });

  it.each(rows(situation.removals))('without: %s', (_, { value, fields, result }) => {
    const left = removeItems(type, value, decodeFieldsV1(fields));
    expect(left).toEqual(result);
    expect(removeItems(type, value, decodeFieldsV1({ 'f:nosuch': {} }))).toEqual(value);
  });

  it.each(rows(situation.extractions))('only: %s', (_, { value, fields, result }) => {
    expect(extractItems(type, value, decodeFieldsV1(fields))).toEqual(result);
  });
});

it('comparing does not look at what is the same object', () => {
  const type = typeOf({
    type: 'object',
    properties: { a: { type: 'object', properties: { b: { type: 'string' } } }, c: { type: 'string' } },
  });
  const trap = new Proxy({}, { ownKeys: () => expect.fail('looked into') });
  expect(paths(compare(type, { a: trap, c: 'x' }, { a: trap, c: 'y' }).modified)).toEqual(['.c']);
});

it('merging and removing share what they do not change', () => {
  const type = typeOf({ 'x-kubernetes-preserve-unknown-fields': true, type: 'object' });
  const stored = deepFreeze({ a: { x: 1 }, b: { y: [1] } });
  const merged = merge(type, stored, { a: { z: 1 } }) as typeof stored;
  expect(merged.b).toBe(stored.b);
  const removed = removeItems(type, stored, decodeFieldsV1({ 'f:a': { 'f:x': {} } })) as typeof stored;
  expect(removed).toEqual({ a: {}, b: { y: [1] } });
  expect(removed.b).toBe(stored.b);
});
