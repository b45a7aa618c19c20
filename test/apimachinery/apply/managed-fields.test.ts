import { describe, expect, it } from 'vitest';
import type { ManagedFieldsEntry } from '#api/meta/v1';
import { FieldSet } from '../../../src/apimachinery/apply/field-set.ts';
import {
  decodeManagedFields,
  encodeManagedFields,
  invalidManagedFields,
  isReset,
  managerIdentifier,
} from '../../../src/apimachinery/apply/managed-fields.ts';
import { fieldPath } from '../../../src/apimachinery/apply/path-element.ts';
import { deepFreeze } from '../../../src/apimachinery/object.ts';

const entry = (fields: Partial<ManagedFieldsEntry>): ManagedFieldsEntry => ({
  manager: 'm',
  operation: 'Update',
  apiVersion: 'v1',
  time: '2026-01-01T00:00:00Z',
  fieldsType: 'FieldsV1',
  fieldsV1: { 'f:data': {} },
  ...fields,
});

describe('an entry', () => {
  it.each<[string, Partial<ManagedFieldsEntry>, string]>([
    ['of another operation', { operation: 'Nope' }, 'operation must be `Apply` or `Update`'],
    ['without a version', { apiVersion: '' }, 'apiVersion must not be empty'],
    ['without a type of fields', { fieldsType: '' }, 'missing fieldsType in managed fields entry 1'],
    ['with another type of fields', { fieldsType: 'FieldsV2' }, 'invalid fieldsType "FieldsV2" in managed fields entry 1'],
  ])('%s is refused', (_, fields, message) => {
    const entries = [entry({}), entry(fields)];
    expect(() => decodeManagedFields(entries)).toThrow(expect.objectContaining({ name: 'ManagedFieldsError', message }));
    expect(invalidManagedFields(entries)).toBe(message);
    expect(invalidManagedFields([entry({})])).toBeUndefined();
  });

  it('whose fields make no sense is refused', () => {
    expect(invalidManagedFields([entry({ fieldsV1: { nope: {} } })])).toMatch(
      /^error decoding versioned set from map\[apiVersion:v1 .*error decoding set: parsing key as path element: missing colon: nope$/,
    );
  });

  it('without fields owns nothing', () => {
    const { fieldsV1: _, ...bare } = entry({});
    expect([...decodeManagedFields([bare]).managers.values()]).toEqual([{ set: FieldSet.EMPTY, apiVersion: 'v1', applied: false }]);
  });
});

it('managers are told apart by all but fields and time, appliers not by version', () => {
  const id = (fields: Partial<ManagedFieldsEntry>): string => managerIdentifier(entry(fields));
  expect(id({})).toBe('{"manager":"m","operation":"Update","apiVersion":"v1"}');
  expect(id({ time: '2026-02-02T00:00:00Z', fieldsV1: {} })).toBe(id({}));
  expect(id({ operation: 'Apply' })).toBe('{"manager":"m","operation":"Apply"}');
  expect(id({ subresource: 'status' })).toBe('{"manager":"m","operation":"Update","apiVersion":"v1","subresource":"status"}');
  expect(id({ manager: '<m>' })).toContain(String.raw`\u003cm\u003e`);
});

it('entries are sorted by operation, second, manager, version and subresource', () => {
  const sorted = [
    entry({ manager: 'z', operation: 'Apply', time: '2026-01-01T00:00:00Z' }),
    entry({ manager: 'a', operation: 'Apply', time: '2026-01-02T00:00:00Z' }),
    { ...entry({ manager: 'x' }), time: undefined },
    entry({ manager: 'b', time: '2026-01-01T00:00:00Z' }),
    entry({ manager: 'c', apiVersion: 'v1', time: '2026-01-01T00:00:00Z' }),
    entry({ manager: 'c', apiVersion: 'v1', subresource: 'status' }),
    entry({ manager: 'c', apiVersion: 'v2' }),
    entry({ manager: 'a', time: '2026-01-02T00:00:00Z' }),
  ].map((e) => JSON.parse(JSON.stringify(e)) as ManagedFieldsEntry);
  expect(encodeManagedFields(decodeManagedFields([...sorted].reverse()))).toEqual(sorted);
});

it('what did not change stays the same object', () => {
  const entries = deepFreeze([entry({ manager: 'a' }), entry({ manager: 'b' })]);
  const managed = decodeManagedFields(entries);
  expect(decodeManagedFields(entries)).toBe(managed);
  expect(encodeManagedFields(managed, entries)).toBe(entries);
  const managers = new Map(managed.managers).set(managerIdentifier(entry({ manager: 'c' })), {
    set: FieldSet.of(fieldPath('x')),
    apiVersion: 'v1',
    applied: false,
  });
  const more = encodeManagedFields({ managers, times: managed.times }, entries)!;
  expect(more.slice(1)).toEqual(entries);
  expect(more[1]).toBe(entries[0]);
  expect(more[0]).toEqual({ manager: 'c', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:x': {} } });
});

it('what is written otherwise is brought into canonical form', () => {
  const entries = [entry({ fieldsV1: { 'f:b': { '.': {} }, 'f:a': {} } })];
  expect(JSON.stringify(encodeManagedFields(decodeManagedFields(entries), entries)![0]!.fieldsV1)).toBe('{"f:a":{},"f:b":{}}');
});

it('nobody owning anything is no list', () => {
  expect(encodeManagedFields(decodeManagedFields([]))).toBeUndefined();
});

it.each<[string, readonly ManagedFieldsEntry[] | undefined, boolean]>([
  ['nothing', undefined, false],
  ['an empty list', [], true],
  ['one empty entry', [{}], true],
  ['two empty entries', [{}, {}], false],
  ['an entry', [entry({})], false],
])('asking to forget all: %s', (_, entries, reset) => {
  expect(isReset(entries)).toBe(reset);
});
