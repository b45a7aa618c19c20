// Annotations of pods that mean something to Kubernetes: deletion cost, mirror pods, old forms of tolerations and of security profiles.
// Follows pkg/apis/core/validation.
import type { AppArmorProfile, Container, PodSpec, SeccompProfile } from '#api/core/v1';
import type { ObjectMeta } from '#api/meta/v1';
import { quote } from '../../../../apimachinery/go-text.ts';
import { forbidden, invalid, type FieldError, type Path } from '../../../../apimachinery/validation/field-error.ts';
import { checkDescendingPath } from '../relative-path.ts';
import type { PodValidationOptions } from './options.ts';
import { TOLERATIONS, validateTolerationAnnotation } from './toleration-annotation.ts';

export const POD_DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
export const MIRROR_POD = 'kubernetes.io/config.mirror';
export const APPARMOR_PREFIX = 'container.apparmor.security.beta.kubernetes.io/';
export const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
export const SECCOMP_PREFIX = 'container.seccomp.security.alpha.kubernetes.io/';

type Annotations = Readonly<Record<string, string>> | undefined;

/** A decimal 32-bit number without leading zeros or plus sign. */
export function isPodDeletionCost(text: string): boolean {
  if (!/^-?(?:0|[1-9]\d*)$/.test(text)) return false;
  const cost = Number(text);
  return cost >= -(2 ** 31) && cost < 2 ** 31;
}

export function validatePodAnnotations(
  annotations: Annotations,
  spec: PodSpec,
  field: Path,
  errors: FieldError[],
  options: PodValidationOptions,
): void {
  if (!annotations) return;
  const mirror = annotations[MIRROR_POD];
  if (mirror !== undefined && !spec.nodeName)
    errors.push(invalid(field.key(MIRROR_POD), mirror, 'must set spec.nodeName if mirror pod annotation is set'));
  const tolerations = annotations[TOLERATIONS];
  if (tolerations) validateTolerationAnnotation(tolerations, field, errors);
  const cost = annotations[POD_DELETION_COST];
  if (cost !== undefined && !options.allowInvalidPodDeletionCost && !isPodDeletionCost(cost))
    errors.push(invalid(field.key(POD_DELETION_COST), cost, 'must be a 32bit integer'));
  for (const key in annotations) {
    const value = annotations[key]!;
    if (key === SECCOMP_POD || key.startsWith(SECCOMP_PREFIX)) checkSeccompProfile(value, field.child(key), errors);
    else if (key.startsWith(APPARMOR_PREFIX)) checkAppArmor(key, value, spec, field, errors);
  }
}

function checkSeccompProfile(profile: string, field: Path, errors: FieldError[]): void {
  if (profile === 'runtime/default' || profile === 'docker/default' || profile === 'unconfined') return;
  if (profile.startsWith('localhost/')) checkDescendingPath(profile.slice('localhost/'.length), field, errors);
  else errors.push(invalid(field, profile, 'must be a valid seccomp profile'));
}

function checkAppArmor(key: string, profile: string, spec: PodSpec, field: Path, errors: FieldError[]): void {
  const container = key.slice(APPARMOR_PREFIX.length);
  const named = (c: { readonly name: string }): boolean => c.name === container;
  if (!spec.containers?.some(named) && !spec.initContainers?.some(named) && !spec.ephemeralContainers?.some(named))
    errors.push(invalid(field.key(key), container, 'container not found'));
  if (profile === '' || profile === 'runtime/default' || profile === 'unconfined' || profile.startsWith('localhost/')) return;
  errors.push(invalid(field.key(key), profile, `invalid AppArmor profile name: ${quote(profile)}`));
}

/** What a field says and what its old annotation says must agree. */
export function validateSeccompFieldsAgree(meta: ObjectMeta, spec: PodSpec, field: Path, errors: FieldError[]): void {
  const { annotations } = meta;
  if (!annotations) return;
  const own = annotations[SECCOMP_POD];
  if (own !== undefined)
    checkAgrees(spec.securityContext?.seccompProfile, own, 'seccomp', field.child('securityContext', 'seccompProfile'), errors);
  visit(spec, field, (container, at) => {
    const value = annotations[SECCOMP_PREFIX + container.name];
    if (value === undefined) return;
    checkAgrees(container.securityContext?.seccompProfile, value, 'seccomp', at.child('securityContext', 'seccompProfile'), errors);
  });
}

/** Of new pods only; pods on Windows have neither. */
export function validateAppArmorFieldsAgree(meta: ObjectMeta, spec: PodSpec, field: Path, errors: FieldError[]): void {
  const { annotations } = meta;
  if (!annotations || spec.os?.name === 'windows') return;
  visit(spec, field, (container, at) => {
    const value = annotations[APPARMOR_PREFIX + container.name];
    if (value === undefined) return;
    const profile = container.securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile;
    checkAgrees(profile, value, 'apparmor', at.child('securityContext', 'appArmorProfile'), errors);
  });
}

function visit(spec: PodSpec, field: Path, each: (container: Container, at: Path) => void): void {
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const)
    (spec[list] ?? []).forEach((container, i) => each(container, field.child(list).index(i)));
}

function checkAgrees(
  profile: SeccompProfile | AppArmorProfile | undefined,
  annotation: string,
  kind: 'seccomp' | 'apparmor',
  field: Path,
  errors: FieldError[],
): void {
  if (!profile) return;
  const refuse = (child: string, what: string): void => {
    errors.push(forbidden(field.child(child), `${kind} ${what} in annotation and field must match`));
  };
  switch (profile.type) {
    case 'Unconfined':
      if (annotation !== 'unconfined') refuse('type', 'type');
      return;
    case 'RuntimeDefault':
      if (annotation !== 'runtime/default' && !(kind === 'seccomp' && annotation === 'docker/default')) refuse('type', 'type');
      return;
    case 'Localhost':
      if (!annotation.startsWith('localhost/')) refuse('type', 'type');
      else if (annotation.slice('localhost/'.length) !== profile.localhostProfile) refuse('localhostProfile', 'profile');
  }
}
