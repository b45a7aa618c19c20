// The part of cloud-controller-manager that gives Services of type LoadBalancer their address, for a cloud that is simulated: an address
// is there at once. Services that name a class of their own are left to whoever serves it. Follows
// k8s.io/cloud-provider/controllers/service.
import type { Service } from '#api/core/v1';
import { deepEqual } from '../../apimachinery/object.ts';
import { isNotFound } from '../../apimachinery/status-error.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey, splitKey } from '../../client/informer.ts';

const FINALIZER = 'service.kubernetes.io/load-balancer-cleanup';
const WORKERS = 1;
/** 172.29.0.1 to 172.29.255.254: private, and none of the cluster's own. */
const NETWORK = '172.29';
const ADDRESSES = 65_534;

/** What to do about a Service, and its load balancer. */
export type LoadBalancerPlan = 'nothing' | 'ensure' | 'cleanUp';

export function planLoadBalancer({ metadata, spec, status }: Service): LoadBalancerPlan {
  const wanted = spec.type === 'LoadBalancer' && !spec.loadBalancerClass && !metadata.deletionTimestamp;
  const had = metadata.finalizers?.includes(FINALIZER) ?? false;
  if (wanted) return had && status?.loadBalancer?.ingress?.length ? 'nothing' : 'ensure';
  return had ? 'cleanUp' : 'nothing';
}

export function serviceLoadBalancerController(deps: ControllerDeps): Controller {
  const { client, informers, events } = deps;
  const services = informers.of('v1/Service');
  /** Address → the Service that has it. */
  const taken = new Map<string, string>();
  let next = 0;

  return controller({
    name: 'service-controller',
    deps,
    workers: WORKERS,
    watch(queue) {
      const seen = (service: Service): void => {
        for (const { ip } of service.status?.loadBalancer?.ingress ?? []) if (ip) taken.set(ip, objectKey(service));
        if (planLoadBalancer(service) !== 'nothing') queue.add(objectKey(service));
      };
      services.addHandler({ added: seen, updated: seen, deleted: (service) => release(objectKey(service)) });
    },
    async reconcile(key) {
      const { namespace, name } = splitKey(key);
      const service = services.get(namespace, name);
      if (!service) return;
      try {
        const plan = planLoadBalancer(service);
        if (plan === 'ensure') await ensure(service);
        else if (plan === 'cleanUp') await cleanUp(service);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
  });

  async function ensure(service: Service): Promise<void> {
    events.event(service, 'Normal', 'EnsuringLoadBalancer', 'Ensuring load balancer');
    const withFinalizer = await setFinalizers(service, [...new Set([...(service.metadata.finalizers ?? []), FINALIZER])]);
    const ip = service.spec.loadBalancerIP || addressOf(service);
    await client.updateStatus('v1/Service', { ...withFinalizer, status: { loadBalancer: { ingress: [{ ip, ipMode: 'VIP' }] } } });
    events.event(service, 'Normal', 'EnsuredLoadBalancer', 'Ensured load balancer');
  }

  async function cleanUp(service: Service): Promise<void> {
    events.event(service, 'Normal', 'DeletingLoadBalancer', 'Deleting load balancer');
    release(objectKey(service));
    const kept = (service.metadata.finalizers ?? []).filter((finalizer) => finalizer !== FINALIZER);
    const emptied = service.metadata.deletionTimestamp
      ? service
      : await client.updateStatus('v1/Service', { ...service, status: { loadBalancer: {} } });
    await setFinalizers(emptied, kept);
    events.event(service, 'Normal', 'DeletedLoadBalancer', 'Deleted load balancer');
  }

  async function setFinalizers(service: Service, finalizers: readonly string[]): Promise<Service> {
    if (deepEqual(service.metadata.finalizers ?? [], finalizers)) return service;
    const { namespace = '', name, uid } = service.metadata;
    const patch = { metadata: { uid, finalizers: finalizers.length ? finalizers : null } };
    return (await client.patch('v1/Service', name, patch, { type: 'merge', namespace })).object;
  }

  function addressOf(service: Service): string {
    for (const [ip, owner] of taken) if (owner === objectKey(service)) return ip;
    for (let i = 0; i < ADDRESSES; i++) {
      const number = 1 + ((next + i) % ADDRESSES);
      const ip = `${NETWORK}.${Math.floor(number / 256)}.${number % 256}`;
      if (taken.has(ip)) continue;
      next = number;
      taken.set(ip, objectKey(service));
      return ip;
    }
    throw new Error('all addresses of load balancers are taken');
  }

  function release(key: string): void {
    for (const [ip, owner] of taken) if (owner === key) taken.delete(ip);
  }
}
