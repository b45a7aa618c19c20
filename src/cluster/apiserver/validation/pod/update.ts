// What may change of a pod once it is made: images, deadlines, tolerations; and while it is held back by gates, where it may go.
// Follows ValidatePodUpdate of pkg/apis/core/validation.
import type { Affinity, Container, NodeAffinity, NodeSelectorTerm, Pod, PodSpec } from '#api/core/v1';
import { deepEqual, type ShallowMutable } from '../../../../apimachinery/object.ts';
import { forbidden, invalid, Path, required, type FieldError } from '../../../../apimachinery/validation/field-error.ts';
import { inclusiveRangeError } from '../../../../apimachinery/validation/names.ts';
import { internalDiff } from '../internal-diff.ts';
import { PrintedInternal } from '../internal-form.ts';
import { semanticEqual, validateCoreObjectMetaUpdate } from '../object-meta.ts';
import { APPARMOR_PREFIX, MIRROR_POD, validatePodAnnotations } from './annotations.ts';
import { checkImageSpace } from './container.ts';
import { optionsFrom, POD_OPTIONS, type PodValidationOptions } from './options.ts';
import { validateMetadataAndSpec } from './pod.ts';
import { validateOnlyAddedTolerations } from './tolerations.ts';

const METADATA = Path.of('metadata');
const ANNOTATIONS = Path.of('metadata', 'annotations');
const SPEC = Path.of('spec');
const MAX_INT32 = 2 ** 31 - 1;

const UPDATABLE = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',');

export const updateOptions = (old: Pod): PodValidationOptions => optionsFrom(POD_OPTIONS, old.spec, old.metadata);

export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const options = updateOptions(old);
  const errors = [...validateCoreObjectMetaUpdate(pod.metadata, old.metadata, METADATA), ...validateMetadataAndSpec(pod, options)];
  validateAnnotationUpdates(pod, old, errors, options);
  for (const list of ['containers', 'initContainers'] as const)
    if (!validateImages(pod.spec[list] ?? [], old.spec[list] ?? [], SPEC.child(list), errors)) return errors;
  if (!validateDeadline(pod.spec, old.spec, errors)) return errors;
  validateOnlyAddedTolerations(pod.spec.tolerations ?? [], old.spec.tolerations ?? [], SPEC.child('tolerations'), errors);
  validateGatesOnlyGo(pod.spec, old.spec, errors);
  if (deepEqual(pod.spec, old.spec)) return errors;
  const munged = withUpdatableOf(pod.spec, old.spec);
  if (old.spec.schedulingGates?.length) validateGatedChanges(munged, old.spec, errors);
  if (!deepEqual(munged, old.spec))
    errors.push(
      forbidden(SPEC, `pod updates may not change fields other than ${UPDATABLE}\n${internalDiff('core/v1.PodSpec', old.spec, munged)}`),
    );
  return errors;
}

/** Annotations that say what a pod is cannot come or go. */
export function validateAnnotationUpdates(pod: Pod, old: Pod, errors: FieldError[], options: PodValidationOptions): void {
  const now = pod.metadata.annotations ?? {};
  const before = old.metadata.annotations ?? {};
  for (const [key, value] of Object.entries(before)) {
    if (now[key] === value) continue;
    if (key.startsWith(APPARMOR_PREFIX)) errors.push(forbidden(ANNOTATIONS.key(key), 'may not remove or update AppArmor annotations'));
    if (key === MIRROR_POD) errors.push(forbidden(ANNOTATIONS.key(key), 'may not remove or update mirror pod annotation'));
  }
  for (const key of Object.keys(now)) {
    if (before[key] !== undefined) continue;
    if (key.startsWith(APPARMOR_PREFIX)) errors.push(forbidden(ANNOTATIONS.key(key), 'may not add AppArmor annotations'));
    if (key === MIRROR_POD) errors.push(forbidden(ANNOTATIONS.key(key), 'may not add mirror pod annotation'));
  }
  validatePodAnnotations(pod.metadata.annotations, pod.spec, ANNOTATIONS, errors, options);
}

/** Returns whether the lists can be compared any further. */
function validateImages(containers: readonly Container[], old: readonly Container[], field: Path, errors: FieldError[]): boolean {
  if (containers.length !== old.length) {
    errors.push(forbidden(field, 'pod updates may not add or remove containers'));
    return false;
  }
  containers.forEach((container, i) => {
    if (!container.image) errors.push(required(field.index(i).child('image')));
    checkImageSpace(container, field.index(i), errors);
  });
  return true;
}

