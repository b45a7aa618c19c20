// The checks of the level `baseline`: known ways to more privileges are closed. Follows policy/check_*.go of
// k8s.io/pod-security-admission. In order of their names, which is that of what they say.
import type { Container, LifecycleHandler, Probe, SecurityContext } from '#api/core/v1';
import {
  inUserNamespace,
  named,
  namesOf,
  plural,
  quoted,
  setters,
  sorted,
  uses,
  type Check,
  type CheckPod,
  type PodToCheck,
  type Violation,
} from './check.ts';

const APP_ARMOR_ANNOTATION = 'container.apparmor.security.beta.kubernetes.io/';
const SECCOMP_POD_ANNOTATION = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER_ANNOTATION = 'container.seccomp.security.alpha.kubernetes.io/';
const CAPABILITIES = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(' '),
);
const SYSCTLS_0 = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
];
const SYSCTLS_27 = [...SYSCTLS_0, 'net.ipv4.ip_local_reserved_ports'];
const SYSCTLS_29 = [
  ...SYSCTLS_27,
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
];
const SYSCTLS_32 = [...SYSCTLS_29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'];
const SELINUX_TYPES_0 = ['', 'container_t', 'container_init_t', 'container_kvm_t'];
const SELINUX_TYPES_31 = [...SELINUX_TYPES_0, 'container_engine_t'];

/** `RuntimeDefault` and `Localhost` are good profiles, of AppArmor as of seccomp. */
export const isGoodProfile = (type: string): boolean => type === 'RuntimeDefault' || type === 'Localhost';

const quote = (key: string, value: string): string => `${key}=${JSON.stringify(value)}`;

function appArmorProfile(pod: PodToCheck): Violation | undefined {
  const bad: string[] = [];
  const by = setters(pod, ({ appArmorProfile: profile }) => {
    if (!profile || isGoodProfile(profile.type)) return false;
    bad.push(profile.type);
    return true;
  });
  const annotations = Object.entries(pod.annotations)
    .filter(([key, value]) => key.startsWith(APP_ARMOR_ANNOTATION) && !/^(?:$|runtime\/default$|localhost\/)/.test(value))
    .map(([key, value]) => quote(key, value));
  const all = by ? [by] : [];
  if (annotations.length > 0) all.push(plural('annotation', annotations.length));
  if (all.length === 0) return undefined;
  const values = [...sorted(bad), ...sorted(annotations)];
  return {
    reason: plural('forbidden AppArmor profile', values.length),
    detail: `${all.join(' and ')} must not set AppArmor profile type to ${quoted(values)}`,
  };
}

/** What containers add that is not among what they may. */
export function addedCapabilities(pod: PodToCheck, allowed: ReadonlySet<string>): string | undefined {
  const forbidden = ({ securityContext }: Container): string[] =>
    (securityContext?.capabilities?.add ?? []).filter((name) => !allowed.has(name));
  const names = namesOf(pod, (container) => forbidden(container).length > 0);
  if (names.length === 0) return undefined;
  const bad = sorted(pod.containers.flatMap((container) => forbidden(container)));
  return `${named('container', names)} must not include ${quoted(bad)} in securityContext.capabilities.add`;
}

function capabilities(pod: PodToCheck): Violation | undefined {
  const detail = addedCapabilities(pod, CAPABILITIES);
  return detail === undefined ? undefined : { reason: 'non-default capabilities', detail };
}

function hostNamespaces({ spec }: PodToCheck): Violation | undefined {
  const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name]);
  return shared.length > 0 ? { reason: 'host namespaces', detail: shared.map((name) => `${name}=true`).join(', ') } : undefined;
}

function hostPathVolumes({ spec }: PodToCheck): Violation | undefined {
  const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name);
  return names.length > 0 ? { reason: 'hostPath volumes', detail: named('volume', names) } : undefined;
}

function hostPorts(pod: PodToCheck): Violation | undefined {
  const portsOf = ({ ports = [] }: Container): string[] => ports.flatMap(({ hostPort }) => (hostPort ? [String(hostPort)] : []));
  const names = namesOf(pod, (container) => portsOf(container).length > 0);
  if (names.length === 0) return undefined;
  const ports = sorted(pod.containers.flatMap((container) => portsOf(container)));
  const detail = `${named('container', names)} ${uses(names.length)} ${plural('hostPort', ports.length)} ${ports.join(', ')}`;
  return { reason: 'hostPort', detail };
}

