// Addresses for Services of type LoadBalancer, as a cloud would give them: from a range, one each, kept while the Service wants it.
// Follows the service controller of cloud-provider; there is no balancer behind it, the proxy serves the address.
import type { Service } from '#api/core/v1';
import { deepEqual } from '../../apimachinery/object.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey, splitKey } from '../../client/informer.ts';

const FINALIZER = 'service.kubernetes.io/load-balancer-cleanup';

export interface LoadBalancerRange {
  /** First and last IPv4 address that may be given. */
  readonly first: string;
  readonly last: string;
}

/** Services without a class are the cloud's own; those that name one are somebody else's. */
const wantsAddress = ({ spec, metadata }: Service): boolean =>
  spec?.type === 'LoadBalancer' && spec.loadBalancerClass === undefined && !metadata.deletionTimestamp;

const addressOf = ({ status }: Service): string | undefined => status?.loadBalancer?.ingress?.[0]?.ip;

const toNumber = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const toText = (n: number): string => [24, 16, 8, 0].map((shift) => Math.floor(n / 2 ** shift) % 256).join('.');

export function serviceLoadBalancerController(deps: ControllerDeps, range: LoadBalancerRange): Controller {
  const { client, informers, events } = deps;
  const services = informers.of('v1/Service');
  /** Address → the Service that has it. */
  const taken = new Map<string, string>();

  return controller({
    name: 'service-controller',
    deps,
    workers: 1,
    watch(queue) {
      const changed = (service: Service): void => {
        const address = addressOf(service);
        if (address !== undefined) taken.set(address, objectKey(service));
        if (wantsAddress(service) || service.metadata.finalizers?.includes(FINALIZER)) queue.add(objectKey(service));
      };
      services.addHandler({ added: changed, updated: changed, deleted: (service) => free(objectKey(service)) });
    },
    async reconcile(key) {
      const { namespace, name } = splitKey(key);
      const service = services.get(namespace, name);
      if (!service) return;
      await (wantsAddress(service) ? ensure(service) : cleanUp(service));
    },
  });

  function free(key: string): void {
    for (const [address, owner] of taken) if (owner === key) taken.delete(address);
  }

  async function ensure(service: Service): Promise<void> {
    let current = service;
    const { finalizers = [] } = service.metadata;
    if (!finalizers.includes(FINALIZER)) current = await patchFinalizers(service, [...finalizers, FINALIZER]);
    const address = addressOf(current) ?? choose(current);
    if (address === undefined) {
      const message = 'failed to ensure load balancer: no address is left';
      events.event(service, 'Warning', 'SyncLoadBalancerFailed', `Error syncing load balancer: ${message}`);
      // it is tried again: others may give theirs back
      throw new Error(message);
    }
    const loadBalancer = { ingress: [{ ip: address, ipMode: 'VIP' }] };
    if (deepEqual(current.status?.loadBalancer, loadBalancer)) return;
    events.event(service, 'Normal', 'EnsuringLoadBalancer', 'Ensuring load balancer');
    taken.set(address, objectKey(service));
    await client.updateStatus('v1/Service', { ...current, status: { ...current.status, loadBalancer } });
    events.event(service, 'Normal', 'EnsuredLoadBalancer', 'Ensured load balancer');
  }

  /** The one that is asked for, or the first that is free. */
  function choose({ spec }: Service): string | undefined {
    const [first, last] = [toNumber(range.first), toNumber(range.last)];
    const asked = spec?.loadBalancerIP;
    if (asked && toNumber(asked) >= first && toNumber(asked) <= last && !taken.has(asked)) return asked;
    for (let n = first; n <= last; n++) if (!taken.has(toText(n))) return toText(n);
    return undefined;
  }

  /** By the status, as Kubernetes' own does: it may write nothing else of a Service. */
  async function patchFinalizers({ metadata }: Service, finalizers: readonly string[]): Promise<Service> {
    const { name, namespace = '', resourceVersion } = metadata;
    const patch = { metadata: { resourceVersion, finalizers: finalizers.length > 0 ? finalizers : null } };
    return (await client.patch('v1/Service', name, patch, { type: 'merge', namespace, subresource: 'status' })).object;
  }

  async function cleanUp(service: Service): Promise<void> {
    events.event(service, 'Normal', 'DeletingLoadBalancer', 'Deleting load balancer');
    free(objectKey(service));
    let current = service;
    if (addressOf(service) !== undefined && !service.metadata.deletionTimestamp)
      current = await client.updateStatus('v1/Service', { ...service, status: { ...service.status, loadBalancer: {} } });
    const finalizers = (current.metadata.finalizers ?? []).filter((f) => f !== FINALIZER);
    await patchFinalizers(current, finalizers);
    events.event(service, 'Normal', 'DeletedLoadBalancer', 'Deleted load balancer');
  }
}
