// Go types as JSON Schemas.
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { jsonSchemas, schemaId } from '../../../src/apimachinery/schema/json-schema.ts';
import { isEnforced } from '../../../src/apimachinery/schema/required.ts';
import { builtinKinds, structType, typeNames } from '../../../src/apimachinery/schema/schema.ts';

const schema = (type: string) => jsonSchemas(type)[0];

describe('derivation', () => {
  test.each<readonly [type: string, field: string, schema: unknown]>([
    ['core/v1.Pod', 'kind', { type: ['string', 'null'] }],
    ['core/v1.Pod', 'spec', { $ref: 'go:core/v1.PodSpec' }],
    ['core/v1.PodSpec', 'nodeSelector', { type: ['object', 'null'], additionalProperties: { type: ['string', 'null'] } }],
    ['core/v1.PodSpec', 'terminationGracePeriodSeconds', { type: ['integer', 'null'], format: 'int64' }],
    ['core/v1.PodSpec', 'priority', { type: ['integer', 'null'], minimum: -2147483648, maximum: 2147483647 }],
    ['core/v1.PodSpec', 'hostNetwork', { type: ['boolean', 'null'] }],
    ['core/v1.PodSpec', 'volumes', { type: ['array', 'null'], items: { $ref: 'go:core/v1.Volume' } }],
    // required: null is as good as nothing
    ['core/v1.PodSpec', 'containers', { type: ['array', 'null'], items: { $ref: 'go:core/v1.Container' }, not: { type: ['null'] } }],
    // a field of an inlined struct
    ['core/v1.Volume', 'emptyDir', { $ref: 'go:core/v1.EmptyDirVolumeSource' }],
    ['core/v1.Secret', 'data', { type: ['object', 'null'], additionalProperties: expect.objectContaining({ format: 'byte' }) as unknown }],
    ['core/v1.ServicePort', 'targetPort', { type: ['integer', 'string', 'null'], minimum: -2147483648, maximum: 2147483647 }],
    [
      'core/v1.ResourceRequirements',
      'limits',
      { type: ['object', 'null'], additionalProperties: { type: ['string', 'number', 'null'], format: 'quantity' } },
    ],
    ['meta/v1.ObjectMeta', 'creationTimestamp', { type: ['string', 'null'], format: 'date-time' }],
    ['core/v1.Event', 'eventTime', expect.objectContaining({ format: 'date-time-micro' })],
    ['apps/v1.ControllerRevision', 'data', {}],
  ])('%s.%s', (type, field, expected) => {
    expect(schema(type)?.properties?.[field]).toEqual(expected);
  });

  test('unknown fields are refused, and required ones are required', () => {
    expect(schema('core/v1.PodSpec')).toMatchObject({
      $id: 'go:core/v1.PodSpec',
      type: ['object', 'null'],
      additionalProperties: false,
      required: ['containers'],
    });
  });

  test('a schema comes with all that it refers to, each once', () => {
    const known = new Set<string>();
    const ids = jsonSchemas('apps/v1.Deployment', known).map(({ $id }) => $id);
    expect(ids[0]).toBe('go:apps/v1.Deployment');
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toContain('go:core/v1.PodSpec');
    expect(jsonSchemas('apps/v1.StatefulSet', known).map(({ $id }) => $id)).not.toContain('go:core/v1.PodSpec');
  });
});

test('all kinds compile', () => {
  const ajv = new Ajv({ strict: false, validateSchema: false, validateFormats: false, inlineRefs: false, code: { optimize: false } });
  const known = new Set<string>();
  for (const { type } of builtinKinds()) {
    for (const schema of jsonSchemas(type, known)) ajv.addSchema(schema);
    expect(ajv.getSchema(schemaId(type))?.({ apiVersion: 'v1', kind: 'X', metadata: { nonsense: 1 } })).toBe(false);
  }
});

test('a schema of a schema holds itself; where a decoder of its own reads it, unknown fields are dropped', () => {
  const ajv = new Ajv({ strict: false, validateSchema: false, validateFormats: false, inlineRefs: false });
  for (const schema of jsonSchemas('apiextensions/v1.JSONSchemaProps')) ajv.addSchema(schema);
  const validate = ajv.getSchema(schemaId('apiextensions/v1.JSONSchemaProps'))!;
  expect(validate({ properties: { a: { properties: { b: { type: 'string' } } } } })).toBe(true);
  expect(validate({ properties: { a: { properties: { b: { typ: 'string' } } } } })).toBe(false);
  expect(validate({ items: { typ: 'string', properties: { b: { typ: 'string' } } } })).toBe(true);
  expect(validate({ items: { properties: { b: { type: 1 } } } })).toBe(false);
  expect(validate({ items: [{ type: 'string' }], additionalProperties: false })).toBe(true);
});

test('what is not enforced exists, and the OpenAPI document calls it required', () => {
  const required = typeNames().flatMap((name) => {
    try {
      return structType(name).required.map((field) => ({ name, field }));
    } catch {
      // no struct
      return [];
    }
  });
  const relaxed = required.filter(({ name, field }) => !isEnforced(name, field));
  expect(new Set(relaxed.map(({ name, field }) => `${name.replace(/\/[^.]*/, '')}.${field}`)).size).toBe(39);
  expect(isEnforced('core/v1.Container', 'name')).toBe(true);
});
