// Structural schemas: the form of OpenAPI schema by which custom resources are described. What is stored in a definition is read as it
// is; nothing is compiled. Follows apiextensions-apiserver's pkg/apiserver/schema.
import type { JSONSchemaProps } from '#api/apiextensions/v1';

/** A schema, with fields typed as a structural schema has them: `items` is one schema, not a list of them. */
export type Structural = Omit<JSONSchemaProps, 'properties' | 'items' | 'additionalProperties' | 'allOf' | 'anyOf' | 'oneOf' | 'not'> & {
  readonly properties?: Readonly<Record<string, Structural>>;
  readonly items?: Structural;
  readonly additionalProperties?: Structural | boolean;
  readonly allOf?: readonly Structural[];
  readonly anyOf?: readonly Structural[];
  readonly oneOf?: readonly Structural[];
  readonly not?: Structural;
};

export const asStructural = (schema: JSONSchemaProps): Structural => schema as Structural;

/** A whole object lies here: its type and metadata are Kubernetes' affair. */
export const isEmbedded = (schema: Structural): boolean => schema['x-kubernetes-embedded-resource'] === true;
export const preservesUnknown = (schema: Structural): boolean => schema['x-kubernetes-preserve-unknown-fields'] === true;
export const isIntOrString = (schema: Structural): boolean => schema['x-kubernetes-int-or-string'] === true;

/** The schema of a property; undefined where there is none. */
export function propertyOf(schema: Structural, name: string): Structural | undefined {
  const { properties } = schema;
  return properties && Object.hasOwn(properties, name) ? properties[name] : undefined;
}

/** The schema of all entries that are no properties; undefined: nothing is known of them. */
export const entriesOf = ({ additionalProperties }: Structural): Structural | undefined =>
  typeof additionalProperties === 'object' && additionalProperties !== null ? additionalProperties : undefined;

/** Whether entries may be there that are no properties. */
export const hasEntries = ({ additionalProperties }: Structural): boolean => Boolean(additionalProperties);

/** The schema of a whole custom resource: it has a type and metadata whatever else it has. */
export const asRoot = (schema: Structural): Structural =>
  isEmbedded(schema) ? schema : { ...schema, 'x-kubernetes-embedded-resource': true };

/** Whether the schema, or one below it, has what `wanted` looks for. */
export function anySchema(schema: Structural, wanted: (schema: Structural) => boolean): boolean {
  if (wanted(schema)) return true;
  if (schema.items && anySchema(schema.items, wanted)) return true;
  const entries = entriesOf(schema);
  if (entries && anySchema(entries, wanted)) return true;
  return Object.values(schema.properties ?? {}).some((property) => anySchema(property, wanted));
}
