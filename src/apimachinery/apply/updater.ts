// Ownership of fields by several managers: what an update takes from others, what an apply merges, removes and conflicts with.
//
// Follows structured-merge-diff's merge package. It knows nothing of Kubernetes' metadata: managers are opaque names.
import { deepEqual, type JsonObject } from '../object.ts';
import type { ApplyType } from './apply-schema.ts';
import { compare } from './compare.ts';
import { FieldSet } from './field-set.ts';
import { merge } from './merge.ts';
import { compareText, type FieldPath } from './path-element.ts';
import { removeItems } from './remove-items.ts';
import { reconcileWithSchema, withNamedFields } from './schema-changes.ts';
import { toFieldSet } from './to-field-set.ts';

/** What one manager owns, said in the terms of one version of the API. */
export interface VersionedSet {
  readonly set: FieldSet;
  readonly apiVersion: string;
  /** By an apply; else by updates. */
  readonly applied: boolean;
}

/** By manager. */
export type Managers = ReadonlyMap<string, VersionedSet>;

/** The versions of a kind. */
export interface Versions {
  /** Undefined: there is no such version (any more). */
  typeOf(apiVersion: string): ApplyType | undefined;
  /** The object, which is in another version, in this one. Called only for versions that have a type. Throws what is told to the client. */
  convert(object: JsonObject, apiVersion: string): JsonObject;
  /** Leaves out fields that the resource resets anyway: nobody can own them here. */
  filter(apiVersion: string, set: FieldSet): FieldSet;
}

/** An object and the version in which it is. */
export interface Versioned {
  readonly apiVersion: string;
  readonly object: JsonObject;
}

export interface Conflict {
  readonly manager: string;
  readonly path: FieldPath;
}

/** Thrown by {@link apply}: others own what it would change. Sorted by manager. */
export class Conflicts extends Error {
  override readonly name = 'Conflicts';
  readonly conflicts: readonly Conflict[];
  constructor(conflicts: readonly Conflict[]) {
    super(`${conflicts.length} conflicts`);
    this.conflicts = conflicts;
  }
}

/** `manager` has made `next` out of `live`, both in `apiVersion`, and takes what it changed. @returns who owns what now; the caller's to change */
export function update(
  versions: Versions,
  apiVersion: string,
  live: JsonObject,
  next: JsonObject,
  owners: Managers,
  manager: string,
): Map<string, VersionedSet> {
  const { managers, changes } = takeChanges(versions, apiVersion, live, next, reconciled(versions, owners), manager, true);
  const own = managers.get(manager)?.set ?? FieldSet.EMPTY;
  const set = versions.filter(apiVersion, own.difference(changes.removed).union(changes.set));
  if (set.isEmpty) managers.delete(manager);
  else managers.set(manager, { set, apiVersion, applied: false });
  return managers;
}

export interface Applied {
  /** The live object itself where nothing changed. */
  readonly object: JsonObject;
  readonly managers: Managers;
}

/** Merges `config`, both in `apiVersion` and validated, and removes what `manager` applied before and does not any more. Throws {@link Conflicts}. */
export function apply(
  versions: Versions,
  apiVersion: string,
  live: JsonObject,
  config: JsonObject,
  owners: Managers,
  manager: string,
  force: boolean,
): Applied {
  const type = versions.typeOf(apiVersion)!;
  const before = reconciled(versions, owners);
  const last = before.get(manager);
  const set = versions.filter(apiVersion, toFieldSet(type, config));
  const managers = new Map(before).set(manager, { set, apiVersion, applied: true });
  const merged = { apiVersion, object: merge(type, live, config) as JsonObject };
  const pruned = last ? prune(versions, merged, managers, manager, last) : merged;
  const { object } = converted(versions, pruned, apiVersion) ?? merged;
  const taken = takeChanges(versions, apiVersion, live, object, managers, manager, force);
  return { object: deepEqual(object, live) ? live : object, managers: taken.managers };
}

/** Owners of fields that have become part of something atomic own that. Those that speak of a version that is no more are dropped. */
function reconciled(versions: Versions, owners: Managers): Managers {
  let out: Map<string, VersionedSet> | undefined;
  for (const [manager, owned] of owners) {
    const type = versions.typeOf(owned.apiVersion);
    const set = type && reconcileWithSchema(type, owned.set);
    if (set === owned.set) continue;
    out ??= new Map(owners);
    if (set) out.set(manager, { ...owned, set });
    else out.delete(manager);
  }
  return out ?? owners;
}

/** Undefined: the version is no more. */
function converted(versions: Versions, from: Versioned, apiVersion: string): Versioned | undefined {
  if (from.apiVersion === apiVersion) return from;
  return versions.typeOf(apiVersion) && { apiVersion, object: versions.convert(from.object, apiVersion) };
}

/** What differs, without what the resource resets. */
interface Changes {
  /** Added or modified. */
  readonly set: FieldSet;
  readonly removed: FieldSet;
}

