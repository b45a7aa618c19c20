// How the lists of built-in kinds merge in a strategic merge patch: by which keys, as kustomize knows it from the API of Kubernetes 1.21.
// Lists that are not here are replaced as a whole, and so are all lists of kinds that are not here.

/** What is known of a field, or of a list's elements. */
export interface MergeSchema {
  /** The fields of which something is known. */
  readonly fields: ReadonlyMap<string, MergeField>;
}

export interface MergeField {
  /** Of the field; of a list, of its elements. */
  readonly schema: MergeSchema | undefined;
  /** A list that merges: by these keys, or by value where there are none. */
  readonly keys: readonly string[] | undefined;
}

/** Types: `field>Type` leads on, `field~key+key` merges by those keys, `field~` by value. */
const TYPES = `
ObjectMeta: finalizers~ ownerReferences~uid
Conditions: conditions~type
WithConditions: metadata>ObjectMeta status>Conditions
Plain: metadata>ObjectMeta
Webhooks: metadata>ObjectMeta webhooks>Plain~name
Workload: metadata>ObjectMeta spec>WorkloadSpec status>Conditions
WorkloadSpec: template>PodTemplateSpec
StatefulSet: metadata>ObjectMeta spec>StatefulSetSpec status>Conditions
StatefulSetSpec: template>PodTemplateSpec volumeClaimTemplates>WithConditions
CronJob: metadata>ObjectMeta spec>CronJobSpec
CronJobSpec: jobTemplate>JobTemplateSpec
JobTemplateSpec: metadata>ObjectMeta spec>WorkloadSpec
PodTemplate: metadata>ObjectMeta template>PodTemplateSpec
PodTemplateSpec: metadata>ObjectMeta spec>PodSpec
Pod: metadata>ObjectMeta spec>PodSpec status>PodStatus
PodStatus: conditions~type podIPs~ip
PodSpec: containers>Container~name ephemeralContainers>EphemeralContainer~name hostAliases~ip imagePullSecrets~name initContainers>Container~name topologySpreadConstraints~topologyKey+whenUnsatisfiable volumes>Volume~name
Container: env~name ports~containerPort+protocol volumeDevices~devicePath volumeMounts~mountPath
EphemeralContainer: env~name volumeDevices~devicePath volumeMounts~mountPath
Volume: ephemeral>EphemeralVolumeSource
EphemeralVolumeSource: volumeClaimTemplate>Plain
Node: metadata>ObjectMeta spec>NodeSpec status>NodeStatus
NodeSpec: podCIDRs~
NodeStatus: addresses~type conditions~type
Service: metadata>ObjectMeta spec>ServiceSpec status>Conditions
ServiceSpec: ports~port+protocol
ServiceAccount: metadata>ObjectMeta secrets~name
CSINode: metadata>ObjectMeta spec>CSINodeSpec
CSINodeSpec: drivers~name
`;

