// VolumeBinding: a pod goes where its volumes are. Bound volumes must be usable on the node; claims that wait for their first consumer
// take a volume that fits there or have one made there. What is chosen is reserved until the claims are bound.
// DEVIATION: how much a CSI driver has left (CSIStorageCapacity) is not looked at: one that can make volumes can always make one more.
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '#api/core/v1';
import type { Clock } from '../../../apimachinery/clock.ts';
import { LabelSelector } from '../../../apimachinery/label-selector.ts';
import { deepEqual } from '../../../apimachinery/object.ts';
import { compareQuantities, parseQuantity } from '../../../apimachinery/quantity.ts';
import type { Client } from '../../../client/client.ts';
import { refuseForGood, type ClusterEvent, type Lister, type Plugin, type Refusal, type Reservation } from '../framework.ts';
import { matchesNodeSelector } from '../../../apimachinery/core/node-affinity.ts';
import type { PodInfo } from '../pod-info.ts';

const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
/** A pod does not wait longer than this for its claims to be bound. */
const BIND_TIMEOUT_MS = 600_000;
const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

export function splitClaimKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The event is about a claim of the pod, and changes more than who holds it. */
export function claimMayHelp({ claims }: PodInfo, { object, old }: ClusterEvent): boolean {
  const claim = object as PersistentVolumeClaim;
  if (!claims.includes(claimKey(claim))) return false;
  if (!old) return true;
  const before = old as PersistentVolumeClaim;
  return (
    !deepEqual(claim.spec, before.spec) ||
    !deepEqual(claim.status, before.status) ||
    !deepEqual(claim.metadata.annotations, before.metadata.annotations) ||
    claim.metadata.deletionTimestamp !== before.metadata.deletionTimestamp
  );
}

/** What is to become of the claims of a pod on a node. */
interface Choice {
  readonly take: readonly { readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }[];
  readonly make: readonly PersistentVolumeClaim[];
}

interface ClaimsOfPod {
  readonly bound: readonly PersistentVolumeClaim[];
  readonly waiting: readonly PersistentVolumeClaim[];
}

export class VolumeBinder {
  private readonly lister: Lister;
  private readonly client: Client;
  private readonly clock: Clock;
  /** Volumes that a pod will take, by name: for which claim. */
  private readonly reserved = new Map<string, string>();
  /** Claims for which a volume is being made, by key: on which node. */
  private readonly provisioning = new Map<string, string>();
  /** Told whenever a claim changes. */
  private readonly watchers = new Set<() => void>();
  private closed = false;

  constructor(lister: Lister, client: Client, clock: Clock) {
    this.lister = lister;
    this.client = client;
    this.clock = clock;
  }

  /** Nothing is waited for any more. */
  close(): void {
    this.closed = true;
    this.claimChanged();
  }

  claimChanged(): void {
    for (const watcher of this.watchers) watcher();
  }

  /** The pod's claims, or why it cannot be scheduled anywhere. */
  claimsOf({ pod, claims: keys }: PodInfo): ClaimsOfPod | Refusal {
    const bound: PersistentVolumeClaim[] = [];
    const waiting: PersistentVolumeClaim[] = [];
    for (const key of keys) {
      const { namespace, name } = splitClaimKey(key);
      const claim = this.lister.claim(namespace, name);
      const fault = claimFault(pod, name, claim);
      if (fault !== undefined) return refuseForGood(fault);
      if (isBound(claim!)) bound.push(claim!);
      else if (
        this.lister.storageClass(claim!.spec?.storageClassName ?? '')?.volumeBindingMode === 'WaitForFirstConsumer' &&
        !claim!.spec?.volumeName
      )
        waiting.push(claim!);
      else return refuseForGood('pod has unbound immediate PersistentVolumeClaims');
    }
    return { bound, waiting };
  }

