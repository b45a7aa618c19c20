// What a namespace that is being deleted says of its content: what is left, and what holds it. Pure.
// Follows status_condition_utils.go of kube-controller-manager.
import type { NamespaceCondition } from '#api/core/v1';

/** Objects of one kind that are still there. */
export interface Remaining {
  readonly resource: string;
  readonly group: string;
  readonly count: number;
  /** Of all objects, one after the other. */
  readonly finalizers: readonly string[];
}

type Told = Omit<NamespaceCondition, 'lastTransitionTime'>;

/** Each condition with what it says when all is well, in the order in which they are told. */
const ALL_WELL: readonly Told[] = [
  {
    type: 'NamespaceDeletionDiscoveryFailure',
    status: 'False',
    reason: 'ResourcesDiscovered',
    message: 'All resources successfully discovered',
  },
  {
    type: 'NamespaceDeletionGroupVersionParsingFailure',
    status: 'False',
    reason: 'ParsedGroupVersions',
    message: 'All legacy kube types successfully parsed',
  },
  {
    type: 'NamespaceDeletionContentFailure',
    status: 'False',
    reason: 'ContentDeleted',
    message: 'All content successfully deleted, may be waiting on finalization',
  },
  { type: 'NamespaceContentRemaining', status: 'False', reason: 'ContentRemoved', message: 'All content successfully removed' },
  {
    type: 'NamespaceFinalizersRemaining',
    status: 'False',
    reason: 'ContentHasNoFinalizers',
    message: 'All content-preserving finalizers finished',
  },
];

export function contentConditions(remaining: readonly Remaining[], failures: readonly string[]): readonly Told[] {
  const troubles: Told[] = [];
  if (failures.length > 0) {
    const message = `Failed to delete all resource types, ${failures.length} remaining: ${[...failures].sort().join(', ')}`;
    troubles.push({ type: 'NamespaceDeletionContentFailure', status: 'True', reason: 'ContentDeletionFailed', message });
  }
  if (remaining.length > 0) {
    const texts = remaining.map((r) => `${r.resource}.${r.group} has ${r.count} resource instances`).sort();
    const message = `Some resources are remaining: ${texts.join(', ')}`;
    troubles.push({ type: 'NamespaceContentRemaining', status: 'True', reason: 'SomeResourcesRemain', message });
  }
  const held = new Map<string, number>();
  for (const finalizer of remaining.flatMap((r) => r.finalizers)) held.set(finalizer, (held.get(finalizer) ?? 0) + 1);
  if (held.size > 0) {
    const texts = [...held].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`).sort();
    const message = `Some content in the namespace has finalizers remaining: ${texts.join(', ')}`;
    troubles.push({ type: 'NamespaceFinalizersRemaining', status: 'True', reason: 'SomeFinalizersRemain', message });
  }
  return ALL_WELL.map((well) => troubles.find((t) => t.type === well.type) ?? well);
}

/** The very same where nothing changed. */
export function updatedConditions(known: readonly NamespaceCondition[], told: readonly Told[], at: string): readonly NamespaceCondition[] {
  const next = [...known];
  let changed = false;
  for (const condition of told) {
    const i = next.findIndex((c) => c.type === condition.type);
    const old = next[i];
    if (old && old.status === condition.status && old.reason === condition.reason && old.message === condition.message) continue;
    changed = true;
    const since = old && old.status === condition.status ? (old.lastTransitionTime ?? at) : at;
    if (old) next[i] = { ...condition, lastTransitionTime: since };
    else next.push({ ...condition, lastTransitionTime: since });
  }
  return changed ? next : known;
}
