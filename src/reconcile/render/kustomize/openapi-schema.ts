// How lists of kinds merge, read from an OpenAPI document that a kustomization brings: `x-kubernetes-patch-strategy` and its keys. Such a
// document stands in place of what is built in, as in kustomize. Follows kyaml's openapi package.
import { isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { KustomizeError } from './kustomize-error.ts';
import type { MergeField, MergeSchema, MergeSchemas } from './merge-keys.ts';

/** @param document its value; of the definitions those count that say which kind they are */
export function openApiSchemas(document: unknown): MergeSchemas {
  const definitions = isObject(document) && isObject(document['definitions']) ? document['definitions'] : undefined;
  if (!definitions)
    throw new KustomizeError('must be an OpenAPI document with definitions', { hint: 'kubectl get --raw /openapi/v2 gives one' });
  const reader = new Reader(definitions);
  const kinds = new Map<string, MergeSchema>();
  for (const definition of Object.values(definitions)) {
    if (!isObject(definition)) continue;
    const names = definition['x-kubernetes-group-version-kind'];
    for (const name of Array.isArray(names) ? names : []) {
      if (!isObject(name)) continue;
      const { group = '', version = '', kind = '' } = name as Record<string, string>;
      kinds.set(`${group ? `${group}/` : ''}${version}/${kind}`, reader.schema(definition));
    }
  }
  return (apiVersion, kind) =>
    typeof apiVersion === 'string' && typeof kind === 'string' ? kinds.get(`${apiVersion}/${kind}`) : undefined;
}

/** Definitions may refer to each other in circles: each is read once, its fields when they are asked for. */
class Reader {
  private readonly definitions: JsonObject;
  private readonly read = new Map<JsonObject, MergeSchema>();

  constructor(definitions: JsonObject) {
    this.definitions = definitions;
  }

  schema(definition: JsonObject): MergeSchema {
    const target = this.behind(definition);
    let schema = this.read.get(target);
    if (!schema) {
      const fields = new Map<string, MergeField>();
      this.read.set(target, (schema = { fields }));
      const properties = isObject(target['properties']) ? target['properties'] : {};
      for (const [name, property] of Object.entries(properties)) if (isObject(property)) fields.set(name, this.field(property));
    }
    return schema;
  }

  private field(property: JsonObject): MergeField {
    const { items } = property;
    const strategy = property['x-kubernetes-patch-strategy'];
    const merges = typeof strategy === 'string' && strategy.split(',').includes('merge');
    return { schema: this.schema(isObject(items) ? items : property), keys: merges ? keysOf(property) : undefined };
  }

  /** What a reference leads to; one that leads nowhere says nothing. */
  private behind(definition: JsonObject): JsonObject {
    const seen = new Set<JsonObject>();
    let at = definition;
    while (typeof at['$ref'] === 'string' && !seen.has(at)) {
      seen.add(at);
      const target = this.definitions[at['$ref'].replace(/^#\/definitions\//, '')];
      if (!isObject(target)) return {};
      at = target;
    }
    return at;
  }
}

function keysOf(property: JsonObject): readonly string[] {
  const keys = property['x-kubernetes-list-map-keys'];
  if (Array.isArray(keys) && keys.every((key) => typeof key === 'string')) return keys;
  const key = property['x-kubernetes-patch-merge-key'];
  return typeof key === 'string' && key !== '' ? [key] : [];
}
