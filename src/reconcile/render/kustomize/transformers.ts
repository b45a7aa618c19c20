// The transformers that set something in many resources: labels, annotations, namespace, prefixes and suffixes, images, replicas. Each
// follows kustomize's filter of that name.
import { isObject, type GroupVersionKind } from '../../../apimachinery/object.ts';
import { compileRegexp, RegexpError, type Regexp } from '../../../apimachinery/regexp.ts';
import type { FieldSource, Steps } from '../field-origins.ts';
import { member, setEntry, setScalar, visitField, visitFields, wrongKind, type Field, type FieldSpec } from './field-spec.ts';
import type { Image, Replica } from './kustomization.ts';
import { KustomizeError } from './kustomize-error.ts';
import { idText, isClusterScoped, isSelected, type GvkSelector } from './resource-id.ts';
import type { ResourceMap } from './resource-map.ts';
import { text, type Resource } from './resource.ts';

/** Where the field of a transformer's configuration stands that sets something: each sets what it says. */
export type SourceOf = (...at: Steps) => FieldSource;

/** For labels and annotations alike. @param sourceOf the entry of a key */
export function setEntries(
  map: ResourceMap,
  entries: Readonly<Record<string, string>>,
  specs: readonly FieldSpec[],
  sourceOf: SourceOf,
): void {
  const keys = Object.keys(entries).sort();
  if (keys.length === 0) return;
  const sources = keys.map((key) => sourceOf(key));
  for (const resource of map.resources)
    visitFields(resource, specs, 'map', (field) => {
      for (const [i, key] of keys.entries()) {
        setEntry(field, key, entries[key]);
        resource.origins.set(field.get() as object, key, entries[key], sources[i]!);
      }
    });
}

/** Sets a scalar, and notes where that is said. */
function set(resource: Resource, field: Field, value: unknown, source: FieldSource): void {
  setScalar(field, value);
  resource.origins.set(field.holder, field.key, value, source);
}

export type SubjectsMode = 'defaultOnly' | 'allServiceAccounts' | 'none';

export interface NamespaceOptions {
  readonly namespace: string;
  readonly specs: readonly FieldSpec[];
  /** Leave those that are set. */
  readonly unsetOnly?: boolean;
  readonly subjects?: SubjectsMode;
  readonly source: FieldSource;
}

export function setNamespace(map: ResourceMap, options: NamespaceOptions): void {
  const { namespace, specs, unsetOnly = false, source } = options;
  for (const resource of map.resources) {
    const setNs = (field: Field): void => {
      if (!unsetOnly || text(field.get()) === '') set(resource, field, namespace, source);
    };
    resource.storePreviousId();
    const { gvk } = resource;
    const isCore = resource.object.apiVersion === 'v1';
    if (!isClusterScoped(gvk)) visitField(resource, { path: 'metadata/namespace', create: true }, 'scalar', setNs);
    const isBinding = gvk.kind === 'RoleBinding' || gvk.kind === 'ClusterRoleBinding';
    if (isBinding) bindSubjects(resource, options.subjects ?? 'defaultOnly', setNs);
    const fitting = specs.filter(
      ({ path, kind }) =>
        path !== 'metadata/namespace' &&
        (isCore || path !== 'metadata/name') &&
        !(isBinding && path === 'subjects/namespace' && (kind === 'RoleBinding' || kind === 'ClusterRoleBinding')),
    );
    visitFields(resource, fitting, 'scalar', setNs);
  }
  map.idsChanged();
  const conflict = map.conflict();
  if (conflict)
    throw new KustomizeError(`namespace transformation produces ID conflict: ${idText(conflict[0]!.id)}`, {
      hint: `the resources are at ${conflict.map(({ origin }) => `${origin.file}:${origin.line}`).join(' and ')}`,
    });
}

function bindSubjects({ object }: Resource, mode: SubjectsMode, visit: (field: Field) => void): void {
  if (mode === 'none' || !Array.isArray(object.subjects)) return;
  for (const subject of object.subjects as unknown[]) {
    if (!isObject(subject)) continue;
    if (mode === 'defaultOnly' ? subject.name !== 'default' : subject.kind !== 'ServiceAccount') continue;
    visit(member(subject, 'namespace'));
  }
}

/** Kinds whose names are given from outside. */
const KEEP_THEIR_NAMES: readonly GvkSelector[] = [
  { kind: 'CustomResourceDefinition' },
  { group: 'apiregistration.k8s.io', kind: 'APIService' },
  { kind: 'Namespace' },
];