  choose({ bound, waiting }: ClaimsOfPod, node: Node): Choice | Refusal {
    for (const claim of bound) {
      const volume = this.lister.volume(claim.spec!.volumeName!);
      if (!volume) return refuseForGood('node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)');
      if (!usableOn(volume, node)) return refuseForGood("node(s) didn't match PersistentVolume's node affinity");
    }
    const take: { claim: PersistentVolumeClaim; volume: PersistentVolume }[] = [];
    const make: PersistentVolumeClaim[] = [];
    for (const claim of waiting) {
      const selected = claim.metadata.annotations?.[SELECTED_NODE] ?? this.provisioning.get(claimKey(claim));
      if (selected !== undefined && selected !== node.metadata.name) return refuseForGood(NONE_FOUND);
      const volume =
        selected === undefined
          ? this.findVolume(
              claim,
              node,
              take.map((t) => t.volume.metadata.name),
            )
          : undefined;
      if (volume) take.push({ claim, volume });
      else if (this.canMake(claim, node)) make.push(claim);
      else return refuseForGood(NONE_FOUND);
    }
    return { take, make };
  }

  /** The smallest that satisfies the claim; one that is made for it comes first. */
  private findVolume(claim: PersistentVolumeClaim, node: Node, taken: readonly string[]): PersistentVolume | undefined {
    let best: PersistentVolume | undefined;
    for (const volume of this.lister.volumes()) {
      if (taken.includes(volume.metadata.name) || !satisfies(volume, claim) || !usableOn(volume, node)) continue;
      const reservedFor = this.reserved.get(volume.metadata.name);
      if (reservedFor !== undefined && reservedFor !== claimKey(claim)) continue;
      if (volume.spec?.claimRef) return volume;
      if (!best || compareQuantities(sizeOf(volume), sizeOf(best)) < 0) best = volume;
    }
    return best;
  }

  private canMake(claim: PersistentVolumeClaim, node: Node): boolean {
    const storageClass = this.lister.storageClass(claim.spec?.storageClassName ?? '');
    if (!storageClass?.provisioner || storageClass.provisioner === NO_PROVISIONER) return false;
    const terms = storageClass.allowedTopologies ?? [];
    const labels = node.metadata.labels ?? {};
    return (
      terms.length === 0 ||
      terms.some(({ matchLabelExpressions = [] }) => matchLabelExpressions.every(({ key, values }) => values.includes(labels[key] ?? '')))
    );
  }

  /** Holds what was chosen; `bind` writes it and resolves when the claims are bound. */
  reserve(info: PodInfo, { take, make }: Choice, node: Node): Reservation {
    for (const { claim, volume } of take) this.reserved.set(volume.metadata.name, claimKey(claim));
    for (const claim of make) this.provisioning.set(claimKey(claim), node.metadata.name);
    const release = (): void => {
      for (const { volume } of take) this.reserved.delete(volume.metadata.name);
      for (const claim of make) this.provisioning.delete(claimKey(claim));
    };
    return {
      bind: async () => {
        await Promise.all([
          ...take.map(({ claim, volume }) => this.bindVolume(claim, volume)),
          ...make.map((c) => this.askForVolume(c, node)),
        ]);
        await this.allBound(info);
        release();
      },
      release,
    };
  }

  private async bindVolume(claim: PersistentVolumeClaim, volume: PersistentVolume): Promise<void> {
    const { name, namespace = '', uid, resourceVersion } = claim.metadata;
    const ref = volume.spec?.claimRef;
    if (ref?.uid === uid) return;
    const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid, resourceVersion };
    const annotations = ref ? {} : { annotations: { ...volume.metadata.annotations, [BOUND_BY_CONTROLLER]: 'yes' } };
    await this.client.update('v1/PersistentVolume', {
      ...volume,
      metadata: { ...volume.metadata, ...annotations },
      spec: { ...volume.spec, claimRef },
    });
  }

  private async askForVolume(claim: PersistentVolumeClaim, node: Node): Promise<void> {
    const annotations = { ...claim.metadata.annotations, [SELECTED_NODE]: node.metadata.name };
    await this.client.update('v1/PersistentVolumeClaim', { ...claim, metadata: { ...claim.metadata, annotations } });
  }

  /** Rejects where a claim vanishes, or its provisioner gives the node up. */
  private allBound({ claims }: PodInfo): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        timer.cancel();
        this.watchers.delete(look);
      };
      const tooLong = (): void => {
        done();
        reject(new Error('binding volumes: context deadline exceeded'));
      };
      const timer = this.clock.schedule(BIND_TIMEOUT_MS, tooLong, { background: true });
      const look = (): void => {
        if (this.closed) {
          done();
          reject(new Error('the scheduler is stopped'));
          return;
        }
        let missing = false;
        for (const key of claims) {
          const { namespace, name } = splitClaimKey(key);
          const claim = this.lister.claim(namespace, name);
          if (!claim) {
            done();
            reject(new Error(`persistentvolumeclaim "${name}" not found`));
            return;
          }
          if (!isBound(claim)) missing = true;
        }
        if (missing) return;
        done();
        resolve();
      };
      this.watchers.add(look);
      look();
    });
  }
}

