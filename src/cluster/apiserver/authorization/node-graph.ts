// What a node's pods use, and what that uses in turn: secrets, config maps, claims, volumes, ServiceAccounts. Pods are filed by their node
// as the store tells of them; everything beyond is looked up when it is asked for. Follows plugin/pkg/auth/authorizer/node's graph.
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '#api/core/v1';
import type { ResourceSlice } from '#api/resource/v1';
import type { VolumeAttachment } from '#api/storage/v1';
import type { Store } from '../../storage/store.ts';
import { podReferences, type PodReferences } from './pod-references.ts';

const PODS = '/registry/pods/';

export class NodeGraph {
  private readonly store: Store;
  /** Node → `namespace/name` → pod. */
  private readonly podsByNode = new Map<string, Map<string, Pod>>();
  private readonly references = new WeakMap<Pod, PodReferences>();
  private loading: Promise<void> | undefined;

  constructor(store: Store) {
    this.store = store;
  }

  private ready(): Promise<void> {
    this.loading ??= this.load();
    return this.loading;
  }

  private async load(): Promise<void> {
    const list = await this.store.list(PODS);
    if (!list.ok) throw new Error(`the latest state of ${PODS} cannot be read: ${list.reason}`);
    for (const { key, value } of list.entries) this.changed(key, value as unknown as Pod, undefined);
    this.store.watch(PODS, list.revision, ({ type, key, value, previous }) =>
      this.changed(key, type === 'delete' ? undefined : (value as unknown as Pod), previous as unknown as Pod | undefined),
    );
  }

  private changed(key: string, pod: Pod | undefined, previous: Pod | undefined): void {
    const was = previous?.spec.nodeName;
    const is = pod?.spec.nodeName;
    if (was && was !== is) {
      const pods = this.podsByNode.get(was);
      pods?.delete(key);
      if (pods?.size === 0) this.podsByNode.delete(was);
    }
    if (!pod || !is) return;
    const pods = this.podsByNode.get(is);
    if (pods) pods.set(key, pod);
    else this.podsByNode.set(is, new Map([[key, pod]]));
  }

  private async podsOf(node: string): Promise<Iterable<Pod>> {
    await this.ready();
    return this.podsByNode.get(node)?.values() ?? [];
  }

  private referencesOf(pod: Pod): PodReferences {
    let found = this.references.get(pod);
    if (!found) this.references.set(pod, (found = podReferences(pod)));
    return found;
  }

  async runsPod(node: string, namespace: string, name: string): Promise<boolean> {
    await this.ready();
    return this.podsByNode.get(node)?.has(`${PODS}${namespace}/${name}`) === true;
  }

  async uses(node: string, kind: keyof PodReferences, namespace: string, name: string): Promise<boolean> {
    for (const pod of await this.podsOf(node))
      if (pod.metadata.namespace === namespace && this.referencesOf(pod)[kind].has(name)) return true;
    return false;
  }

  /** Those of its pods, and those by which the volumes of their claims are mounted. */
  async usesSecret(node: string, namespace: string, name: string): Promise<boolean> {
    if (await this.uses(node, 'secrets', namespace, name)) return true;
    for (const volume of await this.volumesOf(node)) if (volumeSecrets(volume).has(`${namespace}/${name}`)) return true;
    return false;
  }

  async usesVolume(node: string, name: string): Promise<boolean> {
    for (const { metadata } of await this.volumesOf(node)) if (metadata.name === name) return true;
    return false;
  }

  private async volumesOf(node: string): Promise<PersistentVolume[]> {
    const volumes: PersistentVolume[] = [];
    for (const pod of await this.podsOf(node)) {
      for (const claimName of this.referencesOf(pod).claims) {
        const claim = await this.read<PersistentVolumeClaim>(`persistentvolumeclaims/${pod.metadata.namespace}/${claimName}`);
        const volume = claim?.spec?.volumeName && (await this.read<PersistentVolume>(`persistentvolumes/${claim.spec.volumeName}`));
        if (volume) volumes.push(volume);
      }
    }
    return volumes;
  }

  async usesAttachment(node: string, name: string): Promise<boolean> {
    return (await this.read<VolumeAttachment>(`volumeattachments/${name}`))?.spec.nodeName === node;
  }

  async ownsSlice(node: string, name: string): Promise<boolean> {
    return (await this.read<ResourceSlice>(`resourceslices/${name}`))?.spec.nodeName === node;
  }

  private async read<T>(key: string): Promise<T | undefined> {
    return (await this.store.get(`/registry/${key}`))?.value as T | undefined;
  }
}

/** `namespace/name` of each secret that mounting the volume takes. */
function volumeSecrets({ spec }: PersistentVolume): ReadonlySet<string> {
  const found = new Set<string>();
  if (!spec) return found;
  const claimNamespace = spec.claimRef?.namespace ?? '';
  const add = (ref: { readonly name?: string; readonly namespace?: string } | undefined): void => {
    if (ref?.name) found.add(`${ref.namespace || claimNamespace}/${ref.name}`);
  };
  for (const source of [spec.cephfs, spec.flexVolume, spec.rbd, spec.scaleIO, spec.iscsi, spec.storageos]) add(source?.secretRef);
  const { csi, azureFile } = spec;
  for (const ref of [csi?.nodePublishSecretRef, csi?.nodeStageSecretRef, csi?.nodeExpandSecretRef]) add(ref);
  if (azureFile) add({ name: azureFile.secretName, namespace: azureFile.secretNamespace ?? '' });
  return found;
}
