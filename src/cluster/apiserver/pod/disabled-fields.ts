// Fields of pods whose feature gates are off by default in Kubernetes v1.36: they are dropped from what clients send, unless the stored
// object has them already. Follows pkg/api/pod.DropDisabledPodFields.
import type { Container, PodSpec, PodTemplateSpec, Volume, VolumeProjection } from '#api/core/v1';

/** Returns the spec itself where there is nothing to drop. @param old the spec as it is stored */
export function withoutDisabledFields<T extends PodSpec | undefined>(spec: T, old?: PodSpec): T {
  if (!spec || spec === old) return spec;
  const volumes = spec.volumes && mapped(spec.volumes, old && usesProjections(old) ? same : withoutGatedProjections);
  const initContainers = spec.initContainers && mapped(spec.initContainers, old && usesStopSignal(old) ? same : withoutStopSignal);
  const containers = spec.containers && mapped(spec.containers, old && usesStopSignal(old) ? same : withoutStopSignal);
  const dropsGroup = spec.schedulingGroup !== undefined && old?.schedulingGroup === undefined;
  if (!dropsGroup && volumes === spec.volumes && initContainers === spec.initContainers && containers === spec.containers) return spec;
  const { schedulingGroup, ...rest } = spec;
  return {
    ...rest,
    ...(schedulingGroup && !dropsGroup ? { schedulingGroup } : {}),
    ...(volumes ? { volumes } : {}),
    ...(initContainers ? { initContainers } : {}),
    containers,
  } as T;
}

/** The same for a template. */
export function templateWithoutDisabledFields<T extends PodTemplateSpec | undefined>(template: T, old?: PodTemplateSpec): T {
  if (!template?.spec) return template;
  const spec = withoutDisabledFields(template.spec, old?.spec);
  return spec === template.spec ? template : { ...template, spec };
}

const same = <T>(value: T): T => value;

/** Copies the list only if an element changes. */
function mapped<T>(list: readonly T[], change: (element: T) => T): readonly T[] {
  let copy: T[] | undefined;
  list.forEach((element, i) => {
    const changed = change(element);
    if (changed === element) return;
    copy ??= [...list];
    copy[i] = changed;
  });
  return copy ?? list;
}

const isGated = ({ clusterTrustBundle, podCertificate }: VolumeProjection): boolean =>
  clusterTrustBundle !== undefined || podCertificate !== undefined;

const usesProjections = ({ volumes = [] }: PodSpec): boolean => volumes.some((v) => v.projected?.sources?.some(isGated));

/** The source stays, with nothing in it. */
function withoutGatedProjections(volume: Volume): Volume {
  if (!volume.projected?.sources?.some(isGated)) return volume;
  const sources = volume.projected.sources.map(({ clusterTrustBundle: _c, podCertificate: _p, ...source }) => source);
  return { ...volume, projected: { ...volume.projected, sources } };
}

const usesStopSignal = ({ containers, initContainers = [] }: PodSpec): boolean =>
  [...(containers ?? []), ...initContainers].some((c) => c.lifecycle?.stopSignal !== undefined);

function withoutStopSignal(container: Container): Container {
  if (container.lifecycle?.stopSignal === undefined) return container;
  const { lifecycle, ...rest } = container;
  const { stopSignal: _, ...hooks } = lifecycle;
  return Object.keys(hooks).length ? { ...rest, lifecycle: hooks } : rest;
}
