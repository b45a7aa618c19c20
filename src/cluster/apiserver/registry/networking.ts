// The resources of API group networking.k8s.io.
import type { Ingress, IngressClass, IPAddress, NetworkPolicy, ServiceCIDR } from '#api/networking/v1';
import { defaulting, define, typed } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';
import { specStrategy } from '../generic/spec-strategy.ts';
import { keep, statusStrategy } from '../generic/status-strategy.ts';
import { setIngressClassDefaults, setNetworkPolicyDefaults } from '../defaults/networking.ts';
import { ingressClassColumns, ingressColumns, ipAddressColumns, networkPolicyColumns, serviceCIDRColumns } from '../tables/networking.ts';
import {
  INGRESS_CLASS_ANNOTATION,
  validateIngress,
  validateIngressClass,
  validateIngressClassUpdate,
  validateIngressUpdate,
} from '../validation/ingress.ts';
import { semanticEqual } from '../validation/object-meta.ts';
import { validateNetworkPolicy, validateNetworkPolicyUpdate } from '../validation/network-policy.ts';
import {
  validateIPAddress,
  validateIPAddressUpdate,
  validateServiceCIDR,
  validateServiceCIDRUpdate,
} from '../validation/service-ranges.ts';

const GROUP = 'networking.k8s.io';

function ingressWarnings({ metadata: { annotations } }: Ingress): string[] {
  if (annotations?.[INGRESS_CLASS_ANNOTATION] === undefined) return [];
  return [`annotation "${INGRESS_CLASS_ANNOTATION}" is deprecated, please use 'spec.ingressClassName' instead`];
}

export function networkingResources(): ResourceDefinition[] {
  return [
    define(GROUP, 'ingressclasses', {
      versions: { v1: defaulting<IngressClass>(setIngressClassDefaults) },
      strategy: {
        allowUnconditionalUpdate: true,
        ...specStrategy({}),
        ...typed<IngressClass>({ validate: validateIngressClass, validateUpdate: validateIngressClassUpdate }),
      },
      columns: ingressClassColumns,
    }),
    define(GROUP, 'ingresses', {
      shortNames: ['ing'],
      storagePath: 'ingress',
      strategy: {
        allowUnconditionalUpdate: true,
        ...specStrategy({ status: { loadBalancer: {} } }),
        ...typed<Ingress>({ validate: validateIngress, warningsOnCreate: ingressWarnings, validateUpdate: validateIngressUpdate }),
      },
      subresources: { status: { strategy: statusStrategy } },
      columns: ingressColumns,
    }),
    define(GROUP, 'ipaddresses', {
      shortNames: ['ip'],
      strategy: {
        allowUnconditionalUpdate: true,
        ...typed<IPAddress>({ validate: validateIPAddress, validateUpdate: validateIPAddressUpdate }),
      },
      selectableFields: {
        names: ['spec.parentRef.group', 'spec.parentRef.resource', 'spec.parentRef.namespace', 'spec.parentRef.name'],
        read({ spec }) {
          const { group = '', resource = '', namespace = '', name = '' } = (spec as IPAddress['spec'])?.parentRef ?? {};
          return {
            'spec.parentRef.group': group,
            'spec.parentRef.resource': resource,
            'spec.parentRef.namespace': namespace,
            'spec.parentRef.name': name,
          };
        },
      },
      columns: ipAddressColumns,
    }),
    define(GROUP, 'networkpolicies', {
      shortNames: ['netpol'],
      versions: { v1: defaulting<NetworkPolicy>(setNetworkPolicyDefaults) },
      strategy: {
        allowUnconditionalUpdate: true,
        ...specStrategy({}),
        ...typed<NetworkPolicy>({
          prepareForUpdate(policy, old, { empties }) {
            // an empty list and none are the same rule, but not the same to Kubernetes
            const isChanged = empties.some(({ path }) => path[0] === 'spec') || !semanticEqual(policy.spec, old.spec);
            if (isChanged) policy.metadata.generation = (old.metadata.generation ?? 0) + 1;
          },
          validate: validateNetworkPolicy,
          validateUpdate: validateNetworkPolicyUpdate,
        }),
      },
      columns: networkPolicyColumns,
    }),
    define(GROUP, 'servicecidrs', {
      strategy: {
        allowUnconditionalUpdate: true,
        resetFields: [['status']],
        ...typed<ServiceCIDR>({
          prepareForCreate(range) {
            range.status = {};
          },
          prepareForUpdate: (range, old) => keep(range, old, 'status'),
          validate: validateServiceCIDR,
          validateUpdate: validateServiceCIDRUpdate,
        }),
      },
      subresources: { status: { strategy: statusStrategy } },
      columns: serviceCIDRColumns,
    }),
  ];
}
