// A pod as the scheduler reads it: what its spec amounts to, worked out once for each spec and shared by all pods that are alike, so that
// what is known of one holds for the others too.
import type { Container, Pod, PodAffinityTerm, WeightedPodAffinityTerm } from '#api/core/v1';
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

/** Its inter-pod affinity; one object for all pods that are alike in it. */
export interface AffinityTerms {
  readonly affinity: readonly AffinityTerm[];
  readonly antiAffinity: readonly AffinityTerm[];
  readonly preferredAffinity: readonly AffinityTerm[];
  readonly preferredAntiAffinity: readonly AffinityTerm[];
}

/** What a pod asks of its node whatever else runs in the cluster; one object for all pods that are alike in it. */
export interface Shape {
  readonly requests: Resources;
  /** For scoring: CPU in thousandths and memory in bytes, with defaults where nothing is asked for. */
  readonly scored: Resources;
  readonly hostPorts: readonly HostPort[];
}

export interface PodInfo extends AffinityTerms, Shape {
  readonly pod: Pod;
  readonly shape: Shape;
  readonly terms: AffinityTerms;
  /** `namespace/name` of its PersistentVolumeClaims. */
  readonly claims: readonly string[];
}

interface SpecInfo {
  readonly uid: string;
  readonly spec: Pod['spec'];
  readonly labels: Labels | undefined;
  readonly shape: Shape;
  readonly terms: AffinityTerms;
  readonly claims: readonly string[];
}

/** Kinds of pods that are remembered; then all are forgotten, which costs time, not truth. */
const MAX_KNOWN = 4096;

/** By the pod's containers: they are the same object in all versions of a pod but for a resize. */
const byContainers = new WeakMap<Pod['spec']['containers'], SpecInfo>();
const shapes = new Map<string, Shape>();
const termSets = new Map<string, AffinityTerms>();

export function podInfo(pod: Pod): PodInfo {
  const resizing = pod.status?.conditions?.some((c) => c.type.startsWith('PodResize')) ?? false;
  let known = resizing ? undefined : byContainers.get(pod.spec.containers);
  if (!known || !readsAlike(known, pod)) {
    known = {
      uid: pod.metadata.uid,
      spec: pod.spec,
      labels: pod.metadata.labels,
      shape: resizing ? readShape(pod) : remember(shapes, shapeKey(pod), () => readShape(pod)),
      terms: termsOf(pod),
      claims: claimKeys(pod),
    };
    if (!resizing) byContainers.set(pod.spec.containers, known);
  }
  const { shape, terms, claims } = known;
  return {
    pod,
    shape,
    requests: shape.requests,
    scored: shape.scored,
    hostPorts: shape.hostPorts,
    terms,
    affinity: terms.affinity,
    antiAffinity: terms.antiAffinity,
    preferredAffinity: terms.preferredAffinity,
    preferredAntiAffinity: terms.preferredAntiAffinity,
    claims,
  };
}

export const isSamePod = (a: PodInfo, b: PodInfo): boolean => a.pod.metadata.uid === b.pod.metadata.uid;

/** Being bound changes no more than the node's name, and labels that hardly anybody reads. */
function readsAlike({ uid, spec, labels, terms }: SpecInfo, pod: Pod): boolean {
  const now = pod.spec;
  if (uid !== pod.metadata.uid) return false;
  if (terms !== NO_TERMS && labels !== pod.metadata.labels) return false;
  return (
    spec === now ||
    (spec.initContainers === now.initContainers &&
      spec.priority === now.priority &&
      spec.nodeSelector === now.nodeSelector &&
      spec.affinity === now.affinity &&
      spec.tolerations === now.tolerations &&
      spec.overhead === now.overhead &&
      spec.resources === now.resources &&
      spec.topologySpreadConstraints === now.topologySpreadConstraints &&
      spec.volumes === now.volumes)
  );
}

export const podPriority = (pod: Pod): number => pod.spec.priority ?? 0;

function remember<T>(known: Map<string, T>, key: string, read: () => T): T {
  let found = known.get(key);
  if (found === undefined) {
    found = read();
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(key, found);
  }
  return found;
}

/** All that {@link readShape} and the plugins that look at the node alone read; a pod that is to be scheduled names no node. */
function shapeKey({ spec }: Pod): string {
  const container = ({ image, resources, ports, restartPolicy }: Container): unknown => [
    image,
    resources,
    ports?.filter((p) => p.hostPort),
    restartPolicy,
  ];
  const { priority, nodeSelector, affinity, tolerations, overhead, resources, topologySpreadConstraints } = spec;
  return JSON.stringify([
    [priority, nodeSelector, affinity, tolerations, overhead, resources, topologySpreadConstraints],
    spec.containers.map(container),
    spec.initContainers?.map(container),
  ]);
}

const readShape = (pod: Pod): Shape => ({ requests: podRequests(pod), scored: podRequests(pod, 'count'), hostPorts: hostPorts(pod) });

/** Of pods that want nothing of others. */
export const NO_TERMS: AffinityTerms = { affinity: [], antiAffinity: [], preferredAffinity: [], preferredAntiAffinity: [] };

function termsOf(pod: Pod): AffinityTerms {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  if (!podAffinity && !podAntiAffinity) return NO_TERMS;
  const keyed = (term: PodAffinityTerm): boolean => Boolean(term.matchLabelKeys?.length || term.mismatchLabelKeys?.length);
  const own = [podAffinity, podAntiAffinity].some(
    (a) =>
      a?.requiredDuringSchedulingIgnoredDuringExecution?.some(keyed) ||
      a?.preferredDuringSchedulingIgnoredDuringExecution?.some((t) => keyed(t.podAffinityTerm)),
  );
  const { namespace, labels } = pod.metadata;
  return remember(termSets, JSON.stringify([namespace, own && labels, podAffinity, podAntiAffinity]), () => readTerms(pod));
}

function readTerms(pod: Pod): AffinityTerms {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  const weighted = (terms: readonly WeightedPodAffinityTerm[] | undefined): AffinityTerm[] =>
    (terms ?? []).map(({ weight, podAffinityTerm }) => readTerm(pod, podAffinityTerm, weight));
  const required = (terms: readonly PodAffinityTerm[] | undefined): AffinityTerm[] => (terms ?? []).map((term) => readTerm(pod, term, 0));
  return {
    affinity: required(podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    antiAffinity: required(podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferredAffinity: weighted(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    preferredAntiAffinity: weighted(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
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
