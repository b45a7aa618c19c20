// Counts anew what the objects of a namespace use of its ResourceQuotas: admission counts what comes, this controller what goes.
// Follows pkg/controller/resourcequota of kube-controller-manager.
import type { Pod, ResourceQuota } from '#api/core/v1';
import { addAmounts } from '../../apimachinery/core/pod-resources.ts';
import { deepEqual, groupResource, type KubernetesObject } from '../../apimachinery/object.ts';
import type { Quantity } from '../../apimachinery/quantity.ts';
import { countedResource, countsForQuota, hasScopes, inScope, quotaStatus, usageOf } from '../../apimachinery/quota.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey, splitKey } from '../../client/informer.ts';
import type { WorkQueue } from '../../client/workqueue.ts';

const WORKERS = 5;
const KIND = 'v1/ResourceQuota';
/** All quotas are counted anew once in a while. */
const RESYNC_MS = 300_000;
const RESYNC = 'resync';

export function resourceQuotaController(deps: ControllerDeps): Controller {
  const { client, informers, clock } = deps;
  const quotas = informers.of(KIND);
  /** Plural with group → its kind: resources that some quota is about, and that are followed. */
  const followed = new Map<string, Promise<string | undefined>>();

  return controller({
    name: 'resourcequota-controller',
    deps,
    workers: WORKERS,
    watch(queue) {
      queue.addAfter(RESYNC, RESYNC_MS, { background: true });
      const enqueue = (quota: ResourceQuota): void => queue.add(objectKey(quota));
      quotas.addHandler({
        added: enqueue,
        updated(quota, old) {
          if (!deepEqual(quota.spec, old.spec)) enqueue(quota);
        },
      });
    },
    async reconcile(key, queue) {
      if (key === RESYNC) {
        queue.addAfter(RESYNC, RESYNC_MS, { background: true });
        for (const quota of quotas.list()) queue.add(objectKey(quota));
        return;
      }
      const { namespace, name } = splitKey(key);
      const quota = quotas.get(namespace, name);
      if (quota) await count(quota, queue);
    },
  });

  async function count(quota: ResourceQuota, queue: WorkQueue): Promise<void> {
    const { namespace = '' } = quota.metadata;
    const used = new Map<string, Quantity>();
    const resources = new Set(Object.keys(quota.spec?.hard ?? {}).map(countedResource));
    for (const resource of resources) {
      const kind = resource === undefined ? undefined : await follow(resource, queue);
      if (resource === undefined || kind === undefined || (hasScopes(quota) && resource !== 'pods')) continue;
      for (const object of informers.of(kind as 'example.test/v1/Any').list(namespace)) {
        if (resource === 'pods' && !inScope(quota, object as unknown as Pod)) continue;
        addAmounts(used, usageOf(resource, object, clock.now()));
      }
    }
    const status = quotaStatus(quota, used);
    if (!deepEqual(quota.status ?? {}, status)) await client.updateStatus(KIND, { ...quota, status });
  }

  /** What goes makes room. @returns the kind; undefined where the server does not have it */
  function follow(resource: string, queue: WorkQueue): Promise<string | undefined> {
    const known = followed.get(resource);
    if (known) return known;
    const following = start(resource, queue);
    followed.set(resource, following);
    return following;
  }

  async function start(resource: string, queue: WorkQueue): Promise<string | undefined> {
    const served = (await client.servedKinds()).find((s) => groupResource(s.group, s.resource) === resource);
    if (!served) {
      // it may come with a custom resource definition
      followed.delete(resource);
      return undefined;
    }
    const informer = informers.of(served.kind as 'example.test/v1/Any');
    await informer.start();
    const replenish = ({ metadata }: KubernetesObject): void => {
      for (const quota of quotas.list(metadata.namespace)) {
        const about = Object.keys(quota.spec?.hard ?? {}).some((name) => countedResource(name) === resource);
        if (about) queue.add(objectKey(quota));
      }
    };
    informer.addHandler({
      updated(object, old) {
        if (frees(resource, object, old, clock.now())) replenish(object);
      },
      deleted: replenish,
    });
    return served.kind;
  }
}

/** Changes after which an object may use less. @param now milliseconds since 1970 */
export function frees(resource: string, object: KubernetesObject, old: KubernetesObject, now: number): boolean {
  switch (resource) {
    case 'pods': {
      const [pod, before] = [object, old] as unknown as [Pod, Pod];
      return resized(pod, before) || (countsForQuota(before, now) && !countsForQuota(pod, now));
    }
    case 'services':
      return !deepEqual(object['spec'], old['spec']);
    case 'persistentvolumeclaims':
      return !deepEqual(object['status'], old['status']) || !deepEqual(object['spec'], old['spec']);
    default:
      return false;
  }
}

/** A container was given other resources while it ran. */
function resized({ status }: Pod, { status: before }: Pod): boolean {
  const [now, then] = [status?.containerStatuses ?? [], before?.containerStatuses ?? []];
  return now.length === then.length && now.some((c, i) => !deepEqual(c.allocatedResources ?? {}, then[i]!.allocatedResources ?? {}));
}
