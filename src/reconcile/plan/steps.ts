// A plan as the steps in which it is done: phase by phase, wave by wave, what goes away before what comes in each of them. Pure; follows
// Argo CD's gitops-engine.
import type { PlannedResource } from './plan.ts';
import { resourceKey } from './resource-id.ts';
import type { SyncPolicy } from './sync-policy.ts';
import { readSyncAnnotations, type Phase } from './sync-annotations.ts';

export interface Step {
  readonly phase: Phase;
  readonly wave: number;
  /** In the order in which they are done, hooks among them. */
  readonly resources: readonly PlannedResource[];
  /** Deleted first, one after the other. */
  readonly removed: readonly PlannedResource[];
}

export interface Steps {
  readonly steps: readonly Step[];
  /** Hooks that run only if the sync fails. */
  readonly onFailure: readonly PlannedResource[];
  /** Hooks that run once the app and all that it had is gone. */
  readonly onceDeleted: readonly PlannedResource[];
  /** What no step is about: it is left as it is. */
  readonly skipped: readonly PlannedResource[];
  /** Deleted once all steps are done, one after the other. */
  readonly removedLast: readonly PlannedResource[];
}

/** @param resources in the order of the plan */
export function stepsOf(resources: readonly PlannedResource[], { options, prunes }: Pick<SyncPolicy, 'options' | 'prunes'>): Steps {
  const skipped = resources.filter(({ action }) => action === 'skip');
  const done = resources.filter(({ action }) => action !== 'skip');
  const onFailure = done.filter(({ desired }) => desired?.phase === 'SyncFail');
  const onceDeleted = done.filter(({ desired }) => desired?.phase === 'PostDelete');
  const kept = done.filter((planned) => planned.desired && !onFailure.includes(planned) && !onceDeleted.includes(planned));
  const steps: MutableStep[] = [];
  for (const planned of kept) {
    const { phase, wave, stage = 0 } = planned.desired!;
    const last = steps.at(-1);
    if (last && last.phase === phase && last.wave === wave && last.stage === stage) last.resources.push(planned);
    else steps.push({ phase, wave, stage, resources: [planned], removed: [] });
  }
  const removals = done.filter(({ action }) => action === 'prune');
  const early = addEarlyRemovals(steps, removals);
  const others = removals.filter((planned) => !early.has(planned));
  if (prunes === 'last') return { steps, onFailure, onceDeleted, skipped, removedLast: others };
  addRemovals(steps, others, options);
  return { steps, onFailure, onceDeleted, skipped, removedLast: [] };
}

/** What must be gone before something is applied goes with that step. */
function addEarlyRemovals(steps: readonly MutableStep[], removals: readonly PlannedResource[]): ReadonlySet<PlannedResource> {
  const early = new Set<PlannedResource>();
  for (const planned of removals) {
    const { goesBefore } = planned;
    const step = goesBefore && steps.find(({ resources }) => resources.some(({ id }) => goesBefore.has(resourceKey(id))));
    if (!step) continue;
    step.removed.push(planned);
    early.add(planned);
  }
  return early;
}

interface MutableStep {
  readonly phase: Phase;
  readonly wave: number;
  readonly stage: number;
  readonly resources: PlannedResource[];
  readonly removed: PlannedResource[];
}

/** What goes away goes in the opposite order of waves: the last wave's with the first, and so on; or behind all, where it is to be last. */
function addRemovals(steps: MutableStep[], removals: readonly PlannedResource[], defaults: readonly string[]): void {
  const said = new Map(removals.map((planned) => [planned, readSyncAnnotations(planned.live!.metadata, defaults)]));
  const waves = [...new Set([...said.values()].map(({ wave }) => wave))].sort((a, b) => a - b);
  const mirrored = new Map(waves.map((wave, i) => [wave, waves[waves.length - 1 - i]!]));
  const last = Math.max(0, ...waves, ...steps.filter(({ phase }) => phase === 'Sync').map(({ wave }) => wave)) + 1;
  const byWave = new Map<number, PlannedResource[]>();
  for (const planned of removals) {
    const { pruneLast, wave } = said.get(planned)!;
    const at = pruneLast ? last : mirrored.get(wave)!;
    byWave.set(at, [...(byWave.get(at) ?? []), planned]);
  }
  for (const [wave, removed] of [...byWave].sort(([a], [b]) => a - b)) {
    const inOrder = [...removed].sort((a, b) => said.get(b)!.wave - said.get(a)!.wave);
    const same = steps.find((step) => step.phase === 'Sync' && step.wave === wave);
    if (same) {
      same.removed.push(...inOrder);
      continue;
    }
    const before = steps.findIndex(({ phase, wave: other }) => RANK[phase] > RANK.Sync || (phase === 'Sync' && other > wave));
    const step: MutableStep = { phase: 'Sync', wave, stage: 0, resources: [], removed: inOrder };
    if (before < 0) steps.push(step);
    else steps.splice(before, 0, step);
  }
}

const RANK: Readonly<Record<Phase, number>> = { PreSync: 0, Sync: 1, PostSync: 2, SyncFail: 3, PostDelete: 4, Skip: 5 };
