// The schemas of custom resources as field ownership sees them.
//
// Follows apiextensions-apiserver's OpenAPI builder, which adds type and object metadata, and kube-openapi's schemaconv.
import type { JSONSchemaProps } from '#api/apiextensions/v1';
import { structType } from '../schema/schema.ts';
import { DEDUCED, FREE_FORM, UNTYPED_ATOMIC, type ApplyType, type ListType, type MapType, type StructField } from './apply-schema.ts';
import { goApplyType } from './go-schema.ts';
import { fieldElement } from './path-element.ts';

/**
 * The type of a version of a custom resource.
 * @param schema structural; undefined where the version has none: then all fields are deduced from the values
 * @param preserveUnknownFields the definition's own field of that name, a remnant of v1beta1
 */
export function crdApplyType(schema: JSONSchemaProps | undefined, preserveUnknownFields = false): ApplyType {
  if (!schema) return FREE_FORM;
  return { map: mapType(withObjectFields(schema), preserveUnknownFields || schema['x-kubernetes-preserve-unknown-fields'] === true) };
}

const TYPE_META: Readonly<Record<string, JSONSchemaProps>> = { apiVersion: { type: 'string' }, kind: { type: 'string' } };

interface ObjectSchema extends JSONSchemaProps {
  /** It holds a whole object: its metadata is known. */
  readonly isObject?: true;
}

const withObjectFields = (schema: JSONSchemaProps): ObjectSchema => ({
  ...schema,
  properties: { ...schema.properties, ...TYPE_META },
  isObject: true,
});

/** @param preserve unknown fields are kept here: so says a schema around this one */
function typeOf(schema: JSONSchemaProps, preserve: boolean): ApplyType {
  const keeps = preserve || schema['x-kubernetes-preserve-unknown-fields'] === true;
  const own: ObjectSchema = schema['x-kubernetes-embedded-resource'] ? withObjectFields(schema) : schema;
  switch (schema.type) {
    case 'object':
      return { map: mapType(own, keeps) };
    case 'array':
      return { list: listType(own, keeps) };
    case 'integer':
    case 'number':
      return { scalar: 'numeric' };
    case 'boolean':
      return { scalar: 'boolean' };
    case 'string':
      return { scalar: !schema.format || schema.format === 'byte' ? 'string' : 'untyped' };
    default:
      // no type, as of int-or-string: anything goes
      if (!own.properties && !own.items && !own.additionalProperties && !schema['x-kubernetes-map-type']) return DEDUCED;
      return { scalar: 'untyped', list: listType(own, keeps), map: mapType(own, keeps) };
  }
}

function mapType(schema: ObjectSchema, preserve: boolean): MapType {
  let fields: ReadonlyMap<string, StructField> | undefined;
  return {
    get fields() {
      return (fields ??= fieldsOf(schema, preserve));
    },
    element: entriesType(schema, preserve),
    atomic: schema['x-kubernetes-map-type'] === 'atomic',
  };
}

function fieldsOf(schema: ObjectSchema, preserve: boolean): ReadonlyMap<string, StructField> {
  const fields = new Map<string, StructField>();
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    fields.set(name, { element: fieldElement(name), type: typeOf(property, preserve), default: property.default });
  }
  if (schema.isObject)
    fields.set('metadata', { element: fieldElement('metadata'), type: goApplyType(structType('meta/v1.ObjectMeta')), default: undefined });
  return fields;
}

/** What entries are that are no properties; undefined: there must be none. */
function entriesType({ properties, additionalProperties }: ObjectSchema, preserve: boolean): ApplyType | undefined {
  if (additionalProperties === undefined || additionalProperties === null)
    return preserve || Object.keys(properties ?? {}).length === 0 ? DEDUCED : undefined;
  if (typeof additionalProperties === 'boolean') return additionalProperties ? DEDUCED : undefined;
  return typeOf(additionalProperties as JSONSchemaProps, preserve);
}

function listType(schema: JSONSchemaProps, preserve: boolean): ListType {
  const items = schema.items as JSONSchemaProps | undefined;
  const kind = schema['x-kubernetes-list-type'];
  return {
    element: items ? typeOf(items, preserve) : UNTYPED_ATOMIC,
    atomic: kind !== 'set' && kind !== 'map',
    keys: kind === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []) : [],
  };
}
