// What the server tells clients of a pod spec that is valid but hardly meant: things of the past, names given twice, parts of bytes.
// Follows pkg/api/pod/warnings.go.
import type {
  Container,
  ContainerPort,
  LocalObjectReference,
  PodSpec,
  PodTemplateSpec,
  ResourceList,
  Volume,
  NodeSelectorTerm,
} from '#api/core/v1';
import type { ObjectMeta } from '#api/meta/v1';
import { goList, quote } from '../../../apimachinery/go-text.ts';
import { parseQuantity, quantityMilliValue } from '../../../apimachinery/quantity.ts';
import { Path } from '../../../apimachinery/validation/field-error.ts';
import { isDNS1123Label, isValidLabelValue } from '../../../apimachinery/validation/names.ts';
import { APPARMOR_PREFIX, SECCOMP_POD, SECCOMP_PREFIX } from '../validation/pod/annotations.ts';
import { appArmorWarning, isAppArmorOfPod } from '../pod/app-armor.ts';
import { overlappingPaths } from './overlapping-paths.ts';

type Annotations = Readonly<Record<string, string>>;

/** @param field of the template: `spec.template` */
export function podTemplateWarnings({ metadata = {}, spec }: PodTemplateSpec, field: Path): string[] {
  return spec ? podSpecWarnings(spec, metadata, field.child('spec'), field.child('metadata', 'annotations')) : [];
}

export function podWarnings(spec: PodSpec, metadata: ObjectMeta): string[] {
  return podSpecWarnings(spec, metadata, Path.of('spec'), Path.of('metadata', 'annotations'));
}

/** Names of workloads become names of hosts. */
export function nameWarnings(metadata: ObjectMeta, use = 'this is used in Pod names and hostnames'): string[] {
  const wrong = isDNS1123Label(metadata.name ?? '');
  if (wrong.length === 0) return [];
  return [`metadata.name: ${use}, which can result in surprising behavior; a DNS label is recommended: ${goList(wrong)}`];
}

function podSpecWarnings(spec: PodSpec, metadata: ObjectMeta, field: Path, annotationsField: Path): string[] {
  const warnings: string[] = [];
  const annotations = metadata.annotations ?? {};
  const isTemplate = field.toString() !== 'spec';
  deprecatedLabels(spec, field, warnings);
  spec.topologySpreadConstraints?.forEach(({ labelSelector }, i) => {
    const at = field.child('topologySpreadConstraints').index(i).child('labelSelector');
    if (!labelSelector) warnings.push(`${at}: a null labelSelector results in matching no pod`);
  });
  preferredValues(spec, field, warnings);
  spec.volumes?.forEach((volume, i) => volumeWarnings(volume, field.child('volumes').index(i), warnings));
  if (spec.volumes) warnings.push(...overlappingPaths(spec.volumes));
  repeatedAliases(spec, field, warnings);
  pullSecrets(spec.imagePullSecrets ?? [], field.child('imagePullSecrets'), warnings);
  fractionalBytes(spec.overhead, field.child('overhead'), warnings);
  if (annotations[SECCOMP_POD] !== undefined && !spec.securityContext?.seccompProfile)
    warnings.push(`${annotationsField.key(SECCOMP_POD)}: non-functional in v1.27+; use the "seccompProfile" field instead`);
  visit(spec, field, (container, at) => {
    containerAnnotations(container, annotations, annotationsField, isTemplate ? spec : undefined, warnings);
    fractionalBytes(container.resources?.limits, at.child('resources', 'limits'), warnings);
    fractionalBytes(container.resources?.requests, at.child('resources', 'requests'), warnings);
    hiddenVariables(container, at, warnings);
  });
  portWarnings(spec, field, warnings);
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0)
    warnings.push(`${field.child('terminationGracePeriodSeconds')}: must be >= 0; negative values are invalid and will be treated as 1`);
  return warnings;
}

function visit(spec: PodSpec, field: Path, each: (container: Container, at: Path) => void): void {
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const)
    spec[list]?.forEach((container, i) => each(container, field.child(list).index(i)));
}

