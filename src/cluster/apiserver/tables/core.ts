// Tables of Services, ConfigMaps, Secrets, Namespaces, ServiceAccounts, ResourceQuotas and Endpoints. Follows pkg/printers/internalversion.
import type { ConfigMap, Endpoints, Namespace, ResourceQuota, Secret, Service, ServiceAccount } from '#api/core/v1';
import { isIPv6Address } from '../../../apimachinery/validation/ip.ts';
import { age } from './ages.ts';
import { columnsOf, NONE, shortened, text } from './columns-of.ts';
import { AGE, labelsCell, NAME, SELECTOR } from './workload-cells.ts';

const DATA = text('Data', 'How many entries there are.');

export const configMapColumns = columnsOf<ConfigMap>([NAME, DATA, AGE], ({ metadata, data = {}, binaryData = {} }, now) => [
  metadata.name!,
  Object.keys(data).length + Object.keys(binaryData).length,
  age(metadata.creationTimestamp, now),
]);

export const secretColumns = columnsOf<Secret>(
  [NAME, text('Type', 'What the data is for.'), DATA, AGE],
  ({ metadata, type = '', data = {} }, now) => [metadata.name!, type, Object.keys(data).length, age(metadata.creationTimestamp, now)],
);

export const namespaceColumns = columnsOf<Namespace>(
  [NAME, text('Status', 'Whether it is on its way out.'), AGE],
  ({ metadata, status }, now) => [metadata.name!, status?.phase ?? '', age(metadata.creationTimestamp, now)],
);

export const serviceAccountColumns = columnsOf<ServiceAccount>([NAME, AGE], ({ metadata }, now) => [
  metadata.name!,
  age(metadata.creationTimestamp, now),
]);

export const resourceQuotaColumns = columnsOf<ResourceQuota>(
  [NAME, text('Request', 'Requests in use, of what may be.'), text('Limit', 'Limits in use, of what may be.'), AGE],
  ({ metadata, status = {} }, now) => {
    const names = Object.keys(status.hard ?? {}).sort();
    const cell = (wanted: boolean): string =>
      names
        .filter((name) => name.startsWith('limits.') === wanted)
        .map((name) => `${name}: ${status.used?.[name] ?? '0'}/${status.hard![name]}`)
        .join(', ');
    return [metadata.name!, cell(false), cell(true), age(metadata.creationTimestamp, now)];
  },
);

export const endpointsColumns = columnsOf<Endpoints>(
  [NAME, text('Endpoints', 'Addresses with their ports.'), AGE],
  ({ metadata, subsets }, now) => {
    const all = (subsets ?? []).flatMap(({ addresses = [], ports = [] }) => {
      if (ports.length === 0) return addresses.map(({ ip }) => ip);
      return ports.flatMap(({ port }) => addresses.map(({ ip }) => (isIPv6Address(ip) ? `[${ip}]:${port}` : `${ip}:${port}`)));
    });
    return [metadata.name!, shortened(all, 3) || NONE, age(metadata.creationTimestamp, now)];
  },
);

function externalIP({ spec, status }: Service): string {
  const given = spec.externalIPs ?? [];
  const balancers = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip || hostname || []);
  switch (spec.type) {
    case 'LoadBalancer': {
      const shown = balancers.join(',');
      if (shown && given.length) return `${shown},${given.join(',')}`;
      return shown || given.join(',') || '<pending>';
    }
    case 'ExternalName':
      return spec.externalName ?? '';
    default:
      return given.join(',') || NONE;
  }
}

export const serviceColumns = columnsOf<Service>(
  [
    NAME,
    text('Type', 'How the Service is reached.'),
    text('Cluster-IP', 'Address inside the cluster.'),
    text('External-IP', 'Addresses outside of it.'),
    text('Port(s)', 'Ports, and those of the nodes.'),
    AGE,
    SELECTOR,
  ],
  (service, now) => {
    const { metadata, spec } = service;
    const ports = (spec.ports ?? []).map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol ?? 'TCP'}`);
    return [
      metadata.name!,
      spec.type ?? '',
      spec.clusterIPs?.[0] ?? spec.clusterIP ?? NONE,
      externalIP(service),
      ports.join(',') || NONE,
      age(metadata.creationTimestamp, now),
      labelsCell(spec.selector),
    ];
  },
);
