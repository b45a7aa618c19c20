// The Kubernetes API as programs use it: typed by kind, the same for the embedded cluster and for any other. Objects that come back are
// immutable and may be shared.
import type {
  PatchType,
  RequestBody,
  RequestOptions,
  ResourceMapping,
  ServedResource,
  Verb,
  WatchEventType,
} from '../apimachinery/api-request.ts';
import { KUBERNETES_VERSION } from '../apimachinery/kubernetes-version.ts';
import {
  groupVersion,
  type GroupVersionResource,
  type JsonObject,
  type KubernetesObject,
  type Manifest,
  type ObjectOf,
} from '../apimachinery/object.ts';
import { isExpired, statusError } from '../apimachinery/status-error.ts';
import type { Transport } from './transport.ts';

export interface Scope {
  /** Absent: cluster-scoped, or all namespaces. */
  readonly namespace?: string;
}

export interface ReadOptions extends Scope {
  readonly subresource?: string;
}

export interface ListOptions extends Scope {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
}

export interface WatchOptions extends ListOptions {
  readonly allowWatchBookmarks?: boolean;
  readonly timeoutSeconds?: number;
}

export interface WriteOptions extends Scope {
  readonly subresource?: string;
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
  /** Called with each warning that the server gives. */
  readonly onWarning?: (message: string) => void;
}

export interface PatchOptions extends WriteOptions {
  readonly type: PatchType;
  /** Of an apply: takes fields from other managers. */
  readonly force?: boolean;
}

export interface DeleteOptions extends Scope {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
}

export interface ObjectList<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** Empty at the end. */
  readonly continue: string;
}

export interface TypedWatchEvent<T> {
  readonly type: WatchEventType;
  /** Of an ERROR, a Status. */
  readonly object: T;
}

export interface TypedWatch<T> {
  /** The next event; undefined at the end. */
  next(): Promise<TypedWatchEvent<T> | undefined>;
  cancel(): void;
}

/** A kind that the server has at this moment; `kind` is its full name: `apps/v1/Deployment`. */
export type ServedKind = ServedResource;

/** What was written, and whether that made the object. */
export interface Written<T> {
  readonly object: T;
  readonly created: boolean;
}

export class Client {
  private readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  async get<K extends string>(kind: K, name: string, options: ReadOptions = {}): Promise<ObjectOf<K>> {
    return (await this.call('get', kind, name, options, {})).object as ObjectOf<K>;
  }

  /** All objects, or where a limit is given a page of them. Over a network all are read in pages, as client-go's pager does. */
  async list<K extends string>(kind: K, options: ListOptions = {}): Promise<ObjectList<ObjectOf<K>>> {
    const { pageSize } = this.transport;
    if (pageSize === undefined || options.limit !== undefined || options.continue !== undefined) return this.page(kind, options);
    const first = await this.page(kind, { ...options, limit: pageSize });
    const items = [...first.items];
    // the token says of which version its pages are
    const { resourceVersion: _, ...same } = options;
    for (let from = first.continue; from;) {
      try {
        const next = await this.page(kind, { ...same, limit: pageSize, continue: from });
        items.push(...next.items);
        from = next.continue;
      } catch (error) {
        // the snapshot that the pages are of is gone
        if (isExpired(error)) return this.page(kind, options);
        throw error;
      }
    }
    return { ...first, items, continue: '' };
  }

  private async page<K extends string>(kind: K, options: ListOptions): Promise<ObjectList<ObjectOf<K>>> {
    const { namespace, ...rest } = options;
    const { object } = await this.call('list', kind, '', namespace === undefined ? {} : { namespace }, rest);
    const { items, metadata } = object as { items?: readonly ObjectOf<K>[]; metadata: { resourceVersion?: string; continue?: string } };
    return { items: items ?? [], resourceVersion: metadata.resourceVersion ?? '', continue: metadata.continue ?? '' };
  }

  async watch<K extends string>(kind: K, options: WatchOptions = {}): Promise<TypedWatch<ObjectOf<K>>> {
    const { namespace, ...rest } = options;
    const response = await this.transport.serve(await this.request('watch', kind, '', namespace === undefined ? {} : { namespace }, rest));
    if (response.is !== 'watch') throw new Error('the server answered a watch with an object');
    return response.watch as TypedWatch<ObjectOf<K>>;
  }

  /** The namespace is that of the object. */
  async create<K extends string>(
    kind: K,
    object: Manifest<ObjectOf<K>> | Manifest<KubernetesObject>,
    options: WriteOptions = {},
  ): Promise<ObjectOf<K>> {
    const { metadata } = object;
    const scope = metadata.namespace === undefined ? {} : { namespace: metadata.namespace };
    const name = options.subresource ? (metadata.name ?? '') : '';
    return (await this.call('create', kind, name, { ...scope, ...options }, writeOptions(options), { value: object }, options.onWarning))
      .object as ObjectOf<K>;
  }

  async update<K extends string>(kind: K, object: ObjectOf<K>, options: WriteOptions = {}): Promise<ObjectOf<K>> {
    const { name, namespace } = (object as KubernetesObject).metadata;
    const scope = namespace === undefined ? {} : { namespace };
    return (await this.call('update', kind, name, { ...scope, ...options }, writeOptions(options), { value: object }, options.onWarning))
      .object as ObjectOf<K>;
  }