const OLD_LABELS: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
};

/** Labels of nodes in a selector's term that go by other names now. */
export function nodeSelectorWarnings({ matchExpressions }: NodeSelectorTerm, field: Path): string[] {
  return (matchExpressions ?? []).flatMap(({ key }, i) =>
    OLD_LABELS[key] ? [`${field.child('matchExpressions').index(i).child('key')}: ${key} is ${OLD_LABELS[key]}`] : [],
  );
}

function deprecatedLabels(spec: PodSpec, field: Path, warnings: string[]): void {
  for (const key in spec.nodeSelector) if (OLD_LABELS[key]) warnings.push(`${field.child('nodeSelector').key(key)}: ${OLD_LABELS[key]}`);
  const node = spec.affinity?.nodeAffinity;
  const required = node?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const preferred = node?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const at = field.child('affinity', 'nodeAffinity');
  const terms = at.child('requiredDuringSchedulingIgnoredDuringExecution', 'nodeSelectorTerms');
  required.forEach((term, i) => warnings.push(...nodeSelectorWarnings(term, terms.index(i))));
  const preferences = at.child('preferredDuringSchedulingIgnoredDuringExecution');
  preferred.forEach(({ preference }, i) => warnings.push(...nodeSelectorWarnings(preference, preferences.index(i).child('preference'))));
  spec.topologySpreadConstraints?.forEach(({ topologyKey }, i) => {
    const path = field.child('topologySpreadConstraints').index(i).child('topologyKey');
    if (OLD_LABELS[topologyKey]) warnings.push(`${path}: ${topologyKey} is ${OLD_LABELS[topologyKey]}`);
  });
}

/** Values of preferences that no label can have: they were always let through. */
function preferredValues({ affinity }: PodSpec, field: Path, warnings: string[]): void {
  const terms = affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  terms.forEach(({ preference }, i) =>
    preference.matchExpressions?.forEach(({ values }, j) =>
      values?.forEach((value, k) => {
        const wrong = isValidLabelValue(value);
        if (wrong.length === 0) return;
        const at = field.child('affinity', 'nodeAffinity', 'preferredDuringSchedulingIgnoredDuringExecution').index(i);
        const path = at.child('preference', 'matchExpressions').index(j).child('values').index(k);
        warnings.push(`${path}: ${value} is invalid, ${wrong.join(';')}`);
      }),
    ),
  );
}

