// Which volumes a claim may be bound to, and which of them is best: the smallest that is large enough. The volume controller and the
// scheduler must agree on this. Follows k8s.io/component-helpers/storage/volume.
import type { Node, PersistentVolume, PersistentVolumeClaim } from '#api/core/v1';
import type { StorageClass } from '#api/storage/v1';
import { LabelSelector } from '../label-selector.ts';
import { compareQuantities, parseQuantity, type Quantity } from '../quantity.ts';
import { matchesNodeSelector } from './node-affinity.ts';

export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
export const STORAGE_PROVISIONER = 'volume.kubernetes.io/storage-provisioner';
export const BETA_STORAGE_PROVISIONER = 'volume.beta.kubernetes.io/storage-provisioner';
const BETA_STORAGE_CLASS = 'volume.beta.kubernetes.io/storage-class';
const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';
const BETA_DEFAULT_CLASS = 'storageclass.beta.kubernetes.io/is-default-class';

type Annotated = { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } };

export const annotation = ({ metadata }: Annotated, name: string): string | undefined => metadata.annotations?.[name];

/** The class that a claim or a volume is of; empty where it is of none. */
export const storageClassOf = (object: PersistentVolumeClaim | PersistentVolume): string =>
  annotation(object, BETA_STORAGE_CLASS) ?? object.spec?.storageClassName ?? '';

/** Not even the empty class was asked for: the claim may still be given the default one. */
export const hasClassSaid = (claim: PersistentVolumeClaim): boolean =>
  annotation(claim, BETA_STORAGE_CLASS) !== undefined || claim.spec?.storageClassName !== undefined;

export const isDefaultClass = (storageClass: StorageClass): boolean =>
  annotation(storageClass, DEFAULT_CLASS) === 'true' || annotation(storageClass, BETA_DEFAULT_CLASS) === 'true';

/** The newest of the default classes; of those of one second the first by name. */
export function defaultClass(classes: Iterable<StorageClass>): StorageClass | undefined {
  return [...classes].filter(isDefaultClass).sort((a, b) => {
    const [x, y] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
    if (x !== y) return x < y ? 1 : -1;
    return a.metadata.name < b.metadata.name ? -1 : 1;
  })[0];
}

export const waitsForConsumer = (storageClass: StorageClass | undefined): boolean =>
  storageClass?.volumeBindingMode === 'WaitForFirstConsumer';

/** The volume names this claim; one that was reserved by hand may not know its uid yet. */
export function isBoundTo({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const ref = spec?.claimRef;
  if (!ref || ref.name !== metadata.name || ref.namespace !== metadata.namespace) return false;
  return !ref.uid || ref.uid === metadata.uid;
}

const quantities = new Map<string, Quantity>();

function quantity(text: string | number | undefined): Quantity {
  const key = String(text ?? '0');
  let known = quantities.get(key);
  if (!known) {
    known = parseQuantity(key);
    if (quantities.size < 1000) quantities.set(key, known);
  }
  return known;
}

export const capacityOf = ({ spec }: PersistentVolume): Quantity => quantity(spec?.capacity?.['storage']);
export const claimCapacityOf = ({ status }: PersistentVolumeClaim): Quantity => quantity(status?.capacity?.['storage']);
export const requestOf = ({ spec }: PersistentVolumeClaim): Quantity => quantity(spec?.resources?.requests?.['storage']);

const volumeMode = (spec: { readonly volumeMode?: string } | undefined): string => spec?.volumeMode ?? 'Filesystem';

export const modesMatch = (claim: PersistentVolumeClaim, volume: PersistentVolume): boolean =>
  volumeMode(claim.spec) === volumeMode(volume.spec);

export const offersAccessModes = (claim: PersistentVolumeClaim, volume: PersistentVolume): boolean =>
  (claim.spec?.accessModes ?? []).every((mode) => volume.spec?.accessModes?.includes(mode));

/** Whether the volume can be reached from the node. */
export function fitsNode({ spec }: PersistentVolume, node: Node): boolean {
  const required = spec?.nodeAffinity?.required;
  return !required || matchesNodeSelector(required, node);
}

/** Why a volume that a claim asks for by name cannot be had; undefined where it can. */
export function mismatch(claim: PersistentVolumeClaim, volume: PersistentVolume): string | undefined {
  if (compareQuantities(capacityOf(volume), requestOf(claim)) < 0) return 'requested PV is too small';
  if (storageClassOf(volume) !== storageClassOf(claim)) return 'storageClassName does not match';
  if (attributesClass(volume) !== attributesClass(claim)) return 'volumeAttributesClassName does not match';
  if (!modesMatch(claim, volume)) return 'incompatible volumeMode';
  if (!offersAccessModes(claim, volume)) return 'incompatible accessMode';
  return undefined;
}

const attributesClass = ({ spec }: PersistentVolume | PersistentVolumeClaim): string => spec?.volumeAttributesClassName ?? '';

export interface Matching {
  /** Chosen already, for other claims of the same pod. */
  readonly excluded?: ReadonlySet<string>;
  /** Where the volume must be reachable; without one, claims that wait for a consumer get only what is reserved for them. */
  readonly node?: Node;
  readonly delayed: boolean;
}

/** The best volume for a claim. Of volumes with as few further access modes as possible, the smallest that is large enough. */
export function bestMatch(
  claim: PersistentVolumeClaim,
  volumes: Iterable<PersistentVolume>,
  { excluded, node, delayed }: Matching,
): PersistentVolume | undefined {
  const requested = requestOf(claim);
  const selector = claim.spec?.selector ? LabelSelector.fromSpec(claim.spec.selector) : LabelSelector.everything;
  let best: PersistentVolume | undefined;
  for (const volume of volumes) {
    if (excluded?.has(volume.metadata.name) || volume.metadata.deletionTimestamp || !modesMatch(claim, volume)) continue;
    if (!offersAccessModes(claim, volume) || compareQuantities(capacityOf(volume), requested) < 0) continue;
    if (attributesClass(volume) !== attributesClass(claim) || (node && !fitsNode(volume, node))) continue;
    // reserved for this very claim: nothing fits better
    if (isBoundTo(volume, claim)) return volume;
    if ((!node && delayed) || volume.spec?.claimRef || volume.status?.phase !== 'Available') continue;
    if (storageClassOf(volume) !== storageClassOf(claim) || !selector.matches(volume.metadata.labels)) continue;
    if (!best || isBetter(volume, best)) best = volume;
  }
  return best;
}

function isBetter(a: PersistentVolume, b: PersistentVolume): boolean {
  const modes = (volume: PersistentVolume): number => volume.spec?.accessModes?.length ?? 0;
  return modes(a) !== modes(b) ? modes(a) < modes(b) : compareQuantities(capacityOf(a), capacityOf(b)) < 0;
}
