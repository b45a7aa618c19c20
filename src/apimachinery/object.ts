// What all Kubernetes objects have in common, and the identifiers by which they are spoken of.
import type { ObjectMeta } from '#api/meta/v1';
import type { Kinds } from '#api/kinds';
import { setKey } from './json/parse.ts';

/** Any object. Stored objects are immutable: a change makes a new one that shares what did not change. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: StoredMeta;
  readonly [field: string]: unknown;
}

/** Metadata as every stored object has it. */
export type StoredMeta = ObjectMeta & {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
};

/** A built-in kind, such as `apps/v1/Deployment` or `v1/Pod`. */
export type Kind = keyof Kinds;

/** The type of an object of that kind; of a kind that is not built in, any object. */
export type ObjectOf<K extends string> = K extends Kind ? Kinds[K] : KubernetesObject;

/** What is sent to be created: the metadata that the server gives may be missing. */
export type Manifest<T> = Omit<T, 'metadata'> & { readonly metadata: ObjectMeta };

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface GroupVersionResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** `apps/v1`, or `v1` for the core group. */
export const groupVersion = ({ group, version }: { readonly group: string; readonly version: string }): string =>
  group ? `${group}/${version}` : version;

/** `deployments.apps`, or `pods` for the core group: `schema.GroupResource.String()`. */
export const groupResource = (group: string, resource: string): string => (group ? `${resource}.${group}` : resource);

export function splitApiVersion(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? { group: '', version: apiVersion } : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

/** `apps/v1/Deployment` → its parts. */
export function parseKind(kind: string): GroupVersionKind {
  const last = kind.lastIndexOf('/');
  return { ...splitApiVersion(kind.slice(0, last)), kind: kind.slice(last + 1) };
}

/** Drops `readonly` all the way down: for objects that are still their maker's own. */
export type Mutable<T> = T extends (...args: never[]) => unknown ? T : T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;

/** Drops `readonly` of the fields themselves, not of what they hold. */
export type ShallowMutable<T> = { -readonly [K in keyof T]: T[K] };

/** A plain JSON object whose fields are read by name. */
export type JsonObject = Record<string, unknown>;

export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Equality of JSON values; the very same object is equal at once. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!deepEqual(a[i], b[i])) return false;
    return true;
  }
  if (Array.isArray(b)) return false;
  const x = a as JsonObject;
  const y = b as JsonObject;
  let count = 0;
  for (const key in x) {
    if (!Object.hasOwn(y, key) || !deepEqual(x[key], y[key])) return false;
    count++;
  }
  for (const _ in y) count--;
  return count === 0;
}

/** A copy of a JSON value that shares nothing with it. */
export function deepCopy<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(deepCopy) as T;
  const copy: JsonObject = {};
  for (const key in value) setKey(copy, key, deepCopy((value as JsonObject)[key]));
  return copy as T;
}

/** Freezes a value and all that it holds. Tests do this to whatever is stored. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const key of Object.keys(value)) deepFreeze((value as JsonObject)[key]);
  }
  return value;
}
