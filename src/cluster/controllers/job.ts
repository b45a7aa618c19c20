// Job: runs pods to their end, as often as asked for, and counts each end exactly once. Follows pkg/controller/job of
// kube-controller-manager.
import type { Job, JobCondition, JobStatus } from '#api/batch/v1';
import type { Pod } from '#api/core/v1';
import { canonical } from '../../apimachinery/codec/decode.ts';
import { isPodReady } from '../../apimachinery/core/pod.ts';
import { LabelSelector } from '../../apimachinery/label-selector.ts';
import { deepEqual } from '../../apimachinery/object.ts';
import { controllerOf } from '../../apimachinery/owner-reference.ts';
import { isInvalid, isNamespaceTerminating, isNotFound } from '../../apimachinery/status-error.ts';
import { formatTime } from '../../apimachinery/time.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey, splitKey } from '../../client/informer.ts';
import type { WorkQueue } from '../../client/workqueue.ts';
import { condition, conditionOf, finalCondition, isFinished, withCondition } from './job/conditions.ts';
import { NO_FAILURES, type FailureRecord } from './job/failures.ts';
import { isTracked, newJobPod, TRACKING } from './job/pods.ts';
import { planPods } from './job/plan.ts';
import { countReleased, stillTracked, trackPods } from './job/tracking.ts';
import { deadlineLeftMs, viewJob, type JobView } from './job/view.ts';
import { claim } from './shared/claim.ts';
import { Expectations } from './shared/expectations.ts';
import { indexByController, orphansIn, ownedBy } from './shared/owned.ts';
import { createPod, deletePod, slowStart } from './shared/pod-control.ts';

const WORKERS = 5;
const KIND = 'batch/v1/Job';
/** What pods do is looked at together, once in a while. */
const BATCH_MS = 1000;
const ORPHAN = 'orphan:';
const MANAGED_BY = 'kubernetes.io/job-controller';

/** What a look at the Job changed. */
interface Managed {
  readonly active: number;
  readonly ready: number;
  readonly terminating: number;
  readonly againMs?: number;
  readonly failure?: unknown;
}

/** After the API has refused something. */
const API_BACKOFF = { baseMs: 1000, maxMs: 60_000 };

