// Patches: strategic merge patches and JSON patches, told apart by their text, applied to the resource whose id they bear or to all that
// a target selects. Follows kustomize's PatchTransformer.
import { DecodeError } from '../../../apimachinery/codec/decode.ts';
import { deepCopy, isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { JsonSyntaxError, parseJson } from '../../../apimachinery/json/parse.ts';
import { applyJsonPatch, decodeJsonPatch, JsonPatchError, type DecodedPatch } from '../../../apimachinery/patch/json-patch.ts';
import type { DocumentSource, FieldSource } from '../field-origins.ts';
import type { Selector } from './kustomization.ts';
import { KustomizeError, placed } from './kustomize-error.ts';
import { effectiveNamespace, gvkOf, type ResourceId } from './resource-id.ts';
import type { ResourceMap } from './resource-map.ts';
import { text, type Resource } from './resource.ts';
import { patchSelector } from './selector.ts';
import type { MergeSchemas } from './merge-keys.ts';
import { copyOfPatched, settingsOf } from './patched-copy.ts';
import { strategicMerge } from './strategic-merge.ts';

export interface PatchOptions {
  readonly allowNameChange: boolean;
  readonly allowKindChange: boolean;
  readonly schemas: MergeSchemas;
}

/** A document of a patch, and where it stands. */
export interface PatchDocument {
  readonly value: unknown;
  readonly source: DocumentSource;
}

/** A patch as it was read: documents of a strategic merge patch, or operations. `file` is where it stands. */
export type ReadPatch =
  | { readonly kind: 'strategic'; readonly patches: readonly (PatchDocument & { readonly value: JsonObject })[]; readonly file?: string }
  | { readonly kind: 'json'; readonly patch: DecodedPatch; readonly source: DocumentSource; readonly file?: string };

/** Tells what the documents of a patch are. @param source for messages */
export function readPatch(
  { documents, text: given }: { readonly documents: readonly PatchDocument[]; readonly text: string },
  source: string,
  file?: string,
): ReadPatch {
  const filled = documents.filter(
    ({ value }) => value !== null && value !== undefined && !(isObject(value) && Object.keys(value).length === 0),
  );
  const where = file === undefined ? {} : { file };
  const first = filled[0];
  if (Array.isArray(first?.value)) {
    // what begins like JSON must be JSON to the end
    if (given.startsWith('[') && !isJson(given))
      throw new KustomizeError(`unable to parse SM or JSON patch from ${source}`, {
        ...where,
        hint: 'it begins with a bracket, so it must be JSON: put names and texts in double quotes',
      });
    const patch = decoded(first.value, source, where);
    return { kind: 'json', patch, source: first.source, ...where };
  }
  if (filled.length === 0) throw new KustomizeError(`patch appears to be empty: ${source}`, where);
  for (const { value } of filled) {
    const metadata = isObject(value) ? value.metadata : undefined;
    const isNamed = isObject(value) && text(value.kind) !== '' && isObject(metadata) && text(metadata.name) !== '';
    if (!isNamed)
      throw new KustomizeError(`unable to parse SM or JSON patch from ${source}`, {
        ...where,
        hint: 'a strategic merge patch has kind and metadata.name, a JSON patch is a list of operations',
      });
  }
  return { kind: 'strategic', patches: filled as readonly (PatchDocument & { readonly value: JsonObject })[], ...where };
}

function isJson(given: string): boolean {
  try {
    parseJson(given);
    return true;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return false;
    throw error;
  }
}

function decoded(value: unknown, source: string, where: { readonly file?: string }): DecodedPatch {
  try {
    return decodeJsonPatch({ value, duplicates: new Map() }, false);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new KustomizeError(`unable to parse SM or JSON patch from ${source}: ${error.message}`, { ...where, cause: error });
  }
}

export function applyPatch(map: ResourceMap, read: ReadPatch, target: Selector | undefined, options: PatchOptions): void {
  const selects = target && patchSelector(target);
  try {
    if (read.kind === 'json') applyJson(map, read, selects);
    else applyStrategic(map, read.patches, selects, options);
  } catch (error) {
    throw read.file === undefined ? error : placed(error, { file: read.file, at: [] });
  }
}

type JsonPatchRead = Extract<ReadPatch, { readonly kind: 'json' }>;
type StrategicPatches = Extract<ReadPatch, { readonly kind: 'strategic' }>['patches'];

/** What a target selects, where there is one. */
type Selects = ((resource: Resource) => boolean) | undefined;

function applyStrategic(map: ResourceMap, patches: StrategicPatches, selects: Selects, options: PatchOptions): void {
  if (selects) {
    if (patches.length > 1)
      throw new KustomizeError('Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set `patches.target` field');
    const selected = map.resources.filter(selects);
    for (const resource of selected) {
      // the patch counts as one of the resource's own group and version
      const [{ value, source }] = patches as readonly [StrategicPatches[number]];
      patchResource(resource, { value: { ...value, apiVersion: resource.object.apiVersion }, source }, options);
    }
    afterwards(map, options);
    const conflict = options.allowNameChange || options.allowKindChange ? map.conflict() : undefined;
    if (conflict) throw new KustomizeError(`may not add resource with an already registered id: ${conflict[0]!.kind} ${conflict[0]!.name}`);
    return;
  }
  for (const patch of patches) {
    patchResource(map.target(idOf(patch.value)), patch, options);
    afterwards(map, options);
  }
}

/** Only where ids may have changed: making the index costs as much as there are resources. */
function afterwards(map: ResourceMap, { allowNameChange, allowKindChange }: PatchOptions): void {
  if (allowNameChange || allowKindChange) map.idsChanged();
  map.dropDeleted();
}

function idOf({ apiVersion, kind, metadata }: JsonObject): ResourceId {
  const gvk = gvkOf(apiVersion, kind);
  const { name, namespace } = metadata as JsonObject;
  return { ...gvk, name: text(name), effectiveNamespace: effectiveNamespace(gvk, text(namespace)) };
}

function patchResource(
  resource: Resource,
  { value: patch, source }: StrategicPatches[number],
  { allowNameChange, allowKindChange, schemas }: PatchOptions,
): void {
  const { name, namespace, kind } = resource;
  if (allowNameChange || allowKindChange) resource.storePreviousId();
  const merged = strategicMerge(resource.object, deepCopy(patch), {
    schemas,
    origins: resource.origins,
    source: withContent(source, patch, schemas),
  });
  if (!merged || Object.keys(merged).length === 0) {
    resource.deleted = true;
    return;
  }
  resource.object = merged;
  if (!allowKindChange) resource.object.kind = kind;
  if (!allowNameChange) resource.name = name;
  resource.namespace = namespace;
}

/** Fields of the object are looked up in the patch. */
const withContent = (source: DocumentSource, value: JsonObject, schemas: MergeSchemas): FieldSource => ({
  ...source,
  content: { value, schema: schemas(value.apiVersion, value.kind), from: 'object' },
});

function applyJson(map: ResourceMap, { patch: { operations }, source }: JsonPatchRead, selects: Selects): void {
  if (!selects) throw new KustomizeError('must specify a target for JSON patch', { hint: 'name kind and name of the target' });
  const settings = settingsOf(operations, source);
  for (const resource of map.resources.filter(selects)) {
    resource.storePreviousId();
    try {
      const result = applyJsonPatch(resource.object, operations);
      // what the patch put in is shared with the patch's other targets
      resource.object = copyOfPatched(resource.object, result, settings, resource.origins) as JsonObject;
    } catch (error) {
      if (!(error instanceof JsonPatchError)) throw error;
      throw new KustomizeError(`${resource.kind} ${resource.name}: ${error.message}`, {
        hint: `the resource is at ${resource.origin.file}:${resource.origin.line}`,
        cause: error,
      });
    }
  }
  map.idsChanged();
}
