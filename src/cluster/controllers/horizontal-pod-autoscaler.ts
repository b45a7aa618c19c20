// HorizontalPodAutoscaler where nobody serves metrics: keeps workloads within their bounds, and says why it cannot do more.
// DEVIATION: resource, custom and external metrics are never read; every metric counts as missing, as on a cluster without
// metrics-server. Follows pkg/controller/podautoscaler of kube-controller-manager.
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerStatus, MetricSpec } from '#api/autoscaling/v2';
import { canonical } from '../../apimachinery/codec/decode.ts';
import { deepEqual, type KubernetesObject } from '../../apimachinery/object.ts';
import { formatTime } from '../../apimachinery/time.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey, splitKey } from '../../client/informer.ts';

const WORKERS = 5;
const KIND = 'autoscaling/v2/HorizontalPodAutoscaler';
const SYNC_PERIOD_MS = 15_000;
const TICK = 'tick';

interface Scale extends KubernetesObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas?: number };
}

/** Metrics are told of only where some were asked for. */
type Told = Omit<HorizontalPodAutoscalerStatus, 'currentMetrics'> & {
  readonly currentMetrics?: readonly { readonly type: string }[] | undefined;
};

type Conditions = NonNullable<HorizontalPodAutoscalerStatus['conditions']>;

/** What a look at the target says: a new size, that nothing is to be done, or that metrics are needed. */
export type Decision =
  { readonly is: 'disabled' } | { readonly is: 'rescale'; readonly replicas: number; readonly reason: string } | { readonly is: 'metrics' };

export function decide({ spec }: HorizontalPodAutoscaler, current: number): Decision {
  const { minReplicas = 1, maxReplicas } = spec!;
  if (current === 0 && minReplicas !== 0) return { is: 'disabled' };
  if (current > maxReplicas) return { is: 'rescale', replicas: maxReplicas, reason: 'Current number of replicas above Spec.MaxReplicas' };
  if (current < minReplicas) return { is: 'rescale', replicas: minReplicas, reason: 'Current number of replicas below Spec.MinReplicas' };
  return { is: 'metrics' };
}

/** Why a metric cannot be had, and the name under which that is told. */
export function missingMetric({ type, resource, containerResource, object, pods, external }: MetricSpec): {
  readonly reason: string;
  readonly message: string;
} {
  const custom = 'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered';
  const ofResource =
    'unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)';
  const own = resource ?? containerResource;
  if (own) {
    const what = own.target.averageUtilization === undefined ? 'usage' : 'utilization';
    return {
      reason: `FailedGet${type}Metric`,
      message: `failed to get ${own.name} ${what}: unable to get metrics for resource ${own.name}: ${ofResource}`,
    };
  }
  const name = object?.metric.name ?? pods?.metric.name ?? external?.metric.name ?? '';
  if (external)
    return {
      reason: 'FailedGetExternalMetric',
      message: `failed to get ${name} external metric: unable to get external metric ${name}: unable to fetch metrics from external metrics API: the server could not find the requested resource`,
    };
  return { reason: `FailedGet${type}Metric`, message: `unable to get metric ${name}: ${custom}` };
}

