// Which fields nobody can own through a resource, since its strategy puts them back: status through the main resource, all but status
// through the status subresource. Resources say it in one of two ways.
//
// Follows rest.ResetFieldsStrategy and rest.ResetFieldsFilterStrategy.
import { FieldSet, type Entry } from './field-set.ts';
import type { FieldPath, PathElement } from './path-element.ts';

export type FieldFilter = (set: FieldSet) => FieldSet;

/** These and all below them are reset. */
export function resetFields(...paths: readonly FieldPath[]): FieldFilter {
  const reset = FieldSet.of(...paths);
  return (set) => set.recursiveDifference(reset);
}

/** Stands for any element in {@link resetAllBut}. */
export const ANY_ELEMENT = '*';

/** All but these, what leads to them and what is below them is reset. Paths are field names or {@link ANY_ELEMENT}. */
export function resetAllBut(...patterns: readonly (readonly string[])[]): FieldFilter {
  const matcher = merged(patterns);
  return (set) => (matcher === 'all' ? set : matching(set, matcher));
}

type Matcher = 'all' | ReadonlyMap<string, Matcher>;

function merged(patterns: readonly (readonly string[])[]): Matcher {
  if (patterns.some((pattern) => pattern.length === 0)) return 'all';
  const heads = new Set(patterns.map(([head]) => head!));
  return new Map([...heads].map((head) => [head, merged(patterns.filter(([first]) => first === head).map(([, ...rest]) => rest))]));
}

function matching(set: FieldSet, matcher: ReadonlyMap<string, Matcher>): FieldSet {
  const entries: Entry[] = [];
  for (const entry of set.entries) {
    // a wildcard goes before a name
    const below = matcher.get(ANY_ELEMENT) ?? matcher.get(nameOf(entry.element));
    if (!below) continue;
    const left = below === 'all' ? entry.children : entry.children && matching(entry.children, below);
    const children = left?.isEmpty ? undefined : left;
    if (entry.member || children) entries.push({ ...entry, children });
  }
  return FieldSet.fromEntries(entries);
}

const nameOf = (element: PathElement): string => (element.rank === 0 ? element.name : '');
