// Who owns whom: one node for every object, joined by ownerReferences. Fed with what informers see, it says which objects must be looked
// at; work is in proportion to what changed. Pure. Follows graph.go and graph_builder.go of kube-controller-manager.
import type { OwnerReference } from '#api/meta/v1';
import { deepEqual, type KubernetesObject } from '../../../apimachinery/object.ts';

export const ORPHAN = 'orphan';
export const FOREGROUND = 'foregroundDeletion';

/** Where an object is to be found, and which one it is. */
export interface Identity {
  readonly apiVersion: string;
  readonly kind: string;
  /** Empty for cluster-wide objects. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface GraphNode {
  identity: Identity;
  owners: readonly OwnerReference[];
  readonly dependents: Set<GraphNode>;
  beingDeleted: boolean;
  /** In the foreground: it goes after its dependents. */
  deletingDependents: boolean;
  orphaning: boolean;
  /** Known only from what names it as its owner: whether it exists must be asked. */
  virtual: boolean;
}

/** What must be looked at because of a change. */
export interface Effects {
  readonly toDelete: readonly GraphNode[];
  readonly toOrphan: readonly GraphNode[];
  /** The object names an owner that lives in another namespace. */
  readonly wrongNamespace: readonly OwnerReference[];
}

export class OwnerGraph {
  private readonly nodes = new Map<string, GraphNode>();

  get(uid: string): GraphNode | undefined {
    return this.nodes.get(uid);
  }

  get size(): number {
    return this.nodes.size;
  }

  /** An object was seen, new or changed. */
  observe(object: KubernetesObject): Effects {
    const { metadata } = object;
    const owners = metadata.ownerReferences ?? [];
    const toDelete = new Set<GraphNode>();
    const wrongNamespace: OwnerReference[] = [];
    let node = this.nodes.get(metadata.uid);
    if (!node) {
      node = newNode(identityOf(object), false);
      this.nodes.set(metadata.uid, node);
    } else if (node.virtual) {
      node.virtual = false;
      this.correct(node, identityOf(object), toDelete);
    }
    if (!deepEqual(node.owners, owners)) this.relink(node, owners, toDelete, wrongNamespace);
    const finalizers = metadata.finalizers ?? [];
    const deleted = metadata.deletionTimestamp !== undefined;
    const toOrphan: GraphNode[] = [];
    const orphaning = deleted && finalizers.includes(ORPHAN);
    if (orphaning && !node.orphaning) toOrphan.push(node);
    node.orphaning = orphaning;
    node.beingDeleted = deleted;
    if (deleted && finalizers.includes(FOREGROUND) && !node.deletingDependents) {
      node.deletingDependents = true;
      for (const dependent of node.dependents) toDelete.add(dependent);
      toDelete.add(node);
    }
    return { toDelete: [...toDelete], toOrphan, wrongNamespace };
  }

  /** An object is gone. */
  forget(uid: string): Effects {
    const node = this.nodes.get(uid);
    const toDelete = new Set<GraphNode>();
    if (node) {
      this.nodes.delete(uid);
      for (const { uid: ownerUid } of node.owners) {
        const owner = this.unlink(node, ownerUid);
        if (owner?.deletingDependents) toDelete.add(owner);
      }
      for (const dependent of node.dependents) toDelete.add(dependent);
    }
    return { toDelete: [...toDelete], toOrphan: [], wrongNamespace: [] };
  }

  /** Seen for real: dependents that described it otherwise may have named something else. */
  private correct(node: GraphNode, identity: Identity, toDelete: Set<GraphNode>): void {
    node.identity = identity;
    for (const dependent of node.dependents)
      if (dependent.owners.some((ref) => ref.uid === identity.uid && !matches(ref, dependent, identity))) toDelete.add(dependent);
  }

  private relink(node: GraphNode, owners: readonly OwnerReference[], toDelete: Set<GraphNode>, wrongNamespace: OwnerReference[]): void {
    const old = new Map(node.owners.map((ref) => [ref.uid, ref]));
    const kept = new Set(owners.map((ref) => ref.uid));
    for (const ref of node.owners) {
      if (kept.has(ref.uid)) continue;
      const owner = this.unlink(node, ref.uid);
      // one that waited for this dependent may wait no longer
      if (ref.blockOwnerDeletion && owner?.deletingDependents) toDelete.add(owner);
    }
    node.owners = owners;
    for (const ref of owners) {
      const before = old.get(ref.uid);
      if (before) {
        const owner = this.nodes.get(ref.uid);
        if (before.blockOwnerDeletion && !ref.blockOwnerDeletion && owner?.deletingDependents) toDelete.add(owner);
      } else this.link(node, ref, toDelete, wrongNamespace);
    }
  }

  private link(node: GraphNode, ref: OwnerReference, toDelete: Set<GraphNode>, wrongNamespace: OwnerReference[]): void {
    let owner = this.nodes.get(ref.uid);
    if (!owner) {
      const { apiVersion, kind, name, uid } = ref;
      owner = newNode({ apiVersion, kind, name, uid, namespace: node.identity.namespace }, true);
      this.nodes.set(uid, owner);
      toDelete.add(owner);
    } else if (!matches(ref, node, owner.identity)) {
      toDelete.add(node);
      if (!owner.virtual && owner.identity.namespace !== '' && owner.identity.namespace !== node.identity.namespace)
        wrongNamespace.push(ref);
    }
    owner.dependents.add(node);
  }

  private unlink(node: GraphNode, ownerUid: string): GraphNode | undefined {
    const owner = this.nodes.get(ownerUid);
    owner?.dependents.delete(node);
    if (owner?.virtual && owner.dependents.size === 0) this.nodes.delete(ownerUid);
    return owner;
  }
}

function newNode(identity: Identity, virtual: boolean): GraphNode {
  return { identity, owners: [], dependents: new Set(), beingDeleted: false, deletingDependents: false, orphaning: false, virtual };
}

function identityOf({ apiVersion, kind, metadata: { namespace = '', name, uid } }: KubernetesObject): Identity {
  return { apiVersion, kind, namespace, name, uid };
}

/** Whether a reference of the dependent describes the owner as it is. */
function matches(ref: OwnerReference, dependent: GraphNode, owner: Identity): boolean {
  return (
    ref.apiVersion === owner.apiVersion &&
    ref.kind === owner.kind &&
    ref.name === owner.name &&
    (owner.namespace === '' || owner.namespace === dependent.identity.namespace)
  );
}

/** Dependents that an owner deleted in the foreground must wait for. */
export function blockingDependents(node: GraphNode): readonly GraphNode[] {
  return [...node.dependents].filter((d) => d.owners.some((ref) => ref.uid === node.identity.uid && ref.blockOwnerDeletion));
}