export function horizontalPodAutoscalerController(deps: ControllerDeps): Controller {
  const { client, informers, clock, events } = deps;
  const autoscalers = informers.of(KIND);

  return controller({
    name: 'horizontal-pod-autoscaler-controller',
    deps,
    workers: WORKERS,
    watch(queue) {
      queue.addAfter(TICK, SYNC_PERIOD_MS, { background: true });
      autoscalers.addHandler({
        added: (hpa) => queue.add(objectKey(hpa)),
        updated(hpa, old) {
          if (!deepEqual(hpa.spec, old.spec)) queue.add(objectKey(hpa));
        },
      });
    },
    async reconcile(key, queue) {
      if (key === TICK) {
        queue.addAfter(TICK, SYNC_PERIOD_MS, { background: true });
        for (const hpa of autoscalers.list()) queue.add(objectKey(hpa));
        return;
      }
      const { namespace, name } = splitKey(key);
      const hpa = autoscalers.get(namespace, name);
      if (hpa) await sync(hpa);
    },
  });

  async function sync(hpa: HorizontalPodAutoscaler): Promise<void> {
    const { namespace = '' } = hpa.metadata;
    const { apiVersion = 'v1', kind, name } = hpa.spec!.scaleTargetRef;
    const target = `${apiVersion}/${kind}` as 'example.test/v1/Any';
    let conditions = hpa.status?.conditions ?? [];
    const say = (type: string, status: string, reason: string, message: string): void => {
      conditions = withCondition(conditions, { type, status, reason, message }, clock.now());
    };
    let scale: Scale;
    try {
      scale = (await client.get(target, name, { namespace, subresource: 'scale' })) as Scale;
    } catch (error) {
      const { message } = error as Error;
      events.event(hpa, 'Warning', 'FailedGetScale', message);
      say('AbleToScale', 'False', 'FailedGetScale', `the HPA controller was unable to get the target's current scale: ${message}`);
      await writeStatus(hpa, { ...hpa.status, desiredReplicas: hpa.status?.desiredReplicas ?? 0, conditions });
      return;
    }
    say('AbleToScale', 'True', 'SucceededGetScale', "the HPA controller was able to get the target's current scale");
    const current = scale.spec?.replicas ?? 0;
    const decision = decide(hpa, current);
    const base = { ...hpa.status, currentReplicas: scale.status?.replicas ?? 0 };
    if (decision.is === 'disabled') {
      say('ScalingActive', 'False', 'ScalingDisabled', 'scaling is disabled since the replica count of the target is zero');
      await writeStatus(hpa, { ...base, desiredReplicas: 0, conditions });
    } else if (decision.is === 'rescale') {
      const { replicas, reason } = decision;
      await client.update(target, { ...scale, spec: { replicas } } as KubernetesObject, { subresource: 'scale' });
      say('AbleToScale', 'True', 'SucceededRescale', `the HPA controller was able to update the target scale to ${replicas}`);
      events.event(hpa, 'Normal', 'SuccessfulRescale', `New size: ${replicas}; reason: ${reason}`);
      await writeStatus(hpa, { ...base, desiredReplicas: replicas, lastScaleTime: formatTime(clock.now()), conditions });
    } else {
      const [first] = tellMissing(hpa, say);
      // what is known of a metric that cannot be read is nothing but that it was asked for
      const currentMetrics = (hpa.spec?.metrics ?? []).map(() => ({ type: '' }));
      const { desiredReplicas = 0 } = hpa.status ?? {};
      await writeStatus(hpa, { ...base, desiredReplicas, ...(first ? { currentMetrics } : {}), conditions });
    }
  }

  function tellMissing(
    hpa: HorizontalPodAutoscaler,
    say: (type: string, status: string, reason: string, message: string) => void,
  ): readonly string[] {
    const missing = (hpa.spec?.metrics ?? []).map((metric) => ({ metric, ...missingMetric(metric) }));
    for (const { reason, message } of missing) events.event(hpa, 'Warning', reason, message);
    const [first] = missing;
    if (!first) return [];
    say('ScalingActive', 'False', first.reason, `the HPA was unable to compute the replica count: ${first.message}`);
    const { metric } = first;
    const what = metric.resource ? `failed to get ${metric.resource.name} resource metric value: ` : '';
    const all = `invalid metrics (${missing.length} invalid out of ${missing.length}), first error is: ${what}${first.message}`;
    events.event(hpa, 'Warning', 'FailedComputeMetricsReplicas', all);
    return missing.map((m) => m.message);
  }

  async function writeStatus(hpa: HorizontalPodAutoscaler, status: Told): Promise<void> {
    const wanted = canonical('autoscaling/v2.HorizontalPodAutoscalerStatus', status as HorizontalPodAutoscalerStatus);
    if (!deepEqual(hpa.status ?? {}, wanted)) await client.updateStatus(KIND, { ...hpa, status: wanted });
  }
}

function withCondition(conditions: Conditions, told: Omit<Conditions[number], 'lastTransitionTime'>, now: number): Conditions {
  const known = conditions.find((c) => c.type === told.type);
  const lastTransitionTime =
    known?.status === told.status && known.lastTransitionTime !== undefined ? known.lastTransitionTime : formatTime(now);
  const next = { ...told, lastTransitionTime };
  return known ? conditions.map((c) => (c === known ? next : c)) : [...conditions, next];
}
