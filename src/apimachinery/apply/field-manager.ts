// Keeps metadata.managedFields: who owns which field of an object, as creates, updates, patches and applies come in; and applies
// configurations to objects. One for each kind, version and subresource; it knows no storage and no requests.
//
// Follows k8s.io/apimachinery's managedfields package: what are wrapped managers there are steps here, in the same order.
import type { Clock } from '../clock.ts';
import { groupVersion, isObject, type GroupVersionKind, type JsonObject } from '../object.ts';
import { badRequest } from '../status-error.ts';
import { formatTime } from '../time.ts';
import type { ApplyType } from './apply-schema.ts';
import { capUpdateManagers } from './cap-managers.ts';
import { conflictError } from './conflict-error.ts';
import { FieldSet } from './field-set.ts';
import { LAST_APPLIED_MANAGER, withLastApplied, withoutLastApplied } from './last-applied.ts';
import {
  decodeManagedFields,
  encodeManagedFields,
  isReset,
  managerIdentifier,
  ManagedFieldsError,
  NOTHING_MANAGED,
  type Managed,
  type ManagedFields,
} from './managed-fields.ts';
import { fieldPath } from './path-element.ts';
import { apply, Conflicts, update, type Applied, type Managers, type VersionedSet, type Versions } from './updater.ts';
import { validate, validateStored, ValidationErrors } from './validate.ts';

/** What a field manager is told of its kind. All objects are in the version of the requests. */
export interface FieldManagerOptions {
  /** Of the requests: for a scale subresource, `autoscaling/v1, Kind=Scale`. */
  readonly kind: GroupVersionKind;
  /** `status`, `scale`; empty for the resource itself. */
  readonly subresource: string;
  /** The type of the kind in a version of its group; undefined where that is not served. Always the same object for the same schema. */
  readonly typeOf: (apiVersion: string) => ApplyType | undefined;
  /** The object in another version that has a type. Nothing is defaulted, and the object may lack what its type requires: fields that nobody owns are gone from it. */
  readonly convert: (object: JsonObject, apiVersion: string) => JsonObject;
  /** An object of the kind in which nothing is set, as far as its type has no zero values that show. */
  readonly empty: JsonObject;
  /** What decoding and defaulting make of a merged object. What it shares with `live` need not be looked at. Throws with a message for the client. */
  readonly complete: (merged: JsonObject, live: JsonObject) => JsonObject;
  /** By version: what remains of a set without the fields that the resource does not let its users change, such as status. */
  readonly filters: ReadonlyMap<string, (set: FieldSet) => FieldSet>;
  readonly clock: Pick<Clock, 'now'>;
}

/** An apply that failed for a reason that is no Status of its own; servers answer 500. */
export class ApplyError extends Error {
  override readonly name = 'ApplyError';
}

/** Never owned: what the server sets, and what tells which object it is. */
export const STRIPPED = FieldSet.of(
  fieldPath('apiVersion'),
  fieldPath('kind'),
  fieldPath('metadata'),
  ...['name', 'namespace', 'creationTimestamp', 'selfLink', 'uid', 'clusterName', 'generation', 'managedFields', 'resourceVersion'].map(
    (name) => fieldPath('metadata', name),
  ),
);

/** Clients choose the names of managers. */
const MAX_CACHED_IDENTIFIERS = 1024;

const BEFORE_FIRST_APPLY = 'before-first-apply';

export class FieldManager {
  private readonly options: FieldManagerOptions;
  private readonly apiVersion: string;
  private readonly versions: Versions;
  private readonly identifiers = new Map<string, string>();

  constructor(options: FieldManagerOptions) {
    this.options = options;
    this.apiVersion = groupVersion(options.kind);
    this.versions = {
      typeOf: options.typeOf,
      convert: (object, apiVersion) => this.convert(object, apiVersion),
      filter: (apiVersion, set) => options.filters.get(apiVersion)?.(set) ?? set,
    };
  }

  /**
   * `next` is what a create (no `live`), update or patch makes of `live`; both are decoded and defaulted.
   * `next` may carry managed fields of its own: they count if they make sense, and `[]` or `[{}]` forgets all.
   * @param manager the request's field manager
   * @returns `next` with its managed fields: the very same object where they are right already. Never fails: what cannot be tracked is left without
   */
  update(live: JsonObject | undefined, next: JsonObject, manager: string): JsonObject {
    const before = live ?? this.options.empty;
    try {
      const managed = this.track(before, next, this.decode(before, next), manager);
      return withManagedFields(next, encodeManagedFields(managed, managedFieldsOf(next) ?? managedFieldsOf(before)));
    } catch (error) {
      // a write does not fail for its bookkeeping; upstream only logs it
      if (error instanceof ValidationErrors || error instanceof ApplyError) return withManagedFields(next, undefined);
      throw error;
    }
  }

