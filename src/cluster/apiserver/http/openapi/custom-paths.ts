// Paths and definitions of custom resources, in version 2 of OpenAPI: those of a built-in kind with the same scope (Deployments,
// ClusterRoles) under another name. Custom resources speak no protobuf and know no strategic merge patch. Follows
// controller/openapi/builder of apiextensions-apiserver.
import { isObject, type GroupVersionKind, type JsonObject } from '../../../../apimachinery/object.ts';
import type { Served } from '../../generic/catalog.ts';
import { builtinSwagger } from './source.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

interface Pattern {
  readonly prefix: string;
  readonly resource: string;
  readonly kind: string;
  readonly definition: string;
  /** In the names of operations. */
  readonly group: string;
}

const NAMESPACED: Pattern = {
  prefix: '/apis/apps/v1/',
  resource: 'deployments',
  kind: 'Deployment',
  definition: 'io.k8s.api.apps.v1.Deployment',
  group: 'AppsV1',
};

const CLUSTER: Pattern = {
  prefix: '/apis/certificates.k8s.io/v1/',
  resource: 'certificatesigningrequests',
  kind: 'CertificateSigningRequest',
  definition: 'io.k8s.api.certificates.v1.CertificateSigningRequest',
  group: 'CertificatesV1',
};

/** `example.com`, `v1`, `Gadget` → `com.example.v1.Gadget`: a URL's host the other way round. */
export const definitionName = ({ group, version, kind }: GroupVersionKind): string =>
  `${group.split('.').reverse().join('.')}.${version}.${kind}`;

const titled = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1);

export function customPaths({ definition, version }: Served): Record<string, JsonObject> {
  const pattern = definition.namespaced ? NAMESPACED : CLUSTER;
  const prefix = `/apis/${definition.group}/${version.version}/`;
  const rename = renaming(definition, version.version, version.kind, pattern);
  const paths: Record<string, JsonObject> = {};
  for (const [path, item] of Object.entries(builtinSwagger().paths)) {
    if (!path.startsWith(pattern.prefix) || path.startsWith(`${pattern.prefix}watch/`)) continue;
    const rest = path.slice(pattern.prefix.length).split('/');
    const at = rest.indexOf(pattern.resource);
    const subresource = rest[at + 2];
    if (at < 0 || (subresource !== undefined && subresource !== 'status')) continue;
    if (subresource !== undefined && !definition.subresources[subresource]) continue;
    rest[at] = definition.resource;
    paths[prefix + rest.join('/')] = rename(item) as JsonObject;
  }
  return definition.subresources['scale'] ? { ...paths, ...scalePaths(paths, definition.resource) } : paths;
}

/** The scale is read and written like the status, and is another kind. */
function scalePaths(paths: Readonly<Record<string, JsonObject>>, resource: string): Record<string, JsonObject> {
  const [path, item] = Object.entries(paths).find(([p]) => p.endsWith(`/${resource}/{name}`))!;
  const SCALE = 'io.k8s.api.autoscaling.v1.Scale';
  const scale: JsonObject = {};
  for (const [method, operation] of Object.entries(item)) {
    if (method !== 'parameters' && !['get', 'put', 'patch'].includes(method)) continue;
    if (!isObject(operation) || Array.isArray(operation)) {
      scale[method] = operation;
      continue;
    }
    const { group, version, kind } = operation['x-kubernetes-group-version-kind'] as GroupVersionKind;
    const own = definitionName({ group, version, kind });
    const text = JSON.stringify(operation).replaceAll(`"#/definitions/${own}"`, `"#/definitions/${SCALE}"`);
    const changed = JSON.parse(text) as JsonObject;
    scale[method] = {
      ...changed,
      description: String(changed['description']).replace('the specified', 'scale of the specified'),
      operationId: `${String(changed['operationId'])}Scale`,
      'x-kubernetes-group-version-kind': { group: 'autoscaling', version: 'v1', kind: 'Scale' },
    };
  }
  return { [`${path}/scale`]: scale };
}

