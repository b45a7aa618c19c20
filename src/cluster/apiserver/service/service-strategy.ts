// How Services are written: what is taken and given back with them, what goes when their type changes, what is kept from before.
// Follows pkg/registry/core/service.
import type { Service, ServicePort } from '#api/core/v1';
import { deepEqual } from '../../../apimachinery/object.ts';
import type { DraftOf, TypedStrategy } from '../generic/define.ts';
import { serviceWarnings, validateService, validateServiceUpdate } from '../validation/service.ts';
import type { ServiceAllocation } from './service-allocation.ts';
import { clusterIPsOf, isExternallyAccessible, needsClusterIP, needsHealthCheckNodePort, needsNodePort } from './service-kind.ts';

type Draft = DraftOf<Service>;

export function serviceStrategy(allocation: ServiceAllocation): TypedStrategy<Service> {
  return {
    allowCreateOnUpdate: true,
    allowUnconditionalUpdate: true,
    resetFields: [['status']],
    prepareForCreate(service) {
      service.status = { loadBalancer: {} };
      dropUnused(service);
    },
    prepareForUpdate(service, old) {
      if (old.status === undefined) delete service.status;
      else service.status = old.status;
      dropWithType(service, old);
      dropUnused(service);
    },
    validate: (service) => validateService(service),
    validateUpdate: validateServiceUpdate,
    warningsOnCreate: (service) => serviceWarnings(service),
    warningsOnUpdate: (service) => serviceWarnings(service),
    beginCreate(service, { dryRun }) {
      if (service.spec.clusterIP && clusterIPsOf(service.spec).length === 0)
        service.spec = { ...service.spec, clusterIPs: [service.spec.clusterIP] };
      return allocation.create(service, dryRun);
    },
    beginUpdate(service, old, { dryRun }) {
      keepAllocated(service, old);
      alignAddresses(service, old);
      return allocation.update(service, old, dryRun);
    },
    afterDelete: (service) => allocation.release(service),
  };
}

/** Nothing inside the cluster reaches a Service that is but a name elsewhere. */
function dropUnused(service: Draft): void {
  if (service.spec.type !== 'ExternalName' || service.spec.internalTrafficPolicy === undefined) return;
  const { internalTrafficPolicy: _, ...spec } = service.spec;
  service.spec = spec;
}

/** `clusterIP` is what older clients write; the list follows it. */
function alignAddresses(service: Draft, old: Service): void {
  const { spec } = service;
  const [before, after] = [old.spec.clusterIP ?? '', spec.clusterIP ?? ''];
  if (before === after) {
    if (clusterIPsOf(spec).length === 0 && clusterIPsOf(old.spec).length > 0)
      service.spec = { ...spec, clusterIPs: clusterIPsOf(old.spec) };
  } else if (deepEqual(clusterIPsOf(spec), clusterIPsOf(old.spec))) {
    const { clusterIPs: _, ...rest } = spec;
    service.spec = after === '' ? rest : { ...spec, clusterIPs: [after] };
  }
}

/** What was given to the Service, and the client does not speak of, stays. */
function keepAllocated(service: Draft, old: Service): void {
  const spec = { ...service.spec };
  const before = old.spec;
  if (needsClusterIP(old) && needsClusterIP(service)) {
    if (!spec.clusterIP && before.clusterIP !== undefined) spec.clusterIP = before.clusterIP;
    if (clusterIPsOf(spec).length === 0 && before.clusterIPs?.length) spec.clusterIPs = before.clusterIPs;
  }
  if (needsNodePort(old) && needsNodePort(service)) {
    const numbers = new Set((before.ports ?? []).map(({ nodePort }) => nodePort));
    const used = new Set((spec.ports ?? []).map(({ nodePort }) => nodePort).filter((nodePort) => nodePort && numbers.has(nodePort)));
    const byName = new Map((before.ports ?? []).map(({ name = '', nodePort }) => [name, nodePort]));
    spec.ports = (spec.ports ?? []).map((port) => {
      const kept = byName.get(port.name ?? '');
      return port.nodePort || !kept || used.has(kept) ? port : { ...port, nodePort: kept };
    });
  }
  if (needsHealthCheckNodePort(old) && needsHealthCheckNodePort(service) && !spec.healthCheckNodePort && before.healthCheckNodePort)
    spec.healthCheckNodePort = before.healthCheckNodePort;
  service.spec = spec;
}

/** Fields that the new type does not have go with the old one, unless the client changed them. */
function dropWithType(service: Draft, old: Service): void {
  const spec = { ...service.spec };
  const before = old.spec;
  if (needsClusterIP(old) && !needsClusterIP(service)) {
    if (spec.clusterIP === before.clusterIP && deepEqual(spec.clusterIPs, before.clusterIPs)) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    }
    if (deepEqual(spec.ipFamilies, before.ipFamilies)) delete spec.ipFamilies;
    if (spec.ipFamilyPolicy === before.ipFamilyPolicy) delete spec.ipFamilyPolicy;
  }
  const numbers = ({ ports = [] }: typeof spec): readonly number[] => ports.map(({ nodePort = 0 }) => nodePort);
  if (needsNodePort(old) && !needsNodePort(service) && deepEqual(numbers(spec), numbers(before)))
    spec.ports = (spec.ports ?? []).map(withoutNodePort);
  if (needsHealthCheckNodePort(old) && !needsHealthCheckNodePort(service) && spec.healthCheckNodePort === before.healthCheckNodePort)
    delete spec.healthCheckNodePort;
  if (before.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    if (spec.allocateLoadBalancerNodePorts === before.allocateLoadBalancerNodePorts) delete spec.allocateLoadBalancerNodePorts;
    if (spec.loadBalancerClass === before.loadBalancerClass) delete spec.loadBalancerClass;
  }
  if (isExternallyAccessible(old) && !isExternallyAccessible(service) && spec.externalTrafficPolicy === before.externalTrafficPolicy)
    delete spec.externalTrafficPolicy;
  service.spec = spec;
}

function withoutNodePort(port: ServicePort): ServicePort {
  const { nodePort: _, ...rest } = port;
  return rest;
}
