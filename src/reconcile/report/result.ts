// The results of commands, as JSON has them: stable and additive, since scripts rely on them. Everything else (text, Markdown) is made
// from these.
import type { Drift } from '../plan/drift.ts';
import type { FieldDifference } from '../plan/field-difference.ts';
import type { ValueDifference } from '../plan/value-difference.ts';
import type { HealthStatus } from '../health/verdict.ts';
import type { ManifestError } from '../render/manifest-error.ts';
import type { Origin } from '../render/origin.ts';
import type { Rollout } from '../apply/rollout.ts';
import type { SourceInfo } from '../source/snapshot.ts';
import type { ResourceId } from '../plan/resource-id.ts';

export type SyncStatus = 'Synced' | 'OutOfSync';
export type ResourceAction = 'created' | 'configured' | 'unchanged' | 'recreated' | 'pruned' | 'skipped' | 'failed';

export interface ResourceResult extends ResourceId {
  readonly action: ResourceAction;
  readonly sync: SyncStatus;
  readonly health: HealthStatus;
  readonly message: string;
  readonly wave: number;
  /** Of a hook, its phase. */
  readonly hook: string | null;
  readonly origin: Pick<Origin, 'file' | 'line'> | null;
  /** Where a source defines several apps: the one that it belongs to. */
  readonly app?: string;
}

/** A fault of the source, or an object that the server refused, with what to do about it. */
export type ReportedError = Partial<Pick<ManifestError, 'value' | 'hint'>> &
  Pick<ManifestError, 'file' | 'line' | 'column' | 'path' | 'message'>;

/** What one app of a source came to. */
export interface AppResult {
  readonly app: string;
  /** `Kustomization/flux-system/apps`, `Application/argocd/web`, `App/web`, `Source/shop`. */
  readonly id: string;
  readonly origin: Pick<Origin, 'file' | 'line'> | null;
  readonly source: SourceInfo | null;
  /** Where objects go that name no namespace. */
  readonly namespace: string | null;
  /** The app that defines it. */
  readonly parent: string | null;
  readonly dependsOn: readonly string[];
  readonly state: 'synced' | 'failed' | 'heldBack' | 'suspended' | 'notRendered' | 'withdrawn';
  /** Why, where the state does not say it. */
  readonly message: string;
  readonly sync: SyncStatus;
  readonly health: HealthStatus;
  readonly attempts: number;
  readonly resources: readonly ResourceResult[];
  readonly rollouts: readonly Rollout[];
  readonly errors: readonly ReportedError[];
  readonly warnings: readonly ReportedError[];
}

export interface SyncResult {
  readonly source: SourceInfo;
  /** `embedded:NAME` or `context:NAME`. */
  readonly cluster: string;
  readonly app: string;
  readonly sync: SyncStatus;
  readonly health: HealthStatus;
  readonly durationMs: number;
  readonly resources: readonly ResourceResult[];
  readonly rollouts: readonly Rollout[];
  readonly drift: readonly Drift[];
  readonly errors: readonly ReportedError[];
  readonly warnings: readonly ReportedError[];
  /** The wait ended before everything was at rest. */
  readonly timedOut: boolean;
  readonly interrupted: boolean;
  /** Of a source that defines apps: each of them, in their order. `resources` and all other lists hold those of all apps. */
  readonly apps?: readonly AppResult[];
}

export interface DescribedDifference extends FieldDifference {
  /** What the values alone do not say: parts of an image's name, fields of YAML in a text. */
  readonly detail?: ValueDifference;
  /** Where the desired value is said: in the object's own file, or in the overlay that set it. Absent where nothing is desired. */
  readonly origin?: Pick<Origin, 'file' | 'line'>;
}

export interface ObjectDifference extends ResourceId {
  /** Where a source defines several apps: the one that it belongs to. */
  readonly app?: string;
  readonly change: 'added' | 'modified' | 'deleted';
  /** The most important first. */
  readonly fields: readonly DescribedDifference[];
  /** Of a generated object whose name ends in a hash: what it was called. It is one object to its users. */
  readonly previousName?: string;
  /** Another object with the very same content goes as this one comes, and the other way round. */
  readonly renamedFrom?: Pick<ResourceId, 'namespace' | 'name'>;
  readonly renamedTo?: Pick<ResourceId, 'namespace' | 'name'>;
  readonly origin: Pick<Origin, 'file' | 'line'> | null;
}

export interface DiffResult {
  readonly source: SourceInfo;
  readonly cluster: string;
  readonly app: string;
  readonly differences: readonly ObjectDifference[];
  readonly errors: readonly ReportedError[];
  readonly warnings: readonly ReportedError[];
  /** Of a source that defines apps: their names, in their order, with what is said of them. */
  readonly apps?: readonly (Pick<AppResult, 'app' | 'id' | 'origin' | 'parent' | 'dependsOn' | 'message'> & {
    readonly differences: number;
  })[];
}

export interface StatusResult {
  readonly cluster: string;
  readonly apps: readonly AppStatus[];
}

export interface AppStatus {
  readonly app: string;
  readonly namespace: string;
  readonly source: SourceInfo | null;
  /** Why whoever keeps it leaves it alone. */
  readonly suspended?: string;
  readonly sync: SyncStatus;
  readonly health: HealthStatus;
  readonly resources: readonly Omit<ResourceResult, 'action'>[];
  readonly rollouts: readonly Rollout[];
  readonly drift: readonly Drift[];
}

export const originOf = (origin: Pick<Origin, 'file' | 'line'> | undefined): ResourceResult['origin'] =>
  origin ? { file: origin.file, line: origin.line } : null;
