// Which fields of which kinds name other resources: kustomize's built-in table of name references.
import type { FieldSpec } from './field-spec.ts';
import type { GvkSelector } from './resource-id.ts';

/** A kind that is referred to, and the fields that do so. */
export interface NameReference extends GvkSelector {
  readonly fieldSpecs: readonly FieldSpec[];
}

const at = (kind: string, path: string, group = '', version = ''): FieldSpec => ({
  ...(group ? { group } : {}),
  ...(version ? { version } : {}),
  kind,
  path,
});

/** Where each kind keeps its pod's spec. */
const POD_SPECS = {
  Pod: 'spec',
  PodTemplate: 'template/spec',
  Deployment: 'spec/template/spec',
  ReplicaSet: 'spec/template/spec',
  DaemonSet: 'spec/template/spec',
  StatefulSet: 'spec/template/spec',
  ReplicationController: 'spec/template/spec',
  Job: 'spec/template/spec',
  CronJob: 'spec/jobTemplate/spec/template/spec',
} as const;

type PodKind = keyof typeof POD_SPECS;

const inPods = (kinds: readonly PodKind[], paths: readonly string[], podVersion = ''): readonly FieldSpec[] =>
  kinds.flatMap((kind) => paths.map((path) => at(kind, `${POD_SPECS[kind]}/${path}`, '', kind === 'Pod' ? podVersion : '')));

/** The kinds whose configuration is followed. */
const CONFIGURED: readonly PodKind[] = ['Pod', 'PodTemplate', 'Deployment', 'ReplicaSet', 'DaemonSet', 'StatefulSet', 'Job', 'CronJob'];
/** The kinds whose accounts, claims and priorities are followed. */
const WORKLOADS: readonly PodKind[] = ['Pod', 'StatefulSet', 'Deployment', 'ReplicationController', 'CronJob', 'Job', 'DaemonSet'];

const SCALED: readonly FieldSpec[] = [at('HorizontalPodAutoscaler', 'spec/scaleTargetRef/name')];

const both = (field: string): readonly string[] => [`containers/${field}`, `initContainers/${field}`];

const RBAC = 'rbac.authorization.k8s.io';
const ADMISSION = 'admissionregistration.k8s.io';

export const NAME_REFERENCES: readonly NameReference[] = [
  ...['Deployment', 'ReplicationController', 'ReplicaSet', 'StatefulSet'].map((kind) => ({ kind, fieldSpecs: SCALED })),
  {
    kind: 'ConfigMap',
    version: 'v1',
    fieldSpecs: [
      ...inPods(
        CONFIGURED,
        ['volumes/configMap/name', ...both('env/valueFrom/configMapKeyRef/name'), ...both('envFrom/configMapRef/name')],
        'v1',
      ),
      ...inPods(CONFIGURED, ['volumes/projected/sources/configMap/name'], 'v1'),
      at('Node', 'spec/configSource/configMap'),
      at('Role', 'rules/resourceNames'),
      at('ClusterRole', 'rules/resourceNames'),
      at('Ingress', 'metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap'),
    ],
  },
  {
    kind: 'Secret',
    version: 'v1',
    fieldSpecs: [
      ...inPods(
        CONFIGURED,
        ['volumes/secret/secretName', ...both('env/valueFrom/secretKeyRef/name'), ...both('envFrom/secretRef/name')],
        'v1',
      ),
      ...inPods(CONFIGURED, ['imagePullSecrets/name', 'volumes/projected/sources/secret/name'], 'v1'),
      at('Ingress', 'spec/tls/secretName'),
      at('Ingress', 'metadata/annotations/ingress.kubernetes.io\\/auth-secret'),
      at('Ingress', 'metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret'),
      at('Ingress', 'metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret'),
      at('ServiceAccount', 'imagePullSecrets/name'),
      ...['secretName', 'adminSecretName', 'userSecretName', 'secretRef'].map((name) => at('StorageClass', `parameters/${name}`)),
      at('Role', 'rules/resourceNames'),
      at('ClusterRole', 'rules/resourceNames'),
      at('Service', 'spec/template/spec/containers/env/valueFrom/secretKeyRef/name', 'serving.knative.dev', 'v1'),
      at('PersistentVolume', 'spec/azureFile/secretName'),
    ],
  },
  {
    kind: 'Service',
    version: 'v1',
    fieldSpecs: [
      at('StatefulSet', 'spec/serviceName', 'apps'),
      at('Ingress', 'spec/rules/http/paths/backend/serviceName'),
      at('Ingress', 'spec/backend/serviceName'),
      at('Ingress', 'spec/rules/http/paths/backend/service/name'),
      at('Ingress', 'spec/defaultBackend/service/name'),
      at('APIService', 'spec/service/name', 'apiregistration.k8s.io'),
      at('ValidatingWebhookConfiguration', 'webhooks/clientConfig/service', ADMISSION),
      at('MutatingWebhookConfiguration', 'webhooks/clientConfig/service', ADMISSION),
    ],
  },
  { kind: 'Role', group: RBAC, fieldSpecs: [at('RoleBinding', 'roleRef/name', RBAC)] },
  {
    kind: 'ClusterRole',
    group: RBAC,
    fieldSpecs: [at('RoleBinding', 'roleRef/name', RBAC), at('ClusterRoleBinding', 'roleRef/name', RBAC)],
  },
  {
    kind: 'ServiceAccount',
    version: 'v1',
    fieldSpecs: [
      at('RoleBinding', 'subjects', RBAC),
      at('ClusterRoleBinding', 'subjects', RBAC),
      ...inPods(WORKLOADS, ['serviceAccountName']),
    ],
  },
  { kind: 'PersistentVolumeClaim', version: 'v1', fieldSpecs: inPods(WORKLOADS, ['volumes/persistentVolumeClaim/claimName']) },
  {
    kind: 'PersistentVolume',
    version: 'v1',
    fieldSpecs: [at('PersistentVolumeClaim', 'spec/volumeName'), at('ClusterRole', 'rules/resourceNames')],
  },
  {
    kind: 'StorageClass',
    version: 'v1',
    group: 'storage.k8s.io',
    fieldSpecs: [
      at('PersistentVolume', 'spec/storageClassName'),
      at('PersistentVolumeClaim', 'spec/storageClassName'),
      at('StatefulSet', 'spec/volumeClaimTemplates/spec/storageClassName'),
    ],
  },
  { kind: 'PriorityClass', version: 'v1', group: 'scheduling.k8s.io', fieldSpecs: inPods(WORKLOADS, ['priorityClassName']) },
  // no object is of this group: kustomize's table has the version in it, and so Ingresses keep the name of their class
  { kind: 'IngressClass', version: 'v1', group: 'networking.k8s.io/v1', fieldSpecs: [at('Ingress', 'spec/ingressClassName')] },
  {
    kind: 'ValidatingAdmissionPolicy',
    group: ADMISSION,
    fieldSpecs: [at('ValidatingAdmissionPolicyBinding', 'spec/policyName', ADMISSION)],
  },
];
