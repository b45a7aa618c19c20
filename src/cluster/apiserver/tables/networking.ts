// Tables of API groups networking.k8s.io, discovery.k8s.io and policy. Follows pkg/printers/internalversion.
import type { EndpointSlice } from '#api/discovery/v1';
import type { Ingress, IngressClass, IPAddress, NetworkPolicy, ServiceCIDR } from '#api/networking/v1';
import type { PodDisruptionBudget } from '#api/policy/v1';
import { age } from './ages.ts';
import { columnsOf, integer, NONE, shortened, text, UNSET } from './columns-of.ts';
import { AGE, NAME, selectorCell } from './workload-cells.ts';

const MAX_HOSTS = 3;

function hostsCell({ spec }: Ingress): string {
  const hosts = (spec?.rules ?? []).flatMap(({ host }) => host || []);
  return shortened(hosts, MAX_HOSTS) || '*';
}

export const ingressColumns = columnsOf<Ingress>(
  [
    NAME,
    text('Class', 'Which controller it is for.'),
    text('Hosts', 'Hosts that it serves.'),
    text('Address', 'Where it is reached.'),
    text('Ports', 'Ports on which it is reached.'),
    AGE,
  ],
  (ingress, now) => {
    const { metadata, spec, status } = ingress;
    const addresses = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip || hostname || []);
    return [
      metadata.name!,
      spec?.ingressClassName ?? NONE,
      hostsCell(ingress),
      addresses.join(','),
      spec?.tls?.length ? '80, 443' : '80',
      age(metadata.creationTimestamp, now),
    ];
  },
);

export const ingressClassColumns = columnsOf<IngressClass>(
  [NAME, text('Controller', 'Who implements it.'), text('Parameters', 'What it is configured by.'), AGE],
  ({ metadata, spec }, now) => {
    const { apiGroup, kind = '', name = '' } = spec?.parameters ?? {};
    const parameters = spec?.parameters ? `${kind}${apiGroup ? `.${apiGroup}` : ''}/${name}` : NONE;
    return [metadata.name!, spec?.controller ?? '', parameters, age(metadata.creationTimestamp, now)];
  },
);

export const networkPolicyColumns = columnsOf<NetworkPolicy>(
  [NAME, text('Pod-Selector', 'Pods that it is about.'), AGE],
  ({ metadata, spec }, now) => [metadata.name!, selectorCell(spec?.podSelector), age(metadata.creationTimestamp, now)],
);

export const ipAddressColumns = columnsOf<IPAddress>([NAME, text('ParentRef', 'Who has it.')], ({ metadata, spec }, now) => {
  const { group = '', resource = '', namespace = '', name = '' } = spec?.parentRef ?? {};
  const kind = group ? `${resource}.${group}` : resource;
  // the age is told, though no column is announced for it: so does Kubernetes
  const parent = spec?.parentRef ? [kind, namespace, name].filter(Boolean).join('/') : NONE;
  return [metadata.name!, parent, age(metadata.creationTimestamp, now)];
});

export const serviceCIDRColumns = columnsOf<ServiceCIDR>([NAME, text('CIDRs', 'Ranges of addresses.'), AGE], ({ metadata, spec }, now) => [
  metadata.name!,
  (spec?.cidrs ?? []).join(','),
  age(metadata.creationTimestamp, now),
]);

export const endpointSliceColumns = columnsOf<EndpointSlice>(
  [
    NAME,
    text('AddressType', 'What its addresses are.'),
    text('Ports', 'Ports of the endpoints.'),
    text('Endpoints', 'Addresses of the endpoints.'),
    AGE,
  ],
  ({ metadata, addressType, ports, endpoints }, now) => [
    metadata.name!,
    addressType,
    ports?.length
      ? shortened(
          ports.map(({ port, name }) => (port ? String(port) : name || '*')),
          3,
        )
      : UNSET,
    shortened(
      (endpoints ?? []).flatMap(({ addresses }) => addresses),
      3,
    ) || UNSET,
    age(metadata.creationTimestamp, now),
  ],
);

export const podDisruptionBudgetColumns = columnsOf<PodDisruptionBudget>(
  [
    NAME,
    text('Min Available', 'How many pods must stay.'),
    text('Max Unavailable', 'How many pods may be missing.'),
    integer('Allowed Disruptions', 'How many pods may go now.'),
    AGE,
  ],
  ({ metadata, spec, status }, now) => [
    metadata.name!,
    String(spec.minAvailable ?? 'N/A'),
    String(spec.maxUnavailable ?? 'N/A'),
    status?.disruptionsAllowed ?? 0,
    age(metadata.creationTimestamp, now),
  ],
);
