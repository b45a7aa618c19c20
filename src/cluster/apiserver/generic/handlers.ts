// One method a verb: from a resource request to its answer. The same for all resources; what differs is in their definitions.
import type { Clock } from '../../../apimachinery/clock.ts';
import { decode } from '../../../apimachinery/codec/decode.ts';
import { deepCopy, groupVersion, isObject, type JsonObject, type KubernetesObject } from '../../../apimachinery/object.ts';
import type { NodeApi } from '../../../apimachinery/node-api.ts';
import type { Random } from '../../../apimachinery/random.ts';
import type { StructType } from '../../../apimachinery/schema/go-type.ts';
import { badRequest, isNotFound, methodNotSupported, notFoundError, statusError, StatusError } from '../../../apimachinery/status-error.ts';
import type { Store } from '../../storage/store.ts';
import type { AdmissionChain } from '../admission/admission.ts';
import type { Backends } from '../aggregator/backends.ts';
import { attributesOf, requireAllowed, type Authorizer } from '../authorization/authorizer.ts';
import { RequestContext } from './context.ts';
import { decodeObject } from './decode-object.ts';
import { deleteObject } from './delete.ts';
import type { FieldManagers } from './field-managers.ts';
import { internalResourceVersion, listObjects } from './list.ts';
import { readyPatch } from './patch.ts';
import type { ResourceCatalog, Served } from './catalog.ts';
import { ObjectStore, qualified } from './object-store.ts';
import type { Draft, ResourceDefinition, Strategy, SubresourceServer } from './resource-definition.ts';
import type { RequestOptions, ResourceRequest, ResourceResponse } from '../../../apimachinery/api-request.ts';
import { readSelection } from './selection.ts';
import { checkDeleteOptions, checkListOptions, checkWriteOptions } from '../validation/request-options.ts';
import { watchObjects } from './watch.ts';
import { checkName, checkNamespace, createObject, updateObject, wipeSystemFields, type UpdateRequest, type WriteParts } from './write.ts';

export interface HandlerParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly catalog: ResourceCatalog;
  readonly admission: AdmissionChain;
  readonly authorizer: Authorizer;
  readonly fieldManagers: FieldManagers;
  readonly backends: Backends;
}

export class Handlers implements SubresourceServer {
  private readonly parts: HandlerParts;
  private kubelets: NodeApi | undefined;
  private readonly stores = new WeakMap<ResourceDefinition, ObjectStore>();

  constructor(parts: HandlerParts) {
    this.parts = parts;
  }

  get clock(): Clock {
    return this.parts.clock;
  }

  get random(): Random {
    return this.parts.random;
  }

  get nodes(): NodeApi | undefined {
    return this.kubelets;
  }

  connectNodes(nodes: NodeApi): void {
    this.kubelets = nodes;
  }

  get backends(): Backends {
    return this.parts.backends;
  }

  get store(): Store {
    return this.parts.store;
  }

  get catalog(): ResourceCatalog {
    return this.parts.catalog;
  }

  /** Throws a StatusError where the request is refused. The user is known and may do this. */
  async serve(request: ResourceRequest): Promise<ResourceResponse> {
    const served = this.parts.catalog.find(request.group, request.version, request.resource);
    if (!served) throw noSuchResource();
    const context = new RequestContext(request, served, this.parts.clock.now());
    if (served.version.deprecation) {
      context.warn(served.version.deprecation);
      request.audit?.annotate('k8s.io/deprecated', 'true');
    }
    try {
      return await (request.subresource ? this.serveSubresource(context) : this.serveResource(context));
    } catch (error) {
      if (error instanceof StatusError && context.warnings.length) error.warnings = context.warnings;
      throw error;
    }
  }

  private async serveResource(context: RequestContext): Promise<ResourceResponse> {
    const { request, served } = context;
    if (!served.definition.verbs.includes(request.verb)) throw methodNotAllowed();
    switch (request.verb) {
      case 'get':
        return this.get(context);
      case 'list':
        return this.list(context);
      case 'watch':
        return this.watch(context);
      case 'create':
        return served.definition.review ? this.review(context) : this.create(context);
      case 'update':
        return this.update_(context, served.definition.strategy);
      case 'patch':
        return this.patch(context, served.definition.strategy);
      case 'delete':
        return this.delete(context);
      case 'deletecollection':
        return this.deleteCollection(context);
      case 'connect':
        throw methodNotAllowed();
    }
  }

