// Which names a CustomResourceDefinition is given, and whether it is established: what is told in its status. Follows the naming and
// establishing controllers of apiextensions-apiserver.
import type { CustomResourceDefinition, CustomResourceDefinitionCondition, CustomResourceDefinitionNames } from '#api/apiextensions/v1';
import { quote } from '../../../apimachinery/go-text.ts';
import { deepEqual, type ShallowMutable } from '../../../apimachinery/object.ts';

export type Status = NonNullable<CustomResourceDefinition['status']>;
type Condition = CustomResourceDefinitionCondition;

/** Names that the definitions of a group have been given. */
export interface Taken {
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

/** @param definitions all of one group */
export function takenNames(definitions: Iterable<CustomResourceDefinition>): Taken {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const { status } of definitions) {
    const { plural = '', singular = '', shortNames = [], kind = '', listKind = '' } = status?.acceptedNames ?? {};
    for (const name of [plural, singular, ...shortNames]) resources.add(name);
    kinds.add(kind).add(listKind);
  }
  return { resources, kinds };
}

export const conditionOf = (crd: CustomResourceDefinition, type: string): Condition | undefined =>
  crd.status?.conditions?.find((c) => c.type === type);

export const isEstablished = (crd: CustomResourceDefinition): boolean => conditionOf(crd, 'Established')?.status === 'True';

/** The conditions with one of them set. @param time of a transition, if it is one */
export function withCondition(
  conditions: readonly Condition[] | null | undefined,
  condition: Condition,
  time: string,
): readonly Condition[] {
  const all = conditions ?? [];
  const existing = all.find((c) => c.type === condition.type);
  if (!existing) return [...all, { ...condition, lastTransitionTime: time }];
  const lastTransitionTime = existing.status !== condition.status || !existing.lastTransitionTime ? time : existing.lastTransitionTime;
  return all.map((c) => (c === existing ? { ...existing, ...condition, lastTransitionTime } : c));
}

/** Undefined: the status is right as it is. @param time the present */
export function acceptNames(crd: CustomResourceDefinition, taken: Taken, time: string): Status | undefined {
  const { names: requested } = crd.spec;
  const accepted = crd.status?.acceptedNames ?? { plural: '', kind: '' };
  const named = deepEqual(requested, accepted);
  if (named && isEstablished(crd)) return undefined;
  const { names, naming } = named ? { names: accepted, naming: NO_CONFLICTS } : negotiate(requested, accepted, taken);
  const established = conditionOf(crd, 'Established');
  const conditions = withCondition(withCondition(crd.status?.conditions, naming, time), establishedCondition(established, naming), time);
  if (deepEqual(names, accepted) && deepEqual(conditions, crd.status?.conditions)) return undefined;
  return { ...crd.status!, conditions, acceptedNames: names };
}

const NO_CONFLICTS: Condition = { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' };

function establishedCondition(old: Condition | undefined, naming: Condition): Condition {
  if (old?.status === 'True') return old;
  if (naming.status === 'True')
    return { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' };
  return old ?? { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' };
}

/** Each name that is free is given, whatever becomes of the others. */
function negotiate(
  requested: CustomResourceDefinitionNames,
  accepted: CustomResourceDefinitionNames,
  taken: Taken,
): { readonly names: CustomResourceDefinitionNames; readonly naming: Condition } {
  const names: ShallowMutable<CustomResourceDefinitionNames> = { ...accepted };
  let naming = NO_CONFLICTS;
  const refuse = (reason: string, message: string): void => {
    naming = { type: 'NamesAccepted', status: 'False', reason, message };
  };
  const inUse = (name: string): string => `${quote(name)} is already in use`;
  const take = (key: 'plural' | 'singular' | 'kind' | 'listKind', used: ReadonlySet<string>, reason: string): void => {
    const wanted = requested[key] ?? '';
    if (wanted !== (accepted[key] ?? '') && used.has(wanted)) refuse(reason, inUse(wanted));
    else if (wanted) names[key] = wanted;
  };
  take('plural', taken.resources, 'PluralConflict');
  take('singular', taken.resources, 'SingularConflict');
  const { shortNames = [] } = requested;
  const own = new Set([...(accepted.shortNames ?? []), accepted.plural, accepted.singular]);
  const conflicts = shortNames.filter((name) => !own.has(name) && taken.resources.has(name)).map(inUse);
  if (conflicts.length) refuse('ShortNamesConflict', conflicts.length === 1 ? conflicts[0]! : `[${conflicts.join(', ')}]`);
  else if (requested.shortNames) names.shortNames = requested.shortNames;
  else delete names.shortNames;
  take('kind', taken.kinds, 'KindConflict');
  take('listKind', taken.kinds, 'ListKindConflict');
  if (requested.categories) names.categories = requested.categories;
  else delete names.categories;
  return { names, naming };
}
