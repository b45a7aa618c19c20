// What Endpoints and EndpointSlices have in common: which pods stand behind a Service, under which addresses, ports and names, and
// which Services a change of a pod concerns. Follows k8s.io/endpointslice and pkg/controller/util/endpoint.
import type { Pod, Service, ServicePort } from '#api/core/v1';
import { isPodReady, isPodTerminal, podCondition } from '../../../apimachinery/core/pod.ts';
import { LabelSelector } from '../../../apimachinery/label-selector.ts';
import { deepEqual } from '../../../apimachinery/object.ts';
import { formatTime, timeMs } from '../../../apimachinery/time.ts';
import { objectKey, type Informer } from '../../../client/informer.ts';
import type { WorkQueue } from '../../../client/workqueue.ts';
import { indexByLabel, indexBySelector, selectedBy, selecting } from './by-label.ts';

export const HEADLESS = 'service.kubernetes.io/headless';
export const LAST_CHANGE = 'endpoints.kubernetes.io/last-change-trigger-time';

/** Undefined for Services whose endpoints somebody else keeps. */
export function serviceSelector({ spec }: Service): LabelSelector | undefined {
  const { selector, type } = spec ?? {};
  return !selector || Object.keys(selector).length === 0 || type === 'ExternalName' ? undefined : LabelSelector.fromSet(selector);
}

export const isHeadless = ({ spec }: Service): boolean => spec?.clusterIP === 'None';

/** Puts Services into the queue when they or their pods change in what matters. Called before the informers start. */
export function watchServices(services: Informer<Service>, pods: Informer<Pod>, queue: WorkQueue): void {
  indexByLabel(pods);
  indexBySelector(services, serviceSelector);
  const enqueue = (service: Service): void => queue.add(objectKey(service));
  const enqueueOf = (pod: Pod): void => {
    for (const service of selecting(services, pod.metadata.namespace ?? '', pod.metadata.labels, serviceSelector)) enqueue(service);
  };
  services.addHandler({ added: enqueue, updated: enqueue, deleted: enqueue });
  pods.addHandler({
    added: enqueueOf,
    deleted: enqueueOf,
    updated(pod, old) {
      const moved = !deepEqual(pod.metadata.labels, old.metadata.labels);
      if (moved) enqueueOf(old);
      if (moved || endpointChanged(pod, old)) enqueueOf(pod);
    },
  });
}

function endpointChanged(pod: Pod, old: Pod): boolean {
  return (
    pod.metadata.deletionTimestamp !== old.metadata.deletionTimestamp ||
    isPodReady(pod) !== isPodReady(old) ||
    isPodTerminal(pod) !== isPodTerminal(old) ||
    pod.spec.nodeName !== old.spec.nodeName ||
    pod.spec.hostname !== old.spec.hostname ||
    !deepEqual(pod.status?.podIPs, old.status?.podIPs)
  );
}

/** Pods that are, or will be, endpoints: they have an address and have not ended. */
export function podsBehind(pods: Informer<Pod>, service: Service, includeTerminating: boolean): readonly Pod[] {
  const selector = serviceSelector(service);
  if (!selector) return [];
  return selectedBy(pods, service.metadata.namespace ?? '', selector).filter(
    (pod) =>
      !isPodTerminal(pod) && (pod.status?.podIP ?? '') !== '' && (includeTerminating || pod.metadata.deletionTimestamp === undefined),
  );
}

/** The pod's port behind a port of the Service; undefined where it has none of that name. */
export function targetPort(pod: Pod, { targetPort: target, port, protocol = 'TCP' }: ServicePort): number | undefined {
  if (target === undefined) return port;
  if (typeof target === 'number') return target === 0 ? port : target;
  const sidecars = (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always');
  for (const container of [...pod.spec.containers, ...sidecars])
    for (const p of container.ports ?? []) if (p.name === target && (p.protocol ?? 'TCP') === protocol) return p.containerPort;
  return undefined;
}

/** The name under which DNS knows the pod below its Service. */
export function hostnameIn(service: Service, { spec, metadata }: Pod): string | undefined {
  const named = spec.hostname && spec.subdomain === service.metadata.name && metadata.namespace === service.metadata.namespace;
  return named ? spec.hostname : undefined;
}

export type Family = 'IPv4' | 'IPv6';

export const familyOf = (ip: string): Family => (ip.includes(':') ? 'IPv6' : 'IPv4');

export function addressesOf({ status }: Pod, family: Family): readonly string[] {
  const ips = status?.podIPs?.map((p) => p.ip) ?? (status?.podIP ? [status.podIP] : []);
  return ips.filter((ip) => familyOf(ip) === family);
}

/** The Service's own labels, with those of the controller in place of what bears their names. */
export function endpointLabels(service: Service, own: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { [HEADLESS]: _headless, ...labels } = service.metadata.labels ?? {};
  return { ...labels, ...own, ...(isHeadless(service) ? { [HEADLESS]: '' } : {}) };
}

interface Triggers {
  readonly service: number;
  readonly pods: ReadonlyMap<string, number>;
}

/** Finds since when endpoints have been out of date: by this, clients measure how long programming the network takes. */
export class TriggerTimes {
  private readonly known = new Map<string, Triggers>();

  /** The earliest change that was not seen yet; undefined where there is none. */
  changed(service: Service, pods: readonly Pod[]): string | undefined {
    const key = objectKey(service);
    const before = this.known.get(key);
    const created = timeMs(service.metadata.creationTimestamp);
    let earliest = before && created <= before.service ? Infinity : created;
    const times = new Map<string, number>();
    for (const pod of pods) {
      const ready = podCondition(pod, 'Ready')?.lastTransitionTime;
      if (ready === undefined) continue;
      const at = timeMs(ready);
      times.set(pod.metadata.name, at);
      if (at > (before?.pods.get(pod.metadata.name) ?? -Infinity)) earliest = Math.min(earliest, at);
    }
    this.known.set(key, { service: created, pods: times });
    return earliest === Infinity ? undefined : formatTime(earliest);
  }

  forget(key: string): void {
    this.known.delete(key);
  }
}
