// AppArmor profiles: once annotations, now fields. Follows applyAppArmorVersionSkew of pkg/registry/core/pod/strategy.go.
import type { AppArmorProfile, Container, PodSpec } from '#api/core/v1';
import { Path } from '../../../apimachinery/validation/field-error.ts';
import { byteLength } from '../../../apimachinery/validation/names.ts';
import { APPARMOR_PREFIX } from '../validation/pod/annotations.ts';

type Annotations = Readonly<Record<string, string>>;

const ANNOTATIONS = Path.of('metadata', 'annotations');
const LOCALHOST = 'localhost/';
const MAX_LOCALHOST_PROFILE = 4095;

/** An old annotation counts where the container has no profile of its own, and is told of unless it says what the pod does. */
export function withAppArmorOf(annotations: Annotations | undefined, spec: PodSpec, warn: (message: string) => void): PodSpec {
  if (!annotations || spec.os?.name === 'windows' || !Object.keys(annotations).some((key) => key.startsWith(APPARMOR_PREFIX))) return spec;
  const withProfile = (container: Container): Container => {
    const key = APPARMOR_PREFIX + container.name;
    const annotation = annotations[key];
    if (annotation === undefined || container.securityContext?.appArmorProfile) return container;
    const profile = profileOf(annotation);
    if (isSame(profile, spec.securityContext?.appArmorProfile)) return container;
    warn(appArmorWarning(ANNOTATIONS.key(key)));
    return profile ? { ...container, securityContext: { ...container.securityContext, appArmorProfile: profile } } : container;
  };
  const initContainers = spec.initContainers?.map(withProfile);
  return { ...spec, ...(initContainers ? { initContainers } : {}), containers: (spec.containers ?? []).map(withProfile) };
}

export const appArmorWarning = (field: Path): string => `${field}: deprecated since v1.30; use the "appArmorProfile" field instead`;

/** The annotation says what the pod as a whole does. */
export const isAppArmorOfPod = (annotation: string, { securityContext }: PodSpec): boolean =>
  isSame(profileOf(annotation), securityContext?.appArmorProfile);

const isSame = (a: AppArmorProfile | undefined, b: AppArmorProfile | undefined): boolean =>
  a !== undefined && b !== undefined && a.type === b.type && a.localhostProfile === b.localhostProfile;

/** Undefined where it would be no valid field. */
function profileOf(annotation: string): AppArmorProfile | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  const localhostProfile = annotation.startsWith(LOCALHOST) ? annotation.slice(LOCALHOST.length) : '';
  const isValid = localhostProfile.trim() === localhostProfile && byteLength(localhostProfile) <= MAX_LOCALHOST_PROFILE;
  return localhostProfile && isValid ? { type: 'Localhost', localhostProfile } : undefined;
}
