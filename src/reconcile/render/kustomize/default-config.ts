// The fields that kustomize's transformers work on where nobody configures others: labels and selectors, annotations, images, replicas,
// namespaces, and where vars may stand.
import type { FieldSpec } from './field-spec.ts';

const created = (group: string, kind: string, path: string, version = ''): FieldSpec => ({
  ...(group ? { group } : {}),
  ...(version ? { version } : {}),
  kind,
  path,
  create: true,
});

const present = (group: string, kind: string, path: string): FieldSpec => ({ ...(group ? { group } : {}), kind, path });

const TEMPLATE = 'spec/template/metadata';
const JOB_TEMPLATE = 'spec/jobTemplate';

/** `labels` with includeTemplates. */
export const TEMPLATE_LABELS: readonly FieldSpec[] = [
  { path: 'metadata/labels', create: true },
  created('', 'ReplicationController', `${TEMPLATE}/labels`, 'v1'),
  created('', 'Deployment', `${TEMPLATE}/labels`),
  created('', 'ReplicaSet', `${TEMPLATE}/labels`),
  created('', 'DaemonSet', `${TEMPLATE}/labels`),
  created('apps', 'StatefulSet', `${TEMPLATE}/labels`),
  created('apps', 'StatefulSet', 'spec/volumeClaimTemplates[]/metadata/labels'),
  created('batch', 'Job', `${TEMPLATE}/labels`),
  created('batch', 'CronJob', `${JOB_TEMPLATE}/metadata/labels`),
  created('batch', 'CronJob', `${JOB_TEMPLATE}/spec/template/metadata/labels`),
];

/** The selectors inside of a pod template. */
const podSelectors = (kind: string): readonly FieldSpec[] => {
  const affinity = (name: string): readonly string[] => [
    `affinity/${name}/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels`,
    `affinity/${name}/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels`,
  ];
  const paths = [...affinity('podAffinity'), ...affinity('podAntiAffinity'), 'topologySpreadConstraints/labelSelector/matchLabels'];
  return paths.map((path) => present('apps', kind, `spec/template/spec/${path}`));
};

/** `commonLabels`, and `labels` with includeSelectors. */
export const COMMON_LABELS: readonly FieldSpec[] = [
  created('', 'Service', 'spec/selector', 'v1'),
  created('', 'ReplicationController', 'spec/selector', 'v1'),
  created('', 'Deployment', 'spec/selector/matchLabels'),
  ...podSelectors('Deployment'),
  created('', 'ReplicaSet', 'spec/selector/matchLabels'),
  created('', 'DaemonSet', 'spec/selector/matchLabels'),
  created('apps', 'StatefulSet', 'spec/selector/matchLabels'),
  ...podSelectors('StatefulSet'),
  present('batch', 'Job', 'spec/selector/matchLabels'),
  present('batch', 'CronJob', `${JOB_TEMPLATE}/spec/selector/matchLabels`),
  present('policy', 'PodDisruptionBudget', 'spec/selector/matchLabels'),
  present('networking.k8s.io', 'NetworkPolicy', 'spec/podSelector/matchLabels'),
  present('networking.k8s.io', 'NetworkPolicy', 'spec/ingress/from/podSelector/matchLabels'),
  present('networking.k8s.io', 'NetworkPolicy', 'spec/egress/to/podSelector/matchLabels'),
  ...TEMPLATE_LABELS,
];

export const COMMON_ANNOTATIONS: readonly FieldSpec[] = [
  { path: 'metadata/annotations', create: true },
  created('', 'ReplicationController', `${TEMPLATE}/annotations`, 'v1'),
  ...['Deployment', 'ReplicaSet', 'DaemonSet', 'StatefulSet'].map((kind) => created('', kind, `${TEMPLATE}/annotations`)),
  created('batch', 'Job', `${TEMPLATE}/annotations`),
  created('batch', 'CronJob', `${JOB_TEMPLATE}/metadata/annotations`),
  created('batch', 'CronJob', `${JOB_TEMPLATE}/spec/template/metadata/annotations`),
];

export const IMAGES: readonly FieldSpec[] = ['spec', 'spec/template/spec'].flatMap((spec) =>
  ['containers', 'initContainers'].map((list) => ({ path: `${spec}/${list}[]/image`, create: true })),
);

export const REPLICAS: readonly FieldSpec[] = ['Deployment', 'ReplicationController', 'ReplicaSet', 'StatefulSet'].map((kind) =>
  created('', kind, 'spec/replicas'),
);

export const NAMESPACE: readonly FieldSpec[] = [
  created('', 'Namespace', 'metadata/name'),
  created('apiregistration.k8s.io', 'APIService', 'spec/service/namespace'),
  present('apiextensions.k8s.io', 'CustomResourceDefinition', 'spec/conversion/webhook/clientConfig/service/namespace'),
];

/** For prefixes and suffixes. */
export const NAME: readonly FieldSpec[] = [{ path: 'metadata/name' }];

const inContainers = (kind: string, spec: string): readonly FieldSpec[] =>
  ['containers', 'initContainers'].flatMap((list) =>
    ['args', 'command', 'env/value', 'volumeMounts/mountPath'].map((field) => present('', kind, `${spec}/${list}/${field}`)),
  );

/** Where `$(VAR)` is replaced. */
export const VAR_REFERENCE: readonly FieldSpec[] = [
  ...inContainers('CronJob', `${JOB_TEMPLATE}/spec/template/spec`),
  present('', 'CronJob', `${JOB_TEMPLATE}/spec/template/volumes/nfs/server`),
  ...['DaemonSet', 'Deployment', 'Job', 'ReplicaSet'].flatMap((kind) => [
    ...inContainers(kind, 'spec/template/spec'),
    present('', kind, 'spec/template/spec/volumes/nfs/server'),
  ]),
  present('', 'Deployment', 'spec/template/metadata/annotations'),
  present('', 'Ingress', 'spec/rules/host'),
  present('', 'Ingress', 'spec/tls/hosts'),
  present('', 'Ingress', 'spec/tls/secretName'),
  ...inContainers('Pod', 'spec'),
  present('', 'Pod', 'spec/volumes/nfs/server'),
  present('', 'Service', 'spec/ports/port'),
  present('', 'Service', 'spec/ports/targetPort'),
  ...inContainers('StatefulSet', 'spec/template/spec'),
  present('', 'StatefulSet', 'spec/volumeClaimTemplates/spec/nfs/server'),
  present('', 'PersistentVolume', 'spec/nfs/server'),
  { path: 'metadata/labels' },
  { path: 'metadata/annotations' },
];
