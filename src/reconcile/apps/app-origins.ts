// Where the definition of an app says fields of its objects: what it puts into a kustomization before the build, and what it puts into
// the objects behind it (metadata for all, variables).
import type { DesiredObject } from '../render/manifest-document.ts';
import { FieldOrigins, type DocumentSource, type FieldSource, type Steps } from '../render/field-origins.ts';
import type { Overridden } from '../render/kustomize/shared-build.ts';
import { fieldPath } from '../render/manifest-error.ts';
import type { ManifestOrigin } from '../render/origin.ts';
import type { App, KustomizeOverrides } from './app.ts';

/** Where what the app's definition changed is said there. */
export function withApp(app: App, before: DesiredObject, after: DesiredObject, origin: ManifestOrigin): ManifestOrigin {
  if (before === after) return origin;
  const origins = new FieldOrigins();
  noteChanges(before, after, [], origins, (steps, value) => saidBy(app, definingField(app, steps, value)));
  return origin.withLayer({ root: after, origins });
}

/** Notes all that differs. Fields that are gone are not noted: nothing here takes any away. */
function noteChanges(
  before: unknown,
  after: unknown,
  steps: Steps,
  origins: FieldOrigins,
  sourceOf: (steps: Steps, before: unknown) => FieldSource,
): void {
  if (typeof after !== 'object' || after === null || after === before) return;
  const old = (typeof before === 'object' && before !== null ? before : {}) as Record<string | number, unknown>;
  for (const [name, value] of Object.entries(after)) {
    const key = Array.isArray(after) ? Number(name) : name;
    if (typeof value === 'object' && value !== null && typeof old[key] === 'object')
      noteChanges(old[key], value, [...steps, key], origins, sourceOf);
    else if (value !== old[key]) origins.set(after, key, value, sourceOf([...steps, key], old[key]));
  }
}

/** Of the app: the metadata for all, a variable, or what variables are taken from. */
function definingField({ commonMetadata, postBuild }: App, steps: Steps, before: unknown): string {
  const [top, map, key] = steps;
  if (top === 'metadata' && (map === 'labels' || map === 'annotations') && (key === undefined || key in commonMetadata[map]))
    return fieldPath(['spec', 'commonMetadata', map, ...(key === undefined ? [] : [key])]);
  const names = typeof before === 'string' ? [...before.matchAll(/\$\{?(\w+)/g)].map(([, name]) => name!) : [];
  const own = names.find((name) => Object.hasOwn(postBuild?.substitute ?? {}, name));
  return own === undefined
    ? postBuild?.substituteFrom.length
      ? 'spec.postBuild.substituteFrom'
      : 'spec.postBuild'
    : `spec.postBuild.substitute.${own}`;
}

/** A field of the definition, as what sets fields of objects. */
const saidBy = ({ origin, place }: App, path: string): FieldSource => (origin ? { origin, at: [], path } : { place });

/**
 * Where fields of a kustomization are said that an app's definition puts fields into.
 *
 * @param own what says the others
 * @param kept which of its own items of a list the file keeps: their indices
 */
export function overriddenSources(
  { file, own }: { readonly file: string; readonly own: ManifestOrigin | undefined },
  kept: (field: string) => readonly number[],
  { replace, append, said }: KustomizeOverrides,
  { origin }: App,
): Overridden | undefined {
  if (!origin || !own) return undefined;
  const inDefinition = (path: string, rest: Steps): DocumentSource => {
    const further = fieldPath(rest);
    return { origin, at: [], path: `${path}${further && !further.startsWith('[') ? '.' : ''}${further}` };
  };
  return {
    file,
    sourceOf: (at) => {
      const [field, index, ...rest] = at as readonly [string, number, ...Steps];
      if (field in replace) return inDefinition(said[field]!, at.slice(1));
      if (!(field in append)) return { origin: own, at };
      const indices = kept(field);
      if (index < indices.length) return { origin: own, at: [field, indices[index]!, ...rest] };
      // labels are a mapping in the definition
      return field === 'labels'
        ? inDefinition(said[field]!, rest.slice(1))
        : inDefinition(`${said[field]!}[${index - indices.length}]`, rest);
    },
  };
}
