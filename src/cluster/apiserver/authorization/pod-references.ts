// The objects that a pod names: what its node may read on its behalf. Follows VisitPodSecretNames and VisitPodConfigmapNames of pkg/api/pod.
import type { Container, Pod, Volume } from '#api/core/v1';

export interface PodReferences {
  readonly secrets: ReadonlySet<string>;
  readonly configMaps: ReadonlySet<string>;
  readonly claims: ReadonlySet<string>;
  readonly resourceClaims: ReadonlySet<string>;
  readonly serviceAccounts: ReadonlySet<string>;
  readonly trustBundles: ReadonlySet<string>;
}

/** Of a pod that a kubelet runs by itself the API server gives nothing. */
const MIRROR = 'kubernetes.io/config.mirror';

type Found = { readonly [K in keyof PodReferences]: Set<string> };

export function podReferences({ metadata, spec, status }: Pod): PodReferences {
  const found: Found = {
    secrets: new Set(),
    configMaps: new Set(),
    claims: new Set(),
    resourceClaims: new Set(),
    serviceAccounts: new Set(),
    trustBundles: new Set(),
  };
  if (metadata.annotations?.[MIRROR] !== undefined) return found;
  if (spec.serviceAccountName) found.serviceAccounts.add(spec.serviceAccountName);
  for (const { name } of spec.imagePullSecrets ?? []) addTo(found.secrets, name);
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])])
    addContainer(container as Container, found);
  for (const volume of spec.volumes ?? []) addVolume(volume, metadata.name, found);
  for (const claim of spec.resourceClaims ?? []) addTo(found.resourceClaims, claim.resourceClaimName);
  for (const claim of status?.resourceClaimStatuses ?? []) addTo(found.resourceClaims, claim.resourceClaimName);
  addTo(found.resourceClaims, status?.extendedResourceClaimStatus?.resourceClaimName);
  return found;
}

function addTo(set: Set<string>, name: string | undefined): void {
  if (name) set.add(name);
}

function addContainer({ env, envFrom }: Container, found: Found): void {
  for (const { valueFrom } of env ?? []) {
    addTo(found.secrets, valueFrom?.secretKeyRef?.name);
    addTo(found.configMaps, valueFrom?.configMapKeyRef?.name);
  }
  for (const { secretRef, configMapRef } of envFrom ?? []) {
    addTo(found.secrets, secretRef?.name);
    addTo(found.configMaps, configMapRef?.name);
  }
}

function addVolume(volume: Volume, podName: string, found: Found): void {
  const { secret, configMap, projected, persistentVolumeClaim, ephemeral } = volume;
  addTo(found.secrets, secret?.secretName);
  addTo(found.configMaps, configMap?.name);
  addTo(found.claims, persistentVolumeClaim?.claimName);
  if (ephemeral) found.claims.add(`${podName}-${volume.name}`);
  for (const source of projected?.sources ?? []) {
    addTo(found.secrets, source.secret?.name);
    addTo(found.configMaps, source.configMap?.name);
    if (source.clusterTrustBundle) found.trustBundles.add(source.clusterTrustBundle.name ?? '');
  }
  const { cephfs, flexVolume, rbd, scaleIO, iscsi, storageos, csi, azureFile } = volume;
  for (const mount of [cephfs, flexVolume, rbd, scaleIO, iscsi, storageos]) addTo(found.secrets, mount?.secretRef?.name);
  addTo(found.secrets, csi?.nodePublishSecretRef?.name);
  addTo(found.secrets, azureFile?.secretName);
}
