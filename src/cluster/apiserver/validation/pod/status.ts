// The status of a pod, as kubelets and others report it. Follows ValidatePodStatusUpdate of pkg/apis/core/validation.
import type { ContainerStatus, Pod, PodCondition } from '#api/core/v1';
import { duplicate, forbidden, invalid, Path, type FieldError } from '../../../../apimachinery/validation/field-error.ts';
import { isIPv6Address, isValidIPForLegacyField } from '../../../../apimachinery/validation/ip.ts';
import { isDNS1123Subdomain } from '../../../../apimachinery/validation/names.ts';
import { check, checkDNS1123Subdomain, checkQualifiedName } from '../checks.ts';
import { validateCoreObjectMetaUpdate, validateImmutable } from '../object-meta.ts';
import { updateOptions, validateAnnotationUpdates } from './update.ts';

const METADATA = Path.of('metadata');
const STATUS = Path.of('status');
const SYSTEM_CONDITIONS = ['PodScheduled', 'Ready', 'Initialized'];

export function validatePodStatusUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors = validateCoreObjectMetaUpdate(pod.metadata, old.metadata, METADATA);
  validateAnnotationUpdates(pod, old, errors, updateOptions(old));
  const status = pod.status ?? {};
  const before = old.status ?? {};
  validateConditions(status.conditions ?? [], errors);
  if (status.nominatedNodeName && status.nominatedNodeName !== before.nominatedNodeName)
    validateNomination(pod, status.nominatedNodeName, errors);
  errors.push(...validateImmutable(status.qosClass ?? '', before.qosClass ?? '', STATUS.child('qosClass')));
  const { restartPolicy, initContainers = [] } = old.spec;
  const sidecars = new Set(initContainers.filter((c) => c.restartPolicy === 'Always').map((c) => c.name));
  validateEnds(status.containerStatuses, before.containerStatuses, 'containerStatuses', restartPolicy, new Set(), errors);
  validateEnds(status.initContainerStatuses, before.initContainerStatuses, 'initContainerStatuses', restartPolicy, sidecars, errors);
  validateEnds(
    status.ephemeralContainerStatuses,
    before.ephemeralContainerStatuses,
    'ephemeralContainerStatuses',
    'Never',
    new Set(),
    errors,
  );
  validateClaimStatuses(pod, errors);
  validateIPs(
    (status.podIPs ?? []).map((p) => p.ip ?? ''),
    'podIPs',
    errors,
  );
  validateHostIPs(pod, errors);
  return errors;
}

function validateNomination({ spec }: Pod, node: string, errors: FieldError[]): void {
  const field = STATUS.child('nominatedNodeName');
  checkDNS1123Subdomain(node, field, errors);
  if (spec.nodeName) errors.push(forbidden(field, 'may not be set on pods that are already bound to a node'));
}

function validateConditions(conditions: readonly PodCondition[], errors: FieldError[]): void {
  conditions.forEach(({ type }, i) => {
    if (!SYSTEM_CONDITIONS.includes(type)) checkQualifiedName(type, STATUS.child('conditions').index(i).child('Type'), errors);
  });
}

/** Where containers are not restarted, one that has ended does not run again. */
function validateEnds(
  statuses: readonly ContainerStatus[] = [],
  old: readonly ContainerStatus[] = [],
  list: string,
  restartPolicy: string | undefined,
  restartable: ReadonlySet<string>,
  errors: FieldError[],
): void {
  if (restartPolicy === 'Always') return;
  old.forEach(({ name, state }, i) => {
    const { terminated } = state ?? {};
    if (!terminated || restartable.has(name)) return;
    if (terminated.exitCode !== 0 && restartPolicy === 'OnFailure') return;
    if (statuses.some((s) => s.name === name && !s.state?.terminated))
      errors.push(forbidden(STATUS.child(list).index(i).child('state'), 'may not be transitioned to non-terminated state'));
  });
}

function validateClaimStatuses({ spec, status }: Pod, errors: FieldError[]): void {
  const seen = new Set<string>();
  status?.resourceClaimStatuses?.forEach(({ name, resourceClaimName }, i) => {
    const at = STATUS.child('resourceClaimStatuses').index(i).child('name');
    if (!spec.resourceClaims?.some((c) => c.name === name))
      errors.push(invalid(at, name, 'must match the name of an entry in `spec.resourceClaims`'));
    if (seen.has(name)) errors.push(duplicate(at, name));
    seen.add(name);
    if (resourceClaimName !== undefined) check(isDNS1123Subdomain, resourceClaimName, at, errors);
  });
}

function validateHostIPs({ status }: Pod, errors: FieldError[]): void {
  const ips = (status?.hostIPs ?? []).map((h) => h.ip);
  if (ips.length === 0) return;
  if (status?.hostIP !== ips[0]) errors.push(invalid(STATUS.child('hostIPs').index(0).child('ip'), ips[0], 'must be equal to `hostIP`'));
  validateIPs(ips, 'hostIPs', errors);
}

/** One address, or one of each family. */
function validateIPs(ips: readonly string[], list: 'podIPs' | 'hostIPs', errors: FieldError[]): void {
  const field = STATUS.child(list);
  ips.forEach((ip, i) => check(isValidIPForLegacyField, ip, field.index(i), errors));
  if (ips.length < 2) return;
  const dualStack = ips.some(isIPv6Address) && ips.some((ip) => !isIPv6Address(ip));
  const shown = ips.map((IP) => ({ IP }));
  if (!dualStack || ips.length > 2) errors.push(invalid(field, shown, 'may specify no more than one IP for each IP family'));
  const seen = new Set<string>();
  ips.forEach((ip, i) => {
    if (seen.has(ip)) errors.push(duplicate(field.index(i), { IP: ip }));
    seen.add(ip);
  });
}