  /**
   * Applies `config`: merges it into `live`, removes what `manager` applied before and does not now, and owns what it mentions.
   * @param live undefined: the object is to be created
   * @param config as it was sent, plain JSON
   * @returns the object with its managed fields; where nothing changed, `live` itself
   * Throws a StatusError for conflicts and bad requests, {@link ApplyError} for what else cannot be applied.
   */
  apply(live: JsonObject | undefined, config: JsonObject, manager: string, force: boolean): JsonObject {
    const { apiVersion, kind } = config;
    if (apiVersion !== this.apiVersion || kind !== this.options.kind.kind)
      throw badRequest(`invalid object type: ${kindText(apiVersion, kind)}`);
    const before = live ?? this.options.empty;
    const { object, managed } = this.attempt(before, config, manager, force);
    const result = manager === LAST_APPLIED_MANAGER ? withLastApplied(object, config) : object;
    return withManagedFields(result, encodeManagedFields(managed, managedFieldsOf(before)));
  }

  private get type(): ApplyType {
    const type = this.options.typeOf(this.apiVersion);
    if (!type) throw new ApplyError(`no corresponding type for ${this.apiVersion}, Kind=${this.options.kind.kind}`);
    return type;
  }

  private now(): string {
    return formatTime(this.options.clock.now());
  }

  private identifier(manager: string, operation: 'Apply' | 'Update'): string {
    const key = `${operation} ${manager}`;
    let id = this.identifiers.get(key);
    if (id === undefined) {
      if (this.identifiers.size >= MAX_CACHED_IDENTIFIERS) this.identifiers.clear();
      id = managerIdentifier({
        manager: manager || 'unknown',
        operation,
        apiVersion: this.apiVersion,
        subresource: this.options.subresource,
      });
      this.identifiers.set(key, id);
    }
    return id;
  }

  private convert(object: JsonObject, apiVersion: string): JsonObject {
    let converted: JsonObject;
    try {
      converted = this.options.convert(object, apiVersion);
    } catch (error) {
      throw new ApplyError(`failed to convert object to ${apiVersion}: ${(error as Error).message}`, { cause: error });
    }
    validate(this.options.typeOf(apiVersion)!, converted);
    return converted;
  }

  /** The managed fields that the request brings, or else those of the live object. Through a subresource they cannot be changed. */
  private decode(live: JsonObject, next: JsonObject): Managed {
    if (!this.options.subresource) {
      const sent = managedFieldsOf(next);
      if (isReset(sent)) return NOTHING_MANAGED;
      const managed = decodedOrNothing(sent);
      if (managed.managers.size) return managed;
    }
    return decodedOrNothing(managedFieldsOf(live));
  }

  /** Who owns what after an update. Objects that are not tracked stay so until something is applied to them. */
  private track(live: JsonObject, next: JsonObject, managed: Managed, manager: string): Managed {
    const exists = isObject(live.metadata) && Boolean(live.metadata.uid);
    if (managed.managers.size === 0 && exists) return managed;
    return this.own(live, next, managed, manager);
  }

  private own(live: JsonObject, next: JsonObject, managed: Managed, manager: string): Managed {
    const { type } = this;
    const from = withoutManagedFields(live);
    const to = withoutManagedFields(next);
    validateStored(type, to);
    validateStored(type, from);
    const id = this.identifier(manager, 'Update');
    // the operation stands for a manager of its own at first: so it is seen what it took, also from earlier ones of the same manager
    const owners = update(this.versions, this.apiVersion, from, to, managed.managers, CURRENT);
    const taken = strip(owners.get(CURRENT));
    owners.delete(CURRENT);
    if (!taken) return capUpdateManagers({ managers: owners, times: managed.times });
    const previous = owners.get(id);
    owners.set(id, previous ? { ...taken, set: taken.set.union(previous.set) } : taken);
    return capUpdateManagers({ managers: owners, times: new Map(managed.times).set(id, this.now()) });
  }

  /** Conflicts with what kubectl's client-side apply had applied are none for kubectl: then it is done by force. */
  private attempt(live: JsonObject, config: JsonObject, manager: string, force: boolean): Attempt {
    try {
      return this.merge(live, config, manager, force);
    } catch (error) {
      if (!(error instanceof Conflicts)) throw error;
      const conflicts = manager === LAST_APPLIED_MANAGER ? withoutLastApplied(this.type, live, error.conflicts) : error.conflicts;
      if (conflicts.length) throw conflictError(conflicts);
      return this.merge(live, config, manager, true);
    }
  }

