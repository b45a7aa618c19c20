// A resource on its way through a build: its object, which is the build's own and is changed in place, and what kustomize notes on it in
// annotations of its own: former ids, prefixes and suffixes, how it was generated.
import { isObject, type GroupVersionKind, type JsonObject } from '../../../apimachinery/object.ts';
import { FieldOrigins } from '../field-origins.ts';
import type { ManifestOrigin } from '../origin.ts';
import { effectiveNamespace, gvkOf, type ResourceId } from './resource-id.ts';

export type Behavior = 'create' | 'merge' | 'replace';

interface FormerId {
  readonly kind: string;
  readonly name: string;
  readonly effectiveNamespace: string;
}

/** What `buildMetadata` writes into annotations: where something was configured. */
export interface BuildOrigin {
  readonly path?: string;
  readonly configuredIn?: string;
  readonly configuredBy?: { readonly apiVersion?: string; readonly kind?: string; readonly name?: string };
}

export class Resource {
  object: JsonObject;
  readonly origin: ManifestOrigin;
  /** What set its fields since it was read. */
  readonly origins = new FieldOrigins();
  /** The oldest first. Their group and version are those of now. */
  private former: FormerId[] = [];
  private known: { readonly apiVersion: unknown; readonly kind: unknown; readonly gvk: GroupVersionKind } | undefined;
  prefixes: string[] = [];
  suffixes: string[] = [];
  behavior: Behavior = 'create';
  needsHash = false;
  /** Names of the vars that are read from it. */
  refVarNames: string[] = [];
  buildOrigin: BuildOrigin | undefined;
  transformations: BuildOrigin[] = [];
  /** A patch took all of it away. */
  deleted = false;

  constructor(object: JsonObject, origin: ManifestOrigin) {
    this.object = object;
    this.origin = origin;
  }

  private get metadata(): JsonObject {
    return isObject(this.object.metadata) ? this.object.metadata : {};
  }

  /** Asked for at every step, and hardly ever another. */
  get gvk(): GroupVersionKind {
    const { apiVersion, kind } = this.object;
    if (this.known?.apiVersion !== apiVersion || this.known?.kind !== kind) this.known = { apiVersion, kind, gvk: gvkOf(apiVersion, kind) };
    return this.known!.gvk;
  }

  get kind(): string {
    return text(this.object.kind);
  }

  get name(): string {
    return text(this.metadata.name);
  }

  get namespace(): string {
    return text(this.metadata.namespace);
  }

  set name(name: string) {
    this.setMeta('name', name);
  }

  /** Empty takes the field away. */
  set namespace(namespace: string) {
    this.setMeta('namespace', namespace || undefined);
  }

  setMeta(field: string, value: unknown): void {
    if (!isObject(this.object.metadata)) this.object.metadata = {};
    const metadata = this.object.metadata as JsonObject;
    if (value === undefined) delete metadata[field];
    else metadata[field] = value;
  }

  get id(): ResourceId {
    const { gvk } = this;
    return { ...gvk, name: this.name, effectiveNamespace: effectiveNamespace(gvk, this.namespace) };
  }

  get formerIds(): readonly ResourceId[] {
    if (this.former.length === 0) return [];
    const { group, version } = this.gvk;
    return this.former.map((id) => ({ group, version, ...id }));
  }

  get originalId(): ResourceId {
    return this.formerIds[0] ?? this.id;
  }

  /** Former ids, and that of now. */
  get allIds(): readonly ResourceId[] {
    return [...this.formerIds, this.id];
  }

  storePreviousId(): void {
    const { kind, name, effectiveNamespace: namespace } = this.id;
    this.former.push({ kind, name, effectiveNamespace: namespace });
  }

  /** What a generated resource that is merged into another takes over from it. */
  inherit(other: Resource): void {
    this.former = [...other.former];
    this.prefixes = [...other.prefixes];
    this.suffixes = [...other.suffixes];
    this.refVarNames = [...other.refVarNames];
    this.behavior = other.behavior;
    this.origins.merge(other.origins);
  }

  stringMap(field: 'labels' | 'annotations'): Record<string, string> {
    const map = this.metadata[field];
    if (!isObject(map)) return {};
    return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, text(value)]));
  }

  setStringMap(field: 'labels' | 'annotations', map: Readonly<Record<string, string>>): void {
    const old = this.metadata[field];
    if (isObject(old)) this.origins.carry(old, map);
    this.setMeta(field, Object.keys(map).length ? map : undefined);
  }
}

/** The text of a scalar as YAML holds it; empty for what is none. */
export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : '';
}

/** Whether one list ends as the other does; an empty one only like an empty one. */
export function sameEnd(a: readonly string[], b: readonly string[]): boolean {
  const [short, long] = a.length > b.length ? [b, a] : [a, b];
  if (short.length === 0) return long.length === 0;
  return short.every((item, i) => item === long[i + long.length - short.length]);
}

/** Whether two resources went through the same prefixes and suffixes. @param lenient none at all fits any */
export function sameAffixes(a: Resource, b: Resource, lenient: boolean): boolean {
  const fits = (x: readonly string[], y: readonly string[]): boolean => (lenient && (x.length === 0 || y.length === 0)) || sameEnd(x, y);
  return fits(a.prefixes, b.prefixes) && fits(a.suffixes, b.suffixes);
}
