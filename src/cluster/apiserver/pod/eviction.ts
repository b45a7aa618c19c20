// Eviction: a pod is deleted, if its disruption budget has anything left. Follows EvictionREST of pkg/registry/core/pod/storage.
import type { Pod } from '#api/core/v1';
import type { Condition, DeleteOptions } from '#api/meta/v1';
import type { PodDisruptionBudget } from '#api/policy/v1';
import type { RequestOptions, ResourceResponse } from '../../../apimachinery/api-request.ts';
import { isPodReady, isPodTerminal } from '../../../apimachinery/core/pod.ts';
import { LabelSelector } from '../../../apimachinery/label-selector.ts';
import type { JsonObject, KubernetesObject } from '../../../apimachinery/object.ts';
import { structType } from '../../../apimachinery/schema/schema.ts';
import {
  badRequest,
  forbiddenError,
  notFoundError,
  statusError,
  tooManyRequests,
  type StatusError,
} from '../../../apimachinery/status-error.ts';
import { formatTime } from '../../../apimachinery/time.ts';
import type { RequestContext } from '../generic/context.ts';
import type { Draft, Strategy, SubresourceServer } from '../generic/resource-definition.ts';
import { withCondition } from './binding.ts';

/** Pods that are on their way out, by budget: more than these, and the budget's controller must be far behind. */
const MAX_DISRUPTED_PODS = 2000;
const VIOLATES = "Cannot evict pod as it would violate the pod's disruption budget.";
const STILL_PROCESSED_RETRY_SECONDS = 10;

interface Eviction {
  readonly metadata?: { readonly name?: string };
  readonly deleteOptions?: DeleteOptions;
}

const evictionStrategy: Strategy = { allowUnconditionalUpdate: true };

export async function serveEviction(context: RequestContext, server: SubresourceServer): Promise<ResourceResponse> {
  const { name, namespace } = context.request;
  const eviction = server.decodeBody(context, structType('policy/v1.Eviction')) as Eviction;
  if ((eviction.metadata?.name ?? '') !== name) throw badRequest('name in URL does not match name in Eviction object');
  await server.admitCreate(context, eviction as unknown as Draft);
  const options = deleteOptions(eviction.deleteOptions ?? {}, context);
  const { value } = await server.objects(context.served.definition).get(namespace, name);
  const pod = value as unknown as Pod;
  const budget = ignoresBudgets(pod) ? undefined : await budgetOf(pod, context, server);
  if (budget && !isUnprotected(pod, budget)) await takeFrom(budget, name, context, options, server);
  await markAndDelete(context, options, server);
  const object: JsonObject = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
  return { is: 'object', code: 201, object, warnings: context.warnings };
}

function deleteOptions(given: DeleteOptions, context: RequestContext): RequestOptions {
  const { gracePeriodSeconds, preconditions, propagationPolicy, orphanDependents } = given;
  const dryRun = given.dryRun?.length ? given.dryRun : context.options.dryRun;
  return {
    ...(dryRun ? { dryRun } : {}),
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(preconditions ? { preconditions } : {}),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    ...(orphanDependents === undefined ? {} : { orphanDependents }),
  };
}

const isDry = (options: RequestOptions): boolean => options.dryRun?.includes('All') === true;

/** Its going disrupts nothing. */
const ignoresBudgets = (pod: Pod): boolean =>
  isPodTerminal(pod) || pod.status?.phase === 'Pending' || pod.metadata.deletionTimestamp !== undefined;

async function budgetOf(pod: Pod, context: RequestContext, server: SubresourceServer): Promise<PodDisruptionBudget | undefined> {
  const { namespace } = context.request;
  const response = await server.serve({
    ...context.request,
    verb: 'list',
    group: 'policy',
    version: 'v1',
    resource: 'poddisruptionbudgets',
    namespace,
    name: '',
    subresource: '',
    options: {},
  });
  if (response.is !== 'object') throw new Error('a list is an object');
  const budgets = response.object['items'] as readonly PodDisruptionBudget[];
  const own = budgets.filter(({ spec }) => LabelSelector.fromSpec(spec?.selector).matches(pod.metadata.labels));
  if (own.length > 1)
    throw statusError({
      code: 500,
      reason: '',
      message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    });
  return own[0];
}

/** A pod that is not ready may go where the budget says so, or where enough others are healthy. */
function isUnprotected(pod: Pod, { spec, status }: PodDisruptionBudget): boolean {
  if (isPodReady(pod)) return false;
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy;
}