/** It may be set, and shortened. */
function validateDeadline(
  { activeDeadlineSeconds: now }: PodSpec,
  { activeDeadlineSeconds: before }: PodSpec,
  errors: FieldError[],
): boolean {
  const at = SPEC.child('activeDeadlineSeconds');
  if (now === undefined) {
    if (before !== undefined) errors.push(invalid(at, null, 'must not update from a positive integer to nil value'));
    return true;
  }
  if (now < 0 || now > MAX_INT32) {
    errors.push(invalid(at, now, inclusiveRangeError(0, MAX_INT32)));
    return false;
  }
  if (before !== undefined && before < now) {
    errors.push(invalid(at, now, 'must be less than or equal to previous value'));
    return false;
  }
  return true;
}

function validateGatesOnlyGo(
  { schedulingGates: now = [] }: PodSpec,
  { schedulingGates: before = [] }: PodSpec,
  errors: FieldError[],
): void {
  const positions = new Map(now.map(({ name }, i) => [name, i]));
  for (const { name } of before) positions.delete(name);
  for (const [name, i] of positions)
    errors.push(
      forbidden(SPEC.child('schedulingGates').index(i).child('name'), `only deletion is allowed, but found new scheduling gate '${name}'`),
    );
}

/** A field as the stored pod has it, or its absence. */
function take(spec: ShallowMutable<PodSpec>, old: PodSpec, key: keyof PodSpec): void {
  if (old[key] === undefined) delete spec[key];
  else Object.assign(spec, { [key]: old[key] });
}

/** The new spec with all that may change as it was. */
function withUpdatableOf(spec: PodSpec, old: PodSpec): ShallowMutable<PodSpec> {
  const munged: ShallowMutable<PodSpec> = { ...spec };
  for (const list of ['containers', 'initContainers'] as const) {
    const containers = spec[list];
    if (containers) munged[list] = containers.map((container, i) => ({ ...container, image: old[list]![i]!.image ?? '' }));
  }
  take(munged, old, 'activeDeadlineSeconds');
  take(munged, old, 'schedulingGates');
  take(munged, old, 'tolerations');
  if ((old.terminationGracePeriodSeconds ?? 0) < 0 && munged.terminationGracePeriodSeconds === 1)
    take(munged, old, 'terminationGracePeriodSeconds');
  return munged;
}

/** While it is held back, a pod may be narrowed down to fewer nodes. Takes what was allowed back out of `munged`. */
function validateGatedChanges(munged: ShallowMutable<PodSpec>, old: PodSpec, errors: FieldError[]): void {
  if (!semanticEqual(munged.nodeSelector, old.nodeSelector)) {
    const kept = Object.entries(old.nodeSelector ?? {}).every(([key, value]) => munged.nodeSelector?.[key] === value);
    if (!kept)
      errors.push(
        invalid(
          SPEC.child('nodeSelector'),
          munged.nodeSelector ?? null,
          'only additions to spec.nodeSelector are allowed (no mutations or deletions)',
        ),
      );
    take(munged, old, 'nodeSelector');
  }
  const before = old.affinity?.nodeAffinity;
  const now = munged.affinity?.nodeAffinity;
  if (semanticEqual(now, before)) return;
  validateNodeAffinityMutation(now, before, errors);
  const { nodeAffinity: _, ...others } = munged.affinity ?? {};
  const affinity: Affinity = before ? { ...others, nodeAffinity: before } : others;
  if (!old.affinity && Object.keys(affinity).length === 0) delete munged.affinity;
  else munged.affinity = affinity;
}

function validateNodeAffinityMutation(now: NodeAffinity | undefined, before: NodeAffinity | undefined, errors: FieldError[]): void {
  const required_ = 'requiredDuringSchedulingIgnoredDuringExecution';
  const oldTerms = before?.[required_]?.nodeSelectorTerms ?? [];
  const terms = now?.[required_]?.nodeSelectorTerms ?? [];
  if (oldTerms.length === 0) return;
  const at = SPEC.child('affinity', 'nodeAffinity', required_, 'nodeSelectorTerms');
  if (terms.length !== oldTerms.length) {
    const shown = new PrintedInternal('[]core/v1.NodeSelectorTerm', terms.length ? terms : null);
    errors.push(invalid(at, shown, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed'));
    return;
  }
  oldTerms.forEach((old, i) => {
    const term = terms[i]!;
    if (!hasOnlyAdditions(term, old))
      errors.push(
        invalid(
          at.index(i),
          new PrintedInternal('core/v1.NodeSelectorTerm', term),
          'only additions are allowed (no mutations or deletions)',
        ),
      );
  });
}

function hasOnlyAdditions(term: NodeSelectorTerm, old: NodeSelectorTerm): boolean {
  const begins = (now: readonly unknown[] = [], before: readonly unknown[] = []): boolean =>
    now.length >= before.length && before.every((r, i) => deepEqual(r, now[i]));
  const empty = !old.matchExpressions?.length && !old.matchFields?.length;
  // an empty term selects nothing: anything added to it would widen it
  if (empty && (term.matchExpressions?.length || term.matchFields?.length)) return false;
  return begins(term.matchExpressions, old.matchExpressions) && begins(term.matchFields, old.matchFields);
}