function changesIn(versions: Versions, apiVersion: string, live: Versioned, next: Versioned): Changes | undefined {
  const type = versions.typeOf(apiVersion);
  const left = converted(versions, live, apiVersion);
  const right = converted(versions, next, apiVersion);
  if (!type || !left || !right) return undefined;
  const { added, modified, removed } = compare(type, left.object, right.object);
  return { set: versions.filter(apiVersion, modified.union(added)), removed: versions.filter(apiVersion, removed) };
}

interface Taken {
  readonly managers: Map<string, VersionedSet>;
  readonly changes: Changes;
}

/** Takes from all others what differs between `live` and `next`: with `force` what is added or modified too, else that is a conflict. */
function takeChanges(
  versions: Versions,
  apiVersion: string,
  live: JsonObject,
  next: JsonObject,
  owners: Managers,
  manager: string,
  force: boolean,
): Taken {
  const from = { apiVersion, object: live };
  const to = { apiVersion, object: next };
  const changes = changesIn(versions, apiVersion, from, to)!;
  let byVersion: Map<string, Changes | undefined> | undefined;
  const seenIn = (version: string): Changes | undefined => {
    if (version === apiVersion) return changes;
    byVersion ??= new Map();
    if (!byVersion.has(version)) byVersion.set(version, changesIn(versions, version, from, to));
    return byVersion.get(version);
  };
  const managers = new Map(owners);
  const conflicts = new Map<string, FieldSet>();
  for (const [other, owned] of owners) {
    if (other === manager) continue;
    const seen = seenIn(owned.apiVersion);
    if (!seen) {
      managers.delete(other);
      continue;
    }
    const conflict = owned.set.intersection(seen.set);
    if (!conflict.isEmpty) conflicts.set(other, conflict);
    const set = owned.set.difference(conflict).difference(seen.removed);
    if (set !== owned.set) managers.set(other, { ...owned, set });
  }
  if (!force && conflicts.size) throw new Conflicts(listed(conflicts));
  for (const [name, { set }] of managers) if (set.isEmpty) managers.delete(name);
  return { managers, changes };
}

const listed = (sets: ReadonlyMap<string, FieldSet>): Conflict[] =>
  [...sets].sort(([a], [b]) => compareText(a, b)).flatMap(([manager, set]) => Array.from(set.paths(), (path) => ({ manager, path })));

/** Removes from the merged object what the manager applied last, does not apply now, and nobody else owns. */
function prune(versions: Versions, merged: Versioned, managers: Managers, manager: string, last: VersionedSet): Versioned {
  const now = managers.get(manager)!;
  // all that was applied is applied again, the usual case: every field of `last` has an owner, and so has all that leads to it
  if (last.apiVersion === now.apiVersion && last.set.difference(now.set).isEmpty) return merged;
  const before = converted(versions, merged, last.apiVersion);
  if (!before) return merged;
  const type = versions.typeOf(last.apiVersion)!;
  const named = withNamedFields(type, last.set);
  const left = { ...before, object: without(type, before.object, named) };
  const pruned = addBackOwned(versions, before, left, managers);
  return addBackDangling(versions, before, pruned, type, named);
}

/** Brings back what any manager owns. The version that was applied last comes first: others may need its fields for conversion. */
function addBackOwned(versions: Versions, merged: Versioned, pruned: Versioned, managers: Managers): Versioned {
  const owned = new Map<string, FieldSet>();
  const first = (apiVersion: string): number => (apiVersion === merged.apiVersion ? 0 : 1);
  for (const { apiVersion, set } of [...managers.values()].sort((a, b) => first(a.apiVersion) - first(b.apiVersion))) {
    owned.set(apiVersion, (owned.get(apiVersion) ?? FieldSet.EMPTY).union(set));
  }
  let whole = merged;
  let left = pruned;
  for (const [apiVersion, set] of owned) {
    const type = versions.typeOf(apiVersion);
    const nextWhole = converted(versions, whole, apiVersion);
    const nextLeft = converted(versions, left, apiVersion);
    if (!type || !nextWhole || !nextLeft) continue;
    const all = withNamedFields(type, toFieldSet(type, nextWhole.object));
    const kept = withNamedFields(type, toFieldSet(type, nextLeft.object)).union(withNamedFields(type, set));
    whole = nextWhole;
    left = { apiVersion, object: without(type, nextWhole.object, all.difference(kept)) };
  }
  return left;
}

/** Brings back what the manager never owned: fields that went because something around them was removed. */
function addBackDangling(versions: Versions, merged: Versioned, pruned: Versioned, type: ApplyType, last: FieldSet): Versioned {
  const back = converted(versions, pruned, merged.apiVersion)!;
  const all = withNamedFields(type, toFieldSet(type, merged.object));
  const kept = withNamedFields(type, toFieldSet(type, back.object));
  return { ...merged, object: without(type, merged.object, all.difference(kept).intersection(last)) };
}

/** An object stays one, even if nothing is left in it. */
const without = (type: ApplyType, object: JsonObject, set: FieldSet): JsonObject => (removeItems(type, object, set) ?? {}) as JsonObject;