function hostsOf({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): string[] {
  const handlers: (Probe | LifecycleHandler | undefined)[] = [
    livenessProbe,
    readinessProbe,
    startupProbe,
    lifecycle?.postStart,
    lifecycle?.preStop,
  ];
  return handlers.flatMap((handler) => [handler?.httpGet?.host ?? '', handler?.tcpSocket?.host ?? '']).filter((host) => host !== '');
}

function hostProbes(pod: PodToCheck): Violation | undefined {
  const names = sorted(namesOf(pod, (container) => hostsOf(container).length > 0));
  if (names.length === 0) return undefined;
  const hosts = sorted(pod.containers.flatMap((container) => hostsOf(container)));
  const what = plural('probe or lifecycle host', hosts.length);
  return { reason: 'probe or lifecycle host', detail: `${named('container', names)} ${uses(names.length)} ${what} ${quoted(hosts)}` };
}

function privileged(pod: PodToCheck): Violation | undefined {
  const names = namesOf(pod, ({ securityContext }) => securityContext?.privileged === true);
  if (names.length === 0) return undefined;
  return { reason: 'privileged', detail: `${named('container', names)} must not set securityContext.privileged=true` };
}

export function procMount(pod: PodToCheck): Violation | undefined {
  const unusual = ({ securityContext }: { securityContext?: SecurityContext }): string | undefined =>
    securityContext?.procMount === 'Default' ? undefined : securityContext?.procMount;
  const names = namesOf(pod, (container) => unusual(container) !== undefined);
  if (names.length === 0) return undefined;
  const types = sorted(pod.containers.flatMap((container) => unusual(container) ?? []));
  return { reason: 'procMount', detail: `${named('container', names)} must not set securityContext.procMount to ${quoted(types)}` };
}

const seLinuxOptions =
  (types: readonly string[]): CheckPod =>
  (pod) => {
    const bad: string[] = [];
    let user = false;
    let role = false;
    const by = setters(pod, ({ seLinuxOptions: options }) => {
      if (!options) return false;
      const isBadType = !types.includes(options.type ?? '');
      if (isBadType) bad.push(options.type ?? '');
      user ||= Boolean(options.user);
      role ||= Boolean(options.role);
      return isBadType || Boolean(options.user) || Boolean(options.role);
    });
    if (!by) return undefined;
    const badTypes = sorted(bad);
    const what = [
      ...(badTypes.length > 0 ? [named('type', badTypes)] : []),
      ...(user ? ['user may not be set'] : []),
      ...(role ? ['role may not be set'] : []),
    ];
    return { reason: 'seLinuxOptions', detail: `${by} set forbidden securityContext.seLinuxOptions: ${what.join('; ')}` };
  };

function seccompAnnotations({ annotations, containers }: PodToCheck): Violation | undefined {
  const keys = [SECCOMP_POD_ANNOTATION, ...containers.map(({ name }) => SECCOMP_CONTAINER_ANNOTATION + name)];
  const bad = sorted(
    keys
      .filter((key) => annotations[key] !== undefined && !/^(?:runtime\/default$|docker\/default$|localhost\/)/.test(annotations[key]))
      .map((key) => quote(key, annotations[key]!)),
  );
  if (bad.length === 0) return undefined;
  return { reason: 'seccompProfile', detail: `forbidden ${plural('annotation', bad.length)} ${bad.join(', ')}` };
}

export function seccompProfile(pod: PodToCheck): Violation | undefined {
  const bad: string[] = [];
  const by = setters(pod, ({ seccompProfile: profile }) => {
    if (!profile || isGoodProfile(profile.type)) return false;
    bad.push(profile.type);
    return true;
  });
  if (!by) return undefined;
  return { reason: 'seccompProfile', detail: `${by} must not set securityContext.seccompProfile.type to ${quoted(sorted(bad))}` };
}

const sysctls =
  (allowed: readonly string[]): CheckPod =>
  ({ spec }) => {
    const bad = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !allowed.includes(name));
    return bad.length > 0 ? { reason: 'forbidden sysctls', detail: bad.join(', ') } : undefined;
  };

function windowsHostProcess(pod: PodToCheck): Violation | undefined {
  const by = setters(pod, ({ windowsOptions }) => windowsOptions?.hostProcess === true);
  return by ? { reason: 'hostProcess', detail: `${by} must not set securityContext.windowsOptions.hostProcess=true` } : undefined;
}

export const baseline: readonly Check[] = [
  { id: 'appArmorProfile', versions: [[0, appArmorProfile]] },
  { id: 'capabilities_baseline', versions: [[0, capabilities]] },
  { id: 'hostNamespaces', versions: [[0, hostNamespaces]] },
  { id: 'hostPathVolumes', versions: [[0, hostPathVolumes]] },
  { id: 'hostPorts', versions: [[0, hostPorts]] },
  { id: 'hostProbesAndHostLifecycle', versions: [[34, hostProbes]] },
  { id: 'privileged', versions: [[0, privileged]] },
  {
    id: 'procMount',
    versions: [
      [0, procMount],
      [35, (pod) => (inUserNamespace(pod) ? undefined : procMount(pod))],
    ],
  },
  {
    id: 'seLinuxOptions',
    versions: [
      [0, seLinuxOptions(SELINUX_TYPES_0)],
      [31, seLinuxOptions(SELINUX_TYPES_31)],
    ],
  },
  {
    id: 'seccompProfile_baseline',
    versions: [
      [0, seccompAnnotations],
      [19, seccompProfile],
    ],
  },
  {
    id: 'sysctls',
    versions: [
      [0, sysctls(SYSCTLS_0)],
      [27, sysctls(SYSCTLS_27)],
      [29, sysctls(SYSCTLS_29)],
      [32, sysctls(SYSCTLS_32)],
    ],
  },
  { id: 'windowsHostProcess', versions: [[0, windowsHostProcess]] },
];
