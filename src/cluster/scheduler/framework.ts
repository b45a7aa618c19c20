// The scheduling framework: what a plugin may do and when. A plugin is data and functions; what it works out for one pod before looking
// at nodes it returns as a closure, so that nothing is kept from one cycle to the next. Follows k8s.io/kube-scheduler's framework.
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '#api/core/v1';
import type { LabelSelector, Labels } from '../../apimachinery/label-selector.ts';
import type { StorageClass, CSINode } from '#api/storage/v1';
import type { AffinityIndex } from './affinity-index.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

export const MAX_NODE_SCORE = 100;

/** Why a pod cannot run on a node, or anywhere. */
export interface Refusal {
  /** Taking away pods of lower priority could help. */
  readonly resolvable: boolean;
  readonly reasons: readonly string[];
}

export const refuse = (...reasons: string[]): Refusal => ({ resolvable: true, reasons });
export const refuseForGood = (...reasons: string[]): Refusal => ({ resolvable: false, reasons });

/** The nodes and their pods at one moment. */
export interface Snapshot {
  /** In the order in which they are looked at: the zones take turns. */
  readonly nodes: readonly NodeInfo[];
  /** Of these nodes, in the same order. */
  readonly slots: Int32Array;
  /** All slots are below. */
  readonly slotsInUse: number;
  node(name: string): NodeInfo | undefined;
  /** Where it stands in the history of changes to nodes and their pods. */
  readonly position: number;
  /** The nodes that have changed since, some more than once, those that are gone included; undefined: it is too long ago to say. */
  changedSince(position: number): readonly NodeInfo[] | undefined;
  /** What the pods that run want of others. */
  readonly affinity: AffinityIndex;
  /** Whether a pod on any node uses the claim. @param key `namespace/name` */
  isClaimUsed(key: string): boolean;
  /** Undefined where no node has it. */
  image(name: string): ImageState | undefined;
}

export interface ImageState {
  readonly sizeBytes: number;
  readonly nodes: ReadonlySet<string>;
}

/** Other objects that plugins look up. */
export interface Lister {
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  volumes(): Iterable<PersistentVolume>;
  storageClass(name: string): StorageClass | undefined;
  csiNode(name: string): CSINode | undefined;
  namespaceLabels(name: string): Labels | undefined;
  /** Another number once the labels of any namespace have changed. */
  readonly namespacesVersion: number;
  /** What the Services and controllers that the pod belongs to select; undefined where there are none. */
  ownSelector(pod: Pod): LabelSelector | undefined;
}

/** What a plugin has worked out for a pod before it looks at nodes. */
export interface PodFilter {
  /** What it says depends on the pod's shape (see PodInfo) and the node with its pods alone, so that it holds until the node changes. */
  readonly local?: true;
  filter(node: NodeInfo): Refusal | undefined;
  /** Undefined: all nodes are looked at. */
  readonly onlyNodes?: ReadonlySet<string>;
  /** A pod comes to a node or leaves it, in a what-if: in place. */
  change?(pod: PodInfo, node: NodeInfo, sign: 1 | -1): void;
  /** One that may be changed without changing this; absent where there is no `change`. */
  clone?(): PodFilter;
}

export interface PodScorer {
  /** As for {@link PodFilter}; the weight of `normalize` is not meant. */
  readonly local?: true;
  score(node: NodeInfo): number;
  /** Brings the scores into 0..100, in place. Absent: they are so already. */
  normalize?(scores: Float64Array, nodes: readonly NodeInfo[]): void;
}

export type Resource = 'Pod' | 'Node' | 'PersistentVolumeClaim' | 'PersistentVolume' | 'StorageClass' | 'CSINode';
export type Action = 'Add' | 'Delete' | 'UpdateLabel' | 'UpdateAllocatable' | 'UpdateTaint' | 'UpdateCondition' | 'Update' | 'UpdateSelf';

/** Something that happened. `Pod` is one on a node, but for `UpdateSelf`: there it is the waiting pod itself. */
export interface ClusterEvent {
  readonly resource: Resource;
  readonly actions: readonly Action[];
  readonly object: unknown;
  readonly old?: unknown;
  /**
   * Of a pod that leaves its node or wants less: whether that could do for another, as far as resources go. Absent: it could.
   */
  readonly leavesRoom?: (pod: PodInfo) => boolean;
  /** Pods that wait for room on the node in question. */
  readonly awaitedBy?: readonly PodInfo[];
}

/** An event that may let a pod in that the plugin has refused. */
export interface EventRegistration {
  readonly resource: Resource;
  readonly actions: readonly Action[];
  /** Whether this very event may; absent: always. */
  readonly mayHelp?: (pod: PodInfo, event: ClusterEvent) => boolean;
}

export interface Plugin {
  readonly name: string;
  readonly events?: readonly EventRegistration[];
  /** A pod that is refused here does not enter the active queue. */
  preEnqueue?(pod: Pod): Refusal | undefined;
  /** Undefined: the plugin has nothing to say about this pod. */
  preFilter?(pod: PodInfo, snapshot: Snapshot): PodFilter | Refusal | undefined;
  /** Undefined: the plugin does not score this pod. */
  preScore?(pod: PodInfo, feasible: readonly NodeInfo[], snapshot: Snapshot): PodScorer | undefined;
  readonly weight?: number;
  /** Holds what the pod will need besides room on the node; undefined: nothing. */
  reserve?(pod: PodInfo, node: NodeInfo): Reservation | undefined;
}

/** Held until the pod is bound, or is not. */
export interface Reservation {
  /** Before the pod is bound: makes what was reserved so. Rejects where that fails. */
  bind(): Promise<void>;
  release(): void;
}

export const isRefusal = (x: PodFilter | Refusal): x is Refusal => 'reasons' in x;

/** Scales scores so that the largest becomes 100, or the smallest does. In place. */
export function normalizeToMax(scores: Float64Array, reverse: boolean): void {
  let max = 0;
  for (const score of scores) max = Math.max(max, score);
  for (let i = 0; i < scores.length; i++) {
    const scaled = max === 0 ? 0 : Math.floor((MAX_NODE_SCORE * scores[i]!) / max);
    scores[i] = reverse ? MAX_NODE_SCORE - scaled : scaled;
  }
}

/** The event's object as a node. */
export const eventNode = (event: ClusterEvent): Node => event.object as Node;
export const eventPod = (event: ClusterEvent): Pod => event.object as Pod;
