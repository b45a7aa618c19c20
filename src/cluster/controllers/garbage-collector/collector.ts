// What is done about one object that may be garbage: its owners are looked up afresh, and it is deleted, cut loose from owners that are
// gone, or left alone. Follows garbagecollector.go of kube-controller-manager.
import type { OwnerReference } from '#api/meta/v1';
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import { isNotFound } from '../../../apimachinery/status-error.ts';
import type { Client } from '../../../client/client.ts';
import { retryOnConflict } from '../../../client/retry-on-conflict.ts';
import { blockingDependents, FOREGROUND, ORPHAN, type GraphNode, type Identity } from './graph.ts';

/** Owners that are known to be absent: so many are remembered. */
const ABSENT_REMEMBERED = 500;

/** What looking at an object led to. */
export type Outcome =
  | { readonly is: 'done' }
  /** It does not exist: the graph must forget it. */
  | { readonly is: 'absent' }
  /** It has an owner of a kind that the server does not have (yet). */
  | { readonly is: 'unresolved' }
  /** These must be looked at next. */
  | { readonly is: 'next'; readonly nodes: readonly GraphNode[] };

type OwnerState = 'solid' | 'dangling' | 'waiting' | 'unresolved' | 'invalid';

const DONE: Outcome = { is: 'done' };

export class Collector {
  private readonly client: Client;
  private readonly absent = new Set<string>();

  constructor(client: Client) {
    this.client = client;
  }

  /** An object is known to be gone: those that name it as their owner need not ask. */
  rememberAbsent({ namespace, uid }: Identity): void {
    const key = `${namespace}/${uid}`;
    this.absent.delete(key);
    this.absent.add(key);
    if (this.absent.size > ABSENT_REMEMBERED) for (const oldest of this.absent) return void this.absent.delete(oldest);
  }

  async attemptToDelete(node: GraphNode): Promise<Outcome> {
    if (node.beingDeleted && !node.deletingDependents) return DONE;
    const { identity } = node;
    const mapping = await this.client.resolve(kindOf(identity));
    if (!mapping) return node.virtual ? DONE : { is: 'absent' };
    // an owner known only by name cannot be asked for where it is not said in which namespace it lives
    if (node.virtual && mapping.namespaced && identity.namespace === '') return DONE;
    const latest = await this.read(identity, mapping.namespaced);
    if (!latest || latest.metadata.uid !== identity.uid) {
      this.rememberAbsent(mapping.namespaced ? identity : { ...identity, namespace: '' });
      return { is: 'absent' };
    }
    if (node.deletingDependents) return this.finishForeground(node);
    const references = latest.metadata.ownerReferences ?? [];
    if (references.length === 0) return DONE;
    const states = await Promise.all(references.map((ref) => this.ownerState(ref, identity)));
    if (states.includes('invalid')) return DONE;
    if (states.includes('unresolved')) return { is: 'unresolved' };
    return this.decide(node, latest, references, states);
  }

  private async decide(
    node: GraphNode,
    latest: KubernetesObject,
    references: readonly OwnerReference[],
    states: readonly OwnerState[],
  ): Promise<Outcome> {
    if (states.includes('solid')) {
      if (states.every((s) => s === 'solid')) return DONE;
      await this.writeOwners(
        latest,
        references.filter((_, i) => states[i] === 'solid'),
      );
      return DONE;
    }
    if (states.includes('waiting') && node.dependents.size > 0) {
      // two that wait for each other would wait for ever: this one waits no longer
      if ([...node.dependents].some((d) => d.deletingDependents) && references.some((ref) => ref.blockOwnerDeletion)) {
        await this.writeOwners(
          latest,
          references.map((ref) => (ref.blockOwnerDeletion ? { ...ref, blockOwnerDeletion: false } : ref)),
        );
        // the object is another version now: the next look deletes it
        return { is: 'next', nodes: [node] };
      }
      await this.delete(latest, 'Foreground');
      return DONE;
    }
    const finalizers = latest.metadata.finalizers ?? [];
    await this.delete(latest, finalizers.includes(ORPHAN) ? 'Orphan' : finalizers.includes(FOREGROUND) ? 'Foreground' : 'Background');
    return DONE;
  }

