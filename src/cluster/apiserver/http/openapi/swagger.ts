// The one document of version 2: the paths of all groups that are served, custom resources among them, and the definitions they lead to.
// Fields of custom resources that version 2 has no word for are left out.
import { createHash } from 'node:crypto';
import { encodeJson } from '../../../../apimachinery/json/encode.ts';
import { isObject, type JsonObject } from '../../../../apimachinery/object.ts';
import type { ServedGroup } from '../discovery/served-groups.ts';
import { INFO, SECURITY } from './builtin-documents.ts';
import { customDefinitions, customPaths } from './custom-paths.ts';
import { documentNames } from './documents.ts';
import { builtinSwagger } from './source.ts';
import { swaggerProtobuf } from './swagger-protobuf.ts';

export interface Swagger2 {
  readonly text: string;
  readonly hash: string;
}

interface Known extends Swagger2 {
  readonly document: JsonObject;
  bytes?: Uint8Array;
}

const known = new WeakMap<readonly ServedGroup[], Known>();

export function swagger(groups: readonly ServedGroup[]): Known {
  let found = known.get(groups);
  if (!found) {
    const document = makeDocument(groups);
    const text = encodeJson(document);
    found = { document, text, hash: createHash('sha512').update(text).digest('hex').toUpperCase() };
    known.set(groups, found);
  }
  return found;
}

export function swaggerBytes(groups: readonly ServedGroup[]): Uint8Array {
  const found = swagger(groups);
  return (found.bytes ??= swaggerProtobuf(found.document));
}

function makeDocument(groups: readonly ServedGroup[]): JsonObject {
  const { paths: all, parameters, definitions } = builtinSwagger();
  const names = documentNames(groups);
  const served = (path: string): boolean =>
    names.some(
      (name) => path === `/${name}/` || (name.split('/').length > (name.startsWith('apis') ? 2 : 1) && path.startsWith(`/${name}/`)),
    );
  const paths: JsonObject = {};
  for (const [path, item] of Object.entries(all)) if (served(path)) paths[path] = item;
  const own: Record<string, JsonObject> = {};
  for (const { versions } of groups)
    for (const { resources } of versions)
      for (const one of resources) {
        if (!one.version.custom) continue;
        Object.assign(paths, customPaths(one));
        Object.assign(own, customDefinitions(one, false));
      }
  return {
    swagger: '2.0',
    info: { title: INFO.title, version: `v${INFO.version}.3` },
    paths,
    definitions: reachable({ paths, parameters }, { ...definitions, ...own }),
    parameters,
    securityDefinitions: SECURITY,
    security: [{ BearerToken: [] }],
  };
}

function reachable(from: JsonObject, definitions: Readonly<Record<string, JsonObject>>): JsonObject {
  const names = new Set<string>();
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(collect);
    else if (isObject(value)) {
      const { $ref } = value;
      if (typeof $ref === 'string' && $ref.startsWith('#/definitions/')) names.add($ref.slice('#/definitions/'.length));
      for (const key in value) collect(value[key]);
    }
  };
  collect(from);
  // the set grows while it is walked
  for (const name of names) collect(definitions[name]);
  return Object.fromEntries([...names].sort().flatMap((name) => (definitions[name] ? [[name, definitions[name]]] : [])));
}
