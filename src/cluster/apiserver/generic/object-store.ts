// The objects of one resource in the store: keys, compare-and-write with retries, dry runs, expiry. Knows nothing of requests'
// rules; those are in write.ts and delete.ts. What the store refuses is answered in the API's words here.
import { deepEqual, type JsonObject, type KubernetesObject } from '../../../apimachinery/object.ts';
import { alreadyExists, conflict, MODIFIED, notFoundError, type Qualified, type StatusError } from '../../../apimachinery/status-error.ts';
import type { Entry, Store } from '../../storage/store.ts';
import type { ResourceDefinition } from './resource-definition.ts';

export const qualified = (definition: ResourceDefinition): Qualified => ({ group: definition.group, resource: definition.resource });

export function objectKey(definition: ResourceDefinition, namespace: string, name: string): string {
  return definition.namespaced ? `${definition.storagePath}/${namespace}/${name}` : `${definition.storagePath}/${name}`;
}

/** The prefix of a collection; it ends with a slash. */
export function collectionKey(definition: ResourceDefinition, namespace: string): string {
  return definition.namespaced && namespace ? `${definition.storagePath}/${namespace}/` : `${definition.storagePath}/`;
}

/** The same object under another resourceVersion. */
export function withRevision(object: KubernetesObject, revision: number): KubernetesObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

/** What the caller of {@link ObjectStore.update} wants written: a new object, or nothing (the object stays as it is). */
export type Change = KubernetesObject | 'unchanged';

/** An object of the store in the form in which it is served. */
export const asServed = ({ storage }: ResourceDefinition, object: KubernetesObject): KubernetesObject => storage?.read(object) ?? object;

/** As {@link asServed}, where it may not have been prepared. */
export function readAs(definition: ResourceDefinition, object: KubernetesObject): KubernetesObject | Promise<KubernetesObject> {
  const preparing = definition.storage?.prepare?.([object]);
  return preparing ? preparing.then(() => asServed(definition, object)) : asServed(definition, object);
}

/** What is at hand is not waited for: nearly all objects are. */
const isPending = <T>(value: T | Promise<T>): value is Promise<T> => value instanceof Promise;

const asStored = ({ storage }: ResourceDefinition, object: KubernetesObject): KubernetesObject | Promise<KubernetesObject> =>
  storage?.write(object) ?? object;

export class ObjectStore {
  private readonly store: Store;
  readonly definition: ResourceDefinition;

  constructor(store: Store, definition: ResourceDefinition) {
    this.store = store;
    this.definition = definition;
  }

  async find(namespace: string, name: string): Promise<Entry | undefined> {
    const entry = await this.store.get(objectKey(this.definition, namespace, name));
    if (!entry || !this.definition.storage) return entry;
    const read = readAs(this.definition, entry.value);
    return { ...entry, value: isPending(read) ? await read : read };
  }

  async get(namespace: string, name: string): Promise<Entry> {
    const entry = await this.find(namespace, name);
    if (!entry) throw notFoundError(qualified(this.definition), name);
    return entry;
  }

  async create(object: KubernetesObject, dryRun: boolean): Promise<KubernetesObject> {
    const { namespace = '', name } = object.metadata;
    const key = objectKey(this.definition, namespace, name);
    if (dryRun) {
      const current = await this.store.get(key);
      if (current) throw this.exists(name, current);
      return object;
    }
    const form = asStored(this.definition, object);
    const stored = isPending(form) ? await form : form;
    const result = await this.store.create(key, (revision) => withRevision(stored, revision));
    if (!result.ok) throw this.exists(name, result.current);
    return readAs(this.definition, result.entry.value);
  }

  private exists(name: string, current: Entry | undefined): StatusError {
    const error = alreadyExists(qualified(this.definition), name);
    if (!current?.value.metadata.deletionTimestamp) return error;
    return alreadyExistsWhileDeleting(this.definition, name);
  }

  /**
   * Reads, asks `change` what to make of it, writes; and again when another writer came between.
   * @param change is given undefined where there is no object, and may then return one to create
   */
  async update(
    namespace: string,
    name: string,
    dryRun: boolean,
    change: (existing: KubernetesObject | undefined) => Change | Promise<Change>,
  ): Promise<{ readonly object: KubernetesObject; readonly created: boolean }> {
    const key = objectKey(this.definition, namespace, name);
    for (;;) {
      const entry = await this.store.get(key);
      const read = entry && readAs(this.definition, entry.value);
      const changed = await change(read && isPending(read) ? await read : read);
      const form = changed === 'unchanged' ? changed : asStored(this.definition, changed);
      const wanted = isPending(form) ? await form : form;
      if (!entry) {
        if (wanted === 'unchanged') throw notFoundError(qualified(this.definition), name);
        if (dryRun) return this.written(wanted, true);
        const result = await this.store.create(key, (revision) => withRevision(wanted, revision));
        if (result.ok) return this.written(result.entry.value, true);
        continue;
      }
      if (wanted === 'unchanged' || sameContent(wanted, entry.value)) return this.written(entry.value, false);
      if (dryRun) return this.written(withRevision(wanted, entry.modRevision), false);
      const result = await this.store.update(key, entry.modRevision, (revision) => withRevision(wanted, revision));
      if (result.ok) return this.written(result.entry.value, false);
    }
  }

  private async written(
    stored: KubernetesObject,
    created: boolean,
  ): Promise<{ readonly object: KubernetesObject; readonly created: boolean }> {
    const read = readAs(this.definition, stored);
    return { object: isPending(read) ? await read : read, created };
  }

  /** @param last the object as watchers see it go */
  async delete(entry: Entry, last: KubernetesObject, dryRun: boolean): Promise<'deleted' | 'changed'> {
    if (dryRun) return 'deleted';
    const form = asStored(this.definition, last);
    const stored = isPending(form) ? await form : form;
    const result = await this.store.delete(entry.key, entry.modRevision, (revision) => withRevision(stored, revision));
    return result.ok ? 'deleted' : 'changed';
  }

  modified(name: string): StatusError {
    return conflict(qualified(this.definition), name, MODIFIED);
  }
}

function alreadyExistsWhileDeleting(definition: ResourceDefinition, name: string): StatusError {
  const error = alreadyExists(qualified(definition), name);
  const message = `object is being deleted: ${error.message}`;
  return new (error.constructor as new (status: StatusError['status']) => StatusError)({ ...error.status, message });
}

/** Equal but for the resourceVersion: such a write would leave no trace, so there is none. */
function sameContent(a: KubernetesObject, b: KubernetesObject): boolean {
  return equalBut('resourceVersion', a.metadata, b.metadata) && equalBut('metadata', a, b);
}

/** Whether all fields but one are equal. */
function equalBut(name: string, a: object, b: object): boolean {
  const x = a as JsonObject;
  const y = b as JsonObject;
  for (const key in x) if (key !== name && !deepEqual(x[key], y[key])) return false;
  for (const key in y) if (key !== name && !Object.hasOwn(x, key)) return false;
  return true;
}