/** Counts one disruption, or refuses. */
async function takeFrom(
  { metadata }: PodDisruptionBudget,
  podName: string,
  context: RequestContext,
  options: RequestOptions,
  server: SubresourceServer,
): Promise<void> {
  const definition = server.catalog.findResource('policy', 'poddisruptionbudgets');
  if (!definition) throw new Error('the server has no disruption budgets');
  const name = metadata.name!;
  await server.objects(definition).update(context.request.namespace, name, isDry(options), (old) => {
    if (!old) throw notFoundError({ group: 'policy', resource: 'poddisruptionbudgets' }, name);
    return taken(old, podName, context.now);
  });
}

function taken(object: KubernetesObject, podName: string, now: number): KubernetesObject {
  const budget = object as unknown as PodDisruptionBudget;
  const { name } = object.metadata;
  const { status } = budget;
  const forbidden = (why: string): StatusError => forbiddenError({ group: 'policy', resource: 'poddisruptionbudget' }, name, why);
  const violates = (message: string, retryAfterSeconds: number): StatusError =>
    tooManyRequests(VIOLATES, retryAfterSeconds, [{ reason: 'DisruptionBudget', message }]);
  if ((status?.observedGeneration ?? 0) < (object.metadata.generation ?? 0))
    throw violates(`The disruption budget ${name} is still being processed by the server.`, STILL_PROCESSED_RETRY_SECONDS);
  const { disruptionsAllowed = 0, disruptedPods = {} } = status ?? {};
  if (disruptionsAllowed < 0) throw forbidden('pdb disruptions allowed is negative');
  if (Object.keys(disruptedPods).length > MAX_DISRUPTED_PODS)
    throw forbidden('DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  if (disruptionsAllowed === 0) throw violates(`The disruption budget ${name} ${whyNone(status)}`, 0);
  const left = disruptionsAllowed - 1;
  return {
    ...object,
    status: {
      ...status,
      disruptionsAllowed: left,
      disruptedPods: { ...disruptedPods, [podName]: formatTime(now) },
      ...(left === 0 ? { conditions: noneLeft(status, now) } : {}),
    },
  };
}

/** Counts say nothing where the controller failed to reckon them, and not enough where more are healthy than need be. */
function whyNone(status: PodDisruptionBudget['status']): string {
  const { conditions = [], desiredHealthy = 0, currentHealthy = 0 } = status ?? {};
  const condition = conditions.find((c) => c.type === 'DisruptionAllowed');
  const told = condition?.status === 'False' && condition.message ? condition : undefined;
  const none = 'does not allow evicting pods currently';
  if (told?.reason === 'SyncFailed') return `${none} because it failed sync: ${told.message}`;
  if (currentHealthy <= desiredHealthy) return `needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  return told ? `${none} (${told.reason}): ${told.message}` : none;
}

/** Conditions of a budget that has nothing left. */
function noneLeft(status: PodDisruptionBudget['status'], now: number): readonly Condition[] {
  const { conditions = [], observedGeneration } = status ?? {};
  const before = conditions.find((c) => c.type === 'DisruptionAllowed');
  const condition: Condition = {
    type: 'DisruptionAllowed',
    status: 'False',
    ...(observedGeneration ? { observedGeneration } : {}),
    lastTransitionTime: before?.status === 'False' ? before.lastTransitionTime : formatTime(now),
    reason: 'InsufficientPods',
    message: '',
  };
  return before ? conditions.map((c) => (c === before ? condition : c)) : [...conditions, condition];
}

/** The pod says why it goes, and goes. */
async function markAndDelete(context: RequestContext, options: RequestOptions, server: SubresourceServer): Promise<void> {
  const { name } = context.request;
  const request = { ...context.request, verb: 'delete' as const, subresource: '', options };
  const { body: _, ...withoutBody } = request;
  if (!isDry(options) && !options.preconditions) {
    await server.update(context, {
      strategy: evictionStrategy,
      change: (old) => {
        if (!old) throw notFoundError({ group: '', resource: 'pods' }, name);
        const { status } = old as unknown as Pod;
        const target = {
          type: 'DisruptionTarget',
          status: 'True',
          reason: 'EvictionByEvictionAPI',
          message: 'Eviction API: evicting',
        };
        return {
          ...old,
          metadata: { ...old.metadata },
          status: { ...status, conditions: withCondition(status?.conditions, target, context.now) },
        };
      },
    });
  }
  await server.serve(withoutBody);
}
