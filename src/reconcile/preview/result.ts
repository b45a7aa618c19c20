// The result of a preview: what changes, what follows from it, and how it went over time. JSON has it as it is; every report is made of it.
import { hasRollout, type Rollout } from '../apply/rollout.ts';
import { byImportance, movedObjects, semanticDifferences, type Moved } from '../semantic-difference.ts';
import { resourceKey, type ResourceId } from '../plan/resource-id.ts';
import type { Prepared } from '../prepare.ts';
import type { ManifestError } from '../render/manifest-error.ts';
import { locateAll, type ManifestOrigin } from '../render/origin.ts';
import { originOf, type ObjectDifference, type ReportedError } from '../report/result.ts';
import { bySeverity, type Consequence, type Finding, type Severity } from './consequence.ts';
import { plannedOf, type Evidence, type Rule } from './evidence.ts';
import type { Observed, ObservedEvent, ServiceHistory, WorkloadHistory } from './observed.ts';
import { workloadKey } from './workloads.ts';

export interface PreviewResult {
  /** The commits; null where a side is no commit. */
  readonly base: string | null;
  readonly head: string | null;
  /** The most important first. */
  readonly changes: readonly ObjectDifference[];
  /** Objects that are described in another file. */
  readonly moved: readonly Moved[];
  /** The gravest first. */
  readonly consequences: readonly Consequence[];
  /** Of the workloads that change. */
  readonly rollouts: readonly (Rollout & {
    readonly durationSeconds: number;
    readonly minAvailable: number;
    readonly podsCreated: number;
    readonly podsDeleted: number;
  })[];
  /** Those whose endpoints change or are away for a while. */
  readonly services: readonly ServiceHistory[];
  /** The pods of each workload over time, where any came, went or changed. */
  readonly workloads: readonly WorkloadHistory[];
  readonly events: readonly ObservedEvent[];
  /** How long the change took until nothing happened any more, in the simulated time. */
  readonly durationSeconds: number;
  /** Faults of the sources. What of base is refused is a warning. */
  readonly errors: readonly ReportedError[];
  readonly warnings: readonly ReportedError[];
  /** What was taken for granted, and what could not be: plain sentences. */
  readonly assumed: readonly string[];
  /** Where a source defines several apps: those that the change touches, in their order. */
  readonly apps?: readonly PreviewedApp[];
}

export const NOTHING_HAPPENED: PreviewResult = {
  base: null,
  head: null,
  changes: [],
  moved: [],
  consequences: [],
  rollouts: [],
  services: [],
  workloads: [],
  events: [],
  durationSeconds: 0,
  errors: [],
  warnings: [],
  assumed: [],
};

/** What the change comes to for one app. */
export interface PreviewedApp {
  readonly app: string;
  /** `Kustomization/flux-system/apps`, `Application/argocd/web`, `App/web`, `Overlay/overlays/prod`. */
  readonly id: string;
  readonly change: 'added' | 'modified' | 'deleted';
  /** Objects that change. */
  readonly changes: number;
  /** Consequences for its objects. */
  readonly consequences: Readonly<Record<Severity, number>>;
  /** Why it was not run; empty where it was. */
  readonly message: string;
}

export interface Judgement {
  readonly rules: readonly Rule[];
  readonly assumed: readonly string[];
  /** By {@link resourceKey}: the app of a source's several to which an object belongs. */
  readonly appOf: ReadonlyMap<string, string>;
}

