// What the API server itself makes of a pod that is about to be stored: its first status, selectors by the pod's own labels, and old
// annotations turned into the fields that took their place. Follows pkg/registry/core/pod/strategy.go.
import type { Pod, PodAffinity, PodAffinityTerm, PodSpec, PodStatus } from '#api/core/v1';
import type { LabelSelector, LabelSelectorRequirement } from '#api/meta/v1';
import { formatTime } from '../../../apimachinery/time.ts';
import type { DraftOf } from '../generic/define.ts';
import type { RuleContext } from '../generic/resource-definition.ts';
import { withAppArmorOf } from './app-armor.ts';
import { withoutDisabledFields } from './disabled-fields.ts';
import { podQOSClass } from './qos-class.ts';

type Labels = Readonly<Record<string, string>>;

export function preparePod(pod: DraftOf<Pod>, { now, warn }: Pick<RuleContext, 'now' | 'warn'>): void {
  pod.metadata.generation = 1;
  pod.spec = withoutDisabledFields(pod.spec);
  // an old way to say one second
  if ((pod.spec.terminationGracePeriodSeconds ?? 0) < 0) pod.spec = { ...pod.spec, terminationGracePeriodSeconds: 1 };
  pod.status = initialStatus(pod.spec, now);
  const labels = pod.metadata.labels ?? {};
  mergeLabelKeys(pod, labels);
  pod.spec = withAppArmorOf(pod.metadata.annotations, pod.spec, warn);
}

function initialStatus(spec: PodSpec, now: number): PodStatus {
  const qosClass = podQOSClass(spec);
  if (!spec.schedulingGates?.length) return { phase: 'Pending', qosClass };
  const gated = {
    type: 'PodScheduled',
    status: 'False',
    lastProbeTime: null as unknown as string,
    lastTransitionTime: formatTime(now),
    reason: 'SchedulingGated',
    message: 'Scheduling is blocked due to non-empty scheduling gates',
  };
  return { phase: 'Pending', conditions: [gated], qosClass };
}

/** `matchLabelKeys` and `mismatchLabelKeys` become requirements with the pod's own values. */
function mergeLabelKeys(pod: DraftOf<Pod>, labels: Labels): void {
  const { affinity, topologySpreadConstraints } = pod.spec;
  const podAffinity = affinity?.podAffinity && mergedAffinity(affinity.podAffinity, labels);
  const podAntiAffinity = affinity?.podAntiAffinity && mergedAffinity(affinity.podAntiAffinity, labels);
  if (podAffinity !== affinity?.podAffinity || podAntiAffinity !== affinity?.podAntiAffinity)
    pod.spec = {
      ...pod.spec,
      affinity: { ...affinity, ...(podAffinity ? { podAffinity } : {}), ...(podAntiAffinity ? { podAntiAffinity } : {}) },
    };
  if (!topologySpreadConstraints?.some((c) => c.matchLabelKeys?.length && c.labelSelector)) return;
  const constraints = topologySpreadConstraints.map((constraint) => {
    const { matchLabelKeys = [], labelSelector } = constraint;
    return labelSelector ? { ...constraint, labelSelector: merged(labelSelector, 'In', matchLabelKeys, labels) } : constraint;
  });
  pod.spec = { ...pod.spec, topologySpreadConstraints: constraints };
}

const hasKeys = ({ matchLabelKeys, mismatchLabelKeys, labelSelector }: PodAffinityTerm): boolean =>
  labelSelector !== undefined && Boolean(matchLabelKeys?.length || mismatchLabelKeys?.length);

function mergedAffinity(affinity: PodAffinity, labels: Labels): PodAffinity {
  const required = affinity.requiredDuringSchedulingIgnoredDuringExecution;
  const preferred = affinity.preferredDuringSchedulingIgnoredDuringExecution;
  if (!required?.some(hasKeys) && !preferred?.some((t) => hasKeys(t.podAffinityTerm))) return affinity;
  return {
    ...(required ? { requiredDuringSchedulingIgnoredDuringExecution: required.map((t) => mergedTerm(t, labels)) } : {}),
    ...(preferred
      ? {
          preferredDuringSchedulingIgnoredDuringExecution: preferred.map((t) => ({
            ...t,
            podAffinityTerm: mergedTerm(t.podAffinityTerm, labels),
          })),
        }
      : {}),
  };
}

function mergedTerm(term: PodAffinityTerm, labels: Labels): PodAffinityTerm {
  if (!hasKeys(term)) return term;
  const matching = merged(term.labelSelector!, 'In', term.matchLabelKeys ?? [], labels);
  return { ...term, labelSelector: merged(matching, 'NotIn', term.mismatchLabelKeys ?? [], labels) };
}

/** Keys that the pod does not have are left out. */
function merged(selector: LabelSelector, operator: 'In' | 'NotIn', keys: readonly string[], labels: Labels): LabelSelector {
  const added: LabelSelectorRequirement[] = keys
    .filter((key) => labels[key] !== undefined)
    .map((key) => ({ key, operator, values: [labels[key]!] }));
  return added.length ? { ...selector, matchExpressions: [...(selector.matchExpressions ?? []), ...added] } : selector;
}
