// Version 3 documents of Kubernetes' own groups: each holds the paths of one group version, and all schemas that these refer to.
import type { GroupVersionKind, JsonObject } from '../../../../apimachinery/object.ts';
import { pathV3 } from './paths-v3.ts';
import { referencesIn, schemaV3 } from './schema-v3.ts';
import { builtinSwagger } from './source.ts';

export const INFO = { title: 'Kubernetes', version: '1.36' };

export const SECURITY = {
  BearerToken: { type: 'apiKey', description: 'Bearer Token authentication', name: 'authorization', in: 'header' },
};

/** Path of a document → the prefix of its paths: `apis/apps/v1` → `/apis/apps/v1/`. The shorter ones hold that one path alone. */
export function builtinDocument(name: string): JsonObject | undefined {
  const prefix = `/${name}/`;
  const whole = /^(?:api\/[^/]+|apis\/[^/]+\/[^/]+)$/.test(name);
  const paths: JsonObject = {};
  for (const [path, item] of Object.entries(builtinSwagger().paths)) {
    if (whole ? path.startsWith(prefix) : path === prefix) paths[path] = pathV3(item);
  }
  if (Object.keys(paths).length === 0) return undefined;
  const [group, version] = name.startsWith('api/') ? ['', name.slice('api/'.length)] : name.slice('apis/'.length).split('/');
  return documentOf(paths, (schema) => ofGroup(schemaV3(schema), group!, version));
}

/** What belongs to every group (DeleteOptions) is told to belong to the core and to this one. */
export function ofGroup(schema: JsonObject | undefined, group: string, version: string | undefined): JsonObject | undefined {
  const kinds = schema?.['x-kubernetes-group-version-kind'] as readonly GroupVersionKind[] | undefined;
  if (!kinds || kinds.length < 2) return schema;
  const own = kinds.filter((k) => (k.group === '' && k.version === 'v1') || (k.group === group && k.version === version));
  return { ...schema, 'x-kubernetes-group-version-kind': own };
}

/** A document of these paths, with whatever schemas they lead to. */
export function documentOf(paths: JsonObject, schema: (name: string) => JsonObject | undefined): JsonObject {
  const schemas: JsonObject = {};
  const todo = new Set<string>();
  referencesIn(paths, todo);
  // the set grows while it is walked
  for (const name of todo) {
    const found = schema(name);
    if (!found) continue;
    schemas[name] = found;
    referencesIn(found, todo);
  }
  return {
    openapi: '3.0.0',
    info: INFO,
    paths: sorted(paths),
    components: { ...(todo.size ? { schemas: sorted(schemas) } : {}), securitySchemes: SECURITY },
  };
}

const sorted = (object: JsonObject): JsonObject => Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
