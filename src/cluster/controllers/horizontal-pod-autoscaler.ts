// HorizontalPodAutoscaler: reads a target's size, asks its metrics how large it should be, and sets that within bounds and at the pace that
// its behaviour allows. Follows pkg/controller/podautoscaler of kube-controller-manager.
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerStatus, HPAScalingRules, MetricStatus } from '#api/autoscaling/v2';
import type { Pod } from '#api/core/v1';
import { canonical } from '../../apimachinery/codec/decode.ts';
import { LabelSelector, SelectorError } from '../../apimachinery/label-selector.ts';
import { deepEqual, type KubernetesObject } from '../../apimachinery/object.ts';
import { parseQuantity, quantityNumber } from '../../apimachinery/quantity.ts';
import { formatTime } from '../../apimachinery/time.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey, splitKey } from '../../client/informer.ts';
import { indexByLabel, selectedBy } from './shared/by-label.ts';
import { normalize, rescaled, type History } from './horizontal-pod-autoscaler/normalize.ts';
import { propose, type MetricResult } from './horizontal-pod-autoscaler/propose.ts';
import type { Tolerances } from './horizontal-pod-autoscaler/replica-calculator.ts';

const WORKERS = 5;
const KIND = 'autoscaling/v2/HorizontalPodAutoscaler';
const SYNC_PERIOD_MS = 15_000;
const TICK = 'tick';
const TOLERANCE = 0.1;

interface Scale extends KubernetesObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas?: number; readonly selector?: string };
}

type Conditions = NonNullable<HorizontalPodAutoscalerStatus['conditions']>;
type Say = (type: string, status: string, reason: string, message: string) => void;

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

/** All metrics taken together. */
export type Combined =
  | { readonly is: 'known'; readonly replicas: number; readonly metric: string; readonly error: string | undefined }
  /** `condition` is that of ScalingActive. */
  | { readonly is: 'unknown'; readonly condition: { readonly reason: string; readonly message: string }; readonly error: string };

/** The one that asks for most wins; one that failed stands in the way of going down. */
export function combine(results: readonly MetricResult[], current: number): Combined {
  const failed = results.filter((result) => result.is === 'failed');
  let best: { readonly replicas: number; readonly metric: string } | undefined;
  for (const result of results) if (result.is === 'found' && (!best?.replicas || result.replicas > best.replicas)) best = result;
  const [first] = failed;
  const error = first && `invalid metrics (${failed.length} invalid out of ${results.length}), first error is: ${first.error}`;
  if (first && (!best || best.replicas < current)) {
    const message = `the HPA was unable to compute the replica count: ${first.message}`;
    return { is: 'unknown', condition: { reason: first.reason, message }, error: error! };
  }
  return { is: 'known', replicas: best?.replicas ?? 0, metric: best?.metric ?? '', error };
}

function tolerancesOf({ spec }: HorizontalPodAutoscaler): Tolerances {
  const of = (rules: HPAScalingRules | undefined): number =>
    rules?.tolerance === undefined ? TOLERANCE : quantityNumber(parseQuantity(rules.tolerance));
  return { scaleUp: of(spec?.behavior?.scaleUp), scaleDown: of(spec?.behavior?.scaleDown) };
}

