// The checks that the level `restricted` adds to those of `baseline`. Follows policy/check_*.go of k8s.io/pod-security-admission.
import type { PodSpec, Volume } from '#api/core/v1';
import { addedCapabilities, isGoodProfile, procMount, seccompProfile } from './baseline.ts';
import {
  inUserNamespace,
  isWindows,
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

const NET_BIND_SERVICE = new Set(['NET_BIND_SERVICE']);
const FREE_VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
] as const;
const RESTRICTED_VOLUMES = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'gitRepo',
  'nfs',
  'iscsi',
  'glusterfs',
  'rbd',
  'flexVolume',
  'cinder',
  'cephfs',
  'flocker',
  'fc',
  'azureFile',
  'vsphereVolume',
  'quobyte',
  'azureDisk',
  'photonPersistentDisk',
  'portworxVolume',
  'scaleIO',
  'storageos',
] as const;

/** Windows has none of it. */
const exceptWindows =
  (check: CheckPod): CheckPod =>
  (pod) =>
    isWindows(pod) ? undefined : check(pod);
const exceptUserNamespaces =
  (check: CheckPod): CheckPod =>
  (pod) =>
    inUserNamespace(pod) ? undefined : check(pod);

function allowPrivilegeEscalation(pod: PodToCheck): Violation | undefined {
  const names = namesOf(pod, ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false);
  if (names.length === 0) return undefined;
  const detail = `${named('container', names)} must set securityContext.allowPrivilegeEscalation=false`;
  return { reason: 'allowPrivilegeEscalation != false', detail };
}

function capabilities(pod: PodToCheck): Violation | undefined {
  const keeping = namesOf(pod, ({ securityContext }) => !securityContext?.capabilities?.drop?.includes('ALL'));
  const details: string[] = [];
  if (keeping.length > 0) details.push(`${named('container', keeping)} must set securityContext.capabilities.drop=["ALL"]`);
  const added = addedCapabilities(pod, NET_BIND_SERVICE);
  if (added !== undefined) details.push(added);
  return details.length > 0 ? { reason: 'unrestricted capabilities', detail: details.join('; ') } : undefined;
}

function volumes({ spec }: PodToCheck): Violation | undefined {
  const bad = (spec.volumes ?? []).filter((volume) => !FREE_VOLUMES.some((kind) => volume[kind]));
  if (bad.length === 0) return undefined;
  const typeOf = (volume: Volume): string => RESTRICTED_VOLUMES.find((kind) => volume[kind]) ?? 'unknown';
  const types = sorted(bad.map((volume) => typeOf(volume)));
  const names = bad.map(({ name }) => name);
  const what = plural('restricted volume type', types.length);
  return { reason: 'restricted volume types', detail: `${named('volume', names)} ${uses(names.length)} ${what} ${quoted(types)}` };
}

function runAsNonRoot(pod: PodToCheck): Violation | undefined {
  const reason = 'runAsNonRoot != true';
  const by = setters(pod, (context) => context.runAsNonRoot === false);
  if (by) return { reason, detail: `${by} must not set securityContext.runAsNonRoot=false` };
  if (contextOf(pod.spec).runAsNonRoot) return undefined;
  const names = namesOf(pod, ({ securityContext }) => securityContext?.runAsNonRoot === undefined);
  if (names.length === 0) return undefined;
  return { reason, detail: `pod or ${named('container', names)} must set securityContext.runAsNonRoot=true` };
}

function runAsUser(pod: PodToCheck): Violation | undefined {
  const by = setters(pod, (context) => context.runAsUser === 0);
  return by ? { reason: 'runAsUser=0', detail: `${by} must not set runAsUser=0` } : undefined;
}

function seccomp(pod: PodToCheck): Violation | undefined {
  const bad = seccompProfile(pod);
  if (bad) return bad;
  const profile = contextOf(pod.spec).seccompProfile;
  if (profile && isGoodProfile(profile.type)) return undefined;
  const names = namesOf(pod, ({ securityContext }) => !securityContext?.seccompProfile);
  if (names.length === 0) return undefined;
  const detail = `pod or ${named('container', names)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`;
  return { reason: 'seccompProfile', detail };
}

const contextOf = ({ securityContext = {} }: PodSpec): NonNullable<PodSpec['securityContext']> => securityContext;

export const restricted: readonly Check[] = [
  {
    id: 'allowPrivilegeEscalation',
    versions: [
      [8, allowPrivilegeEscalation],
      [25, exceptWindows(allowPrivilegeEscalation)],
    ],
  },
  {
    id: 'capabilities_restricted',
    overrides: 'capabilities_baseline',
    versions: [
      [22, capabilities],
      [25, exceptWindows(capabilities)],
    ],
  },
  { id: 'procMount_restricted', overrides: 'procMount', versions: [[35, procMount]] },
  { id: 'restrictedVolumes', overrides: 'hostPathVolumes', versions: [[0, volumes]] },
  {
    id: 'runAsNonRoot',
    versions: [
      [0, runAsNonRoot],
      [35, exceptUserNamespaces(runAsNonRoot)],
    ],
  },
  {
    id: 'runAsUser',
    versions: [
      [23, runAsUser],
      [35, exceptUserNamespaces(runAsUser)],
    ],
  },
  {
    id: 'seccompProfile_restricted',
    overrides: 'seccompProfile_baseline',
    versions: [
      [19, seccomp],
      [25, exceptWindows(seccomp)],
    ],
  },
];
