// The OpenAPI document calls a field required when Go has no word for its absence. An API server asks for less: of the fields below it
// takes objects without them, for they default, may be zero, or are only looked at in some places. All others it enforces.

const ACCEPTED_WITHOUT: ReadonlySet<string> = new Set([
  'apiextensions.CustomResourceDefinitionVersion.served',
  'apiextensions.CustomResourceDefinitionVersion.storage',
  'apps.ControllerRevision.revision',
  'batch.PodFailurePolicy.rules',
  'core.ClusterTrustBundleProjection.path',
  'core.ConfigMapNodeConfigSource.kubeletConfigKey',
  'core.ConfigMapNodeConfigSource.name',
  'core.ConfigMapNodeConfigSource.namespace',
  'core.HTTPHeader.value',
  'core.ISCSIPersistentVolumeSource.lun',
  'core.ISCSIVolumeSource.lun',
  'core.LimitRangeSpec.limits',
  'core.PodCertificateProjection.keyType',
  'core.PodCertificateProjection.signerName',
  'core.PreferredSchedulingTerm.preference',
  'core.ScaleIOPersistentVolumeSource.secretRef',
  'core.ScaleIOVolumeSource.secretRef',
  'core.SleepAction.seconds',
  'core.Sysctl.value',
  'core.TypedLocalObjectReference.kind',
  'core.TypedLocalObjectReference.name',
  'core.TypedObjectReference.kind',
  'core.TypedObjectReference.name',
  'discovery.ForZone.name',
  'meta.FieldSelectorRequirement.key',
  'meta.FieldSelectorRequirement.operator',
  'meta.LabelSelectorRequirement.key',
  'meta.LabelSelectorRequirement.operator',
  'resource.Counter.value',
  'resource.DeviceCapacity.value',
  'resource.DeviceClass.spec',
  'resource.ResourceClaim.spec',
  'resource.ResourceClaimTemplate.spec',
  'resource.ResourceClaimTemplateSpec.spec',
  'resource.ResourcePool.generation',
  'storage.CSIDriver.spec',
  'storage.CSINode.spec',
  'storage.CSINodeSpec.drivers',
  'storage.TokenRequest.audience',
]);

/**
 * Whether an object without this field is refused, given that the OpenAPI document calls it required. Not so under `status`, which is
 * dropped on creation whatever it holds.
 *
 * @param type such as `core/v1.Container`; all versions of a type are alike in this
 */
export const isEnforced = (type: string, field: string): boolean => !ACCEPTED_WITHOUT.has(`${type.replace(/\/[^.]*/, '')}.${field}`);
