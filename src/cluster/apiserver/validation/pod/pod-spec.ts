// The spec of a pod, in a pod or in a template: the order in which its parts are checked, and what is too small for a file of its own.
// Follows ValidatePodSpec and ValidatePodTemplateSpec of pkg/apis/core/validation.
import type { PodSpec, PodTemplateSpec } from '#api/core/v1';
import type { ObjectMeta } from '#api/meta/v1';
import {
  duplicate,
  forbidden,
  invalid,
  notSupported,
  required,
  type FieldError,
  type Path,
} from '../../../../apimachinery/validation/field-error.ts';
import { inclusiveRangeError } from '../../../../apimachinery/validation/names.ts';
import { checkDNS1123Subdomain, checkEnum, checkQualifiedName } from '../checks.ts';
import { validateAnnotations, validateLabels } from '../object-meta.ts';
import { validateAffinity } from './affinity.ts';
import { validatePodAnnotations, validateSeccompFieldsAgree } from './annotations.ts';
import { validateContainers, validateEphemeralContainers, validateInitContainers, type PodFacts } from './container.ts';
import { checkDNSPolicy, validateDNSConfig, validateHostAliases, validateHostname, validateHostnameOverride } from './dns.ts';
import { validateFileKeyVolumes } from './env.ts';
import type { PodValidationOptions } from './options.ts';
import { checkHostNetworkPorts } from './ports.ts';
import { claimNamesOf, validateOverhead, validatePodResources, validateResourceClaims } from './resources.ts';
import { validatePodSecurityContext } from './security-context.ts';
import { validateTolerations } from './tolerations.ts';
import { validateTopologySpread } from './topology-spread.ts';
import { validateVolumes } from './volume.ts';
import { validateForOS, validateHostProcess } from './windows.ts';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const MAX_INT32 = 2 ** 31 - 1;

/** @param meta the pod's; undefined in a template */
export function validatePodSpec(
  spec: PodSpec,
  meta: ObjectMeta | undefined,
  field: Path,
  errors: FieldError[],
  options: PodValidationOptions,
): void {
  if (spec.terminationGracePeriodSeconds === undefined) errors.push(required(field.child('terminationGracePeriodSeconds')));
  const volumes = validateVolumes(spec.volumes, meta, field.child('volumes'), errors, options);
  const pod: PodFacts = { spec, volumes, claims: claimNamesOf(spec.resourceClaims), options };
  if (spec.resourceClaims) validateResourceClaims(spec.resourceClaims, field.child('resourceClaims'), errors);
  validateContainers(pod, field.child('containers'), errors);
  validateInitContainers(pod, field.child('initContainers'), errors);
  validateEphemeralContainers(pod, field.child('ephemeralContainers'), errors);
  validatePodResources(spec, field.child('resources'), errors, options);
  if (spec.hostNetwork) checkHostNetworkPorts(spec.containers ?? [], options.resourceIsPod, field.child('containers'), errors);
  checkEnum(spec.restartPolicy, RESTART_POLICIES, field.child('restartPolicy'), errors);
  checkDNSPolicy(spec.dnsPolicy, field.child('dnsPolicy'), errors);
  validateLabels(spec.nodeSelector, field.child('nodeSelector'), errors);
  if (spec.securityContext) validatePodSecurityContext(spec.securityContext, spec, field.child('securityContext'), errors);
  if (spec.affinity) validateAffinity(spec.affinity, field.child('affinity'), errors, options);
  validateDNSConfig(spec, field.child('dnsConfig'), errors);
  spec.readinessGates?.forEach(({ conditionType }, i) =>
    checkQualifiedName(conditionType, field.child('readinessGates').index(i).child('conditionType'), errors),
  );
  validateSchedulingGates(spec, field.child('schedulingGates'), errors);
  if (spec.topologySpreadConstraints)
    validateTopologySpread(spec.topologySpreadConstraints, field.child('topologySpreadConstraints'), errors, options);
  validateHostProcess(spec, field, errors);
  checkHostUsers(spec, field, errors);
  validateNames(spec, field, errors);
  if (spec.overhead) validateOverhead(spec.overhead, field.child('overhead'), errors, options);
  if (spec.os) checkOS(spec, field, errors);
  validateFileKeyVolumes(spec, field, errors);
}

