// Defaults of pods, and of the pod specs that templates hold. Follows pkg/apis/core/v1/defaults.go and conversion.go: a few old
// fields are kept in step with those that took their place.
import type { Pod, PodSpec, PodTemplate, PodTemplateSpec } from '#api/core/v1';
import { aggregateContainerLimits, aggregateContainerRequests, isHugePages, isPodLevelResource } from '../pod/aggregate-resources.ts';
import type { Mutable } from '../../../apimachinery/object.ts';
import { setContainerDefaults, setHostPorts, setRequestsFromLimits } from './container.ts';
import { roundResourceList, roundResources } from './resource-list.ts';
import { setVolumeDefaults } from './volume.ts';

export function setPodDefaults(pod: Mutable<Pod>, existing?: Pod): void {
  const { spec } = pod;
  if (spec === (existing?.spec as unknown)) return;
  setPodSpecDefaults(spec);
  for (const container of spec.containers ?? []) setRequestsFromLimits(container);
  for (const container of spec.initContainers ?? []) setRequestsFromLimits(container);
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork) {
    for (const container of spec.containers ?? []) setHostPorts(container);
    for (const container of spec.initContainers ?? []) setHostPorts(container);
  }
  setPodResources(spec);
  carryPodIP(pod);
}

export function setPodTemplateDefaults(template: Mutable<PodTemplate>, existing?: PodTemplate): void {
  // Go has no template without a pod
  const inner = (template.template ??= {});
  if (inner !== (existing?.template as unknown)) setPodTemplateSpecDefaults(inner);
}

export function setPodTemplateSpecDefaults(template: Mutable<PodTemplateSpec>): void {
  // Go has no template without a spec
  template.spec ??= { containers: null as unknown as [] };
  setPodSpecDefaults(template.spec);
}

export function setPodSpecDefaults(spec: Mutable<PodSpec>): void {
  spec.dnsPolicy ||= 'ClusterFirst';
  spec.restartPolicy ||= 'Always';
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ||= 'default-scheduler';
  roundResources(spec.resources);
  if (spec.overhead) roundResourceList(spec.overhead);
  const account = spec.serviceAccountName || spec.serviceAccount;
  if (account) {
    spec.serviceAccountName = account;
    spec.serviceAccount = account;
  }
  for (const volume of spec.volumes ?? []) setVolumeDefaults(volume);
  for (const container of spec.containers ?? []) setContainerDefaults(container);
  for (const container of spec.initContainers ?? []) setContainerDefaults(container);
  for (const container of spec.ephemeralContainers ?? []) setContainerDefaults(container);
}

/**
 * Resources of the pod as a whole, where it names any: requests come from its containers, else from its limits; limits of huge pages
 * come from its containers.
 */
function setPodResources(spec: Mutable<PodSpec>): void {
  const { resources } = spec;
  if (!resources || (!resources.limits && !resources.requests)) return;
  const limits: Record<string, string> = { ...resources.limits };
  // who requests some says by that how many there are
  for (const [name, limit] of Object.entries(aggregateContainerLimits(spec)))
    if (isHugePages(name) && resources.requests?.[name] === undefined) limits[name] ??= limit;
  if (Object.keys(limits).length > Object.keys(resources.limits ?? {}).length) resources.limits = sorted(limits);
  const requests: Record<string, string> = { ...resources.requests };
  for (const [name, request] of Object.entries(aggregateContainerRequests(spec)))
    if (isPodLevelResource(name) && !isHugePages(name)) requests[name] ??= request;
  for (const [name, limit] of Object.entries(limits)) if (isPodLevelResource(name)) requests[name] ??= limit;
  if (Object.keys(requests).length > Object.keys(resources.requests ?? {}).length) resources.requests = sorted(requests);
}

const sorted = (list: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(list).sort(([a], [b]) => (a < b ? -1 : 1)));

/** `podIP` is the first of `podIPs`. */
function carryPodIP({ status }: Mutable<Pod>): void {
  if (!status) return;
  if (status.podIP && !status.podIPs?.length) status.podIPs = [{ ip: status.podIP }];
  else if (status.podIPs?.length && status.podIP !== status.podIPs[0]!.ip) {
    if (status.podIP) status.podIPs = [{ ip: status.podIP }];
    else status.podIP = status.podIPs[0]!.ip!;
  }
}