  objects(definition: ResourceDefinition): ObjectStore {
    let store = this.stores.get(definition);
    if (!store) {
      store = new ObjectStore(this.parts.store, definition);
      this.stores.set(definition, store);
    }
    return store;
  }

  private async serveSubresource(context: RequestContext): Promise<ResourceResponse> {
    const { definition } = context.served;
    const { verb, subresource } = context.request;
    const sub = definition.subresources[subresource];
    const { custom } = context.served.version;
    if (!sub) throw custom ? notFoundError(qualified(definition), context.request.name) : noSuchResource();
    if (sub.verbs.includes('connect') && sub.serve) return sub.serve(context, this);
    if (!sub.verbs.includes(verb)) throw custom ? methodNotSupported(qualified(definition), verb) : methodNotAllowed();
    if (sub.serve) return sub.serve(context, this);
    if (!sub.strategy) throw methodNotAllowed();
    if (verb === 'get') return this.get(context);
    return verb === 'patch' ? this.patch(context, sub.strategy) : this.update_(context, sub.strategy);
  }

  private async get(context: RequestContext): Promise<ResourceResponse> {
    const { namespace, name } = context.request;
    internalResourceVersion(context.options.resourceVersion ?? '');
    const { value } = await this.objects(context.served.definition).get(namespace, name);
    return answer(context, 200, value);
  }

  private async list(context: RequestContext): Promise<ResourceResponse> {
    checkListOptions(context.options, false);
    const selection = readSelection(context);
    const list = await listObjects(context, selection, this.parts.store, this.parts.clock);
    const { definition, version } = context.served;
    const metadata = {
      // what is not stored (component statuses) has no version
      ...(definition.verbs.includes('watch') ? { resourceVersion: list.resourceVersion } : {}),
      // lists without a Go type say it even where there is nothing to continue
      ...(list.continue || version.custom ? { continue: list.continue } : {}),
      ...(list.remainingItemCount ? { remainingItemCount: list.remainingItemCount } : {}),
    };
    const items = version.fromStorage ? list.items.map(version.fromStorage) : list.items;
    const object = {
      kind: definition.listKind,
      apiVersion: groupVersion({ group: definition.group, version: version.version }),
      metadata,
      items,
    };
    return { is: 'object', code: 200, object, warnings: context.warnings };
  }

  private async watch(context: RequestContext): Promise<ResourceResponse> {
    checkListOptions(withWatchDefaults(context.options), true);
    const selection = readSelection(context);
    const watch = await watchObjects(context, selection, this.parts.store, this.parts.clock, this.parts.random.fraction());
    return { is: 'watch', watch, warnings: context.warnings };
  }

  private async create(context: RequestContext): Promise<ResourceResponse> {
    checkWriteOptions('CreateOptions', context.options);
    const { served, request } = context;
    const draft = decodeObject(request.body ?? { value: undefined }, served, context);
    wipeSystemFields(draft);
    checkNamespace(draft, request.resource === 'namespaces' && request.group === '' ? '' : request.namespace);
    dedupOwnerReferences(draft, context, false);
    const manager = this.parts.fieldManagers.of(served, '');
    const owned = manager.update(undefined, draft, context.fieldManager);
    await this.parts.admission.admit(context.admissionAttributes('CREATE', owned.metadata.name ?? '', owned, undefined));
    dedupOwnerReferences(owned, context, true);
    // the name is generated anew for each attempt, and preparing changes the object: each starts from its own copy
    const retries = !owned.metadata.name && Boolean(owned.metadata.generateName);
    const make = retries ? (): Draft => copyOf(owned) : (): Draft => owned;
    const object = await createObject(context, make, this.writeParts(context));
    return answer(context, 201, object);
  }