  private merge(live: JsonObject, config: JsonObject, manager: string, force: boolean): Attempt {
    const managed = this.managedBefore(live);
    const id = this.identifier(manager, 'Apply');
    const { object, managers } = this.applied(live, config, managed.managers, id, force);
    const owners = new Map(managers);
    const own = strip(owners.get(id));
    if (own) owners.set(id, sameOr(managed.managers.get(id), own));
    else owners.delete(id);
    if (object === live) return { object: live, managed: { managers: owners, times: managed.times } };
    return {
      object: this.completed(object, live, config),
      managed: { managers: owners, times: new Map(managed.times).set(id, this.now()) },
    };
  }

  /** Fields of an object that was not tracked so far have an owner of their own, so that the first apply does not take them in silence. */
  private managedBefore(live: JsonObject): Managed {
    let managed: Managed;
    try {
      managed = decodeManagedFields(managedFieldsOf(live));
    } catch (error) {
      throw new ApplyError(`failed to decode managed fields: ${(error as Error).message}`, { cause: error });
    }
    if (managed.managers.size) return managed;
    try {
      return this.own(this.options.empty, live, managed, BEFORE_FIRST_APPLY);
    } catch (error) {
      throw new ApplyError(`failed to create manager for existing fields: ${(error as Error).message}`, { cause: error });
    }
  }

  private applied(live: JsonObject, config: JsonObject, managers: Managers, id: string, force: boolean): Applied {
    if (Array.isArray(isObject(config.metadata) ? config.metadata.managedFields : undefined))
      throw badRequest('metadata.managedFields must be nil');
    const { type } = this;
    this.checked('patch', config, () => validate(type, config));
    this.checked('live', live, () => validateStored(type, live));
    return apply(this.versions, this.apiVersion, live, config, managers, id, force);
  }

  private checked(what: 'patch' | 'live', object: JsonObject, check: () => void): void {
    try {
      check();
    } catch (error) {
      if (!(error instanceof ValidationErrors)) throw error;
      throw new ApplyError(`failed to create typed ${what} object (${this.named(object)}): ${error.message}`, { cause: error });
    }
  }

  private completed(merged: JsonObject, live: JsonObject, config: JsonObject): JsonObject {
    try {
      return this.options.complete(merged, live);
    } catch (error) {
      throw new ApplyError(`failed to convert new object (${this.named(config)}) to proper version: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /** `default/web; apps/v1, Kind=Deployment` */
  private named({ apiVersion, kind, metadata }: JsonObject): string {
    const { name = '', namespace = '' } = isObject(metadata) ? metadata : {};
    return `${String(namespace)}/${String(name)}; ${kindText(apiVersion, kind)}`;
  }
}

const CURRENT = 'current-operation';

interface Attempt {
  readonly object: JsonObject;
  readonly managed: Managed;
}

/** `schema.GroupVersionKind.String()`: `apps/v1, Kind=Deployment`, `/v1, Kind=Pod`. */
function kindText(apiVersion: unknown, kind: unknown): string {
  const version = typeof apiVersion === 'string' ? apiVersion : '';
  return `${version.includes('/') ? version : `/${version}`}, Kind=${typeof kind === 'string' ? kind : ''}`;
}

function strip(owned: VersionedSet | undefined): VersionedSet | undefined {
  if (!owned) return undefined;
  const set = owned.set.difference(STRIPPED);
  return set.isEmpty ? undefined : { ...owned, set };
}

/** What was known before where that says the same: then its entry need not be made again. */
function sameOr(before: VersionedSet | undefined, after: VersionedSet): VersionedSet {
  return before && before.apiVersion === after.apiVersion && before.applied === after.applied && before.set.equals(after.set)
    ? before
    : after;
}

function managedFieldsOf({ metadata }: JsonObject): ManagedFields | undefined {
  const entries = isObject(metadata) ? metadata.managedFields : undefined;
  return Array.isArray(entries) ? (entries as ManagedFields) : undefined;
}

function decodedOrNothing(entries: ManagedFields | undefined): Managed {
  try {
    return decodeManagedFields(entries);
  } catch (error) {
    if (error instanceof ManagedFieldsError) return NOTHING_MANAGED;
    throw error;
  }
}

function withManagedFields(object: JsonObject, entries: ManagedFields | undefined): JsonObject {
  const metadata = isObject(object.metadata) ? object.metadata : {};
  if (metadata.managedFields === entries) return object;
  const { managedFields: _, ...others } = metadata;
  return { ...object, metadata: entries ? { ...others, managedFields: entries } : others };
}

const withoutManagedFields = (object: JsonObject): JsonObject => withManagedFields(object, undefined);
