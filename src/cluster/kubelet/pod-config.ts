// What a pod uses besides its images: ConfigMaps, Secrets and claims, in volumes and in the environment of its containers. Says what is
// missing, in the kubelet's words.
import type { ConfigMap, Container, KeyToPath, PersistentVolumeClaim, Pod, Secret, Volume } from '#api/core/v1';

export interface ConfigLister {
  configMap(namespace: string, name: string): ConfigMap | undefined;
  secret(namespace: string, name: string): Secret | undefined;
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
}

/** The events of a volume that cannot be set up: none where all can. */
export function volumeFaults(pod: Pod, lister: ConfigLister): string[] {
  const faults: string[] = [];
  for (const volume of pod.spec.volumes ?? []) {
    const fault = volumeFault(pod, volume, lister);
    if (fault !== undefined) faults.push(fault);
  }
  return faults;
}

function volumeFault(pod: Pod, volume: Volume, lister: ConfigLister): string | undefined {
  const { namespace = '', name: podName } = pod.metadata;
  const setUp = (what: string | undefined): string | undefined =>
    what === undefined ? undefined : `MountVolume.SetUp failed for volume "${volume.name}" : ${what}`;
  const configMapFault = ({ name = '', optional, items }: Reference): string | undefined =>
    configFault(lister.configMap(namespace, name), `configmap "${name}"`, optional, items);
  const secretFault = ({ name = '', optional, items }: Reference): string | undefined =>
    configFault(lister.secret(namespace, name), `secret "${name}"`, optional, items);
  if (volume.configMap) {
    return setUp(configMapFault(volume.configMap));
  }
  if (volume.secret) {
    const { secretName, ...rest } = volume.secret;
    return setUp(secretFault({ ...rest, name: secretName }));
  }
  if (volume.projected) {
    for (const { configMap, secret } of volume.projected.sources ?? []) {
      const fault = (configMap && configMapFault(configMap)) ?? (secret && secretFault(secret));
      // the token volume's CA comes from a controller that need not run here
      if (fault !== undefined && !isTokenVolume(volume)) return setUp(fault);
    }
    return undefined;
  }
  const claimName = volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral ? `${podName}-${volume.name}` : undefined);
  if (claimName === undefined) return undefined;
  const claim = lister.claim(namespace, claimName);
  const unmounted = `Unable to attach or mount volumes: unmounted volumes=[${volume.name}], unattached volumes=[], failed to process volumes=[${volume.name}]: error processing PVC ${namespace}/${claimName}: `;
  if (!claim) return `${unmounted}failed to fetch PVC from API server: persistentvolumeclaims "${claimName}" not found`;
  if (claim.status?.phase !== 'Bound' || !claim.spec?.volumeName) return unmounted + UNBOUND;
  return undefined;
}

const UNBOUND = 'PVC is not bound';

/** Whether a fault is one that goes away by itself when the claim is bound. */
export const isUnboundClaim = (fault: string): boolean => fault.endsWith(UNBOUND);

const isTokenVolume = ({ projected }: Volume): boolean => projected?.sources?.some((s) => s.serviceAccountToken) ?? false;

interface Reference {
  readonly name?: string | undefined;
  readonly optional?: boolean;
  readonly items?: readonly KeyToPath[];
}

interface Keyed {
  readonly data?: Readonly<Record<string, unknown>>;
  readonly binaryData?: Readonly<Record<string, unknown>>;
}

/** @param what how the kubelet calls it: `configmap "web"` */
function configFault(object: Keyed | undefined, what: string, optional = false, items?: readonly KeyToPath[]): string | undefined {
  if (optional) return undefined;
  return object ? missingItem({ ...object.data, ...object.binaryData }, items) : `${what} not found`;
}

function missingItem(keys: Readonly<Record<string, unknown>>, items: readonly KeyToPath[] | undefined): string | undefined {
  return items?.some(({ key }) => !(key in keys))
    ? 'references non-existent config key: ' + items.find(({ key }) => !(key in keys))!.key
    : undefined;
}

/** Why the container's environment cannot be made; undefined where it can. */
export function environmentFault(pod: Pod, container: Container, lister: ConfigLister): string | undefined {
  const { namespace = '' } = pod.metadata;
  for (const { configMapRef, secretRef } of container.envFrom ?? []) {
    if (configMapRef && !configMapRef.optional && !lister.configMap(namespace, configMapRef.name ?? ''))
      return `configmap "${configMapRef.name}" not found`;
    if (secretRef && !secretRef.optional && !lister.secret(namespace, secretRef.name ?? '')) return `secret "${secretRef.name}" not found`;
  }
  for (const { valueFrom } of container.env ?? []) {
    const { configMapKeyRef, secretKeyRef } = valueFrom ?? {};
    if (configMapKeyRef && !configMapKeyRef.optional) {
      const { name = '', key } = configMapKeyRef;
      const object = lister.configMap(namespace, name);
      if (!object) return `configmap "${name}" not found`;
      if (!(key in (object.data ?? {}))) return `couldn't find key ${key} in ConfigMap ${namespace}/${name}`;
    }
    if (secretKeyRef && !secretKeyRef.optional) {
      const { name = '', key } = secretKeyRef;
      const object = lister.secret(namespace, name);
      if (!object) return `secret "${name}" not found`;
      if (!(key in (object.data ?? {}))) return `couldn't find key ${key} in Secret ${namespace}/${name}`;
    }
  }
  return undefined;
}

/** `ConfigMap/namespace/name` and so on of all that the pod uses: for waking it when one of them changes. */
export function usedObjects({ metadata: { namespace = '', name }, spec }: Pod): string[] {
  const used: string[] = [];
  const configMap = (n: string | undefined): number => used.push(`ConfigMap/${namespace}/${n}`);
  const secret = (n: string | undefined): number => used.push(`Secret/${namespace}/${n}`);
  for (const volume of spec.volumes ?? []) {
    if (volume.configMap) configMap(volume.configMap.name);
    if (volume.secret) secret(volume.secret.secretName);
    for (const source of volume.projected?.sources ?? []) {
      if (source.configMap) configMap(source.configMap.name);
      if (source.secret) secret(source.secret.name);
    }
    if (volume.persistentVolumeClaim) used.push(`PersistentVolumeClaim/${namespace}/${volume.persistentVolumeClaim.claimName}`);
    if (volume.ephemeral) used.push(`PersistentVolumeClaim/${namespace}/${name}-${volume.name}`);
  }
  for (const { envFrom = [], env = [] } of [...(spec.initContainers ?? []), ...spec.containers]) {
    for (const { configMapRef, secretRef } of envFrom) {
      if (configMapRef) configMap(configMapRef.name);
      if (secretRef) secret(secretRef.name);
    }
    for (const { valueFrom } of env) {
      if (valueFrom?.configMapKeyRef) configMap(valueFrom.configMapKeyRef.name);
      if (valueFrom?.secretKeyRef) secret(valueFrom.secretKeyRef.name);
    }
  }
  return used;
}