/** Group and version, then kinds with their type. */
const KINDS = `
admissionregistration.k8s.io/v1 MutatingWebhookConfiguration:Webhooks ValidatingWebhookConfiguration:Webhooks
admissionregistration.k8s.io/v1beta1 MutatingWebhookConfiguration:Webhooks ValidatingWebhookConfiguration:Webhooks
apiextensions.k8s.io/v1 CustomResourceDefinition:Plain
apiextensions.k8s.io/v1beta1 CustomResourceDefinition:Plain
apiregistration.k8s.io/v1 APIService:WithConditions
apiregistration.k8s.io/v1beta1 APIService:WithConditions
apps/v1 ControllerRevision:Plain DaemonSet:Workload Deployment:Workload ReplicaSet:Workload StatefulSet:StatefulSet
autoscaling/v1 HorizontalPodAutoscaler:Plain Scale:Plain
autoscaling/v2beta1 HorizontalPodAutoscaler:Plain
autoscaling/v2beta2 HorizontalPodAutoscaler:Plain
batch/v1 CronJob:CronJob Job:Workload
batch/v1beta1 CronJob:CronJob
certificates.k8s.io/v1 CertificateSigningRequest:Plain
certificates.k8s.io/v1beta1 CertificateSigningRequest:Plain
coordination.k8s.io/v1 Lease:Plain
coordination.k8s.io/v1beta1 Lease:Plain
discovery.k8s.io/v1 EndpointSlice:Plain
discovery.k8s.io/v1beta1 EndpointSlice:Plain
events.k8s.io/v1 Event:Plain
events.k8s.io/v1beta1 Event:Plain
extensions/v1beta1 Ingress:Plain
flowcontrol.apiserver.k8s.io/v1beta1 FlowSchema:Plain PriorityLevelConfiguration:Plain
networking.k8s.io/v1 Ingress:Plain IngressClass:Plain NetworkPolicy:Plain
networking.k8s.io/v1beta1 Ingress:Plain IngressClass:Plain
node.k8s.io/v1 RuntimeClass:Plain
node.k8s.io/v1beta1 RuntimeClass:Plain
policy/v1 PodDisruptionBudget:WithConditions
policy/v1beta1 Eviction:Plain PodDisruptionBudget:WithConditions PodSecurityPolicy:Plain
rbac.authorization.k8s.io/v1 ClusterRole:Plain ClusterRoleBinding:Plain Role:Plain RoleBinding:Plain
rbac.authorization.k8s.io/v1beta1 ClusterRole:Plain ClusterRoleBinding:Plain Role:Plain RoleBinding:Plain
scheduling.k8s.io/v1 PriorityClass:Plain
scheduling.k8s.io/v1beta1 PriorityClass:Plain
storage.k8s.io/v1 CSIDriver:Plain CSINode:CSINode StorageClass:Plain VolumeAttachment:Plain
storage.k8s.io/v1beta1 CSIDriver:Plain CSINode:CSINode CSIStorageCapacity:Plain StorageClass:Plain VolumeAttachment:Plain
v1 Binding:Plain ComponentStatus:Conditions ConfigMap:Plain Endpoints:Plain Event:Plain LimitRange:Plain Namespace:WithConditions Node:Node PersistentVolume:Plain PersistentVolumeClaim:WithConditions Pod:Pod PodTemplate:PodTemplate ReplicationController:Workload ResourceQuota:Plain Secret:Plain Service:Service ServiceAccount:ServiceAccount
`;

const lines = (table: string): readonly string[] => table.trim().split('\n');

const types = new Map<string, { readonly fields: Map<string, MergeField> }>();
for (const line of lines(TYPES)) types.set(line.slice(0, line.indexOf(':')), { fields: new Map() });
for (const line of lines(TYPES)) {
  const [name = '', fields = ''] = line.split(': ');
  for (const field of fields.split(' ')) {
    const [, key = '', type, keys] = /^(\w+)(?:>(\w+))?(?:~([\w+]*))?$/.exec(field) ?? [];
    types.get(name)!.fields.set(key, {
      schema: type === undefined ? undefined : types.get(type),
      keys: keys === undefined ? undefined : keys.split('+').filter(Boolean),
    });
  }
}

const kinds = new Map<string, MergeSchema>();
for (const line of lines(KINDS)) {
  const [apiVersion = '', ...all] = line.split(' ');
  for (const kind of all) {
    const [name = '', type = ''] = kind.split(':');
    kinds.set(`${apiVersion}/${name}`, types.get(type)!);
  }
}

/** What is known of a kind; undefined where nothing is. */
export type MergeSchemas = (apiVersion: unknown, kind: unknown) => MergeSchema | undefined;

/** Of the kinds that kustomize knows; undefined for custom resources. */
export const builtinMergeSchemas: MergeSchemas = (apiVersion, kind) =>
  typeof apiVersion === 'string' && typeof kind === 'string' ? kinds.get(`${apiVersion}/${kind}`) : undefined;
