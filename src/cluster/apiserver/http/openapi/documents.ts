// All documents of version 3 that there are at this moment, each made when it is first asked for. Those of Kubernetes' own groups are the
// same in every server; those of custom resources live as long as the definitions they were made from.
import { createHash } from 'node:crypto';
import { encodeJson } from '../../../../apimachinery/json/encode.ts';
import type { JsonObject } from '../../../../apimachinery/object.ts';
import type { ResourceDefinition } from '../../generic/resource-definition.ts';
import type { ServedGroup, ServedVersion } from '../discovery/served-groups.ts';
import { builtinDocument, documentOf, ofGroup } from './builtin-documents.ts';
import { customDefinitions, customPaths } from './custom-paths.ts';
import { pathV3 } from './paths-v3.ts';
import { schemaV3, withoutTypes } from './schema-v3.ts';

export interface OpenApiDocument {
  readonly text: string;
  /** Of the text. */
  readonly hash: string;
}

const ALWAYS = ['.well-known/openid-configuration', 'openid/v1/jwks', 'version'];

/** Names of documents, which are also their paths. */
export function documentNames(groups: readonly ServedGroup[]): readonly string[] {
  const names = [...ALWAYS, 'api', 'apis'];
  for (const { group, versions: all } of groups) {
    const versions = all.filter(({ aggregated }) => !aggregated);
    if (versions.length === 0) continue;
    const root = group === '' ? 'api' : `apis/${group}`;
    if (group !== '' && !versions.every(isCustom)) names.push(root);
    names.push(...versions.map(({ version }) => `${root}/${version}`));
  }
  return names.sort();
}

const isCustom = ({ resources }: ServedVersion): boolean => resources.every(({ version }) => version.custom);

/** Undefined: known not to be there. */
const builtins = new Map<string, OpenApiDocument | undefined>();

interface Custom {
  readonly definitions: readonly ResourceDefinition[];
  readonly document: OpenApiDocument;
}

const customs = new WeakMap<ResourceDefinition, Custom>();

/** @param name `apis/apps/v1` */
export function documentNamed(groups: readonly ServedGroup[], name: string): OpenApiDocument | undefined {
  if (!documentNames(groups).includes(name)) return undefined;
  const [root, group, version] = name.split('/');
  const served = root === 'apis' ? groups.find((g) => g.group === group)?.versions.find((v) => v.version === version) : undefined;
  if (group !== undefined && served && isCustom(served)) return customDocument(group, served);
  if (!builtins.has(name)) {
    const document = builtinDocument(name);
    builtins.set(name, document && asText(document));
  }
  return builtins.get(name);
}

function customDocument(group: string, { version, resources }: ServedVersion): OpenApiDocument {
  const definitions = resources.map(({ definition }) => definition);
  const known = customs.get(definitions[0]!);
  if (known && known.definitions.length === definitions.length && known.definitions.every((d, i) => d === definitions[i]))
    return known.document;
  const paths: JsonObject = {};
  const own = new Map<string, JsonObject>();
  for (const served of resources) {
    for (const [path, item] of Object.entries(customPaths(served))) paths[path] = pathV3(item);
    for (const [name, definition] of Object.entries(customDefinitions(served, true))) own.set(name, withoutTypes(definition));
  }
  const document = asText(documentOf(paths, (name) => own.get(name) ?? ofGroup(schemaV3(name), group, version)));
  customs.set(definitions[0]!, { definitions, document });
  return document;
}

function asText(document: JsonObject): OpenApiDocument {
  const text = encodeJson(document);
  return { text, hash: createHash('sha512').update(text).digest('hex').toUpperCase() };
}