function renaming(definition: Served['definition'], version: string, kind: string, pattern: Pattern): (value: unknown) => unknown {
  const gvk = { group: definition.group, version, kind };
  const name = definitionName(gvk);
  const operations = definition.group.split(/[.-]/).map(titled).join('') + titled(version);
  const rename = (value: unknown, key = ''): unknown => {
    if (typeof value === 'string') {
      if (key === 'operationId') return value.replace(pattern.group, operations).replace(pattern.kind, kind);
      if (key === '$ref') return value.replace(pattern.definition, name);
      return key === 'description' ? value.replaceAll(pattern.kind, kind).replace('list or watch objects', 'list objects') : value;
    }
    if (Array.isArray(value)) {
      if (key === 'tags') return [`${camel(definition.group)}_${version}`];
      if (key === 'consumes')
        return value.includes('*/*')
          ? ['application/json', 'application/yaml']
          : value.filter((v) => v !== 'application/strategic-merge-patch+json');
      if (key === 'produces') return ['application/json', 'application/yaml'];
      return value.map((v) => rename(v));
    }
    if (!isObject(value)) return value;
    if (key === 'x-kubernetes-group-version-kind' && value['kind'] === pattern.kind) return gvk;
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, rename(v, k)]));
  };
  return (value) => rename(value);
}

const camel = (group: string): string =>
  group
    .split('.')
    .map((part, i) => (i === 0 ? part : titled(part)))
    .join('');

const describe = (of: string, field: string): string => {
  const { properties } = builtinSwagger().definitions[of] as { readonly properties: Readonly<Record<string, JsonObject>> };
  return String(properties[field]!['description']);
};

/**
 * The kind and its list.
 * @param whole version 3 takes a schema as it is; version 2 has no word for much of it
 */
export function customDefinitions({ definition, version }: Served, whole: boolean): Record<string, JsonObject> {
  const gvk = { group: definition.group, version: version.version, kind: version.kind };
  const name = definitionName(gvk);
  const listKind = definition.listKind;
  const typeMeta = {
    apiVersion: { description: describe('io.k8s.api.apps.v1.Deployment', 'apiVersion'), type: 'string' },
    kind: { description: describe('io.k8s.api.apps.v1.Deployment', 'kind'), type: 'string' },
  };
  const list = {
    description: `${listKind} is a list of ${version.kind}`,
    type: 'object',
    required: ['items'],
    properties: {
      ...typeMeta,
      items: {
        description: `List of ${definition.resource}. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md`,
        type: 'array',
        items: { $ref: `#/definitions/${name}` },
      },
      metadata: {
        description: describe('io.k8s.api.apps.v1.DeploymentList', 'metadata'),
        $ref: `#/definitions/${META}.ListMeta`,
      },
    },
    'x-kubernetes-group-version-kind': [{ ...gvk, kind: listKind }],
  };
  return { [name]: { ...ownSchema(version.schema, typeMeta, whole), 'x-kubernetes-group-version-kind': [gvk] }, [`${name}List`]: list };
}

function ownSchema(schema: JsonObject | undefined, typeMeta: JsonObject, whole: boolean): JsonObject {
  // more must not be said: clients would refuse all other fields
  if (!schema || (!whole && schema['x-kubernetes-preserve-unknown-fields'] === true)) return { type: 'object' };
  const { properties, ...rest } = whole ? schema : simplified(schema);
  const metadata = {
    description: describe('io.k8s.api.apps.v1.Deployment', 'metadata'),
    $ref: `#/definitions/${META}.ObjectMeta`,
  };
  return { ...rest, properties: { ...(properties as JsonObject | undefined), ...typeMeta, metadata } };
}

const NOT_IN_V2 = ['oneOf', 'anyOf', 'not', 'nullable', 'x-kubernetes-validations'];

/** What version 2 can say of a schema; clients of it take less to mean more. */
function simplified(schema: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const [key, value] of Object.entries(schema)) {
    if (NOT_IN_V2.includes(key)) continue;
    if (key === 'properties')
      out[key] = Object.fromEntries(Object.entries(value as JsonObject).map(([k, v]) => [k, simplified(v as JsonObject)]));
    else if (key === 'allOf') out[key] = (value as readonly JsonObject[]).map(simplified);
    else out[key] = (key === 'items' || key === 'additionalProperties') && isObject(value) ? simplified(value) : value;
  }
  const untyped = schema['nullable'] === true || schema['x-kubernetes-int-or-string'] === true;
  if (untyped) for (const key of ['type', 'properties', 'items', 'additionalProperties']) delete out[key];
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) for (const key of ['properties', 'items']) delete out[key];
  return out;
}
