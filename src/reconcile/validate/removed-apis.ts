// API versions that Kubernetes once served and does not any more, with the release that removed them and what took their place.
// Follows the Deprecated API Migration Guide.

export interface RemovedApi {
  /** Release that no longer serves it: `1.22`. */
  readonly removedIn: string;
  /** The apiVersion to use; undefined where nothing took its place. */
  readonly use: string | undefined;
  /** What else must change, or what to do where nothing took its place. */
  readonly note?: string;
}

type Row = readonly [apiVersion: string, kinds: string, removedIn: string, use: string | undefined, note?: string];

const INGRESS = 'each path needs a pathType, and backend is now service.name and service.port';
const SELECTOR = 'spec.selector is required';
const SECURITY_POLICY = 'Pod Security Admission took its place: label namespaces with pod-security.kubernetes.io/enforce';

const ROWS: readonly Row[] = [
  ['extensions/v1beta1', 'DaemonSet Deployment ReplicaSet', '1.16', 'apps/v1', SELECTOR],
  ['apps/v1beta1', 'Deployment StatefulSet', '1.16', 'apps/v1', SELECTOR],
  ['apps/v1beta1', 'ControllerRevision', '1.16', 'apps/v1'],
  ['apps/v1beta2', 'DaemonSet Deployment ReplicaSet StatefulSet', '1.16', 'apps/v1', SELECTOR],
  ['apps/v1beta2', 'ControllerRevision', '1.16', 'apps/v1'],
  ['extensions/v1beta1', 'NetworkPolicy', '1.16', 'networking.k8s.io/v1'],
  ['extensions/v1beta1', 'PodSecurityPolicy', '1.16', undefined, SECURITY_POLICY],
  ['settings.k8s.io/v1alpha1', 'PodPreset', '1.20', undefined, 'mutating admission (MutatingAdmissionPolicy or a webhook) does its work'],
  ['batch/v2alpha1', 'CronJob', '1.21', 'batch/v1'],
  ['extensions/v1beta1', 'Ingress', '1.22', 'networking.k8s.io/v1', INGRESS],
  ['networking.k8s.io/v1beta1', 'Ingress', '1.22', 'networking.k8s.io/v1', INGRESS],
  ['networking.k8s.io/v1beta1', 'IngressClass', '1.22', 'networking.k8s.io/v1'],
  [
    'admissionregistration.k8s.io/v1beta1',
    'MutatingWebhookConfiguration ValidatingWebhookConfiguration',
    '1.22',
    'admissionregistration.k8s.io/v1',
  ],
  ['apiextensions.k8s.io/v1beta1', 'CustomResourceDefinition', '1.22', 'apiextensions.k8s.io/v1', 'each version needs a structural schema'],
  ['apiregistration.k8s.io/v1beta1', 'APIService', '1.22', 'apiregistration.k8s.io/v1'],
  ['authentication.k8s.io/v1beta1', 'TokenReview', '1.22', 'authentication.k8s.io/v1'],
  [
    'authorization.k8s.io/v1beta1',
    'LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview',
    '1.22',
    'authorization.k8s.io/v1',
  ],
  ['certificates.k8s.io/v1beta1', 'CertificateSigningRequest', '1.22', 'certificates.k8s.io/v1', 'spec.signerName is required'],
  ['coordination.k8s.io/v1beta1', 'Lease', '1.22', 'coordination.k8s.io/v1'],
  ['rbac.authorization.k8s.io/v1alpha1', 'ClusterRole ClusterRoleBinding Role RoleBinding', '1.22', 'rbac.authorization.k8s.io/v1'],
  ['rbac.authorization.k8s.io/v1beta1', 'ClusterRole ClusterRoleBinding Role RoleBinding', '1.22', 'rbac.authorization.k8s.io/v1'],
  ['scheduling.k8s.io/v1alpha1', 'PriorityClass', '1.22', 'scheduling.k8s.io/v1'],
  ['scheduling.k8s.io/v1beta1', 'PriorityClass', '1.22', 'scheduling.k8s.io/v1'],
  ['storage.k8s.io/v1beta1', 'CSIDriver CSINode StorageClass VolumeAttachment', '1.22', 'storage.k8s.io/v1'],
  ['batch/v1beta1', 'CronJob', '1.25', 'batch/v1'],
  ['discovery.k8s.io/v1beta1', 'EndpointSlice', '1.25', 'discovery.k8s.io/v1', 'topology is now nodeName and zone'],
  ['events.k8s.io/v1beta1', 'Event', '1.25', 'events.k8s.io/v1'],
  ['autoscaling/v2beta1', 'HorizontalPodAutoscaler', '1.25', 'autoscaling/v2', 'targetAverageUtilization is now target.averageUtilization'],
  ['policy/v1beta1', 'PodDisruptionBudget', '1.25', 'policy/v1', 'an empty selector now selects every pod of the namespace'],
  ['policy/v1beta1', 'PodSecurityPolicy', '1.25', undefined, SECURITY_POLICY],
  ['node.k8s.io/v1beta1', 'RuntimeClass', '1.25', 'node.k8s.io/v1'],
  ['autoscaling/v2beta2', 'HorizontalPodAutoscaler', '1.26', 'autoscaling/v2'],
  ['flowcontrol.apiserver.k8s.io/v1beta1', 'FlowSchema PriorityLevelConfiguration', '1.26', 'flowcontrol.apiserver.k8s.io/v1'],
  ['storage.k8s.io/v1beta1', 'CSIStorageCapacity', '1.27', 'storage.k8s.io/v1'],
  ['flowcontrol.apiserver.k8s.io/v1beta2', 'FlowSchema PriorityLevelConfiguration', '1.29', 'flowcontrol.apiserver.k8s.io/v1'],
  ['flowcontrol.apiserver.k8s.io/v1beta3', 'FlowSchema PriorityLevelConfiguration', '1.32', 'flowcontrol.apiserver.k8s.io/v1'],
];

/** By `apiVersion/Kind`. */
export const REMOVED_APIS: ReadonlyMap<string, RemovedApi> = new Map(
  ROWS.flatMap(([apiVersion, kinds, removedIn, use, note]) =>
    kinds.split(' ').map((kind): [string, RemovedApi] => [`${apiVersion}/${kind}`, { removedIn, use, ...(note ? { note } : {}) }]),
  ),
);
