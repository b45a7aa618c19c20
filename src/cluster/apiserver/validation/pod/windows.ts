// Windows: its own options, pods that run as processes of the host, and what pods of one operating system must not say.
// Follows pkg/apis/core/validation.
import type { Container, PodSpec, SecurityContext, WindowsSecurityContextOptions } from '#api/core/v1';
import { forbidden, invalid, type FieldError, type Path } from '../../../../apimachinery/validation/field-error.ts';
import { byteLength, isDNS1123Subdomain } from '../../../../apimachinery/validation/names.ts';
import { check } from '../checks.ts';

const MAX_CREDENTIAL_SPEC = 64 * 1024;
const MAX_DOMAIN = 256;
const MAX_USER = 104;
const NETBIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const DOMAIN = /^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?)*$/;
const USER = /^[^"/\\:;|=,+*?<>@[\]]*[^"/\\:;|=,+*?<>@[\].\s][^"/\\:;|=,+*?<>@[\]]*$/;

export function validateWindowsOptions(options: WindowsSecurityContextOptions | undefined, field: Path, errors: FieldError[]): void {
  if (!options) return;
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName: user } = options;
  if (name !== undefined) check(isDNS1123Subdomain, name, field.child('gmsaCredentialSpecName'), errors);
  if (spec !== undefined) {
    const at = field.child('gmsaCredentialSpec');
    if (spec === '') errors.push(invalid(at, spec, 'gmsaCredentialSpec cannot be an empty string'));
    else if (byteLength(spec) > MAX_CREDENTIAL_SPEC) errors.push(invalid(at, spec, 'gmsaCredentialSpec size must be under 64 KiB'));
  }
  if (user !== undefined) check(runAsUserNameFaults, user, field.child('runAsUserName'), errors);
}

/** `user`, or `DOMAIN\user` */
function runAsUserNameFaults(name: string): string[] {
  if (name === '') return ['runAsUserName cannot be an empty string'];
  if (/[\x00-\x1f\x7f]/.test(name)) return ['runAsUserName cannot contain control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const user = parts.at(-1)!;
  const domain = parts.length === 2 ? parts[0]! : undefined;
  const errors: string[] = [];
  if (domain !== undefined) {
    if (domain.length >= MAX_DOMAIN) errors.push(`runAsUserName's Domain length must be under ${MAX_DOMAIN} characters`);
    if (!NETBIOS.test(domain) && !DOMAIN.test(domain)) errors.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  }
  if (user === '') errors.push("runAsUserName's User cannot be empty");
  else if (user.length > MAX_USER) errors.push(`runAsUserName's User length must not be longer than ${MAX_USER} characters`);
  if (user !== '' && !USER.test(user))
    errors.push(
      'runAsUserName\'s User cannot contain only periods or spaces, and cannot contain the following characters: "/\\:;|=,+*?<>@[]',
    );
  return errors;
}

type Visit = (container: Container, at: Path) => void;

function visit(spec: PodSpec, field: Path, each: Visit): void {
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const)
    spec[list]?.forEach((container, i) => each(container, field.child(list).index(i)));
}

/** All containers of a pod are processes of the host, or none, and such a pod is in the host's network. */
export function validateHostProcess(spec: PodSpec, field: Path, errors: FieldError[]): void {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  let all = 0;
  let inHost = 0;
  visit(spec, field, (container, at) => {
    all++;
    const own = container.securityContext?.windowsOptions?.hostProcess;
    if (ofPod !== undefined && own !== undefined && own !== ofPod)
      errors.push(
        invalid(
          at.child('securityContext', 'windowsOptions', 'hostProcess'),
          own,
          `pod hostProcess value must be identical if both are specified, was ${ofPod}`,
        ),
      );
    if (own ?? ofPod) inHost++;
  });
  if (inHost === 0) return;
  if (inHost !== all)
    errors.push(invalid(field, '', 'If pod contains any hostProcess containers then all containers must be HostProcess containers'));
  if (!spec.hostNetwork)
    errors.push(invalid(field.child('hostNetwork'), false, 'hostNetwork must be true if pod contains any hostProcess containers'));
}

const LINUX_ONLY_OF_POD = [
  'appArmorProfile',
  'seLinuxOptions',
  'hostUsers',
  'hostPID',
  'hostIPC',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'shareProcessNamespace',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'seLinuxChangePolicy',
] as const;
/** Those of {@link LINUX_ONLY_OF_POD} that stand in the spec itself. */
const IN_SPEC = new Set<string>(['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace']);
const LINUX_ONLY: readonly (keyof SecurityContext)[] = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
];

/** What only makes sense on the other operating system. */
export function validateForOS(spec: PodSpec, field: Path, errors: FieldError[]): void {
  if (spec.os?.name === 'linux') {
    const message = 'windows options cannot be set for a linux pod';
    if (spec.securityContext?.windowsOptions) errors.push(forbidden(field.child('securityContext', 'windowsOptions'), message));
    visit(spec, field, (container, at) => {
      if (container.securityContext?.windowsOptions) errors.push(forbidden(at.child('securityContext', 'windowsOptions'), message));
    });
    return;
  }
  const message = 'cannot be set for a windows pod';
  for (const name of LINUX_ONLY_OF_POD) {
    const inSpec = IN_SPEC.has(name);
    const value = ((inSpec ? spec : spec.securityContext) as Readonly<Record<string, unknown>> | undefined)?.[name];
    // the host's namespaces are plain booleans, the others pointers
    if (value !== undefined && !(value === false && (name === 'hostPID' || name === 'hostIPC')))
      errors.push(forbidden(inSpec ? field.child(name) : field.child('securityContext', name), message));
  }
  visit(spec, field, (container, at) => {
    for (const name of LINUX_ONLY)
      if (container.securityContext?.[name] !== undefined) errors.push(forbidden(at.child('securityContext', name), message));
  });
}
