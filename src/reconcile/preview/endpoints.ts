// How many ready endpoints a Service has, port by port. Pure.
import type { EndpointSlice } from '#api/discovery/v1';

/** `namespace/name` of a slice's Service. */
export const serviceOf = ({ metadata }: EndpointSlice): string =>
  `${metadata.namespace ?? ''}/${metadata.labels?.['kubernetes.io/service-name'] ?? ''}`;

/** By the name of the port; those of a Service without ports under the empty name. */
export function readyByPort(slices: Iterable<EndpointSlice>): ReadonlyMap<string, number> {
  const found = new Map<string, Set<string>>();
  for (const { ports, endpoints } of slices)
    for (const name of ports?.length ? ports.map((port) => port.name ?? '') : ['']) {
      const addresses = found.get(name) ?? new Set();
      found.set(name, addresses);
      for (const { conditions, addresses: [address = ''] = [] } of endpoints ?? []) if (conditions?.ready !== false) addresses.add(address);
    }
  return new Map([...found].map(([name, addresses]) => [name, addresses.size]));
}

/** Those of the port that has most. */
export const readyEndpoints = (slices: Iterable<EndpointSlice>): number => Math.max(0, ...readyByPort(slices).values());
