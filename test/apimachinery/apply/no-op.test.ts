import { describe, expect, it } from 'vitest';
import { ignoreManagedFieldsTimes } from '../../../src/apimachinery/apply/no-op.ts';
import { deepFreeze, type JsonObject } from '../../../src/apimachinery/object.ts';

const entry = (time: string | undefined, fields: object = { 'f:data': {} }): object => ({
  manager: 'm',
  operation: 'Apply',
  apiVersion: 'v1',
  ...(time ? { time } : {}),
  fieldsType: 'FieldsV1',
  fieldsV1: fields,
});
const object = (managedFields: readonly object[] | undefined, data: object = { a: '1' }, metadata: object = {}): JsonObject =>
  deepFreeze({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'c', ...metadata, ...(managedFields ? { managedFields } : {}) },
    data,
  });

const EARLY = '2026-01-01T00:00:00Z';
const LATE = '2026-01-01T00:00:09Z';

describe('a write', () => {
  const live = object([entry(EARLY)]);
  it.each<[string, JsonObject]>([
    ['of nothing but a time', object([entry(LATE)])],
    ['that takes a time away', object([entry(undefined)])],
  ])('%s is none', (_, next) => {
    expect(ignoreManagedFieldsTimes(next, live)).toBe(live);
  });

  it.each<[string, JsonObject]>([
    ['of nothing at all', object([entry(EARLY)])],
    ['of data', object([entry(LATE)], { a: '2' })],
    ['of metadata', object([entry(LATE)], { a: '1' }, { labels: {} })],
    ['of fields', object([entry(LATE, { 'f:other': {} })])],
    ['of a further manager', object([entry(LATE), entry(LATE)])],
    ['that forgets all managers', object(undefined)],
  ])('%s is left as it is', (_, next) => {
    expect(ignoreManagedFieldsTimes(next, live)).toBe(next);
  });

  it('to an object that is not tracked is left as it is', () => {
    const next = object(undefined);
    expect(ignoreManagedFieldsTimes(next, object(undefined))).toBe(next);
  });
});
