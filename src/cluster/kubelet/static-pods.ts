// Pods that a node runs because a manifest on it says so, whatever the API server knows: each is shown there by a mirror pod, which is made
// again when somebody deletes it, and taken away when its manifest is gone. Follows pkg/kubelet/config and pkg/kubelet/pod/mirror_client.go.
import { createHash } from 'node:crypto';
import type { Node, Pod } from '#api/core/v1';
import type { Clock } from '../../apimachinery/clock.ts';
import { CONFIG_HASH, CONFIG_MIRROR, CONFIG_SOURCE, mirroredUid } from '../../apimachinery/core/static-pods.ts';
import type { Manifest } from '../../apimachinery/object.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../apimachinery/status-error.ts';
import { formatMicroTime, formatTime } from '../../apimachinery/time.ts';
import type { Client } from '../../client/client.ts';
import { objectKey } from '../../client/informer.ts';

const CONFIG_SEEN = 'kubernetes.io/config.seen';
const RETRY_MS = 10_000;

/** The pod as its kubelet runs it: its uid is a hash of all that the manifest says. */
export function staticPod(manifest: Manifest<Pod>, nodeName: string, nowMs: number): Pod {
  const { metadata, spec } = manifest;
  const uid = createHash('md5').update(nodeName).update(JSON.stringify(manifest)).digest('hex');
  return {
    ...manifest,
    metadata: {
      ...metadata,
      name: `${metadata.name}-${nodeName.toLowerCase()}`,
      namespace: metadata.namespace ?? 'default',
      uid,
      resourceVersion: '',
      creationTimestamp: formatTime(nowMs),
      annotations: { ...metadata.annotations, [CONFIG_HASH]: uid, [CONFIG_SEEN]: formatMicroTime(nowMs), [CONFIG_SOURCE]: 'file' },
    },
    spec: { ...spec, nodeName, tolerations: [...(spec.tolerations ?? []), { operator: 'Exists', effect: 'NoExecute' }] },
  };
}

/** What stands for it at the API server. */
export function mirrorOf({ apiVersion, kind, metadata, spec }: Pod, node: Node): Manifest<Pod> {
  const { resourceVersion: _r, creationTimestamp: _c, uid, ...rest } = metadata;
  const { name } = node.metadata;
  const owner = { apiVersion: 'v1', kind: 'Node', name, uid: node.metadata.uid, controller: true };
  const annotations = { ...metadata.annotations, [CONFIG_MIRROR]: uid };
  return { apiVersion, kind, metadata: { ...rest, annotations, ownerReferences: [owner] }, spec };
}

export interface StaticPodsParts {
  readonly client: Client;
  readonly clock: Clock;
  node(): Node;
  /** The mirror of a static pod has changed. */
  mirrorChanged(uid: string): void;
  onError(error: unknown): void;
}

export class StaticPods {
  /** By `namespace/name`, which they have in common with their mirrors. */
  readonly pods: ReadonlyMap<string, Pod>;
  private readonly parts: StaticPodsParts;
  private readonly mirrors = new Map<string, Pod>();
  private closed = false;

  constructor(manifests: readonly Manifest<Pod>[], parts: StaticPodsParts) {
    this.parts = parts;
    const pods = manifests.map((manifest) => staticPod(manifest, parts.node().metadata.name, parts.clock.now()));
    this.pods = new Map(pods.map((pod) => [objectKey(pod), pod]));
  }

  has(uid: string): boolean {
    for (const { metadata } of this.pods.values()) if (metadata.uid === uid) return true;
    return false;
  }

  /** Undefined while there is none. */
  mirror(pod: Pod): Pod | undefined {
    const mirror = this.mirrors.get(objectKey(pod));
    return mirror && this.isCurrent(mirror) ? mirror : undefined;
  }

  /** Mirrors that are missing are made. @param known all pods of the node that the API server has */
  begin(known: Iterable<Pod>): void {
    for (const pod of known) this.mirrorSeen(pod);
    for (const [key, pod] of this.pods) if (!this.mirrors.has(key)) this.make(pod);
  }

  /** @returns whether it is a mirror: then it is seen to */
  mirrorSeen(pod: Pod): boolean {
    if (mirroredUid(pod) === undefined) return false;
    const key = objectKey(pod);
    this.mirrors.set(key, pod);
    if (!this.isCurrent(pod)) this.try(() => this.remove(pod));
    else this.parts.mirrorChanged(this.pods.get(key)!.metadata.uid);
    return true;
  }

  mirrorGone(pod: Pod): boolean {
    if (mirroredUid(pod) === undefined) return false;
    const key = objectKey(pod);
    if (this.mirrors.get(key)?.metadata.uid === pod.metadata.uid) this.mirrors.delete(key);
    const mirrored = this.pods.get(key);
    if (mirrored) this.make(mirrored);
    return true;
  }

  close(): void {
    this.closed = true;
  }

  /** Of the manifest and the node that are there now, and not on its way out. */
  private isCurrent(mirror: Pod): boolean {
    const { metadata } = mirror;
    const owned = metadata.ownerReferences?.some((owner) => owner.uid === this.parts.node().metadata.uid) === true;
    return owned && !metadata.deletionTimestamp && this.pods.get(objectKey(mirror))?.metadata.uid === mirroredUid(mirror);
  }

  private make(pod: Pod): void {
    this.try(async () => {
      await this.parts.client.create('v1/Pod', mirrorOf(pod, this.parts.node()));
    });
  }

  private async remove({ metadata: { name, namespace = '', uid } }: Pod): Promise<void> {
    await this.parts.client.delete('v1/Pod', name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } });
  }

  /** Again later, unless it was done meanwhile: a namespace may come after its first pods. */
  private try(act: () => Promise<void>): void {
    if (this.closed) return;
    act().catch((error: unknown) => {
      if (isAlreadyExists(error) || isConflict(error)) return;
      if (!isNotFound(error)) this.parts.onError(error);
      this.parts.clock.schedule(RETRY_MS, () => this.again(), { background: true });
    });
  }

  private again(): void {
    if (this.closed) return;
    for (const mirror of this.mirrors.values()) if (!this.isCurrent(mirror)) this.try(() => this.remove(mirror));
    for (const [key, pod] of this.pods) if (!this.mirrors.has(key)) this.make(pod);
  }
}
