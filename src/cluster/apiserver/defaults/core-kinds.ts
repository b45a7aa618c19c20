// Nodes, PersistentVolumes, Endpoints, LimitRanges and ResourceQuotas. Follows pkg/apis/core/v1/defaults.go and the conversions beside it.
import type { Endpoints, LimitRange, Node, PersistentVolume, ResourceList, ResourceQuota } from '#api/core/v1';
import type { Mutable } from '../../../apimachinery/object.ts';
import { roundResourceList } from './resource-list.ts';
import { setOtherDefaults } from './volume.ts';

export function setNodeDefaults({ spec, status }: Mutable<Node>): void {
  if (status?.capacity) {
    roundResourceList(status.capacity);
    status.allocatable ??= { ...status.capacity };
  }
  if (status?.allocatable) roundResourceList(status.allocatable);
  if (!spec) return;
  // the one range is the first of several
  const first = spec.podCIDRs?.[0];
  if (spec.podCIDR && spec.podCIDR !== first) spec.podCIDRs = [spec.podCIDR];
  else if (!spec.podCIDR && first) spec.podCIDR = first;
}

export function setPersistentVolumeDefaults(volume: Mutable<PersistentVolume>): void {
  volume.spec ??= {};
  const { spec } = volume;
  if (spec.capacity) roundResourceList(spec.capacity);
  spec.persistentVolumeReclaimPolicy ||= 'Retain';
  spec.volumeMode ??= 'Filesystem';
  setOtherDefaults(spec as Parameters<typeof setOtherDefaults>[0]);
  volume.status ??= {};
  volume.status.phase ||= 'Pending';
}

export function setEndpointsDefaults({ subsets }: Mutable<Endpoints>): void {
  for (const { ports } of subsets ?? []) for (const port of ports ?? []) port.protocol ||= 'TCP';
}

/** Of a container, what is not said follows from what is. */
export function setLimitRangeDefaults({ spec }: Mutable<LimitRange>): void {
  for (const item of spec?.limits ?? []) {
    for (const bound of ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const)
      if (item[bound]) roundResourceList(item[bound]);
    if (item.type !== 'Container') continue;
    const limits: Record<string, string> = { ...item.max, ...item.default };
    const requests: Record<string, string> = { ...item.min, ...limits, ...item.defaultRequest };
    if (Object.keys(limits).length) item.default = limits as Mutable<ResourceList>;
    if (Object.keys(requests).length) item.defaultRequest = requests as Mutable<ResourceList>;
  }
}

export function setResourceQuotaDefaults({ spec, status }: Mutable<ResourceQuota>): void {
  for (const list of [spec?.hard, status?.hard, status?.used]) if (list) roundResourceList(list);
}
