// What pods ask for and nodes have, as plain numbers: thousandths of a CPU, bytes, pieces. The sum of a pod follows the resource helpers
// of k8s.io/component-helpers: init containers run one after the other, sidecars stay, pod-level requests win, overhead comes on top.
import type { Container, Pod, PodSpec, ResourceList } from '#api/core/v1';
import { parseQuantity, quantityNumber } from '../quantity.ts';

export interface Resources {
  /** Thousandths. */
  milliCPU: number;
  /** Bytes. */
  memory: number;
  /** Bytes. */
  ephemeralStorage: number;
  /** Extended resources and huge pages. */
  scalars: Map<string, number> | undefined;
}

/** What a container without requests counts as when nodes are scored. */
const DEFAULT_MILLI_CPU = 100;
const DEFAULT_MEMORY = 200 * 1024 * 1024;

export const noResources = (): Resources => ({ milliCPU: 0, memory: 0, ephemeralStorage: 0, scalars: undefined });

const amount = (text: string): number => Math.ceil(quantityNumber(parseQuantity(text)));
const milliAmount = (text: string): number => Math.ceil(quantityNumber(parseQuantity(text)) * 1000 - 1e-6);

export function readResources(list: ResourceList | undefined): Resources {
  const read = noResources();
  for (const name in list) {
    const text = list[name]!;
    if (name === 'cpu') read.milliCPU = milliAmount(text);
    else if (name === 'memory') read.memory = amount(text);
    else if (name === 'ephemeral-storage') read.ephemeralStorage = amount(text);
    else if (name !== 'pods') (read.scalars ??= new Map()).set(name, amount(text));
  }
  return read;
}

/** Adds in place. @param sign -1 takes away */
export function addResources(to: Resources, more: Resources, sign = 1): void {
  to.milliCPU += sign * more.milliCPU;
  to.memory += sign * more.memory;
  to.ephemeralStorage += sign * more.ephemeralStorage;
  if (!more.scalars) return;
  to.scalars ??= new Map();
  for (const [name, value] of more.scalars) to.scalars.set(name, (to.scalars.get(name) ?? 0) + sign * value);
}

/** The larger of each, in place. */
function raise(to: Resources, other: Resources): void {
  to.milliCPU = Math.max(to.milliCPU, other.milliCPU);
  to.memory = Math.max(to.memory, other.memory);
  to.ephemeralStorage = Math.max(to.ephemeralStorage, other.ephemeralStorage);
  if (!other.scalars) return;
  to.scalars ??= new Map();
  for (const [name, value] of other.scalars) to.scalars.set(name, Math.max(to.scalars.get(name) ?? 0, value));
}

/**
 * What the pod asks for all in all.
 * @param missing `count`: containers that ask for no CPU or memory count as the default, for scoring
 */
export function podRequests(pod: Pod, missing: 'zero' | 'count' = 'zero'): Resources {
  const { spec } = pod;
  const total = noResources();
  for (const container of spec.containers) addResources(total, containerRequests(container, missing, pod));
  raiseByInitContainers(total, spec, missing, pod);
  raiseByPod(total, spec);
  if (spec.overhead) addResources(total, readResources(spec.overhead));
  return total;
}

function raiseByInitContainers(total: Resources, spec: PodSpec, missing: 'zero' | 'count', pod: Pod): void {
  if (!spec.initContainers?.length) return;
  const sidecars = noResources();
  const peak = noResources();
  for (const container of spec.initContainers) {
    const own = containerRequests(container, missing, pod);
    if (container.restartPolicy === 'Always') {
      addResources(total, own);
      addResources(sidecars, own);
      raise(peak, sidecars);
    } else {
      addResources(own, sidecars);
      raise(peak, own);
    }
  }
  raise(total, peak);
}

/** Requests of the pod as a whole take the place of its containers' for what they name. */
function raiseByPod(total: Resources, spec: PodSpec): void {
  const requests = spec.resources?.requests;
  if (!requests) return;
  const whole = readResources(requests);
  if ('cpu' in requests) total.milliCPU = whole.milliCPU;
  if ('memory' in requests) total.memory = whole.memory;
  for (const [name, value] of whole.scalars ?? []) if (name.startsWith('hugepages-')) (total.scalars ??= new Map()).set(name, value);
}

function containerRequests(container: Container, missing: 'zero' | 'count', pod: Pod): Resources {
  const requests = container.resources?.requests;
  const read = readResources(requests);
  raiseWhileResizing(read, container, pod);
  if (missing === 'count') {
    if (!requests || !('cpu' in requests)) read.milliCPU = DEFAULT_MILLI_CPU;
    if (!requests || !('memory' in requests)) read.memory = DEFAULT_MEMORY;
  }
  return read;
}

/** While a pod is being resized it holds the larger of what it has and what it is to have. */
function raiseWhileResizing(read: Resources, container: Container, pod: Pod): void {
  const resizing = pod.status?.conditions?.some((c) => c.type === 'PodResizePending' || c.type === 'PodResizeInProgress');
  if (!resizing) return;
  const status = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].find(
    (s) => s.name === container.name,
  );
  if (status?.allocatedResources) raise(read, readResources(status.allocatedResources));
  if (status?.resources?.requests) raise(read, readResources(status.resources.requests));
}
