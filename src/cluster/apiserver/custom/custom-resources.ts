// The life of CustomResourceDefinitions: their names are accepted, what they define is put into the catalog and taken out again, and
// before one goes its custom resources go. The catalog is always as the store is: whoever has been answered that a definition is stored
// finds its kinds served. Does the work of the naming, establishing and finalizing controllers of apiextensions-apiserver.
import type { CustomResourceDefinition } from '#api/apiextensions/v1';
import type { ResourceRequest, ResourceResponse } from '../../../apimachinery/api-request.ts';
import type { Clock } from '../../../apimachinery/clock.ts';
import { deepEqual } from '../../../apimachinery/object.ts';
import { isConflict, isNotFound } from '../../../apimachinery/status-error.ts';
import { formatTime } from '../../../apimachinery/time.ts';
import type { Store, StoreWatch } from '../../storage/store.ts';
import type { ResourceCatalog } from '../generic/catalog.ts';
import { CRD_STORAGE_PATH } from '../registry/apiextensions.ts';
import { acceptNames, conditionOf, isEstablished, takenNames, withCondition, type Status } from './accept-names.ts';
import type { ConversionParts } from './conversion-webhook.ts';
import { CLEANUP_FINALIZER } from './crd-strategy.ts';
import { customResources, customStoragePath, type CustomResource } from './resource.ts';

export interface CustomResourcesParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly catalog: ResourceCatalog;
  /** Requests of the server to itself. */
  readonly serve: (request: ResourceRequest) => Promise<ResourceResponse>;
  /** Calls conversion webhooks; absent: between versions only apiVersion changes. */
  readonly conversion?: ConversionParts | undefined;
}

const USER = { username: 'system:apiserver', groups: ['system:masters'] };
const PREFIX = `${CRD_STORAGE_PATH}/`;

interface Installed {
  /** What it was made from: while this stays, so does the catalog. */
  readonly spec: CustomResourceDefinition['spec'];
  readonly names: unknown;
  readonly terminating: boolean;
  readonly resources: readonly CustomResource[];
}

export class CustomResources {
  private readonly parts: CustomResourcesParts;
  private readonly definitions = new Map<string, CustomResourceDefinition>();
  private readonly installed = new Map<string, Installed>();
  /** Watches for the last custom resource of definitions that are to go. */
  private readonly waiting = new Map<string, StoreWatch>();
  private readonly pending = new Set<string>();
  private working: Promise<void> | undefined;
  private loading: Promise<void> | undefined;
  private loaded = false;

  constructor(parts: CustomResourcesParts) {
    this.parts = parts;
  }

  /** Undefined where all definitions in the store are known: nothing needs to be waited for. */
  ready(): Promise<void> | undefined {
    if (this.loaded) return undefined;
    return (this.loading ??= this.load());
  }

  /** Resolves once the definitions are as they are going to be for now. */
  async settled(): Promise<void> {
    while (this.working) await this.working;
  }

  private async load(): Promise<void> {
    const { store } = this.parts;
    for (;;) {
      const list = await store.list(PREFIX);
      if (!list.ok) continue;
      const watch = store.watch(PREFIX, list.revision, ({ type, value }) => {
        const crd = value as unknown as CustomResourceDefinition;
        if (type === 'delete') this.forget(crd);
        else this.observe(crd);
      });
      // compacted meanwhile
      if (!watch) continue;
      for (const { value } of list.entries) this.observe(value as unknown as CustomResourceDefinition);
      break;
    }
    await this.settled();
    this.loaded = true;
  }

  private observe(crd: CustomResourceDefinition): void {
    const { name } = crd.metadata;
    this.definitions.set(name!, crd);
    this.install(crd);
    this.enqueue(name!);
  }

  private forget(crd: CustomResourceDefinition): void {
    const { name } = crd.metadata;
    this.definitions.delete(name!);
    this.uninstall(name!);
    this.waiting.get(name!)?.cancel();
    this.waiting.delete(name!);
    // its names are free for others
    for (const other of this.ofGroup(crd.spec.group)) this.enqueue(other.metadata.name!);
  }

  private ofGroup(group: string): CustomResourceDefinition[] {
    return [...this.definitions.values()].filter(({ spec }) => spec.group === group);
  }

  // ---- the catalog ----

  private install(crd: CustomResourceDefinition): void {
    const name = crd.metadata.name!;
    const before = this.installed.get(name);
    if (!isEstablished(crd)) {
      this.uninstall(name);
      return;
    }
    const names = crd.status!.acceptedNames;
    const terminating = Boolean(crd.metadata.deletionTimestamp);
    if (before?.terminating === terminating && deepEqual(before.spec, crd.spec) && deepEqual(before.names, names)) return;
    this.uninstall(name);
    const resources = customResources(crd, this.parts.conversion);
    // a kind of Kubernetes' own is not taken over
    if (resources.some(({ definition, version }) => this.parts.catalog.find(definition.group, version.version, definition.resource)))
      return;
    for (const { definition, version } of resources) this.parts.catalog.add(definition, (_, v) => v === version);
    this.installed.set(name, { spec: crd.spec, names, terminating, resources });
  }

