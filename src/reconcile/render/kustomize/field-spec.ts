// Field specs: which field of which kinds a transformer works on, as a path of names with slashes between them; lists on the way are
// gone through. Follows kustomize's fieldspec filter.
import { isObject, type GroupVersionKind, type JsonObject } from '../../../apimachinery/object.ts';
import { KustomizeError } from './kustomize-error.ts';
import { isSelected, type GvkSelector } from './resource-id.ts';
import type { Resource } from './resource.ts';

export interface FieldSpec extends GvkSelector {
  readonly path: string;
  readonly create?: boolean;
}

/** A field that exists or was made: its value is read and written through what holds it. */
export interface Field {
  readonly holder: object;
  readonly key: string | number;
  get(): unknown;
  set(value: unknown): void;
}

/** What is made where a field is absent that may be created. */
export type Make = 'map' | 'scalar' | undefined;

/** By separator: one text of both would have to be made each time. */
const splitPaths = { '/': new Map<string, readonly string[]>(), '.': new Map<string, readonly string[]>() };
/** Paths that are remembered. */
const MOST_PATHS = 10_000;

/** `a/b\\/c` → a, b/c. A slash in front is passed over. */
export function splitPath(path: string, separator: '/' | '.' = '/'): readonly string[] {
  const known = splitPaths[separator];
  let names = known.get(path);
  if (!names) {
    const parts = path.split(separator);
    if (parts.length > 1 && parts[0] === '') parts.shift();
    const out: string[] = [parts[0] ?? ''];
    for (const part of parts.slice(1)) {
      const last = out.at(-1)!;
      if (last.endsWith('\\')) out[out.length - 1] = last.slice(0, -1) + separator + part;
      else out.push(part);
    }
    names = out;
    if (known.size < MOST_PATHS) known.set(path, names);
  }
  return names;
}

/** Calls `visit` for the fields that the specs name in a resource. */
export function visitFields(resource: Resource, specs: readonly FieldSpec[], make: Make, visit: (field: Field) => void): void {
  const { gvk } = resource;
  for (const spec of specs) if (isSelected(gvk, spec)) visitField(resource, spec, make, visit);
}

/** As {@link visitFields}, for one spec that fits the resource. */
export function visitField(resource: Resource, spec: FieldSpec, make: Make, visit: (field: Field) => void): void {
  const path = splitPath(spec.path);
  const root: Field = {
    holder: resource,
    key: 'object',
    get: () => resource.object,
    set: (value) => {
      resource.object = value as JsonObject;
    },
  };
  try {
    walk(root, path, 0, spec.create ? make : undefined, visit);
  } catch (error) {
    if (!(error instanceof KustomizeError) || error.file !== undefined) throw error;
    throw new KustomizeError(`considering field '${spec.path}' of object ${resource.kind} ${resource.name}: ${error.message}`, {
      hint: `the object is at ${resource.origin.file}:${resource.origin.line}`,
      cause: error,
    });
  }
}

function walk(field: Field, path: readonly string[], at: number, make: Make, visit: (field: Field) => void): void {
  if (at === path.length) return visit(field);
  const value = field.get();
  if (value === null || value === undefined) return;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) walk(element(value, i), path, at, make, visit);
  } else if (isObject(value)) inMap(value, path, at, make, visit);
  else throw new KustomizeError('expected sequence or mapping node');
}

function inMap(map: JsonObject, path: readonly string[], at: number, make: Make, visit: (field: Field) => void): void {
  const isList = path[at]!.endsWith('[]');
  const name = isList ? path[at]!.slice(0, -2) : path[at]!;
  if (name === '') throw new KustomizeError('cannot set or create an empty field name');
  const last = at === path.length - 1;
  const present = Object.hasOwn(map, name);
  if (!present && (!make || isList)) return;
  if (!present || map[name] === null) {
    if (make && !isList) map[name] = !last || make === 'map' ? {} : null;
    else if (isList) map[name] = [];
  }
  walk(member(map, name), path, at + 1, make, visit);
}

export const member = (map: JsonObject, name: string): Field => ({
  holder: map,
  key: name,
  get: () => map[name],
  set: (value) => {
    map[name] = value;
  },
});

export const element = (list: unknown[], i: number): Field => ({
  holder: list,
  key: i,
  get: () => list[i],
  set: (value) => {
    list[i] = value;
  },
});

/** Sets a scalar where a scalar or nothing is. */
export function setScalar(field: Field, value: unknown): void {
  const old = field.get();
  if (typeof old === 'object' && old !== null) throw wrongKind('ScalarNode', old);
  field.set(value);
}

/** Sets an entry of a map. */
export function setEntry(field: Field, key: string, value: unknown): void {
  const map = field.get();
  if (!isObject(map)) throw wrongKind('MappingNode', map);
  map[key] = value;
}

export const nodeKind = (value: unknown): string =>
  Array.isArray(value) ? 'SequenceNode' : isObject(value) ? 'MappingNode' : 'ScalarNode';

export const wrongKind = (expected: string, value: unknown): KustomizeError =>
  new KustomizeError(`wrong node kind: expected ${expected} but got ${nodeKind(value)}`);

/** Specs of one list added to another; those that are there are not added again. */
export function mergeSpecs(specs: readonly FieldSpec[], more: readonly FieldSpec[]): readonly FieldSpec[] {
  if (more.length === 0) return specs;
  const out = [...specs];
  for (const spec of more) {
    const known = out.find((other) => other.path === spec.path && isSelected(asGvk(other), spec));
    if (!known) out.push(spec);
    else if (!!known.create !== !!spec.create) throw new KustomizeError(`conflicting fieldspecs for ${spec.path}`);
  }
  return out;
}

const asGvk = ({ group = '', version = '', kind = '' }: GvkSelector): GroupVersionKind => ({ group, version, kind });
