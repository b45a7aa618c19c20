// What the pods and claims of an object cannot do without, by name; and a stand-in for each. Pure.
import type { PersistentVolumeClaim, PodSpec } from '#api/core/v1';
import type { StatefulSet } from '#api/apps/v1';
import type { KubernetesObject, Manifest } from '../../apimachinery/object.ts';
import type { DesiredObject } from '../render/manifest-document.ts';
import { configUses } from './config-uses.ts';
import { templateOf } from './workloads.ts';

export interface Need {
  readonly kind: 'ConfigMap' | 'Secret' | 'ServiceAccount' | 'PersistentVolumeClaim' | 'StorageClass' | 'PriorityClass' | 'RuntimeClass';
  /** Empty for kinds that know none. */
  readonly namespace: string;
  readonly name: string;
  /** Of a ConfigMap or Secret: those that are asked for. */
  readonly keys: readonly string[];
}

export const needKey = ({ kind, namespace, name }: { readonly kind: string; readonly namespace: string; readonly name: string }): string =>
  `${kind}/${namespace}/${name}`;

const WORKLOADS: ReadonlySet<string> = new Set([
  'apps/v1/Deployment',
  'apps/v1/StatefulSet',
  'apps/v1/DaemonSet',
  'apps/v1/ReplicaSet',
  'batch/v1/Job',
  'batch/v1/CronJob',
  'v1/ReplicationController',
  'v1/Pod',
]);

/** @param object as its schema says */
export function needsOf(object: DesiredObject, namespace: string): readonly Need[] {
  if (object.apiVersion === 'v1' && object.kind === 'PersistentVolumeClaim') return ofClaim(object.spec as PersistentVolumeClaim['spec']);
  const spec = podSpecOf(object);
  if (!spec) return [];
  const claims = object.kind === 'StatefulSet' ? ((object.spec as StatefulSet['spec']).volumeClaimTemplates ?? []) : [];
  return [...ofPods(spec, namespace), ...claims.flatMap(({ spec: claim }) => ofClaim(claim))];
}

/** Of the pods that an object makes; undefined where it makes none. @param object as its schema says */
export const podSpecOf = (object: DesiredObject): PodSpec | undefined =>
  WORKLOADS.has(`${object.apiVersion}/${object.kind}`) ? templateOf(object as unknown as KubernetesObject)?.spec : undefined;

function ofPods(spec: PodSpec, namespace: string): readonly Need[] {
  const found: Need[] = [];
  const need = (kind: Need['kind'], name: string | undefined, scope: string, keys: readonly string[] = []): void => {
    if (typeof name === 'string' && name !== '') found.push({ kind, namespace: scope, name, keys });
  };
  for (const { kind, name, keys = [], optional } of configUses(spec)) if (!optional) need(kind, name, namespace, keys);
  need('ServiceAccount', spec.serviceAccountName, namespace);
  need('PriorityClass', spec.priorityClassName, '');
  need('RuntimeClass', spec.runtimeClassName, '');
  for (const { persistentVolumeClaim } of spec.volumes ?? []) need('PersistentVolumeClaim', persistentVolumeClaim?.claimName, namespace);
  return found;
}

/** A claim that names its volume needs its class no more. */
const ofClaim = (claim: PersistentVolumeClaim['spec']): readonly Need[] =>
  claim?.storageClassName && !claim.volumeName ? [{ kind: 'StorageClass', namespace: '', name: claim.storageClassName, keys: [] }] : [];

const VERSIONS: Readonly<Record<Need['kind'], string>> = {
  ConfigMap: 'v1',
  Secret: 'v1',
  ServiceAccount: 'v1',
  PersistentVolumeClaim: 'v1',
  StorageClass: 'storage.k8s.io/v1',
  PriorityClass: 'scheduling.k8s.io/v1',
  RuntimeClass: 'node.k8s.io/v1',
};

/** @param brought the manifest of head that makes it: nothing is to change then */
export function placeholder(
  { kind, namespace, name, keys }: Need,
  brought: DesiredObject | undefined,
): { readonly kind: string; readonly object: Manifest<KubernetesObject> } {
  const apiVersion = VERSIONS[kind];
  const metadata = { name, ...(namespace ? { namespace } : {}) };
  const object = brought
    ? { ...brought, metadata: { ...brought.metadata, ...metadata } }
    : { apiVersion, kind, metadata, ...contentOf(kind, keys) };
  return { kind: `${apiVersion}/${kind}`, object: object as Manifest<KubernetesObject> };
}

function contentOf(kind: Need['kind'], keys: readonly string[]): object {
  switch (kind) {
    case 'ConfigMap':
      return { data: Object.fromEntries(keys.map((key) => [key, 'assumed'])) };
    case 'Secret':
      return { stringData: Object.fromEntries(keys.map((key) => [key, 'assumed'])) };
    case 'PersistentVolumeClaim':
      // whatever node its pods go to
      return { spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '1Gi' } } } };
    case 'StorageClass':
      return { provisioner: 'assumed.jibe.dev' };
    case 'PriorityClass':
      return { value: 0 };
    case 'RuntimeClass':
      return { handler: 'runc' };
    case 'ServiceAccount':
      return {};
  }
}
