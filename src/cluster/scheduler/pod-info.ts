// A pod as the scheduler reads it: what its spec amounts to, worked out once for each spec and shared by all versions of the pod.
import type { Pod, PodAffinityTerm, WeightedPodAffinityTerm } from '#api/core/v1';
import type { LabelSelector as LabelSelectorSpec } from '#api/meta/v1';
import { LabelSelector, type Labels, type Requirement } from '../../apimachinery/label-selector.ts';
import { podRequests, type Resources } from '../../apimachinery/core/pod-requests.ts';

export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

/** A term of inter-pod (anti-)affinity, ready to be matched. */
export interface AffinityTerm {
  readonly topologyKey: string;
  readonly selector: LabelSelector;
  readonly namespaces: ReadonlySet<string>;
  /** Undefined: only those named. */
  readonly namespaceSelector: LabelSelector | undefined;
  readonly weight: number;
}

export interface PodInfo {
  readonly pod: Pod;
  readonly requests: Resources;
  /** For scoring: CPU in thousandths and memory in bytes, with defaults where nothing is asked for. */
  readonly scored: Resources;
  readonly hostPorts: readonly HostPort[];
  readonly affinity: readonly AffinityTerm[];
  readonly antiAffinity: readonly AffinityTerm[];
  readonly preferredAffinity: readonly AffinityTerm[];
  readonly preferredAntiAffinity: readonly AffinityTerm[];
  /** `namespace/name` of its PersistentVolumeClaims. */
  readonly claims: readonly string[];
}

type SpecInfo = Omit<PodInfo, 'pod'>;

const bySpec = new WeakMap<Pod['spec'], { readonly info: SpecInfo; readonly labels: Labels | undefined }>();

export function podInfo(pod: Pod): PodInfo {
  const resizing = pod.status?.conditions?.some((c) => c.type.startsWith('PodResize')) ?? false;
  const known = bySpec.get(pod.spec);
  if (known && known.labels === pod.metadata.labels && !resizing) return { pod, ...known.info };
  const info = readSpec(pod);
  if (!resizing) bySpec.set(pod.spec, { info, labels: pod.metadata.labels });
  return { pod, ...info };
}

export const podPriority = (pod: Pod): number => pod.spec.priority ?? 0;

function readSpec(pod: Pod): SpecInfo {
  const { affinity } = pod.spec;
  const weighted = (terms: readonly WeightedPodAffinityTerm[] | undefined): AffinityTerm[] =>
    (terms ?? []).map(({ weight, podAffinityTerm }) => readTerm(pod, podAffinityTerm, weight));
  const required = (terms: readonly PodAffinityTerm[] | undefined): AffinityTerm[] => (terms ?? []).map((term) => readTerm(pod, term, 0));
  return {
    requests: podRequests(pod),
    scored: podRequests(pod, 'count'),
    hostPorts: hostPorts(pod),
    affinity: required(affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    antiAffinity: required(affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferredAffinity: weighted(affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    preferredAntiAffinity: weighted(affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    claims: claimKeys(pod),
  };
}

function readTerm(pod: Pod, term: PodAffinityTerm, weight: number): AffinityTerm {
  const none = !term.namespaces?.length && !term.namespaceSelector;
  return {
    topologyKey: term.topologyKey,
    selector: withLabelKeys(pod, term.labelSelector, term.matchLabelKeys, term.mismatchLabelKeys),
    namespaces: new Set(none ? [pod.metadata.namespace ?? ''] : term.namespaces),
    namespaceSelector: term.namespaceSelector ? LabelSelector.fromSpec(term.namespaceSelector) : undefined,
    weight,
  };
}

/** Selects, besides, the values that the pod itself has under these keys, or all but those. */
export function withLabelKeys(
  { metadata: { labels = {} } }: Pod,
  spec: LabelSelectorSpec | undefined,
  matchLabelKeys: readonly string[] = [],
  mismatchLabelKeys: readonly string[] = [],
): LabelSelector {
  const selector = LabelSelector.fromSpec(spec);
  if (!spec || (matchLabelKeys.length === 0 && mismatchLabelKeys.length === 0)) return selector;
  const own = (keys: readonly string[], operator: 'in' | 'notin'): Requirement[] =>
    keys.filter((key) => labels[key] !== undefined).map((key) => ({ key, operator, values: [labels[key]!] }));
  return LabelSelector.fromRequirements([...selector.requirements, ...own(matchLabelKeys, 'in'), ...own(mismatchLabelKeys, 'notin')]);
}

function hostPorts({ spec }: Pod): HostPort[] {
  const sidecars = (spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always');
  return [...spec.containers, ...sidecars].flatMap(({ ports = [] }) =>
    ports.filter((p) => p.hostPort).map((p) => ({ ip: p.hostIP || '0.0.0.0', protocol: p.protocol ?? 'TCP', port: p.hostPort! })),
  );
}

/** A volume names its claim, or has one of its own that is called after the pod. */
function claimKeys(pod: Pod): string[] {
  const { namespace = '', name } = pod.metadata;
  const keys: string[] = [];
  for (const volume of pod.spec.volumes ?? []) {
    if (volume.persistentVolumeClaim) keys.push(`${namespace}/${volume.persistentVolumeClaim.claimName}`);
    else if (volume.ephemeral) keys.push(`${namespace}/${name}-${volume.name}`);
  }
  return keys;
}
