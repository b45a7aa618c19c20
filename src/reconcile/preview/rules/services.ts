// Services that lose what stands behind them, go away, or become of another type.
import type { Service } from '#api/core/v1';
import { idOf, resourceText } from '../../plan/resource-id.ts';
import type { Finding } from '../consequence.ts';
import { readyByPort, serviceOf } from '../endpoints.ts';
import { changedFields, type Evidence, type Rule } from '../evidence.ts';
import type { Snapshot } from '../snapshot.ts';

/** Endpoints that are away for less are not missed: connections are tried for longer than that. */
const LEAST_GAP_SECONDS = 0.25;

export const services: Rule = (evidence) => [
  ...withoutEndpoints(evidence),
  ...portsWithoutEndpoints(evidence),
  ...removed(evidence),
  ...otherType(evidence),
];

function withoutEndpoints(evidence: Evidence): Finding[] {
  const { observed, before, after } = evidence;
  return observed.services.flatMap(({ namespace, name, endpointsBefore, endpointsAfter, secondsWithoutEndpoints: seconds }): Finding[] => {
    const [was, is] = [before.get('v1/Service', namespace, name), after.get('v1/Service', namespace, name)];
    if (!is) return [];
    const object = idOf(is);
    const fields = changedFields(evidence, object);
    if (endpointsAfter === 0) {
      const expected = was ? endpointsBefore > 0 : hasSelector(is as Service);
      if (!expected) return [];
      return [
        {
          severity: was ? 'error' : 'warning',
          type: 'ServiceWithoutEndpoints',
          reason: 'AtRest',
          object,
          message: was
            ? `${resourceText(object)} ends up without any ready endpoint`
            : `${resourceText(object)} comes without any ready endpoint`,
          remedy: 'check that its selector matches the labels of pods that become ready',
          fields,
        },
      ];
    }
    if (endpointsBefore === 0 || seconds <= LEAST_GAP_SECONDS) return [];
    return [
      {
        severity: 'warning',
        type: 'ServiceWithoutEndpoints',
        reason: 'ForAWhile',
        object,
        message: `${resourceText(object)} has no ready endpoint for ${seconds} s`,
        remedy: 'run more than one replica, or let the rollout surge (maxUnavailable: 0)',
        fields,
      },
    ];
  });
}

const hasSelector = ({ spec }: Service): boolean => Object.keys(spec?.selector ?? {}).length > 0 && spec?.type !== 'ExternalName';

function portsWithoutEndpoints(evidence: Evidence): Finding[] {
  return evidence.after.of('v1/Service').flatMap((service) => {
    const ports = emptyPorts(evidence.after, service as Service);
    const was = evidence.before.get('v1/Service', service.metadata.namespace ?? '', service.metadata.name);
    const earlier = new Set(was ? emptyPorts(evidence.before, was as Service) : []);
    const fresh = ports.filter((port) => !earlier.has(port));
    if (fresh.length === 0) return [];
    const object = idOf(service);
    return [
      {
        severity: 'error' as const,
        type: 'PortWithoutEndpoints' as const,
        reason: 'AtRest',
        object,
        message: `nothing answers on port ${fresh.join(', ')} of ${resourceText(object)}, while other ports have endpoints`,
        remedy: 'check that targetPort names a port of the containers',
        fields: changedFields(evidence, object),
      },
    ];
  });
}

/** Ports without ready endpoints of a Service that has some. */
function emptyPorts(snapshot: Snapshot, { metadata, spec }: Service): string[] {
  const slices = snapshot
    .of('discovery.k8s.io/v1/EndpointSlice')
    .filter((slice) => serviceOf(slice) === `${metadata.namespace ?? ''}/${metadata.name}`);
  const ready = readyByPort(slices);
  if (Math.max(0, ...ready.values()) === 0) return [];
  return (spec?.ports ?? []).filter(({ name = '' }) => (ready.get(name) ?? 0) === 0).map(({ name, port }) => name ?? String(port));
}

function removed({ before, after, observed }: Evidence): Finding[] {
  return before.of('v1/Service').flatMap((service) => {
    const { namespace = '', name } = service.metadata;
    if (after.get('v1/Service', namespace, name)) return [];
    const object = idOf(service);
    const endpoints = observed.services.find((s) => s.namespace === namespace && s.name === name)?.endpointsBefore ?? 0;
    return [
      {
        severity: 'warning' as const,
        type: 'ServiceRemoved' as const,
        reason: 'Removed',
        object,
        message: `${resourceText(object)} goes (${name}.${namespace}.svc resolves no more); it had ${endpoints} ready endpoints`,
        remedy: 'make sure that nobody uses it',
      },
    ];
  });
}

function otherType(evidence: Evidence): Finding[] {
  return evidence.after.of('v1/Service').flatMap((service) => {
    const was = evidence.before.get('v1/Service', service.metadata.namespace ?? '', service.metadata.name);
    const [from, to] = [was?.spec?.type ?? 'ClusterIP', service.spec?.type ?? 'ClusterIP'];
    if (!was || from === to) return [];
    const object = idOf(service);
    const outside = (type: string): boolean => type === 'NodePort' || type === 'LoadBalancer';
    const what =
      outside(to) && !outside(from)
        ? ': it can be reached from outside the cluster'
        : outside(from) && !outside(to)
          ? ': it cannot be reached from outside the cluster any more'
          : '';
    return [
      {
        severity: 'warning' as const,
        type: 'ServiceTypeChange' as const,
        reason: `${from}To${to}`,
        object,
        message: `${resourceText(object)} is of type ${to} instead of ${from}${what}`,
        fields: ['spec.type'],
      },
    ];
  });
}