  /** The last step of a deletion in the foreground, once nothing blocks it. */
  private async finishForeground(node: GraphNode): Promise<Outcome> {
    const blocking = blockingDependents(node);
    if (blocking.length > 0) return { is: 'next', nodes: blocking.filter((d) => !d.deletingDependents) };
    await this.removeFinalizer(node.identity, FOREGROUND);
    return DONE;
  }

  /** Cuts all dependents loose, then lets the owner go. */
  async orphan(node: GraphNode): Promise<void> {
    await Promise.all([...node.dependents].map((dependent) => this.release(dependent.identity, node.identity.uid)));
    await this.removeFinalizer(node.identity, ORPHAN);
  }

  private async release(identity: Identity, ownerUid: string): Promise<void> {
    const latest = await this.read(identity, identity.namespace !== '');
    if (!latest || latest.metadata.uid !== identity.uid) return;
    const references = latest.metadata.ownerReferences ?? [];
    const kept = references.filter((ref) => ref.uid !== ownerUid);
    if (kept.length < references.length) await this.writeOwners(latest, kept);
  }

  private async ownerState(ref: OwnerReference, { namespace }: Identity): Promise<OwnerState> {
    const mapping = await this.client.resolve(kindOf(ref));
    if (!mapping) return this.absent.has(`${namespace}/${ref.uid}`) || this.absent.has(`/${ref.uid}`) ? 'dangling' : 'unresolved';
    if (mapping.namespaced && namespace === '') return 'invalid';
    const identity: Identity = { ...ref, namespace: mapping.namespaced ? namespace : '' };
    if (this.absent.has(`${identity.namespace}/${ref.uid}`)) return 'dangling';
    const owner = await this.read(identity, mapping.namespaced);
    if (!owner || owner.metadata.uid !== ref.uid) {
      this.rememberAbsent(identity);
      return 'dangling';
    }
    const waits = owner.metadata.deletionTimestamp !== undefined && (owner.metadata.finalizers ?? []).includes(FOREGROUND);
    return waits ? 'waiting' : 'solid';
  }

  private async read(identity: Identity, namespaced: boolean): Promise<KubernetesObject | undefined> {
    try {
      const scope = namespaced ? { namespace: identity.namespace } : {};
      return (await this.client.get(kindOf(identity), identity.name, scope)) as KubernetesObject;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  private async delete(latest: KubernetesObject, propagationPolicy: 'Orphan' | 'Foreground' | 'Background'): Promise<void> {
    const { name, namespace, uid, resourceVersion } = latest.metadata;
    try {
      // the owners were those of this version
      const preconditions = { uid, resourceVersion };
      await this.client.delete(kindOf(latest), name, { ...scopeOf(namespace), propagationPolicy, preconditions });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  private async writeOwners(latest: KubernetesObject, ownerReferences: readonly OwnerReference[]): Promise<void> {
    const { uid, resourceVersion } = latest.metadata;
    const metadata = { uid, resourceVersion, ownerReferences: ownerReferences.length > 0 ? ownerReferences : null };
    await this.patch(latest, metadata);
  }

  /** A conflict is tried again with what is there by then. */
  private removeFinalizer(identity: Identity, finalizer: string): Promise<void> {
    return retryOnConflict(async () => {
      const latest = await this.read(identity, identity.namespace !== '');
      if (!latest || latest.metadata.uid !== identity.uid || !latest.metadata.finalizers?.includes(finalizer)) return;
      const { resourceVersion, finalizers } = latest.metadata;
      await this.patch(latest, { resourceVersion, finalizers: finalizers.filter((f) => f !== finalizer) });
    });
  }

  private async patch(object: KubernetesObject, metadata: object): Promise<void> {
    try {
      const { name, namespace } = object.metadata;
      await this.client.patch(kindOf(object), name, { metadata }, { type: 'merge', ...scopeOf(namespace) });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

const kindOf = ({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): string => `${apiVersion}/${kind}`;
const scopeOf = (namespace: string | undefined): { readonly namespace?: string } => (namespace === undefined ? {} : { namespace });
