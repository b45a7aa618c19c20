// Security of pods and containers: users, seccomp, AppArmor, sysctls, and what differs by operating system.
// Follows pkg/apis/core/validation.
import type { AppArmorProfile, PodSecurityContext, PodSpec, SeccompProfile, SecurityContext, Sysctl } from '#api/core/v1';
import { duplicate, invalid, required, tooLong, type FieldError, type Path } from '../../../../apimachinery/validation/field-error.ts';
import { byteLength, isValidGroupID, isValidUserID } from '../../../../apimachinery/validation/names.ts';
import { checkEnum, checkOptionalEnum } from '../checks.ts';
import { PrintedInternal } from '../internal-form.ts';
import { checkDescendingPath } from '../relative-path.ts';
import { validateWindowsOptions } from './windows.ts';

const PROFILE_TYPES = ['Localhost', 'RuntimeDefault', 'Unconfined'];

/** @param hostUsers the pod has the host's users */
export function validateSecurityContext(context: SecurityContext, hostUsers: boolean, field: Path, errors: FieldError[]): void {
  const { runAsUser, runAsGroup, procMount, allowPrivilegeEscalation, privileged, capabilities } = context;
  checkID(runAsUser, isValidUserID, field.child('runAsUser'), errors);
  checkID(runAsGroup, isValidGroupID, field.child('runAsGroup'), errors);
  if (procMount !== undefined) {
    checkOptionalEnum(procMount, ['Default', 'Unmasked'], field.child('procMount'), errors);
    if (hostUsers && procMount === 'Unmasked')
      errors.push(invalid(field.child('procMount'), procMount, '`hostUsers` must be false to use `Unmasked`'));
  }
  validateSeccompProfile(context.seccompProfile, field.child('seccompProfile'), errors);
  if (allowPrivilegeEscalation === false) {
    const shown = (): PrintedInternal => new PrintedInternal('core/v1.SecurityContext', context);
    if (privileged) errors.push(invalid(field, shown(), 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'));
    if (capabilities?.add?.includes('CAP_SYS_ADMIN'))
      errors.push(invalid(field, shown(), 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'));
  }
  validateWindowsOptions(context.windowsOptions, field.child('windowsOptions'), errors);
  validateAppArmorProfile(context.appArmorProfile, field.child('appArmorProfile'), errors);
}

/** @param spec the pod's: some of what belongs here stands there */
export function validatePodSecurityContext(context: PodSecurityContext, spec: PodSpec, field: Path, errors: FieldError[]): void {
  checkID(context.fsGroup, isValidGroupID, field.child('fsGroup'), errors);
  checkID(context.runAsUser, isValidUserID, field.child('runAsUser'), errors);
  checkID(context.runAsGroup, isValidGroupID, field.child('runAsGroup'), errors);
  context.supplementalGroups?.forEach((gid, i) => checkID(gid, isValidGroupID, field.child('supplementalGroups').index(i), errors));
  if (spec.shareProcessNamespace && spec.hostPID)
    errors.push(invalid(field.child('shareProcessNamespace'), true, 'ShareProcessNamespace and HostPID cannot both be enabled'));
  if (context.sysctls) validateSysctls(context.sysctls, spec, field.child('sysctls'), errors);
  checkOptionalEnum(context.fsGroupChangePolicy, ['Always', 'OnRootMismatch'], field.child('fsGroupChangePolicy'), errors);
  validateSeccompProfile(context.seccompProfile, field.child('seccompProfile'), errors);
  validateWindowsOptions(context.windowsOptions, field.child('windowsOptions'), errors);
  validateAppArmorProfile(context.appArmorProfile, field.child('appArmorProfile'), errors);
  checkOptionalEnum(context.supplementalGroupsPolicy, ['Merge', 'Strict'], field.child('supplementalGroupsPolicy'), errors);
  // mounting with the label is behind a feature gate that is off
  checkOptionalEnum(context.seLinuxChangePolicy, ['Recursive'], field.child('seLinuxChangePolicy'), errors);
}

function checkID(id: number | undefined, rule: (id: number) => string[], field: Path, errors: FieldError[]): void {
  if (id !== undefined) for (const wrong of rule(id)) errors.push(invalid(field, id, wrong));
}

function validateSeccompProfile(profile: SeccompProfile | undefined, field: Path, errors: FieldError[]): void {
  if (!profile) return;
  const { type, localhostProfile } = profile;
  if (!type) errors.push(required(field.child('type'), 'type is required when seccompProfile is set'));
  else checkEnum(type, PROFILE_TYPES, field.child('type'), errors);
  const at = field.child('localhostProfile');
  if (type === 'Localhost') {
    if (localhostProfile === undefined) errors.push(required(at, 'must be set when seccomp type is Localhost'));
    else checkDescendingPath(localhostProfile, at, errors);
  } else if (localhostProfile !== undefined)
    errors.push(invalid(at, new PrintedInternal('core/v1.SeccompProfile', profile), 'can only be set when seccomp type is Localhost'));
}

/** PATH_MAX - 1 */
const MAX_APPARMOR_PROFILE = 4095;

function validateAppArmorProfile(profile: AppArmorProfile | undefined, field: Path, errors: FieldError[]): void {
  if (!profile) return;
  const { type, localhostProfile } = profile;
  const at = field.child('localhostProfile');
  switch (type) {
    case 'Localhost':
      if (localhostProfile === undefined) errors.push(required(at, 'must be set when AppArmor type is Localhost'));
      else {
        if (localhostProfile.trim() !== localhostProfile) errors.push(invalid(at, localhostProfile, 'must not be padded with whitespace'));
        else if (localhostProfile === '') errors.push(required(at, 'must be set when AppArmor type is Localhost'));
        if (byteLength(localhostProfile) > MAX_APPARMOR_PROFILE) errors.push(tooLong(at, MAX_APPARMOR_PROFILE));
      }
      return;
    case 'RuntimeDefault':
    case 'Unconfined':
      if (localhostProfile !== undefined) errors.push(invalid(at, localhostProfile, 'can only be set when AppArmor type is Localhost'));
      return;
    case '':
      errors.push(required(field.child('type'), 'type is required when appArmorProfile is set'));
      return;
    default:
      checkEnum(type, PROFILE_TYPES, field.child('type'), errors);
  }
}

const SYSCTL_SEGMENT = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const SYSCTL_REGEX = `^(${SYSCTL_SEGMENT}[\\./])*${SYSCTL_SEGMENT}$`;
const SYSCTL = new RegExp(SYSCTL_REGEX);
const MAX_SYSCTL = 253;

function validateSysctls(sysctls: readonly Sysctl[], spec: PodSpec, field: Path, errors: FieldError[]): void {
  const names = new Set<string>();
  sysctls.forEach(({ name }, i) => {
    const at = field.index(i).child('name');
    if (!name) errors.push(required(at));
    else if (name.length > MAX_SYSCTL || !SYSCTL.test(name))
      errors.push(invalid(at, name, `must have at most ${MAX_SYSCTL} characters and match regex ${SYSCTL_REGEX}`));
    else if (names.has(name)) errors.push(duplicate(at, name));
    names.add(name);
    const namespace = sysctlNamespace(name);
    if (spec.hostNetwork && namespace === 'net') errors.push(invalid(at, name, "may not be specified when 'hostNetwork' is true"));
    else if (spec.hostIPC && namespace === 'ipc') errors.push(invalid(at, name, "may not be specified when 'hostIPC' is true"));
  });
}

const IPC_SYSCTLS = new Set(['kernel.sem']);

/** Which namespace of Linux holds the setting; undefined: none. */
function sysctlNamespace(name: string): 'net' | 'ipc' | undefined {
  const dotted = name.includes('/') && !/^[^/]*\./.test(name) ? name.replaceAll('/', '.') : name;
  if (dotted.startsWith('net.')) return 'net';
  return IPC_SYSCTLS.has(dotted) || /^kernel\.(?:shm|msg)/.test(dotted) || dotted.startsWith('fs.mqueue.') ? 'ipc' : undefined;
}
