import { describe, expect, it } from 'vitest';
import type { JSONSchemaProps } from '#api/apiextensions/v1';
import { DEDUCED, FREE_FORM, UNTYPED_ATOMIC, type ApplyType } from '../../../src/apimachinery/apply/apply-schema.ts';
import { crdApplyType } from '../../../src/apimachinery/apply/crd-schema.ts';
import { goApplyType } from '../../../src/apimachinery/apply/go-schema.ts';
import { structType } from '../../../src/apimachinery/schema/schema.ts';

const field = (type: ApplyType, ...names: string[]): ApplyType =>
  names.reduce((t, name) => (name === '[]' ? t.list!.element : t.map!.fields.get(name)!.type), type);
const ofField = (schema: JSONSchemaProps): ApplyType => field(crdApplyType({ type: 'object', properties: { x: schema } }), 'x');

describe('objects', () => {
  const metadata = goApplyType(structType('meta/v1.ObjectMeta'));

  it('have the metadata of all objects, whatever their schema says of it', () => {
    const type = crdApplyType({
      type: 'object',
      properties: { metadata: { type: 'object', properties: { name: { type: 'integer' } } }, spec: { type: 'object' } },
    });
    expect(field(type, 'metadata')).toBe(metadata);
    expect(field(type, 'apiVersion')).toEqual({ scalar: 'string' });
    expect(type.map!.element).toBeUndefined();
  });

  it('embedded have it too', () => {
    const type = ofField({ type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true });
    expect(field(type, 'metadata')).toBe(metadata);
    expect(field(type, 'kind')).toEqual({ scalar: 'string' });
    expect(type.map!.element).toBe(DEDUCED);
  });

  it('without a schema are deduced, metadata and all', () => {
    expect(crdApplyType(undefined)).toBe(FREE_FORM);
  });
});

describe('unknown fields', () => {
  it.each<[string, JSONSchemaProps, ApplyType | undefined]>([
    ['of a struct must not be', { type: 'object', properties: { a: { type: 'string' } } }, undefined],
    ['of an object of which nothing is said', { type: 'object' }, DEDUCED],
    [
      'that are preserved',
      { type: 'object', properties: { a: { type: 'string' } }, 'x-kubernetes-preserve-unknown-fields': true },
      DEDUCED,
    ],
    ['with additionalProperties: true', { type: 'object', additionalProperties: true }, DEDUCED],
    ['with additionalProperties: false', { type: 'object', additionalProperties: false }, undefined],
    ['with a schema', { type: 'object', additionalProperties: { type: 'integer' } }, { scalar: 'numeric' }],
  ])('%s', (_, schema, element) => {
    expect(ofField(schema).map!.element).toEqual(element);
  });

  it('are preserved in all that is below', () => {
    const inner: JSONSchemaProps = { type: 'object', properties: { b: { type: 'object', properties: { c: { type: 'string' } } } } };
    const type = ofField({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { a: inner } });
    expect(field(type, 'a', 'b').map!.element).toBe(DEDUCED);
    expect(field(crdApplyType({ type: 'object', properties: { a: inner } }, true), 'a', 'b').map!.element).toBe(DEDUCED);
  });
});

describe('lists', () => {
  const items: JSONSchemaProps = { type: 'object', properties: { name: { type: 'string', default: 'main' }, port: { type: 'integer' } } };
  it.each<[string, JSONSchemaProps, boolean, readonly string[]]>([
    ['are atomic', { type: 'array', items }, true, []],
    ['atomic', { type: 'array', items, 'x-kubernetes-list-type': 'atomic' }, true, []],
    ['sets', { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' }, false, []],
    [
      'maps',
      { type: 'array', items, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['port', 'name'] },
      false,
      ['port', 'name'],
    ],
  ])('%s', (_, schema, atomic, keys) => {
    expect(ofField(schema).list).toMatchObject({ atomic, keys });
  });

  it('keys have the defaults of the schema', () => {
    const element = ofField({ type: 'array', items }).list!.element;
    expect(element.map!.fields.get('name')!.default).toBe('main');
    expect(element.map!.fields.get('port')!.default).toBeUndefined();
  });
});

describe('values', () => {
  it.each<[string, JSONSchemaProps, ApplyType]>([
    ['texts', { type: 'string' }, { scalar: 'string' }],
    ['bytes', { type: 'string', format: 'byte' }, { scalar: 'string' }],
    ['texts of a format', { type: 'string', format: 'date-time' }, { scalar: 'untyped' }],
    ['integers', { type: 'integer' }, { scalar: 'numeric' }],
    ['truth values', { type: 'boolean', nullable: true }, { scalar: 'boolean' }],
  ])('%s', (_, schema, type) => {
    expect(ofField(schema)).toEqual(type);
  });

  it('without a type are anything', () => {
    expect(ofField({ 'x-kubernetes-int-or-string': true })).toBe(DEDUCED);
    expect(ofField({ 'x-kubernetes-preserve-unknown-fields': true })).toBe(DEDUCED);
    const some = ofField({ properties: { a: { type: 'string' } } });
    expect(some).toMatchObject({ scalar: 'untyped', list: { atomic: true, element: UNTYPED_ATOMIC } });
    expect(field(some, 'a')).toEqual({ scalar: 'string' });
  });

  it('atomic maps', () => {
    expect(ofField({ type: 'object', 'x-kubernetes-map-type': 'atomic', additionalProperties: { type: 'string' } }).map!.atomic).toBe(true);
    expect(ofField({ type: 'object', 'x-kubernetes-map-type': 'granular' }).map!.atomic).toBe(false);
  });
});