  private async review(context: RequestContext): Promise<ResourceResponse> {
    checkWriteOptions('CreateOptions', context.options);
    const draft = decodeObject(context.request.body ?? { value: undefined }, context.served, context);
    wipeSystemFields(draft);
    checkNamespace(draft, context.served.definition.namespaced ? context.request.namespace : '');
    const owned = this.parts.fieldManagers.of(context.served, '').update(undefined, draft, context.fieldManager);
    const object = await context.served.definition.review!(owned, context, this);
    return { is: 'object', code: 201, object, warnings: context.warnings };
  }

  private async update_(context: RequestContext, strategy: Strategy): Promise<ResourceResponse> {
    checkWriteOptions('UpdateOptions', context.options);
    const { served, request } = context;
    const existing = await this.objects(served.definition).find(request.namespace, request.name);
    const draft = decodeObject(
      request.body ?? { value: undefined },
      served,
      context,
      served.version.toStorage ? undefined : existing?.value,
    );
    checkNamespace(draft, request.resource === 'namespaces' && request.group === '' ? '' : request.namespace);
    checkName(draft, context);
    dedupOwnerReferences(draft, context, false);
    const expectedUid = draft.metadata.uid;
    const { object, created } = await this.update(context, {
      strategy,
      ...(expectedUid ? { expectedUid } : {}),
      change: (old) => this.admitted(context, { ...draft, metadata: { ...draft.metadata } }, old, true),
    });
    return answer(context, created ? 201 : 200, object);
  }

  private async patch(context: RequestContext, strategy: Strategy): Promise<ResourceResponse> {
    const manager = this.parts.fieldManagers.of(context.served, context.request.subresource);
    const { patched, forceAllowCreate } = readyPatch(context, manager);
    // what does not exist has no status that could be applied
    const createsByApply = forceAllowCreate && !context.request.subresource;
    const { object, created } = await this.update(context, {
      strategy,
      forceAllowCreate: createsByApply,
      change: (old) => this.admitted(context, patched(old), old, false),
    });
    return answer(context, created ? 201 : 200, object);
  }

  update(context: RequestContext, request: UpdateRequest): Promise<{ readonly object: KubernetesObject; readonly created: boolean }> {
    return updateObject(context, request, this.writeParts(context));
  }

  /** Field ownership and mutating admission, on the way of an update. */
  private async admitted(context: RequestContext, object: Draft, old: KubernetesObject | undefined, own: boolean): Promise<Draft> {
    const draft = own
      ? this.parts.fieldManagers.of(context.served, context.request.subresource).update(old, object, context.fieldManager)
      : object;
    await this.parts.admission.admit(context.admissionAttributes(old ? 'UPDATE' : 'CREATE', context.request.name, draft, old));
    dedupOwnerReferences(draft, context, true);
    return draft;
  }

  private async delete(context: RequestContext): Promise<ResourceResponse> {
    checkDeleteOptions(context.options);
    const { object, gone } = await deleteObject(context, context.request.name, {
      objects: this.objects(context.served.definition),
      admission: this.parts.admission,
    });
    const code = !gone && context.options.orphanDependents === false ? 202 : 200;
    return answer(context, code, object);
  }

