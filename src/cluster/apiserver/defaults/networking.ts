// IngressClasses and NetworkPolicies. Follows pkg/apis/networking/v1/defaults.go.
import type { IngressClass, NetworkPolicy } from '#api/networking/v1';
import type { Mutable } from '../../../apimachinery/object.ts';

export function setIngressClassDefaults({ spec }: Mutable<IngressClass>): void {
  if (spec?.parameters) spec.parameters.scope ??= 'Cluster';
}

export function setNetworkPolicyDefaults(policy: Mutable<NetworkPolicy>): void {
  policy.spec ??= { podSelector: {} };
  const { spec } = policy;
  for (const { ports } of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) for (const port of ports ?? []) port.protocol ??= 'TCP';
  // what lists rules of its own for what goes out means to bound it
  if (!spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
}
