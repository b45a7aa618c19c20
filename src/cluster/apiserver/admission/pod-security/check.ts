// What the checks of both levels are made of. Follows policy/checks.go, helpers.go and visitor.go of k8s.io/pod-security-admission.
import type { Container, PodSecurityContext, PodSpec, SecurityContext } from '#api/core/v1';
import type { ObjectMeta } from '#api/meta/v1';

export interface Violation {
  /** Short: what is told of many pods at once. */
  readonly reason: string;
  /** Which containers, which values. */
  readonly detail: string;
}

export interface PodToCheck {
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
  /** Of all kinds, those that run first before the others. */
  readonly containers: readonly Container[];
}

export type CheckPod = (pod: PodToCheck) => Violation | undefined;

/** Levels hold for a version of Kubernetes, so checks have versions too. */
export interface Check {
  readonly id: string;
  /** By the minor version that it came with, oldest first. */
  readonly versions: readonly (readonly [since: number, check: CheckPod])[];
  /** The check of `baseline` that it is the stricter form of. */
  readonly overrides?: string;
}

export function podToCheck(metadata: ObjectMeta | undefined, spec: PodSpec): PodToCheck {
  const { initContainers = [], containers, ephemeralContainers = [] } = spec;
  return { annotations: metadata?.annotations ?? {}, spec, containers: [...initContainers, ...containers, ...ephemeralContainers] };
}

export const quoted = (items: Iterable<string>): string => `"${[...items].join('", "')}"`;
export const sorted = (items: Iterable<string>): string[] => [...new Set(items)].toSorted((a, b) => (a < b ? -1 : 1));
export const plural = (one: string, count: number): string => (count === 1 ? one : `${one}s`);
export const uses = (count: number): string => (count === 1 ? 'uses' : 'use');

/** `container "a"`, `volumes "v", "w"`. */
export const named = (what: string, names: readonly string[]): string => `${plural(what, names.length)} ${quoted(names)}`;

/** The names of the containers that something holds for. */
export const namesOf = ({ containers }: PodToCheck, holds: (container: Container) => boolean): string[] =>
  containers.filter((container) => holds(container)).map(({ name }) => name);

/** Pods of a user namespace of their own may do more. */
export const inUserNamespace = ({ spec }: PodToCheck): boolean => spec.hostUsers === false;
export const isWindows = ({ spec }: PodToCheck): boolean => spec.os?.name === 'windows';

/** Who sets a value that is bad: `pod and containers "a", "b"`. Empty where nobody does. */
export function setters(pod: PodToCheck, isBad: (context: PodSecurityContext & SecurityContext) => boolean): string {
  const { securityContext } = pod.spec;
  const bad = securityContext && isBad(securityContext as PodSecurityContext & SecurityContext) ? ['pod'] : [];
  const containers = namesOf(pod, (container) => isBad((container.securityContext ?? {}) as PodSecurityContext & SecurityContext));
  if (containers.length > 0) bad.push(named('container', containers));
  return bad.join(' and ');
}