  /** Writes only the status. */
  updateStatus<K extends string>(kind: K, object: ObjectOf<K>, options: WriteOptions = {}): Promise<ObjectOf<K>> {
    return this.update(kind, object, { ...options, subresource: 'status' });
  }

  async patch<K extends string>(kind: K, name: string, patch: unknown, options: PatchOptions): Promise<Written<ObjectOf<K>>> {
    const { type, force, onWarning, ...rest } = options;
    const body: RequestBody = { value: patch, patchType: type };
    const { object, code } = await this.call(
      'patch',
      kind,
      name,
      rest,
      { ...writeOptions(options), ...(force === undefined ? {} : { force }) },
      body,
      onWarning,
    );
    return { object: object as ObjectOf<K>, created: code === 201 };
  }

  /** Resolves with the object as it is left behind, or with a Status where it is gone. */
  async delete(kind: string, name: string, options: DeleteOptions = {}): Promise<JsonObject> {
    const { namespace, dryRun, ...rest } = options;
    const scope = namespace === undefined ? {} : { namespace };
    return (await this.call('delete', kind, name, scope, { ...rest, ...(dryRun ? { dryRun: ['All'] } : {}) })).object as JsonObject;
  }

  async deleteCollection(kind: string, options: DeleteOptions & ListOptions = {}): Promise<void> {
    const { namespace, dryRun, ...rest } = options;
    const scope = namespace === undefined ? {} : { namespace };
    await this.call('deletecollection', kind, '', scope, { ...rest, ...(dryRun ? { dryRun: ['All'] } : {}) });
  }

  /** What is found where no kind is: a metric of all pods, say, in custom.metrics.k8s.io. */
  async read(
    verb: 'get' | 'list',
    place: GroupVersionResource & { readonly namespace?: string; readonly name?: string; readonly subresource?: string },
    query: Readonly<Record<string, string>> = {},
  ): Promise<JsonObject> {
    const { group, version, resource, namespace = '', name = '', subresource = '' } = place;
    const request = { verb, group, version, resource, namespace, name, subresource, options: {}, query: new URLSearchParams(query) };
    const response = await this.transport.serve(request);
    if (response.is !== 'object') throw new Error(`the server answered ${verb} of ${resource} with ${response.is}`);
    return response.object as JsonObject;
  }

  /** Where a kind is found; undefined where the server does not have it. */
  resolve(kind: string): Promise<ResourceMapping | undefined> {
    return this.transport.resolve(kind);
  }

  /** All resources that the server has at this moment. */
  resources(): Promise<readonly ServedResource[]> {
    return this.transport.resources();
  }

  /** The server's release: `v1.36.3`. */
  gitVersion(): Promise<string> {
    return this.transport.gitVersion?.() ?? Promise.resolve(KUBERNETES_VERSION);
  }

  /** All kinds that the server has, each in the version that it prefers. */
  async servedKinds(): Promise<readonly ServedKind[]> {
    const seen = new Set<string>();
    const kinds: ServedKind[] = [];
    for (const served of await this.transport.resources()) {
      const { group, version, kind, resource } = served;
      if (seen.has(`${group}/${resource}`)) continue;
      seen.add(`${group}/${resource}`);
      kinds.push({ ...served, kind: `${groupVersion({ group, version })}/${kind}` });
    }
    return kinds;
  }

  /** The preferred version of a kind; undefined where the server does not have it. */
  async resolveGroupKind(group: string, kind: string): Promise<ServedResource | undefined> {
    return (await this.transport.resources()).find((served) => served.group === group && served.kind === kind);
  }

  private async call(
    verb: Verb,
    kind: string,
    name: string,
    scope: ReadOptions,
    options: RequestOptions,
    body?: RequestBody,
    onWarning?: (message: string) => void,
  ): Promise<{ readonly object: KubernetesObject | JsonObject; readonly code: number }> {
    const response = await this.transport.serve(await this.request(verb, kind, name, scope, options, body));
    if (response.is !== 'object') throw new Error(`the server answered ${verb} of ${kind} with ${response.is}`);
    if (onWarning) for (const warning of response.warnings) onWarning(warning);
    return response;
  }

  private async request(
    verb: Verb,
    kind: string,
    name: string,
    { namespace = '', subresource = '' }: ReadOptions,
    options: RequestOptions,
    body?: RequestBody,
  ): Promise<Parameters<Transport['serve']>[0]> {
    const mapping = await this.transport.resolve(kind);
    if (!mapping) {
      const message = `the server could not find the requested resource: it does not know the kind ${kind}`;
      throw statusError({ code: 404, reason: 'NotFound', message, details: {} });
    }
    const { group, version, resource } = mapping;
    return {
      verb,
      group,
      version,
      resource,
      namespace: mapping.namespaced ? namespace : '',
      name,
      subresource,
      options,
      ...(body ? { body } : {}),
    };
  }
}

function writeOptions({ fieldManager, dryRun, fieldValidation }: WriteOptions): RequestOptions {
  return {
    ...(fieldManager === undefined ? {} : { fieldManager }),
    ...(dryRun ? { dryRun: ['All'] } : {}),
    ...(fieldValidation === undefined ? {} : { fieldValidation }),
  };
}