function validateSchedulingGates({ schedulingGates = [] }: PodSpec, field: Path, errors: FieldError[]): void {
  const seen = new Set<string>();
  schedulingGates.forEach(({ name }, i) => {
    checkQualifiedName(name, field.index(i), errors);
    if (seen.has(name)) errors.push(duplicate(field.index(i), name));
    seen.add(name);
  });
}

/** Users of its own do not go with namespaces of the host. */
function checkHostUsers({ hostUsers, hostNetwork, hostPID, hostIPC }: PodSpec, field: Path, errors: FieldError[]): void {
  if (hostUsers !== false) return;
  const why = 'when `hostUsers` is false';
  if (hostNetwork) errors.push(forbidden(field.child('hostNetwork'), why));
  if (hostPID) errors.push(forbidden(field.child('HostPID'), why));
  if (hostIPC) errors.push(forbidden(field.child('HostIPC'), why));
}

/** Names of other things, and of the pod in its network. */
function validateNames(spec: PodSpec, field: Path, errors: FieldError[]): void {
  if (spec.serviceAccountName) checkDNS1123Subdomain(spec.serviceAccountName, field.child('serviceAccountName'), errors);
  if (spec.nodeName) checkDNS1123Subdomain(spec.nodeName, field.child('nodeName'), errors);
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > MAX_INT32))
    errors.push(invalid(field.child('activeDeadlineSeconds'), deadline, inclusiveRangeError(1, MAX_INT32)));
  validateHostname(spec, field, errors);
  if (spec.tolerations) validateTolerations(spec.tolerations, field.child('tolerations'), errors);
  if (spec.hostAliases) validateHostAliases(spec.hostAliases, field.child('hostAliases'), errors);
  if (spec.priorityClassName) checkDNS1123Subdomain(spec.priorityClassName, field.child('priorityClassName'), errors);
  if (spec.runtimeClassName !== undefined) checkDNS1123Subdomain(spec.runtimeClassName, field.child('runtimeClassName'), errors);
  if (spec.preemptionPolicy !== undefined)
    checkEnum(spec.preemptionPolicy, ['PreemptLowerPriority', 'Never'], field.child('preemptionPolicy'), errors);
  validateHostnameOverride(spec, field, errors);
}

function checkOS(spec: PodSpec, field: Path, errors: FieldError[]): void {
  const name = spec.os?.name;
  if (!name) errors.push(required(field.child('os', 'name')));
  else if (name !== 'linux' && name !== 'windows') errors.push(notSupported(field.child('os'), name, ['linux', 'windows']));
  else validateForOS(spec, field, errors);
}

export function validatePodTemplateSpec(template: PodTemplateSpec, field: Path, errors: FieldError[], options: PodValidationOptions): void {
  const { metadata = {}, spec } = template;
  validateTemplateMeta(template, field, errors, options);
  if (!spec) return;
  validatePodSpec(spec, undefined, field.child('spec'), errors, options);
  validateSeccompFieldsAgree(metadata, spec, field.child('spec'), errors);
  if (spec.ephemeralContainers?.length)
    errors.push(forbidden(field.child('spec', 'ephemeralContainers'), 'ephemeral containers not allowed in pod template'));
}

/** Labels and annotations of a template. */
export function validateTemplateMeta(
  { metadata = {}, spec }: PodTemplateSpec,
  field: Path,
  errors: FieldError[],
  options: PodValidationOptions,
): void {
  validateLabels(metadata.labels, field.child('labels'), errors);
  validateAnnotations(metadata.annotations, field.child('annotations'), errors);
  validatePodAnnotations(metadata.annotations, spec ?? { containers: [] }, field.child('annotations'), errors, options);
}