export function addAffix(
  map: ResourceMap,
  which: 'prefix' | 'suffix',
  affix: string,
  specs: readonly FieldSpec[],
  source: FieldSource,
): void {
  for (const resource of map.resources) {
    const id: GroupVersionKind = resource.originalId;
    if (KEEP_THEIR_NAMES.some((selector) => isSelected(id, selector))) continue;
    for (const spec of specs) {
      if (!isSelected(id, spec)) continue;
      if (spec.path === 'metadata/name' && affix !== '') {
        resource[which === 'prefix' ? 'prefixes' : 'suffixes'].push(affix);
        resource.storePreviousId();
      }
      if (isSelected(resource.gvk, spec))
        visitField(resource, spec, 'scalar', (field) => {
          const name = text(field.get());
          set(resource, field, which === 'prefix' ? affix + name : name + affix, source);
        });
    }
  }
  map.idsChanged();
}

export function setImage(map: ResourceMap, image: Image, specs: readonly FieldSpec[], sourceOf: SourceOf): void {
  const matches = imagePattern(image.name);
  const said = (['newTag', 'digest', 'tagSuffix', 'newName'] as const).find((field) => image[field] !== '');
  const source = said === undefined ? sourceOf() : sourceOf(said);
  for (const resource of map.resources) {
    if (resource.kind === 'CustomResourceDefinition') continue;
    const visit = (field: Field): void => {
      const value = field.get();
      if (typeof value === 'object' && value !== null) throw wrongKind('ScalarNode', value);
      if (matches.test(text(value))) set(resource, field, changedImage(text(value), image), source);
    };
    visitContainers(resource.object, visit);
    visitFields(resource, specs, undefined, visit);
  }
}

/** The images of everything that is called containers or initContainers, wherever it is. */
function visitContainers(value: unknown, visit: (field: Field) => void): void {
  if (Array.isArray(value)) for (const item of value) visitContainers(item, visit);
  if (!isObject(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    visitContainers(inner, visit);
    if ((key !== 'containers' && key !== 'initContainers') || !Array.isArray(inner)) continue;
    for (const container of inner) if (isObject(container) && Object.hasOwn(container, 'image')) visit(member(container, 'image'));
  }
}

/** The name of an image is a pattern: kustomize takes it for one. */
function imagePattern(name: string): Regexp {
  try {
    return compileRegexp(`^${name}(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$`);
  } catch (error) {
    if (error instanceof RegexpError) throw new KustomizeError(error.message, { at: ['name'], cause: error });
    throw error;
  }
}

function changedImage(value: string, { newName, newTag, tagSuffix, digest: newDigest }: Image): string {
  let { name, tag, digest } = splitImage(value);
  if (newName) name = newName;
  if (newTag || newDigest) [tag, digest] = [newTag, newDigest];
  else if (tagSuffix) [tag, digest] = [tag + tagSuffix, ''];
  return `${name}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`;
}

function splitImage(image: string): { readonly name: string; readonly tag: string; readonly digest: string } {
  const from = Math.max(image.indexOf('/'), 0);
  const colon = image.indexOf(':', from);
  const at = image.indexOf('@', from);
  if (at >= 0 && (colon < 0 || at < colon)) return { name: image.slice(0, at), tag: '', digest: image.slice(at + 1) };
  if (colon < 0) return { name: image, tag: '', digest: '' };
  return { name: image.slice(0, colon), tag: image.slice(colon + 1, at < 0 ? undefined : at), digest: at < 0 ? '' : image.slice(at + 1) };
}

export function setReplicas(map: ResourceMap, { name, count }: Replica, specs: readonly FieldSpec[], sourceOf: SourceOf): void {
  const source = sourceOf('count');
  const named = map.resources.filter((resource) => resource.allIds.some((id) => id.name === name));
  let found = false;
  for (const spec of specs) {
    for (const resource of named) {
      if (!resource.allIds.some((id) => id.name === name && isSelected(id, spec))) continue;
      found = true;
      if (isSelected(resource.gvk, spec)) visitField(resource, spec, 'scalar', (field) => set(resource, field, count, source));
    }
  }
  if (found) return;
  const kinds = specs.map(({ kind = '[noKind]', version = '[noVer]', group = '[noGrp]' }) => `${kind}.${version}.${group}`);
  throw new KustomizeError(`resource with name ${name} does not match a config with the following GVK [${kinds.join(' ')}]`, {
    at: ['name'],
  });
}