export async function previewResult(
  base: Prepared,
  head: Prepared,
  evidence: Evidence,
  { rules, assumed, appOf }: Judgement,
): Promise<PreviewResult> {
  const { plan, observed } = evidence;
  const findings = rules.flatMap((rule) => rule(evidence));
  const inApp = <T extends object>(item: T, id: ResourceId): T => {
    const app = appOf.get(resourceKey(id));
    return app === undefined ? item : { ...item, app };
  };
  return {
    base: base.source.revision,
    head: head.source.revision,
    changes: byImportance(await semanticDifferences(plan)).map((change) => inApp(change, change)),
    moved: movedObjects(base.manifests, head.manifests),
    consequences: bySeverity(await placed(findings, evidence, head.doubts)).map((consequence) => inApp(consequence, consequence.object)),
    rollouts: rollouts(evidence),
    services: observed.services.filter(
      ({ endpointsBefore, endpointsAfter, secondsWithoutEndpoints }) =>
        endpointsBefore !== endpointsAfter || (endpointsBefore > 0 && secondsWithoutEndpoints > 0),
    ),
    workloads: [...observed.workloads.values()].filter(
      ({ timeline, podsCreated, podsDeleted }) => timeline.length > 1 || podsCreated + podsDeleted > 0,
    ),
    events: observed.events,
    durationSeconds: lastSecond(observed),
    errors: withoutRepeats([...base.errors, ...head.errors]),
    warnings: [...head.warnings, ...refusedBefore(base, evidence)],
    assumed,
  };
}

/** What is wrong on both sides is told once. */
function withoutRepeats(errors: readonly ReportedError[]): ReportedError[] {
  const found = new Map(errors.map((error) => [`${error.file}:${error.line}:${error.column}:${error.path}:${error.message}`, error]));
  return [...found.values()];
}

/** Of whatever happened last. */
const lastSecond = ({ workloads, services, events }: Observed): number =>
  Math.max(
    0,
    ...[...workloads.values()].map(({ lastChangeSeconds }) => lastChangeSeconds),
    ...services.map(({ timeline }) => timeline.at(-1)?.seconds ?? 0),
    ...events.map(({ seconds }) => seconds),
  );

/**
 * Each with its place in the source: that of the first field, or where the object begins.
 *
 * @param doubts what was doubtful of head: where the server really refuses it, they know the place, and better words for what to do
 */
async function placed(findings: readonly Finding[], evidence: Evidence, doubts: Prepared['doubts']): Promise<Consequence[]> {
  const wanted = findings.map(({ object, source, fields = [] }) => {
    const origin = plannedOf(evidence, source ?? object)?.desired?.origin;
    return origin ? { origin: origin as ManifestOrigin, at: [], path: fields[0] ?? '' } : undefined;
  });
  const places = await locateAll(wanted.flatMap((one) => (one?.path ? [one] : [])));
  let next = 0;
  return findings.map(({ severity, type, reason, object, message, cause = '', remedy = '', fields = [] }, i) => {
    const one = wanted[i];
    const place = one?.path ? places[next++] : undefined;
    const [doubt, ...more] = (type === 'Rejected' && one && doubts.get(one.origin)) || [];
    const { file, line } = doubt ?? place ?? {};
    const origin = file === undefined || line === undefined ? originOf(one?.origin) : { file, line };
    const told = doubt ? [doubt, ...more].map(inWords).join('; ') : remedy;
    return { severity, type, reason, object, message, cause, remedy: told, fields, origin };
  });
}

const inWords = ({ path, message, hint }: ManifestError): string => `${path ? `${path}: ` : ''}${hint ?? message}`;

/** What of base the server refuses is not there to be changed. */
const refusedBefore = ({ errors }: Prepared, { settled }: Evidence): ReportedError[] =>
  settled.errors
    .filter((error) => !(errors as readonly ReportedError[]).includes(error))
    .map((error) => ({ ...error, message: `in base already: ${error.message}` }));

function rollouts({ plan, synced, observed }: Evidence): PreviewResult['rollouts'] {
  const changed = new Set(
    plan.resources.filter(({ id, action }) => hasRollout(id) && action !== 'unchanged').map(({ id }) => workloadKey(id)),
  );
  return synced.rollouts
    .filter((rollout) => changed.has(workloadKey(rollout)))
    .map((rollout) => {
      const history = observed.workloads.get(workloadKey(rollout));
      return {
        ...rollout,
        durationSeconds: history?.lastChangeSeconds ?? 0,
        minAvailable: history?.minReady ?? 0,
        podsCreated: history?.podsCreated ?? 0,
        podsDeleted: history?.podsDeleted ?? 0,
      };
    });
}
