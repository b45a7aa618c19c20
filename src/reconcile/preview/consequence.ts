// What a change leads to, as a value: its shape, its types, and the order in which consequences are told. What they are is found by the
// rules (rules/).
import type { ResourceId } from '../plan/resource-id.ts';
import type { Origin } from '../render/origin.ts';

export type Severity = 'error' | 'warning' | 'info';

export const CONSEQUENCE_TYPES = [
  'AvailabilityLoss',
  'CascadingDeletion',
  'ClaimPending',
  'ClaimTerminating',
  'ConnectivityChange',
  'DanglingReference',
  'DataLeft',
  'DataLoss',
  'DeadlineExceeded',
  'DeprecatedAPI',
  'DisruptionBudget',
  'HookFailed',
  'HookRuns',
  'ImmutableField',
  'JobFailed',
  'JobRuns',
  'Orphaned',
  'OwnershipChange',
  'PermissionChange',
  'PodsRefused',
  'PodsRestart',
  'PortWithoutEndpoints',
  'Preemption',
  'QuotaExceeded',
  'Rejected',
  'ResourceDelta',
  'RolloutPaused',
  'Scaled',
  'ServerWarning',
  'ServiceRemoved',
  'ServiceTypeChange',
  'ServiceWithoutEndpoints',
  'SilentConfigChange',
  'Unschedulable',
  'WorkloadRemoved',
] as const;

export type ConsequenceType = (typeof CONSEQUENCE_TYPES)[number];

export interface Consequence {
  readonly severity: Severity;
  readonly type: ConsequenceType;
  /** Which case of its type, in one word: `Outage` or `Reduced` of an AvailabilityLoss. */
  readonly reason: string;
  readonly object: ResourceId;
  /** Where a source defines several apps: the one that the object belongs to. */
  readonly app?: string;
  readonly message: string;
  /** What an API server answered or an event said, word for word; empty where neither did. */
  readonly cause: string;
  /** What to do about it; empty where nothing needs to be done. */
  readonly remedy: string;
  /** The fields whose change leads to it, as Kubernetes writes them; empty where no field does. */
  readonly fields: readonly string[];
  /** The first of those fields in the source, or where its object begins; null where head does not have the object. */
  readonly origin: Pick<Origin, 'file' | 'line'> | null;
}

/** A consequence as a rule finds it: its place in the source is looked up later. */
export interface Finding extends Omit<Consequence, 'origin' | 'cause' | 'remedy' | 'fields'> {
  readonly cause?: string;
  readonly remedy?: string;
  readonly fields?: readonly string[];
  /** Whose manifest leads to it, where that is not the object. */
  readonly source?: ResourceId;
}

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];

/** Errors first; otherwise as they are. */
export const bySeverity = <T extends { readonly severity: Severity }>(items: readonly T[]): T[] =>
  [...items].sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));

export const atLeast = ({ severity }: { readonly severity: Severity }, least: Severity): boolean =>
  SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(least);

/** `1 pod`, `3 pods`. */
export const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

/** Names are told until there are so many. */
const MOST_NAMES = 5;

/** `a, b and 3 more`. */
export const listed = (names: readonly string[], most = MOST_NAMES): string =>
  names.length <= most + 1 ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