  private async deleteCollection(context: RequestContext): Promise<ResourceResponse> {
    checkListOptions(context.options, false);
    const selection = readSelection(context);
    checkDeleteOptions(context.options);
    const { served } = context;
    const list = await listObjects(context, selection, this.parts.store, this.parts.clock);
    for (const { metadata } of list.items) {
      // in a list over all namespaces each object is deleted in its own
      const one = new RequestContext({ ...context.request, namespace: metadata.namespace ?? '' }, served, context.now);
      try {
        await deleteObject(one, metadata.name, { objects: this.objects(served.definition), admission: this.parts.admission });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    const items = served.version.fromStorage ? list.items.map(served.version.fromStorage) : list.items;
    const metadata = { resourceVersion: list.resourceVersion, ...(served.version.custom ? { continue: '' } : {}) };
    const apiVersion = groupVersion({ group: served.definition.group, version: served.version.version });
    return {
      is: 'object',
      code: 200,
      object: { kind: served.definition.listKind, apiVersion, metadata, items },
      warnings: context.warnings,
    };
  }

  viewChange(context: RequestContext, view: Served): (old: KubernetesObject) => Draft {
    const { subresource } = context.request;
    const inner = new RequestContext(context.request, view, context.now);
    const manager = this.parts.fieldManagers.of(view, subresource);
    let make: (old: KubernetesObject) => Draft;
    if (context.request.verb === 'patch') make = readyPatch(inner, manager).patched;
    else {
      checkWriteOptions('UpdateOptions', context.options);
      const draft = decodeObject(context.request.body ?? { value: undefined }, view, inner);
      checkNamespace(draft, context.request.namespace);
      checkName(draft, inner);
      make = (old) => manager.update(old, { ...draft, metadata: { ...draft.metadata } }, inner.fieldManager);
    }
    return (old) => {
      const changed = make(old);
      for (const warning of inner.warnings) context.warn(warning);
      return changed;
    };
  }

  async admitCreate(context: RequestContext, object: Draft): Promise<void> {
    const attributes = context.admissionAttributes('CREATE', context.request.name, object, undefined);
    await this.parts.admission.admit(attributes);
    await this.parts.admission.validate(attributes);
  }

  decodeBody(context: RequestContext, type: StructType): JsonObject {
    const { value, duplicates } = context.request.body ?? { value: {} };
    const { object } = decode(type, value ?? {}, duplicates ? { duplicates } : {});
    if (!isObject(object)) throw badRequest('the body is not an object');
    return object;
  }

  private writeParts(context: RequestContext): WriteParts {
    return {
      objects: this.objects(context.served.definition),
      admission: this.parts.admission,
      random: this.parts.random,
      authorizeCreate: async (c) => {
        await requireAllowed(this.parts.authorizer, attributesOf({ ...c.request, verb: 'create' }));
      },
    };
  }
}

/** An object of its own to prepare; nobody changes managed fields in place. */
function copyOf(draft: Draft): Draft {
  const { managedFields, ...metadata } = draft.metadata;
  const copy = deepCopy({ ...draft, metadata }) as Draft;
  if (managedFields) copy.metadata.managedFields = managedFields;
  return copy;
}

/** A watch from nowhere begins with what there is. */
function withWatchDefaults(options: RequestOptions): RequestOptions {
  const { resourceVersion = '', resourceVersionMatch, sendInitialEvents } = options;
  const fromNowhere = sendInitialEvents === undefined && !resourceVersionMatch && (resourceVersion === '' || resourceVersion === '0');
  return fromNowhere ? { ...options, sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' } : options;
}

function answer(context: RequestContext, code: number, object: KubernetesObject | JsonObject): ResourceResponse {
  const { version } = context.served;
  const isOwn = version.fromStorage && object['kind'] === context.served.definition.kind;
  return { is: 'object', code, object: isOwn ? version.fromStorage(object as KubernetesObject) : object, warnings: context.warnings };
}

const noSuchResource = (): StatusError =>
  statusError({ code: 404, reason: 'NotFound', message: 'the server could not find the requested resource', details: {} });

const methodNotAllowed = (): StatusError =>
  statusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
    details: {},
  });

/** The same owner named twice is named once, and the client is told. */
function dedupOwnerReferences(object: Draft, context: RequestContext, afterAdmission: boolean): void {
  const references = object.metadata.ownerReferences;
  if (!references || references.length < 2) return;
  const seen = new Set<string>();
  const duplicates: string[] = [];
  const kept = references.filter((r) => {
    const text = JSON.stringify([r.apiVersion, r.kind, r.name, r.uid, r.controller, r.blockOwnerDeletion]);
    if (!seen.has(text)) return Boolean(seen.add(text));
    duplicates.push(r.uid);
    return false;
  });
  if (duplicates.length === 0) return;
  object.metadata.ownerReferences = kept;
  const what = `.metadata.ownerReferences contains duplicate entries${afterAdmission ? ' after mutating admission happens' : ''}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${duplicates.join(', ')}`;
  context.warn(what);
}
