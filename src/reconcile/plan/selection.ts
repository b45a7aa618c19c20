// A part of an app's objects, chosen by kind and name or by labels: what a selective sync is about. Pure.
import { LabelSelector } from '../../apimachinery/label-selector.ts';
import type { PlannedResource } from './plan.ts';

/** Whether a sync is to do something about an object. */
export type Selection = (planned: PlannedResource) => boolean;

/**
 * @param only `kind/name` or `kind.group/name`, in any case, singular or plural; what any of them names is chosen
 * @param selector of labels, as kubectl takes it. Throws a SelectorError. What both name is chosen.
 */
export function selection(only: readonly string[], selector: string | undefined): Selection {
  const wanted = only.map(parse);
  const labels = LabelSelector.parse(selector ?? '');
  return ({ id, desired, live }) => {
    const named =
      wanted.length === 0 ||
      wanted.some(({ kind, group, name }) => isKind(kind, id.kind) && (group === undefined || group === id.group) && name === id.name);
    return named && labels.matches(desired?.object.metadata.labels ?? live?.metadata.labels ?? {});
  };
}

/** Undefined where the text is not `kind/name`. */
export const isSelectable = (text: string): boolean => /^[^/]+\/[^/]+$/.test(text);

function parse(text: string): { readonly kind: string; readonly group: string | undefined; readonly name: string } {
  const [type = '', name = ''] = text.split('/');
  const dot = type.indexOf('.');
  return { kind: (dot < 0 ? type : type.slice(0, dot)).toLowerCase(), group: dot < 0 ? undefined : type.slice(dot + 1), name };
}

function isKind(given: string, kind: string): boolean {
  const lower = kind.toLowerCase();
  return given === lower || given === `${lower}s` || given === `${lower}es` || given === lower.replace(/y$/, 'ies');
}
