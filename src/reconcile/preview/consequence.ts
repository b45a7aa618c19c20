// What a change leads to, as values: found from the plan, and from what happened when the plan was done in an embedded cluster.
import type { Origin } from '../render/origin.ts';
import { originOf } from '../report/result.ts';
import type { ResourceId } from '../plan/resource-id.ts';
import { resourceText } from '../plan/resource-id.ts';
import type { PlannedResource } from '../plan/plan.ts';
import type { FieldDifference } from '../plan/field-difference.ts';

export type Severity = 'error' | 'warning' | 'info';

export type ConsequenceType =
  | 'PodsRestart'
  | 'ImmutableField'
  | 'Rejected'
  | 'Unschedulable'
  | 'AvailabilityLoss'
  | 'ServiceWithoutEndpoints'
  | 'DataLoss'
  | 'DeadlineExceeded';

export interface Consequence {
  readonly severity: Severity;
  readonly type: ConsequenceType;
  readonly object: ResourceId;
  readonly message: string;
  /** What an API server answered or an event said, word for word; empty where neither did. */
  readonly cause: string;
  /** What to do about it; empty where nothing needs to be done. */
  readonly remedy: string;
  readonly origin: Pick<Origin, 'file' | 'line'> | null;
}

const TEMPLATE = /^spec\.template\b/;

/** The fields of a pod template that change: its pods are replaced. */
export const templateChanges = ({ id, differences }: PlannedResource): readonly FieldDifference[] =>
  id.group === 'apps' && ['Deployment', 'StatefulSet', 'DaemonSet'].includes(id.kind)
    ? differences.filter(({ path }) => TEMPLATE.test(path))
    : [];

export function refused({ id, desired, refusal }: PlannedResource): Consequence[] {
  if (!refusal) return [];
  const fields = refusal.faults.map(({ path, message }) => (path ? `${path}: ${shortened(message)}` : shortened(message))).join('; ');
  return [
    {
      severity: 'error',
      type: refusal.immutable ? 'ImmutableField' : 'Rejected',
      object: id,
      message: refusal.immutable
        ? `${resourceText(id)} cannot be changed like this: ${fields}`
        : `${resourceText(id)} is refused: ${fields}`,
      cause: refusal.message,
      remedy: refusal.remedy,
      origin: originOf(desired?.origin),
    },
  ];
}

/** Kubernetes prints whole pod templates into its messages. */
const LONGEST_VALUE = 120;

const shortened = (message: string): string =>
  message.replace(/^([A-Z][a-z]+ value: )(.+)(: [^:"]+)$/s, (all, reason: string, value: string, why: string) =>
    value.length > LONGEST_VALUE ? `${reason}${value.slice(0, LONGEST_VALUE)}…${why}` : all,
  );

/** @param pods how many came and went */
export function podsRestart(planned: PlannedResource, pods: { readonly created: number; readonly deleted: number }): Consequence[] {
  const changes = templateChanges(planned);
  const { id, desired, action } = planned;
  if (action === 'recreate') return [restart(planned, `all pods of ${resourceText(id)} are replaced at once: it is made anew`, 'warning')];
  if (changes.length === 0 || pods.deleted === 0) return [];
  const paths = changes.map(({ path }) => path).join(', ');
  return [
    {
      severity: 'info',
      type: 'PodsRestart',
      object: id,
      message: `${pods.deleted} ${pods.deleted === 1 ? 'pod' : 'pods'} of ${resourceText(id)} restart: ${paths} ${changes.length === 1 ? 'changes' : 'change'}`,
      cause: '',
      remedy: '',
      origin: originOf(desired?.origin),
    },
  ];
}

function restart({ id, desired }: PlannedResource, message: string, severity: Severity): Consequence {
  return { severity, type: 'PodsRestart', object: id, message, cause: '', remedy: '', origin: originOf(desired?.origin) };
}

const DATA: Readonly<Record<string, { readonly severity: Severity; readonly what: string; readonly remedy: string }>> = {
  Namespace: { severity: 'error', what: 'everything in it is deleted', remedy: 'move its objects first, or keep the namespace' },
  CustomResourceDefinition: {
    severity: 'error',
    what: 'all its custom resources, in every namespace, are deleted',
    remedy: 'keep the definition, or save its resources first',
  },
  PersistentVolumeClaim: {
    severity: 'error',
    what: 'its volume is released, and deleted where the reclaim policy says so',
    remedy: 'keep the claim, or back up its data and set the reclaim policy of its volume to Retain',
  },
  PersistentVolume: { severity: 'error', what: 'what it holds can no longer be claimed', remedy: 'keep the volume, or back up its data' },
  StatefulSet: {
    severity: 'warning',
    what: 'its pods go; its claims stay unless persistentVolumeClaimRetentionPolicy says otherwise',
    remedy: 'back up its data, and delete the claims by hand when nobody needs them',
  },
};

/** Objects that go and take data along, or leave it behind without an owner. */
export function dataAtRisk({ id, action, live }: PlannedResource): Consequence[] {
  if (action !== 'prune' && action !== 'recreate') return [];
  const risk = DATA[id.kind];
  if (!risk) return [];
  const deletesClaims = id.kind === 'StatefulSet' && JSON.stringify(live?.['spec'] ?? {}).includes('"whenDeleted":"Delete"');
  return [
    {
      severity: deletesClaims ? 'error' : risk.severity,
      type: 'DataLoss',
      object: id,
      message: `${resourceText(id)} is ${action === 'prune' ? 'deleted' : 'made anew'}: ${deletesClaims ? 'its claims are deleted with it' : risk.what}`,
      cause: '',
      remedy: risk.remedy,
      origin: null,
    },
  ];
}