const NONE_FOUND = "node(s) didn't find available persistent volumes to bind";

export function volumeBinding(binder: VolumeBinder): Plugin {
  return {
    name: 'VolumeBinding',
    events: [
      { resource: 'PersistentVolumeClaim', actions: ['Add', 'Update'], mayHelp: claimMayHelp },
      { resource: 'PersistentVolume', actions: ['Add', 'Update'] },
      { resource: 'StorageClass', actions: ['Add', 'Update'] },
      { resource: 'Node', actions: ['Add', 'UpdateLabel'] },
      { resource: 'CSINode', actions: ['Add', 'Update'] },
    ],
    preFilter(pod) {
      if (pod.claims.length === 0) return undefined;
      const claims = binder.claimsOf(pod);
      if ('reasons' in claims) return claims;
      return {
        filter({ node }) {
          const choice = binder.choose(claims, node);
          return 'reasons' in choice ? choice : undefined;
        },
      };
    },
    reserve(pod, { node }) {
      if (pod.claims.length === 0) return undefined;
      const claims = binder.claimsOf(pod);
      if ('reasons' in claims || claims.waiting.length === 0) return undefined;
      const choice = binder.choose(claims, node);
      return 'reasons' in choice ? undefined : binder.reserve(pod, choice, node);
    },
  };
}

function claimFault(pod: Pod, name: string, claim: PersistentVolumeClaim | undefined): string | undefined {
  const own = pod.spec.volumes?.some((v) => v.ephemeral && `${pod.metadata.name}-${v.name}` === name);
  if (!claim)
    return own
      ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
      : `persistentvolumeclaim "${name}" not found`;
  if (claim.status?.phase === 'Lost')
    return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec?.volumeName ?? ''}"`;
  if (claim.metadata.deletionTimestamp) return `persistentvolumeclaim "${name}" is being deleted`;
  if (own && !claim.metadata.ownerReferences?.some((o) => o.uid === pod.metadata.uid))
    return `PVC ${claim.metadata.namespace}/${name} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`;
  return undefined;
}

const claimKey = ({ metadata: { namespace = '', name } }: PersistentVolumeClaim): string => `${namespace}/${name}`;

const isBound = ({ metadata, spec }: PersistentVolumeClaim): boolean =>
  Boolean(spec?.volumeName) && metadata.annotations?.['pv.kubernetes.io/bind-completed'] !== undefined;

const sizeOf = ({ spec }: PersistentVolume): ReturnType<typeof parseQuantity> => parseQuantity(spec?.capacity?.['storage'] ?? '0');

const usableOn = ({ spec }: PersistentVolume, node: Node): boolean =>
  !spec?.nodeAffinity?.required || matchesNodeSelector(spec.nodeAffinity.required, node);

function satisfies(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { spec, status, metadata } = volume;
  const { spec: wanted } = claim;
  if (metadata.deletionTimestamp) return false;
  const { claimRef } = spec;
  if (claimRef) {
    const { namespace, name, uid } = claim.metadata;
    if (claimRef.namespace !== namespace || claimRef.name !== name || (claimRef.uid && claimRef.uid !== uid)) return false;
  } else if (status?.phase !== 'Available') return false;
  if ((spec.storageClassName ?? '') !== (wanted.storageClassName ?? '')) return false;
  if ((spec.volumeMode ?? 'Filesystem') !== (wanted.volumeMode ?? 'Filesystem')) return false;
  if (!(wanted.accessModes ?? []).every((mode) => spec.accessModes?.includes(mode))) return false;
  if (wanted.selector && !LabelSelector.fromSpec(wanted.selector).matches(metadata.labels)) return false;
  return compareQuantities(sizeOf(volume), parseQuantity(wanted.resources?.requests?.['storage'] ?? '0')) >= 0;
}