const OLD_VOLUMES: readonly (readonly [keyof Volume, string, string])[] = [
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

function volumeWarnings(volume: Volume, field: Path, warnings: string[]): void {
  for (const [key, child, message] of OLD_VOLUMES) if (volume[key]) warnings.push(`${field.child(child)}: ${message}`);
  const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
  if (claim) claimWarnings(claim.resources ?? {}, field.child('ephemeral', 'volumeClaimTemplate', 'spec'), warnings);
}

/** Storage comes in whole bytes. @param field of what has the resources */
export function claimWarnings(
  { limits, requests }: { readonly limits?: ResourceList; readonly requests?: ResourceList },
  field: Path,
  warnings: string[],
): void {
  for (const [child, list] of [['requests', requests] as const, ['limits', limits] as const]) {
    const amount = list?.['storage'];
    if (amount !== undefined && isFractional(amount))
      warnings.push(
        `${field.child('resources', child).key('storage')}: fractional byte value ${quote(amount)} is invalid, must be an integer`,
      );
  }
}

const isFractional = (amount: string): boolean => quantityMilliValue(parseQuantity(amount)) % 1000n !== 0n;

function fractionalBytes(list: ResourceList | undefined, field: Path, warnings: string[]): void {
  for (const name of ['memory', 'ephemeral-storage']) {
    const amount = list?.[name];
    if (amount !== undefined && isFractional(amount))
      warnings.push(`${field.key(name)}: fractional byte value ${quote(amount)} is invalid, must be an integer`);
  }
}

function repeatedAliases({ hostAliases = [] }: PodSpec, field: Path, warnings: string[]): void {
  const seen = new Set<string>();
  hostAliases.forEach(({ ip }, i) => {
    if (seen.has(ip)) warnings.push(`${field.child('hostAliases').index(i).child('ip')}: duplicate ip ${quote(ip)}`);
    seen.add(ip);
  });
}

function pullSecrets(secrets: readonly LocalObjectReference[], field: Path, warnings: string[]): void {
  const seen = new Set<string>();
  secrets.forEach(({ name = '' }, i) => {
    if (seen.has(name)) warnings.push(`${field.index(i).child('name')}: duplicate name ${quote(name)}`);
    seen.add(name);
  });
  secrets.forEach(({ name = '' }, i) => {
    if (!name) warnings.push(`${field.index(i).child('name')}: invalid empty name ""`);
  });
}

/** @param template that the container is of; a pod's annotations have become fields by now */
function containerAnnotations(
  { name, securityContext }: Container,
  annotations: Annotations,
  field: Path,
  template: PodSpec | undefined,
  warnings: string[],
): void {
  const seccomp = SECCOMP_PREFIX + name;
  if (annotations[seccomp] !== undefined && !securityContext?.seccompProfile)
    warnings.push(`${field.key(seccomp)}: non-functional in v1.27+; use the "seccompProfile" field instead`);
  const appArmor = annotations[APPARMOR_PREFIX + name];
  if (template && appArmor !== undefined && !securityContext?.appArmorProfile && !isAppArmorOfPod(appArmor, template))
    warnings.push(appArmorWarning(field.key(APPARMOR_PREFIX + name)));
}

/** A variable given twice, unless the second is made of the first. */
function hiddenVariables({ env = [] }: Container, field: Path, warnings: string[]): void {
  if (env.length < 2) return;
  const seen = new Set<string>();
  env.forEach(({ name, value = '', valueFrom }, i) => {
    if (!seen.has(name)) {
      seen.add(name);
      return;
    }
    const reference = `$(${name})`;
    if (valueFrom || value === reference || !value.includes(reference))
      warnings.push(`${field.child('env').index(i)}: hides previous definition of ${quote(name)}, which may be dropped when using apply`);
  });
}

const goPort = ({ name = '', hostPort = 0, containerPort, protocol = '', hostIP = '' }: ContainerPort): string =>
  `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;

/** Ports of all containers together: two with one number, two with one name. */
function portWarnings(spec: PodSpec, field: Path, warnings: string[]): void {
  const byPort = new Map<string, { readonly at: Path; readonly port: ContainerPort }[]>();
  const byName = new Map<string, Path>();
  visit(spec, field, ({ ports = [] }, container) =>
    ports.forEach((port, i) => {
      const at = container.child('ports').index(i);
      const { containerPort, protocol = '', hostPort = 0, hostIP = '', name } = port;
      if (hostIP && !hostPort) warnings.push(`${at}: hostIP set without hostPort: ${goPort(port)}`);
      const key = `${containerPort}/${protocol}`;
      const others = byPort.get(key) ?? [];
      for (const other of others) {
        const conflict = conflictOf(hostPort, hostIP, other.port);
        if (conflict) warnings.push(`${at}: ${conflict} port definition with ${other.at}`);
      }
      byPort.set(key, [...others, { at, port }]);
      const first = name ? byName.get(name) : undefined;
      if (first)
        warnings.push(
          `${at}: duplicate port name ${quote(name!)} with ${first}, services and probes that select ports by name will use ${first}`,
        );
      else if (name) byName.set(name, at);
    }),
  );
}

function conflictOf(hostPort: number, hostIP: string, other: ContainerPort): string | undefined {
  const { hostPort: otherPort = 0, hostIP: otherIP = '' } = other;
  if (hostPort === otherPort && hostIP === otherIP) return 'duplicate';
  if (hostPort === 0 || otherPort === 0) return 'overlapping';
  if (hostPort === otherPort && (hostIP === '') !== (otherIP === '')) return 'dangerously ambiguous';
  return undefined;
}
