// What an object counts towards a ResourceQuota: itself, and what it asks for. Quota admission and the quota controller must agree on
// this. Follows pkg/quota/v1/evaluator of Kubernetes.
import type { PersistentVolumeClaim, Pod, ResourceQuota, Service } from '#api/core/v1';
import { addAmounts, podAmounts, type Amounts } from './core/pod-resources.ts';
import { storageClassOf } from './core/volume-matching.ts';
import type { KubernetesObject } from './object.ts';
import { parseQuantity, quantityOf, type Quantity } from './quantity.ts';
import { timeMs } from './time.ts';

const ONE = quantityOf(1);
const ZERO = quantityOf(0);

/** Kinds that count for more than themselves, by group and plural. */
const OWN_NAMES: Readonly<Record<string, string>> = {
  pods: 'pods',
  services: 'services',
  persistentvolumeclaims: 'persistentvolumeclaims',
  replicationcontrollers: 'replicationcontrollers',
  resourcequotas: 'resourcequotas',
  secrets: 'secrets',
  configmaps: 'configmaps',
};

/** `deployments.apps`, or `pods`: the kinds that a quota's name of a resource is about; undefined for unknown names. */
export function countedResource(name: string): string | undefined {
  if (name.startsWith('count/')) return name.slice('count/'.length);
  if (name.startsWith('services.')) return 'services';
  if (name === 'requests.storage' || name.includes('.storageclass.storage.k8s.io/')) return 'persistentvolumeclaims';
  return OWN_NAMES[name] ?? (/^(?:requests|limits)\.|^(?:cpu|memory|ephemeral-storage)$|^hugepages-/.test(name) ? 'pods' : undefined);
}

/** @param resource plural with its group: `deployments.apps`, `pods`; @param now milliseconds since 1970 */
export function usageOf(resource: string, object: KubernetesObject, now: number): Amounts {
  const usage = new Map<string, Quantity>([[`count/${resource}`, ONE]]);
  const own = OWN_NAMES[resource];
  if (resource === 'pods') addAmounts(usage, podUsage(object as unknown as Pod, now));
  else if (own) usage.set(own, ONE);
  if (resource === 'services') addAmounts(usage, serviceUsage(object as unknown as Service));
  if (resource === 'persistentvolumeclaims') addAmounts(usage, claimUsage(object as unknown as PersistentVolumeClaim));
  return usage;
}

/** Pods that ended, or should be gone by now, use nothing. @param now milliseconds since 1970 */
export function countsForQuota({ status, metadata }: Pod, now: number): boolean {
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return false;
  const { deletionTimestamp, deletionGracePeriodSeconds: grace } = metadata;
  return !deletionTimestamp || grace === undefined || now <= timeMs(deletionTimestamp) + grace * 1000;
}

function podUsage(pod: Pod, now: number): Amounts {
  if (!countsForQuota(pod, now)) return new Map();
  const usage = new Map<string, Quantity>([['pods', ONE]]);
  for (const [name, amount] of podAmounts(pod, 'requests')) {
    if (name === 'cpu' || name === 'memory' || name === 'ephemeral-storage' || name.startsWith('hugepages-')) usage.set(name, amount);
    usage.set(`requests.${name}`, amount);
  }
  for (const [name, amount] of podAmounts(pod, 'limits')) usage.set(`limits.${name}`, amount);
  return usage;
}

function serviceUsage({ spec }: Service): Amounts {
  const ports = quantityOf(spec?.ports?.length ?? 0);
  if (spec?.type === 'NodePort') return new Map([['services.nodeports', ports]]);
  if (spec?.type !== 'LoadBalancer') return new Map();
  const nodePorts = spec.allocateLoadBalancerNodePorts === false ? quantityOf((spec.ports ?? []).filter((p) => p.nodePort).length) : ports;
  return new Map([
    ['services.loadbalancers', ONE],
    ['services.nodeports', nodePorts],
  ]);
}

function claimUsage(claim: PersistentVolumeClaim): Amounts {
  const usage = new Map<string, Quantity>();
  const storage = claim.spec?.resources?.requests?.['storage'];
  const amount = storage === undefined ? undefined : parseQuantity(storage);
  const storageClass = storageClassOf(claim);
  if (amount) usage.set('requests.storage', amount);
  if (storageClass) {
    usage.set(`${storageClass}.storageclass.storage.k8s.io/persistentvolumeclaims`, ONE);
    if (amount) usage.set(`${storageClass}.storageclass.storage.k8s.io/requests.storage`, amount);
  }
  return usage;
}

/** Whether the quota is about this pod; quotas with scopes are about pods alone. */
export function inScope({ spec }: ResourceQuota, pod: Pod): boolean {
  const selectors = [
    ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists', values: [] as readonly string[] })),
    ...(spec?.scopeSelector?.matchExpressions ?? []),
  ];
  return selectors.every(({ scopeName, operator, values = [] }) => {
    if (scopeName === 'PriorityClass') return matchesValue(operator, values, pod.spec.priorityClassName);
    const holds = isOfScope(scopeName, pod);
    return operator === 'DoesNotExist' ? !holds : holds;
  });
}

function matchesValue(operator: string, values: readonly string[], value: string | undefined): boolean {
  if (operator === 'Exists') return Boolean(value);
  if (operator === 'DoesNotExist') return !value;
  return operator === 'In' ? values.includes(value ?? '') : operator === 'NotIn' && !values.includes(value ?? '');
}

function isOfScope(scope: string, { spec, status }: Pod): boolean {
  const terminating = spec.activeDeadlineSeconds !== undefined;
  const bestEffort = status?.qosClass === 'BestEffort';
  switch (scope) {
    case 'Terminating':
      return terminating;
    case 'NotTerminating':
      return !terminating;
    case 'BestEffort':
      return bestEffort;
    case 'NotBestEffort':
      return !bestEffort;
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(spec);
    default:
      return false;
  }
}

function crossesNamespaces({ affinity }: Pod['spec']): boolean {
  const { podAffinity, podAntiAffinity } = affinity ?? {};
  return [podAffinity, podAntiAffinity].some((a) => {
    const preferred = (a?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((t) => t.podAffinityTerm);
    return [...(a?.requiredDuringSchedulingIgnoredDuringExecution ?? []), ...preferred].some(
      (term) => (term.namespaces ?? []).length > 0 || term.namespaceSelector !== undefined,
    );
  });
}

export const hasScopes = ({ spec }: ResourceQuota): boolean =>
  Boolean(spec?.scopes?.length || spec?.scopeSelector?.matchExpressions?.length);

/** The status of a quota: of each resource with a hard bound, what is used. */
export function quotaStatus(quota: ResourceQuota, used: Amounts): NonNullable<ResourceQuota['status']> {
  const hard = quota.spec?.hard ?? {};
  return { hard, used: Object.fromEntries(Object.keys(hard).map((name) => [name, (used.get(name) ?? ZERO).text])) };
}
