// How the desired endpoints are spread over slices with as few writes as possible: what is right stays, slices that change anyway are
// filled up first, then one with room, then new ones. Pure. Follows reconciler.go of k8s.io/endpointslice.
import type { Endpoint, EndpointPort, EndpointSlice } from '#api/discovery/v1';
import { deepEqual } from '../../../apimachinery/object.ts';
import { portKey, type Desired, type PortGroup } from './desired.ts';

/** A slice holds at most so many endpoints. */
export const MAX_ENDPOINTS = 100;

export type Labels = Readonly<Record<string, string>>;

/** What a slice is to hold. */
export interface Content {
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

export interface SlicePlan {
  readonly create: readonly Content[];
  readonly update: readonly { readonly slice: EndpointSlice; readonly content: Content }[];
  readonly delete: readonly EndpointSlice[];
}

/** @param existing slices of the Service and one address type; @param labels those that slices are to have */
export function planSlices(existing: readonly EndpointSlice[], desired: Desired, labels: Labels): SlicePlan {
  const byPorts = new Map<string, EndpointSlice[]>();
  for (const slice of existing) {
    const key = portKey(slice.ports);
    byPorts.set(key, [...(byPorts.get(key) ?? []), slice]);
  }
  const create: Content[] = [];
  const update = new Map<EndpointSlice, Content>();
  const doomed: EndpointSlice[] = [];
  for (const [key, group] of desired.groups) {
    const plan = planGroup(byPorts.get(key) ?? [], group, labels);
    byPorts.delete(key);
    create.push(...plan.create);
    for (const { slice, content } of plan.update) update.set(slice, content);
    doomed.push(...plan.delete);
  }
  for (const slices of byPorts.values()) doomed.push(...slices);
  // a Service always has a slice, be it empty
  if (create.length === 0 && doomed.length === existing.length) {
    const placeholder: Content = { ports: [], endpoints: [] };
    const reusable = doomed.findIndex((s) => isEmpty(s));
    const [kept] = reusable < 0 ? [] : doomed.splice(reusable, 1);
    if (!kept) create.push(placeholder);
    else if (!deepEqual(kept.metadata.labels, labels)) update.set(kept, placeholder);
  }
  // writing over a slice that would go spares a deletion and a creation
  while (doomed.length > 0 && create.length > 0) update.set(doomed.shift()!, create.pop()!);
  return { create, update: [...update].map(([slice, content]) => ({ slice, content })), delete: doomed };
}

const isEmpty = (slice: EndpointSlice): boolean => endpointsOf(slice).length === 0 && portKey(slice.ports) === portKey([]);

/** An empty list comes back from the server as null. */
const endpointsOf = (slice: EndpointSlice): readonly Endpoint[] => (slice.endpoints as readonly Endpoint[] | null) ?? [];

/** The pod behind an endpoint and its addresses: the same endpoint may change in everything else. */
const endpointKey = ({ addresses, targetRef }: Endpoint): string => `${targetRef?.uid ?? ''}/${addresses.join(',')}`;

function planGroup(slices: readonly EndpointSlice[], { ports, endpoints }: PortGroup, labels: Labels): SlicePlan {
  const left = new Map(endpoints.map((endpoint) => [endpointKey(endpoint), endpoint]));
  const changing = new Map<EndpointSlice, Endpoint[]>();
  const unchanged: EndpointSlice[] = [];
  const doomed: EndpointSlice[] = [];
  for (const slice of slices) {
    const held = endpointsOf(slice);
    const kept: Endpoint[] = [];
    let same = deepEqual(slice.metadata.labels, labels);
    for (const endpoint of held) {
      const key = endpointKey(endpoint);
      const wanted = left.get(key);
      left.delete(key);
      if (wanted) kept.push(wanted);
      if (!wanted || !deepEqual(wanted, endpoint)) same = false;
    }
    if (same) unchanged.push(slice);
    else if (kept.length === 0 && held.length > 0) doomed.push(slice);
    else changing.set(slice, kept);
  }
  const more = [...left.values()];
  for (const held of [...changing.values()].sort((a, b) => b.length - a.length)) held.push(...more.splice(0, MAX_ENDPOINTS - held.length));
  const create: Content[] = [];
  while (more.length > 0) {
    const room = more.length < MAX_ENDPOINTS ? fullestWithRoom(unchanged, more.length) : undefined;
    if (room) {
      unchanged.splice(unchanged.indexOf(room), 1);
      changing.set(room, [...endpointsOf(room), ...more.splice(0)]);
    } else create.push({ ports, endpoints: more.splice(0, MAX_ENDPOINTS) });
  }
  const update = [...changing].map(([slice, held]) => ({ slice, content: { ports, endpoints: held } }));
  return { create, update, delete: doomed };
}

function fullestWithRoom(slices: readonly EndpointSlice[], count: number): EndpointSlice | undefined {
  let fullest: EndpointSlice | undefined;
  for (const slice of slices) {
    const held = endpointsOf(slice).length;
    if (held + count <= MAX_ENDPOINTS && (!fullest || held > endpointsOf(fullest).length)) fullest = slice;
  }
  return fullest;
}
