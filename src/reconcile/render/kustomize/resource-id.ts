// What kustomize calls an id: group, version, kind, namespace and name, and when two of them mean the same. Which kinds lie in no
// namespace it knows from the API of Kubernetes 1.21; all others count as namespaced.
import { splitApiVersion, type GroupVersionKind } from '../../../apimachinery/object.ts';

export interface ResourceId extends GroupVersionKind {
  readonly name: string;
  /** `default` where none is given, {@link NO_NAMESPACE} for kinds that lie in none. */
  readonly effectiveNamespace: string;
}

/** Which kinds are meant; what is absent or empty means all. */
export interface GvkSelector {
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
}

export const NO_NAMESPACE = '_non_namespaceable_';

const BETA = ['v1', 'v1beta1'];

const CLUSTER_SCOPED: ReadonlySet<string> = new Set(
  (
    [
      ['admissionregistration.k8s.io', BETA, 'MutatingWebhookConfiguration ValidatingWebhookConfiguration'],
      ['apiextensions.k8s.io', BETA, 'CustomResourceDefinition'],
      ['apiregistration.k8s.io', BETA, 'APIService'],
      ['authentication.k8s.io', BETA, 'TokenReview'],
      ['authorization.k8s.io', BETA, 'SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview'],
      ['certificates.k8s.io', BETA, 'CertificateSigningRequest'],
      ['flowcontrol.apiserver.k8s.io', ['v1beta1'], 'FlowSchema PriorityLevelConfiguration'],
      ['networking.k8s.io', BETA, 'IngressClass'],
      ['node.k8s.io', BETA, 'RuntimeClass'],
      ['policy', ['v1beta1'], 'PodSecurityPolicy'],
      ['rbac.authorization.k8s.io', BETA, 'ClusterRole ClusterRoleBinding'],
      ['scheduling.k8s.io', BETA, 'PriorityClass'],
      ['storage.k8s.io', BETA, 'CSIDriver CSINode StorageClass VolumeAttachment'],
      ['', ['v1'], 'ComponentStatus Namespace Node NodeProxyOptions PersistentVolume'],
    ] as const
  ).flatMap(([group, versions, kinds]) => versions.flatMap((version) => kinds.split(' ').map((kind) => `${group}/${version}/${kind}`))),
);

const CLUSTER_SCOPED_NAMES: ReadonlySet<string> = new Set([...CLUSTER_SCOPED].map((id) => id.slice(id.lastIndexOf('/') + 1)));

export const isClusterScoped = ({ group, version, kind }: GroupVersionKind): boolean =>
  CLUSTER_SCOPED_NAMES.has(kind) && CLUSTER_SCOPED.has(`${group}/${version}/${kind}`);

export function gvkOf(apiVersion: unknown, kind: unknown): GroupVersionKind {
  return { ...splitApiVersion(typeof apiVersion === 'string' ? apiVersion : ''), kind: typeof kind === 'string' ? kind : '' };
}

export const effectiveNamespace = (gvk: GroupVersionKind, namespace: string): string =>
  isClusterScoped(gvk) ? NO_NAMESPACE : namespace || 'default';

export const isSelected = (gvk: GroupVersionKind, { group, version, kind }: GvkSelector): boolean =>
  (!group || gvk.group === group) && (!version || gvk.version === version) && (!kind || gvk.kind === kind);

/** Equal for ids that mean the same. */
export const idKey = ({ group, version, kind, effectiveNamespace: namespace, name }: ResourceId): string =>
  `${group}\0${version}\0${kind}\0${namespace}\0${name}`;

/** As kustomize writes it in messages: `Deployment.v1.apps/web.default`. */
export function idText({ group, version, kind, effectiveNamespace: namespace, name }: ResourceId): string {
  const shown = namespace === NO_NAMESPACE || namespace === 'default' ? '[noNs]' : namespace;
  return `${kind || '[noKind]'}.${version || '[noVer]'}.${group || '[noGrp]'}/${name || '[noName]'}.${shown}`;
}