export function horizontalPodAutoscalerController(deps: ControllerDeps): Controller {
  const { client, informers, clock, events } = deps;
  const autoscalers = informers.of(KIND);
  const pods = informers.of('v1/Pod');
  indexByLabel(pods);
  const histories = new Map<string, History>();
  /** Namespace → name → the selector of the autoscaler's target. */
  const selectors = new Map<string, Map<string, LabelSelector>>();

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
        deleted(hpa) {
          histories.delete(objectKey(hpa));
          selectors.get(hpa.metadata.namespace ?? '')?.delete(hpa.metadata.name);
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
      if (hpa) await sync(key, hpa);
    },
  });

  async function sync(key: string, hpa: HorizontalPodAutoscaler): Promise<void> {
    const { namespace = '' } = hpa.metadata;
    const { apiVersion = 'v1', kind, name } = hpa.spec!.scaleTargetRef;
    const target = `${apiVersion}/${kind}` as 'example.test/v1/Any';
    let conditions = hpa.status?.conditions ?? [];
    const say: Say = (type, status, reason, message) => {
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
    if (!histories.has(key))
      histories.set(key, { recommendations: [{ replicas: current, atMs: clock.now() }], scaleUps: [], scaleDowns: [] });
    const outcome = await wantedSize(key, hpa, scale, say);
    // of what was not looked at nothing is told any more, but for a target that is switched off
    const base = { ...hpa.status, currentReplicas: current, currentMetrics: outcome.currentMetrics };
    const { replicas, reason } = outcome;
    if (replicas === undefined) {
      await writeStatus(hpa, { ...base, desiredReplicas: hpa.status?.desiredReplicas ?? 0, conditions });
      return;
    }
    if (replicas === current) {
      await writeStatus(hpa, { ...base, desiredReplicas: current, conditions });
      return;
    }
    try {
      await client.update(target, { ...scale, spec: { replicas } } as KubernetesObject, { subresource: 'scale' });
    } catch (error) {
      const { message } = error as Error;
      events.event(hpa, 'Warning', 'FailedRescale', `New size: ${replicas}; reason: ${reason}; error: ${message}`);
      say('AbleToScale', 'False', 'FailedUpdateScale', `the HPA controller was unable to update the target scale: ${message}`);
      await writeStatus(hpa, { ...base, desiredReplicas: hpa.status?.desiredReplicas ?? 0, conditions });
      throw error;
    }
    say('AbleToScale', 'True', 'SucceededRescale', `the HPA controller was able to update the target scale to ${replicas}`);
    events.event(hpa, 'Normal', 'SuccessfulRescale', `New size: ${replicas}; reason: ${reason}`);
    histories.set(key, rescaled(hpa.spec!.behavior, histories.get(key)!, current, replicas, clock.now()));
    await writeStatus(hpa, { ...base, desiredReplicas: replicas, lastScaleTime: formatTime(clock.now()), conditions });
  }

  interface Outcome {
    /** Undefined: it cannot be said. */
    readonly replicas: number | undefined;
    readonly reason: string;
    readonly currentMetrics: readonly MetricStatus[] | undefined;
  }

  async function wantedSize(key: string, hpa: HorizontalPodAutoscaler, scale: Scale, say: Say): Promise<Outcome> {
    const current = scale.spec?.replicas ?? 0;
    const decision = decide(hpa, current);
    if (decision.is === 'disabled') {
      say('ScalingActive', 'False', 'ScalingDisabled', 'scaling is disabled since the replica count of the target is zero');
      return { replicas: 0, reason: '', currentMetrics: undefined };
    }
    if (decision.is === 'rescale') return { ...decision, currentMetrics: undefined };
    const results = await measure(hpa, scale, say);
    if (!results) return { replicas: undefined, reason: '', currentMetrics: undefined };
    // what is known of a metric that cannot be read is nothing but that it was asked for
    const currentMetrics = results.map((result): MetricStatus => (result.is === 'found' ? result.status : { type: '' }));
    for (const result of results) if (result.is === 'failed') events.event(hpa, 'Warning', result.reason, result.message);
    const combined = combine(results, current);
    if (combined.is === 'unknown') {
      say('ScalingActive', 'False', combined.condition.reason, combined.condition.message);
      events.event(hpa, 'Warning', 'FailedComputeMetricsReplicas', combined.error);
      return { replicas: undefined, reason: '', currentMetrics };
    }
    const { metric, replicas: desired } = combined;
    say('ScalingActive', 'True', 'ValidMetricFound', `the HPA was able to successfully calculate a replica count from ${metric}`);
    const { able, limited, history, replicas } = normalize(hpa.spec!, histories.get(key)!, current, desired, clock.now());
    histories.set(key, history);
    say('AbleToScale', 'True', able.reason, able.message);
    say('ScalingLimited', limited.status, limited.reason, limited.message);
    return { replicas, reason: desired > current ? `${metric} above target` : 'All metrics below target', currentMetrics };
  }

  /** @returns undefined where it cannot be said which pods are meant; that has been told */
  async function measure(hpa: HorizontalPodAutoscaler, scale: Scale, say: Say): Promise<readonly MetricResult[] | undefined> {
    const { namespace = '' } = hpa.metadata;
    const selector = selectorOf(hpa, scale, say);
    if (!selector) return undefined;
    const selected = selectedBy(pods, namespace, selector);
    const rivals = ambiguous(hpa, selected);
    if (rivals.length > 1) {
      const message = `pods by selector ${selector.toString()} are controlled by multiple HPAs: [${rivals.join(' ')}]`;
      refuse(hpa, say, 'AmbiguousSelector', 'AmbiguousSelector', message);
      return undefined;
    }
    const scaled = {
      namespace,
      pods: selected,
      selector: selector.toString(),
      currentReplicas: scale.spec?.replicas ?? 0,
      statusReplicas: scale.status?.replicas ?? 0,
      tolerances: tolerancesOf(hpa),
      now: clock.now(),
    };
    return Promise.all((hpa.spec!.metrics ?? []).map((metric) => propose(client, metric, scaled)));
  }

  function selectorOf(hpa: HorizontalPodAutoscaler, scale: Scale, say: Say): LabelSelector | undefined {
    const text = scale.status?.selector ?? '';
    if (text === '') {
      refuse(hpa, say, 'SelectorRequired', 'InvalidSelector', "the HPA target's scale is missing a selector", 'selector is required');
      return undefined;
    }
    try {
      const selector = LabelSelector.parse(text);
      const { name, namespace = '' } = hpa.metadata;
      selectors.set(namespace, (selectors.get(namespace) ?? new Map<string, LabelSelector>()).set(name, selector));
      return selector;
    } catch (error) {
      if (!(error instanceof SelectorError)) throw error;
      const message = `couldn't convert selector into a corresponding internal selector object: ${error.message}`;
      refuse(hpa, say, 'InvalidSelector', 'InvalidSelector', message);
      return undefined;
    }
  }

  /** @param event what the event says, where that is not what the condition says */
  function refuse(hpa: HorizontalPodAutoscaler, say: Say, told: string, reason: string, message: string, event = message): void {
    events.event(hpa, 'Warning', told, event);
    say('ScalingActive', 'False', reason, message);
    events.event(hpa, 'Warning', 'FailedComputeMetricsReplicas', event);
  }

  /** The autoscalers that have a say over these pods, as `{name namespace}`. */
  function ambiguous({ metadata: { name: own, namespace = '' } }: HorizontalPodAutoscaler, selected: readonly Pod[]): readonly string[] {
    const found: string[] = [];
    for (const [name, selector] of selectors.get(namespace) ?? [])
      if (name === own || selected.some(({ metadata }) => selector.matches(metadata.labels))) found.push(`{${name} ${namespace}}`);
    return found;
  }

  type Told = Omit<HorizontalPodAutoscalerStatus, 'currentMetrics'> & { readonly currentMetrics?: readonly MetricStatus[] | undefined };

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
