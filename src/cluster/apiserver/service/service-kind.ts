// What a Service of a type has and has not. Follows the predicates of pkg/registry/core/service.
import type { Service, ServiceSpec } from '#api/core/v1';

type Spec = Pick<Service, 'spec'>;

export const HEADLESS = 'None';

/** Of any type but that which is a name elsewhere, also of one that there is not. */
export const needsClusterIP = ({ spec: { type } }: Spec): boolean => type !== 'ExternalName';
export const needsInternalTrafficPolicy = ({ spec: { type } }: Spec): boolean =>
  type === 'ClusterIP' || type === 'NodePort' || type === 'LoadBalancer';
export const isHeadless = ({ spec }: Spec): boolean => (spec.clusterIPs?.[0] ?? spec.clusterIP) === HEADLESS;
export const hasAddress = (service: Spec): boolean => needsClusterIP(service) && !isHeadless(service);

/** Its ports have node ports, unless a load balancer does without. */
export const needsNodePort = ({ spec: { type, allocateLoadBalancerNodePorts } }: Spec): boolean =>
  type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false);

export const mayHaveNodePorts = ({ spec: { type } }: Spec): boolean => type === 'NodePort' || type === 'LoadBalancer';

export const needsHealthCheckNodePort = ({ spec: { type, externalTrafficPolicy } }: Spec): boolean =>
  type === 'LoadBalancer' && externalTrafficPolicy === 'Local';

export const isExternallyAccessible = ({ spec: { type, externalIPs } }: Spec): boolean =>
  type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && (externalIPs?.length ?? 0) > 0);

export const clusterIPsOf = (spec: ServiceSpec): readonly string[] => spec.clusterIPs ?? [];
