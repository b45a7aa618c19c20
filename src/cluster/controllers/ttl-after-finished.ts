// Deletes Jobs some time after they ended, where they ask for it. Follows pkg/controller/ttlafterfinished of kube-controller-manager.
import type { Job } from '#api/batch/v1';
import { isNotFound } from '../../apimachinery/status-error.ts';
import { timeMs } from '../../apimachinery/time.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey, splitKey } from '../../client/informer.ts';
import { conditionOf } from './job/conditions.ts';

const WORKERS = 5;

/** When the Job may go, in milliseconds since 1970; undefined: never, or not yet known. */
export function expiryMs({ spec, status, metadata }: Job): number | undefined {
  if (spec.ttlSecondsAfterFinished === undefined || metadata.deletionTimestamp) return undefined;
  const last = conditionOf(status?.conditions, 'Complete') ?? conditionOf(status?.conditions, 'Failed');
  return last?.lastTransitionTime === undefined ? undefined : timeMs(last.lastTransitionTime) + spec.ttlSecondsAfterFinished * 1000;
}

export function ttlAfterFinishedController(deps: ControllerDeps): Controller {
  const { client, informers, clock } = deps;
  const jobs = informers.of('batch/v1/Job');

  return controller({
    name: 'ttl-after-finished-controller',
    deps,
    workers: WORKERS,
    watch(queue) {
      const enqueue = (job: Job): void => {
        if (expiryMs(job) !== undefined) queue.add(objectKey(job));
      };
      jobs.addHandler({ added: enqueue, updated: enqueue });
    },
    async reconcile(key) {
      const { namespace, name } = splitKey(key);
      const job = jobs.get(namespace, name);
      const expiry = job && expiryMs(job);
      if (!job || expiry === undefined) return undefined;
      if (expiry > clock.now()) return expiry - clock.now();
      const { uid, resourceVersion } = job.metadata;
      try {
        // what was read must still be so: the time may have been changed meanwhile
        await client.delete('batch/v1/Job', name, { namespace, propagationPolicy: 'Foreground', preconditions: { uid, resourceVersion } });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      return undefined;
    },
  });
}
