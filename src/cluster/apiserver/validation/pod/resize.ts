// Resizing the containers of a running pod: processor and memory, up and down, without making another pod of it.
// Follows ValidatePodResize of pkg/apis/core/validation.
import type { Container, Pod, ResourceList, ResourceRequirements } from '#api/core/v1';
import { deepEqual } from '../../../../apimachinery/object.ts';
import { forbidden, invalid, Path, type FieldError } from '../../../../apimachinery/validation/field-error.ts';
import { podQOSClass } from '../../pod/qos-class.ts';
import { validateCoreObjectMetaUpdate } from '../object-meta.ts';
import { MIRROR_POD } from './annotations.ts';
import { validateMetadataAndSpec } from './pod.ts';
import { updateOptions } from './update.ts';

const SPEC = Path.of('spec');

/** @param pod differs from `old` in the resources and resize policies of its containers at most */
export function validatePodResize(pod: Pod, old: Pod): FieldError[] {
  const refusal = unsupported(old);
  if (refusal) return [forbidden(Path.of(''), refusal)];
  const errors = [
    ...validateCoreObjectMetaUpdate(pod.metadata, old.metadata, Path.of('metadata')),
    ...validateMetadataAndSpec(pod, updateOptions(old)),
  ];
  const before = old.status?.qosClass ?? podQOSClass(old.spec);
  if (podQOSClass(pod.spec) !== before)
    errors.push(invalid(SPEC, pod.status?.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing'));
  if (!nodeSupportsResize(old)) errors.push(forbidden(SPEC, 'Pod running on node without support for resize'));
  eachPair(pod, old, 'initContainers', (now, was, at) => {
    if (was.restartPolicy === 'Always') validateContainerResize(now, was, at.child('resources'), errors);
  });
  eachPair(pod, old, 'containers', (now, was, at) => validateContainerResize(now, was, at.child('resources'), errors));
  eachPair(pod, old, 'containers', (now, was) => {
    if (!deepEqual(withComputeOf(now, was), was)) errors.push(forbidden(SPEC, 'only cpu and memory resources are mutable'));
  });
  eachPair(pod, old, 'initContainers', (now, was) => {
    if (was.restartPolicy === 'Always') {
      if (!deepEqual(withComputeOf(now, was), was))
        errors.push(forbidden(SPEC, 'only cpu and memory resources for sidecar containers are mutable'));
    } else if (!deepEqual(now, was)) errors.push(forbidden(SPEC, 'resources for non-sidecar init containers are immutable'));
  });
  return errors;
}

function unsupported({ metadata, spec }: Pod): string | undefined {
  const { requests, limits } = spec.resources ?? {};
  if (Object.keys(requests ?? {}).length + Object.keys(limits ?? {}).length > 0) return 'pods with pod-level resources cannot be resized';
  if (metadata.annotations?.[MIRROR_POD] !== undefined) return 'static pods cannot be resized';
  return spec.os?.name === 'windows' ? 'windows pods cannot be resized' : undefined;
}

/** A node that can resize says what its containers have. While nothing runs it is given the benefit of the doubt. */
function nodeSupportsResize({ status }: Pod): boolean {
  const running = status?.containerStatuses?.find((c) => c.state?.running);
  return running === undefined || running.resources !== undefined;
}

function eachPair(
  pod: Pod,
  old: Pod,
  list: 'containers' | 'initContainers',
  each: (now: Container, was: Container, at: Path) => void,
): void {
  (old.spec[list] ?? []).forEach((was, i) => {
    const now = pod.spec[list]?.[i];
    if (now) each(now, was, SPEC.child(list).index(i));
  });
}

function validateContainerResize(now: Container, was: Container, field: Path, errors: FieldError[]): void {
  const { resources = {} } = now;
  const { resources: old = {} } = was;
  if (removed(resources.requests, old.requests)) errors.push(forbidden(field.child('requests'), 'resource requests cannot be removed'));
  if (removed(resources.limits, old.limits)) errors.push(forbidden(field.child('limits'), 'resource limits cannot be removed'));
}

const removed = (now: ResourceList = {}, was: ResourceList = {}): boolean => Object.keys(was).some((name) => now[name] === undefined);

/** The new container with the old one's processor and memory. */
function withComputeOf(now: Container, was: Container): Container {
  const compute = (list: ResourceList | undefined, old: ResourceList | undefined): ResourceList | undefined => {
    if (!old) return undefined;
    const { cpu: _c, memory: _m, ...others } = list ?? {};
    const merged = { ...others, ...(old['cpu'] ? { cpu: old['cpu'] } : {}), ...(old['memory'] ? { memory: old['memory'] } : {}) };
    return merged;
  };
  const limits = compute(now.resources?.limits, was.resources?.limits);
  const requests = compute(now.resources?.requests, was.resources?.requests);
  const claims = was.resources?.claims;
  const resources: ResourceRequirements = {
    ...(limits ? { limits } : {}),
    ...(requests ? { requests } : {}),
    ...(claims ? { claims } : {}),
  };
  const { resizePolicy: _, ...rest } = now;
  return { ...rest, resources, ...(now.resizePolicy ? { resizePolicy: now.resizePolicy } : {}) };
}