  private uninstall(name: string): void {
    const installed = this.installed.get(name);
    if (!installed) return;
    this.installed.delete(name);
    for (const { definition } of installed.resources) {
      this.parts.catalog.remove(definition);
      for (const watch of definition.watches ?? []) watch.end();
    }
  }

  // ---- the status ----

  private enqueue(name: string): void {
    this.pending.add(name);
    this.working ??= this.work().finally(() => (this.working = undefined));
    // whoever waits for it is told; where nobody does, the next change tries again
    this.working.catch(() => undefined);
  }

  private async work(): Promise<void> {
    // not within the store's delivery of an event
    await Promise.resolve();
    for (const name of this.pending) {
      this.pending.delete(name);
      await this.sync(name);
    }
  }

  private async sync(name: string): Promise<void> {
    const crd = this.definitions.get(name);
    if (!crd) return;
    if (crd.metadata.deletionTimestamp) {
      if (crd.metadata.finalizers?.includes(CLEANUP_FINALIZER)) await this.finalize(crd);
      return;
    }
    const status = acceptNames(crd, takenNames(this.ofGroup(crd.spec.group)), this.now());
    if (!status) return;
    await this.update(crd, status);
    // it may have let go of a name
    for (const other of this.ofGroup(crd.spec.group)) if (other.metadata.name !== name) this.enqueue(other.metadata.name!);
  }

  private now(): string {
    return formatTime(this.parts.clock.now());
  }

  /** @returns false where the definition has changed meanwhile: its change is looked at next */
  private async update(crd: CustomResourceDefinition, status: Status, finalizers = crd.metadata.finalizers): Promise<boolean> {
    const { finalizers: _, ...metadata } = crd.metadata;
    const object = { ...crd, metadata: { ...metadata, ...(finalizers?.length ? { finalizers } : {}) }, status };
    try {
      await this.parts.serve({
        ...requestTo('apiextensions.k8s.io', 'v1', 'customresourcedefinitions'),
        verb: 'update',
        name: crd.metadata.name!,
        subresource: 'status',
        body: { value: object },
      });
      return true;
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) return false;
      throw error;
    }
  }

  // ---- the end ----

  /** Deletes what is left of the custom resources, and lets the definition go once there are none. */
  private async finalize(crd: CustomResourceDefinition): Promise<void> {
    const name = crd.metadata.name!;
    const condition = conditionOf(crd, 'Terminating');
    if (condition?.reason !== 'InstanceDeletionInProgress') {
      await this.update(crd, this.terminating(crd, 'True', 'InstanceDeletionInProgress', 'CustomResource deletion is in progress'));
      return;
    }
    if (this.waiting.has(name)) return;
    const [first] = this.installed.get(name)?.resources ?? [];
    if (first) {
      const { group, resource } = first.definition;
      await this.parts.serve({ ...requestTo(group, first.version.version, resource), verb: 'deletecollection' });
      if (await this.waitForLast(crd)) return;
    }
    const finalizers = crd.metadata.finalizers?.filter((f) => f !== CLEANUP_FINALIZER);
    const status = this.terminating(crd, 'False', 'InstanceDeletionCompleted', 'removed all instances');
    if (!(await this.update(crd, status, finalizers))) this.enqueue(name);
  }

  /** Whether custom resources with finalizers are left; then their end is watched for. */
  private async waitForLast(crd: CustomResourceDefinition): Promise<boolean> {
    const { store } = this.parts;
    const name = crd.metadata.name!;
    const prefix = `${customStoragePath(crd)}/`;
    const list = await store.list(prefix, { limit: 1 });
    if (!list.ok || list.entries.length === 0) return false;
    const watch = store.watch(prefix, list.revision, ({ type }) => {
      if (type !== 'delete') return;
      this.waiting.get(name)?.cancel();
      this.waiting.delete(name);
      this.enqueue(name);
    });
    if (watch) this.waiting.set(name, watch);
    else this.enqueue(name);
    return true;
  }

  private terminating(crd: CustomResourceDefinition, status: string, reason: string, message: string): Status {
    const conditions = withCondition(crd.status?.conditions, { type: 'Terminating', status, reason, message }, this.now());
    return { ...crd.status!, conditions };
  }
}

function requestTo(group: string, version: string, resource: string): Omit<ResourceRequest, 'verb'> {
  return { group, version, resource, subresource: '', namespace: '', name: '', options: {}, user: USER, userAgent: 'kube-apiserver' };
}