export function jobController(deps: ControllerDeps): Controller {
  const { client, informers, clock, events } = deps;
  const jobs = informers.of(KIND);
  const pods = informers.of('v1/Pod');
  const expectations = new Expectations(clock);
  /** Job → pods whose finalizer went, until the informer shows it. */
  const released = new Map<string, Set<string>>();
  const failures = new Map<string, FailureRecord>();
  indexByController(pods);

  return controller({ name: 'job-controller', deps, workers: WORKERS, backoff: API_BACKOFF, watch, reconcile });

  function watch(queue: WorkQueue): void {
    const batched = (job: Job): void => queue.addAfter(objectKey(job), BATCH_MS);
    jobs.addHandler({
      added: (job) => queue.add(objectKey(job)),
      updated: (job, old) => (job.metadata.generation === old.metadata.generation ? batched(job) : queue.add(objectKey(job))),
      deleted(job) {
        expectations.forget(objectKey(job));
        failures.delete(objectKey(job));
        for (const pod of ownedBy(pods, job.metadata.uid)) if (isTracked(pod)) queue.add(ORPHAN + objectKey(pod));
      },
    });
    pods.addHandler({
      added(pod) {
        if (pod.metadata.deletionTimestamp) return gone(pod);
        const job = jobOf(pod);
        if (job) expectations.creationObserved(objectKey(job));
        enqueueFor(pod, job);
      },
      updated(pod, old) {
        const former = controllerOf(old)?.uid === controllerOf(pod)?.uid ? undefined : jobOf(old);
        if (former) batched(former);
        const job = jobOf(pod);
        if (job && isTracked(old) && !isTracked(pod)) noteReleased(job, pod);
        if (job && pod.metadata.deletionTimestamp && !old.metadata.deletionTimestamp)
          expectations.deletionObserved(objectKey(job), objectKey(pod));
        enqueueFor(pod, job);
      },
      deleted: gone,
    });

    function gone(pod: Pod): void {
      const job = jobOf(pod);
      if (!job) return enqueueFor(pod, job);
      noteReleased(job, pod);
      expectations.deletionObserved(objectKey(job), objectKey(pod));
      batched(job);
    }

    function enqueueFor(pod: Pod, job: Job | undefined): void {
      if (job) batched(job);
      else if (controllerOf(pod)) {
        if (controllerOf(pod)?.kind === 'Job' && isTracked(pod)) queue.add(ORPHAN + objectKey(pod));
      } else {
        if (isTracked(pod)) queue.add(ORPHAN + objectKey(pod));
        for (const candidate of jobs.list(pod.metadata.namespace))
          if (selectorOf(candidate).matches(pod.metadata.labels)) batched(candidate);
      }
    }
  }

  function noteReleased(job: Job, pod: Pod): void {
    released.get(objectKey(job))?.delete(pod.metadata.uid);
  }

  function jobOf(pod: Pod): Job | undefined {
    const ref = controllerOf(pod);
    const job = ref?.kind === 'Job' ? jobs.get(pod.metadata.namespace ?? '', ref.name) : undefined;
    return job?.metadata.uid === ref?.uid ? job : undefined;
  }

  async function reconcile(key: string): Promise<void | number> {
    if (key.startsWith(ORPHAN)) {
      await releaseOrphan(key.slice(ORPHAN.length));
      return undefined;
    }
    const { namespace, name } = splitKey(key);
    const job = jobs.get(namespace, name);
    if (!job) {
      released.delete(key);
      return undefined;
    }
    if (isFinished(job) || (job.spec.managedBy !== undefined && job.spec.managedBy !== MANAGED_BY)) return undefined;
    const mayAct = expectations.satisfied(key);
    const startsNow = job.status?.startTime === undefined && !job.spec.suspend;
    const started = startsNow ? { ...job, status: { ...job.status, startTime: formatTime(clock.now()) } } : job;
    const observation = {
      job: started,
      pods: await claimPods(job),
      released: new Set(released.get(key)),
      failures: failures.get(key) ?? NO_FAILURES,
    };
    const view = viewJob(observation, clock.now());
    const managed = view.end ? await endPods(view) : mayAct && !job.metadata.deletionTimestamp ? await manage(key, view) : undefined;
    await writeStatus(key, job, view, managed ?? view, managed !== undefined);
    if (managed?.failure !== undefined) throw managed.failure as Error;
    const deadline = view.end ? undefined : deadlineLeftMs(started, clock.now());
    return managed?.againMs === undefined && deadline === undefined
      ? undefined
      : Math.min(managed?.againMs ?? Infinity, deadline ?? Infinity);
  }

  function claimPods(job: Job): Promise<Pod[]> {
    const selector = selectorOf(job);
    const orphans = [...orphansIn(pods, job.metadata.namespace ?? '')].filter((pod) => selector.matches(pod.metadata.labels));
    return claim([...ownedBy(pods, job.metadata.uid), ...orphans], {
      client,
      kind: 'v1/Pod',
      owner: job,
      ownerKind: KIND,
      matches: (pod) => selector.matches(pod.metadata.labels),
      finalizer: TRACKING,
    });
  }

  /** The Job is at its end: whatever still runs is stopped. */
  async function endPods(view: JobView): Promise<Managed> {
    return afterDeletion(view, await removePods(view.job, view.active));
  }

  async function manage(key: string, view: JobView): Promise<Managed> {
    const plan = planPods(view, clock.now());
    const again = plan.againMs === undefined ? {} : { againMs: plan.againMs };
    if (plan.delete.length > 0) {
      expectations.expectDeletions(key, plan.delete.map(objectKey));
      // stopped because they are not needed: that is no failure
      await Promise.all(plan.delete.filter(isTracked).map((pod) => release(pod)));
      const result = await removePods(view.job, plan.delete);
      for (const pod of result.kept) expectations.deletionObserved(key, objectKey(pod));
      return { ...again, ...afterDeletion(view, result) };
    }
    const { active, ready, terminating } = view;
    if (plan.create.length === 0) return { ...again, active: active.length, ready, terminating };
    const { made, failure } = await createPods(key, view, plan.create);
    return { ...again, active: active.length + made, ready, terminating, failure };
  }

  function afterDeletion({ active, ready, terminating }: JobView, { deleted, failure }: Deleted): Managed {
    return {
      active: active.length - deleted.length,
      ready: ready - deleted.filter(isPodReady).length,
      terminating: terminating + deleted.length,
      failure,
    };
  }

  interface Deleted {
    readonly deleted: readonly Pod[];
    readonly kept: readonly Pod[];
    readonly failure: unknown;
  }

  async function removePods(job: Job, doomed: readonly Pod[]): Promise<Deleted> {
    const results = await Promise.allSettled(doomed.map((pod) => deletePod({ client, events }, pod, job)));
    const failed = results.find((r) => r.status === 'rejected' && !isNotFound(r.reason)) as PromiseRejectedResult | undefined;
    return {
      deleted: doomed.filter((_, i) => results[i]!.status === 'fulfilled'),
      kept: doomed.filter((_, i) => results[i]!.status === 'rejected'),
      failure: failed?.reason,
    };
  }

  async function createPods(
    key: string,
    { job, delayed }: JobView,
    indexes: readonly (number | undefined)[],
  ): Promise<{ readonly made: number; readonly failure: unknown }> {
    expectations.expectCreations(key, indexes.length);
    let at = 0;
    const { succeeded, error } = await slowStart(indexes.length, async () => {
      const index = indexes[at++];
      try {
        await createPod({ client, events }, newJobPod(job, index, index === undefined ? undefined : delayed.get(index)), job);
      } catch (failure) {
        if (!isNamespaceTerminating(failure)) throw failure;
      }
    });
    for (let i = succeeded; i < indexes.length; i++) expectations.creationObserved(key);
    return { made: succeeded, failure: error };
  }

  async function writeStatus(
    key: string,
    job: Job,
    view: JobView,
    counts: { readonly active: number | readonly Pod[]; readonly ready: number; readonly terminating: number },
    managed: boolean,
  ): Promise<void> {
    const active = typeof counts.active === 'number' ? counts.active : counts.active.length;
    const end = view.end ?? completion(view, active, clock.now());
    const noted = announce(noteSuspension(view, managed && !end), end);
    const tracked = trackPods(view, { ...noted, active, ready: counts.ready, terminating: counts.terminating }, end);
    const written = await write(job, tracked.status);
    failures.set(key, view.failures);
    let { status } = tracked;
    let failure: unknown;
    if (tracked.release.length > 0) {
      const result = await releaseAll(key, tracked.release);
      failure = result.failure;
      status = countReleased(status, stillTracked(view.pods, new Set([...view.released, ...result.free])));
    }
    const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
    const ended = end && !tracked.more && succeeded.length + failed.length + (status.terminating ?? 0) === 0;
    if (ended) await finish(written, status, finalCondition(end, clock.now()));
    else await write(written, status);
    // those that are still tracked are released when it is tried again
    if (failure !== undefined) throw failure as Error;
  }

  /** Enough pods succeeded. */
  function completion({ job, succeeded }: JobView, active: number, now: number): JobCondition | undefined {
    const { completions } = job.spec;
    const done = completions === undefined ? succeeded > 0 && active === 0 : succeeded >= completions && active === 0;
    return done
      ? condition('SuccessCriteriaMet', 'True', 'CompletionsReached', 'Reached expected number of succeeded pods', now)
      : undefined;
  }

  function announce(status: JobStatus, end: JobCondition | undefined): JobStatus {
    const { conditions = [] } = status;
    return !end || conditionOf(conditions, end.type) ? status : { ...status, conditions: [...conditions, end] };
  }

  function noteSuspension({ job }: JobView, managed: boolean): JobStatus {
    const { status = {} } = job;
    if (!managed) return status;
    const { suspend = false } = job.spec;
    const told = suspend
      ? condition('Suspended', 'True', 'JobSuspended', 'Job suspended', clock.now())
      : condition('Suspended', 'False', 'JobResumed', 'Job resumed', clock.now());
    const before = status.conditions ?? [];
    const conditions = withCondition(before, told);
    if (conditions === before) return status;
    events.event(job, 'Normal', suspend ? 'Suspended' : 'Resumed', told.message ?? '');
    // the time that it was suspended does not count towards its deadline
    const { startTime: _, ...rest } = status;
    return { ...rest, conditions, ...(suspend ? {} : { startTime: formatTime(clock.now()) }) };
  }

  async function finish(job: Job, status: JobStatus, last: JobCondition): Promise<void> {
    const completionTime =
      last.type === 'Complete' && last.lastTransitionTime !== undefined ? { completionTime: last.lastTransitionTime } : {};
    await write(job, { ...status, conditions: withCondition(status.conditions ?? [], last), ...completionTime });
    failures.delete(objectKey(job));
    if (last.type !== 'Complete') {
      events.event(job, 'Warning', last.reason ?? '', last.message ?? '');
      return;
    }
    const { completions } = job.spec;
    if (completions !== undefined && completions < (status.succeeded ?? 0))
      events.event(job, 'Warning', 'TooManySucceededPods', 'Too many succeeded pods running after completion count reached');
    events.event(job, 'Normal', 'Completed', 'Job completed');
  }

  async function write(job: Job, status: JobStatus): Promise<Job> {
    const wanted = canonical('batch/v1.JobStatus', status);
    return deepEqual(job.status ?? {}, wanted) ? job : client.updateStatus(KIND, { ...job, status: wanted });
  }

  /** @returns uids of the pods that are free now */
  async function releaseAll(key: string, doomed: readonly Pod[]): Promise<{ readonly free: readonly string[]; readonly failure: unknown }> {
    const waiting = released.get(key) ?? new Set<string>();
    released.set(key, waiting);
    for (const pod of doomed) waiting.add(pod.metadata.uid);
    const results = await Promise.allSettled(doomed.map((pod) => release(pod)));
    const free: string[] = [];
    let failure: unknown;
    for (const [i, result] of results.entries()) {
      const { uid } = doomed[i]!.metadata;
      if (result.status === 'fulfilled') free.push(uid);
      else {
        waiting.delete(uid);
        failure ??= result.reason;
      }
      // a pod that is gone will not be shown without its finalizer any more
      if (result.status === 'fulfilled' && result.value === 'gone') waiting.delete(uid);
    }
    return { free, failure };
  }

  async function release({ metadata: { name, namespace = '', uid } }: Pod): Promise<'released' | 'gone'> {
    const metadata = { uid, '$deleteFromPrimitiveList/finalizers': [TRACKING] };
    try {
      await client.patch('v1/Pod', name, { metadata }, { type: 'strategic', namespace });
      return 'released';
    } catch (error) {
      if (isNotFound(error) || isInvalid(error)) return 'gone';
      throw error;
    }
  }

  /** A pod whose Job is gone, or has nothing more to count. */
  async function releaseOrphan(key: string): Promise<void> {
    const pod = pods.getByKey(key);
    if (!pod || !isTracked(pod)) return;
    const job = jobOf(pod);
    if (job && !isFinished(job)) return;
    await release(pod);
  }
}

function selectorOf({ spec }: Job): LabelSelector {
  return LabelSelector.fromSpec(spec.selector);
}
