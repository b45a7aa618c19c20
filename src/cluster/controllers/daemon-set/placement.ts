// On which nodes a daemon runs, and what its pod there looks like. The controller decides this itself and leaves to the scheduler only
// whether the pod fits. Pure. Follows pkg/controller/daemon/util of kube-controller-manager.
import type { DaemonSet } from '#api/apps/v1';
import type { Affinity, Node, Pod, PodSpec, Toleration } from '#api/core/v1';
import { matchesRequiredNodeAffinity } from '../../../apimachinery/core/node-affinity.ts';
import { tolerated } from '../../../apimachinery/core/taints.ts';
import type { Manifest } from '../../../apimachinery/object.ts';
import { newControllerRef } from '../../../apimachinery/owner-reference.ts';
import { podFromTemplate } from '../shared/pod-control.ts';
import { REVISION_HASH } from '../shared/revisions.ts';

const TEMPLATE_GENERATION_LABEL = 'pod-template-generation';
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

const toleration = (name: string, effect: string): Toleration => ({ key: `node.kubernetes.io/${name}`, operator: 'Exists', effect });

/** Daemons stay where other pods would not. */
const DAEMON_TOLERATIONS: readonly Toleration[] = [
  toleration('not-ready', 'NoExecute'),
  toleration('unreachable', 'NoExecute'),
  toleration('disk-pressure', 'NoSchedule'),
  toleration('memory-pressure', 'NoSchedule'),
  toleration('pid-pressure', 'NoSchedule'),
  toleration('unschedulable', 'NoSchedule'),
];

function withTolerations(spec: PodSpec): readonly Toleration[] {
  const given = spec.tolerations ?? [];
  const own = spec.hostNetwork ? [...DAEMON_TOLERATIONS, toleration('network-unavailable', 'NoSchedule')] : DAEMON_TOLERATIONS;
  const same = (a: Toleration, b: Toleration): boolean =>
    a.key === b.key && a.effect === b.effect && a.operator === b.operator && (a.value ?? '') === (b.value ?? '');
  return [...given.filter((g) => !own.some((o) => same(o, g))), ...own];
}

export interface Placement {
  /** A daemon that is missing there must be made. */
  readonly shouldRun: boolean;
  /** One that is there may stay. */
  readonly mayStay: boolean;
}

const NOWHERE: Placement = { shouldRun: false, mayStay: false };

export function placementOn(node: Node, ds: DaemonSet): Placement {
  const spec = ds.spec.template.spec ?? { containers: [] };
  if (spec.nodeName && spec.nodeName !== node.metadata.name) return NOWHERE;
  if (!matchesRequiredNodeAffinity(spec, node)) return NOWHERE;
  const tolerations = withTolerations(spec);
  const repels = (effects: readonly string[]): boolean =>
    (node.spec?.taints ?? []).some((taint) => effects.includes(taint.effect) && !tolerated(taint, tolerations));
  if (repels(['NoSchedule', 'NoExecute'])) return { shouldRun: false, mayStay: !repels(['NoExecute']) };
  return { shouldRun: true, mayStay: true };
}

const nodeIs = (name: string): Affinity => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }],
    },
  },
});

/** The pod of one node: bound to it by an affinity, so that the scheduler can still say that it does not fit. */
export function newDaemonPod(ds: DaemonSet, nodeName: string, hash: string): Manifest<Pod> {
  const pod = podFromTemplate(ds.spec.template, ds, newControllerRef(ds));
  const generation = ds.metadata.annotations?.[TEMPLATE_GENERATION];
  const labels = {
    ...pod.metadata.labels,
    ...(generation === undefined ? {} : { [TEMPLATE_GENERATION_LABEL]: generation }),
    [REVISION_HASH]: hash,
  };
  const { affinity } = pod.spec;
  const nodeAffinity = { ...affinity?.nodeAffinity, ...nodeIs(nodeName).nodeAffinity };
  const spec = { ...pod.spec, affinity: { ...affinity, nodeAffinity }, tolerations: withTolerations(pod.spec) };
  return { ...pod, metadata: { ...pod.metadata, labels }, spec };
}

/** Where the pod is, or is to be; undefined where it says nothing of that. */
export function targetNode({ spec }: Pod): string | undefined {
  if (spec.nodeName) return spec.nodeName;
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const { matchFields = [] } of terms)
    for (const { key, operator, values = [] } of matchFields)
      if (key === 'metadata.name' && operator === 'In' && values[0]) return values[0];
  return undefined;
}

/** Whether the pod has the newest template. */
export function isUpdated(ds: DaemonSet, pod: Pod, hash: string): boolean {
  const { labels = {} } = pod.metadata;
  const generation = ds.metadata.annotations?.[TEMPLATE_GENERATION];
  return labels[REVISION_HASH] === hash || (generation !== undefined && labels[TEMPLATE_GENERATION_LABEL] === generation);
}
