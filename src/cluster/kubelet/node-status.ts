// What a kubelet says of its node: conditions, addresses, capacity, and what kind of machine it is. Pure.
import type { Node, NodeAddress, NodeCondition, NodeStatus, NodeSystemInfo, ResourceList } from '#api/core/v1';
import { KUBERNETES_VERSION } from '../../apimachinery/kubernetes-version.ts';
import { formatTime } from '../../apimachinery/time.ts';
import { healthOf, type Health } from './node-health.ts';
import type { KubeletTraits } from './traits.ts';

export const KUBELET_PORT = 10250;

/** What a node has of which its manifest does not say how much. */
const CAPACITY: ResourceList = { cpu: '4', 'ephemeral-storage': '100Gi', memory: '16Gi', pods: '110' };

/** The status to be written; what the manifest gives (capacity, addresses) stays. */
export function nodeStatus(node: Node, address: string, traits: KubeletTraits, nowMs: number): NodeStatus {
  const { status = {}, metadata } = node;
  const capacity = { ...CAPACITY, ...(status.capacity ?? status.allocatable) };
  return {
    capacity,
    allocatable: { ...capacity, ...status.allocatable },
    conditions: nodeConditions(node, traits, nowMs),
    addresses: nodeAddresses(status.addresses ?? [], address, metadata.labels?.['kubernetes.io/hostname'] ?? metadata.name),
    daemonEndpoints: { kubeletEndpoint: { Port: status.daemonEndpoints?.kubeletEndpoint?.Port || KUBELET_PORT } },
    nodeInfo: { ...machine(metadata.name), ...given(status.nodeInfo) },
  };
}

/** A condition that stays as it is keeps its time of transition. */
export function nodeConditions(node: Node, traits: KubeletTraits, nowMs: number): NodeCondition[] {
  const now = formatTime(nowMs);
  const { status } = node;
  return healthOf(node, traits).map((condition) => {
    const known = status?.conditions?.find((c) => c.type === condition.type);
    const lastTransitionTime = known?.status === condition.status ? (known.lastTransitionTime ?? now) : now;
    return { ...condition, lastHeartbeatTime: now, lastTransitionTime };
  });
}

/** Whether the node says what its kubelet would say. */
export const isReported = (node: Node, traits: KubeletTraits): boolean =>
  changed(node, healthOf(node, traits)).length === 0 && isDescribed(node);

const changed = ({ status }: Node, wanted: readonly Health[]): readonly Health[] =>
  wanted.filter((w) => !status?.conditions?.some((c) => c.type === w.type && c.status === w.status));

const isDescribed = ({ status }: Node): boolean =>
  Boolean(status?.allocatable && status.addresses?.length && status.nodeInfo?.kubeletVersion);

function nodeAddresses(known: readonly NodeAddress[], address: string, hostname: string): NodeAddress[] {
  const addresses = [...known];
  if (!addresses.some((a) => a.type === 'InternalIP')) addresses.push({ type: 'InternalIP', address });
  if (!addresses.some((a) => a.type === 'Hostname')) addresses.push({ type: 'Hostname', address: hostname });
  return addresses;
}

function machine(name: string): NodeSystemInfo {
  return {
    machineID: name,
    systemUUID: name,
    bootID: name,
    kernelVersion: '6.12.0',
    osImage: 'Debian GNU/Linux 13 (trixie)',
    containerRuntimeVersion: 'simulated://1.0.0',
    kubeletVersion: KUBERNETES_VERSION,
    kubeProxyVersion: '',
    operatingSystem: 'linux',
    architecture: 'amd64',
  };
}

/** Empty texts are not given. */
function given(info: NodeSystemInfo | undefined): Partial<NodeSystemInfo> {
  return Object.fromEntries(Object.entries(info ?? {}).filter(([, value]) => value !== ''));
}

export const hostIPs = ({ status }: Node): readonly string[] =>
  (status?.addresses ?? []).filter((a) => a.type === 'InternalIP').map((a) => a.address);

/** The labels that every kubelet gives its node. */
export function nodeLabels(name: string): Readonly<Record<string, string>> {
  return {
    'beta.kubernetes.io/arch': 'amd64',
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.io/arch': 'amd64',
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
  };
}
