// Field sets and the types that they are about: what becomes of ownership when a list or map has become atomic since it was recorded,
// and which structs a set implies without naming them.
//
// Follows structured-merge-diff's ReconcileFieldSetWithSchema and EnsureNamedFieldsAreMembers.
import { UNTYPED_ATOMIC, type ApplyType, type ListType, type MapType } from './apply-schema.ts';
import { FieldSet, type Entry } from './field-set.ts';
import type { PathElement } from './path-element.ts';

/**
 * Who owned something inside what is atomic now owns the whole. What has become granular is not touched: its owner keeps the whole.
 * Sets that agree with their type are known from then on, and so are those that share their parts.
 */
export function reconcileWithSchema(type: ApplyType, set: FieldSet): FieldSet {
  if (set.agreesWith === type) return set;
  const result = reconcileLevel(type, set);
  result.agreesWith = type;
  return result;
}

function reconcileLevel(type: ApplyType, set: FieldSet): FieldSet {
  const level = type.map ?? type.list;
  if (!level || (type.map && isUntyped(type.map))) return set;
  let changed = false;
  const entries = set.entries.map((entry) => {
    const below = entry.children && typeBelow(type, entry.element);
    const after = below ? reconcileEntry(below, entry) : entry;
    changed ||= after !== entry;
    return after;
  });
  return changed ? FieldSet.fromEntries(entries) : set;
}

function reconcileEntry(type: ApplyType, entry: Entry): Entry {
  const children = entry.children!;
  const atomic = type.map ? type.map.atomic && !isUntyped(type.map) : type.scalar === undefined && type.list?.atomic;
  if (atomic) return { element: entry.element, member: true, children: undefined };
  const after = reconcileWithSchema(type, children);
  return after === children ? entry : { ...entry, children: after };
}

/** Maps of anything know neither atomic nor granular. */
const isUntyped = ({ fields, element }: MapType): boolean =>
  fields.size === 0 && element?.scalar === 'untyped' && element !== UNTYPED_ATOMIC;

/** What `element` leads to; undefined where the schema has no such thing. */
function typeBelow({ map, scalar, list }: ApplyType, element: PathElement): ApplyType | undefined {
  if (map) return mapEntry(map, element);
  return scalar ? undefined : (list as ListType).element;
}

const mapEntry = (map: MapType, element: PathElement): ApplyType | undefined =>
  (element.rank === 0 ? map.fields.get(element.name)?.type : undefined) ?? map.element;

/** With the structs that are on the way to a member: `spec.replicas` brings `spec`, but not an element of a list or a map's entry. */
export function withNamedFields(type: ApplyType | undefined, set: FieldSet): FieldSet {
  let changed = false;
  const entries = set.entries.map((entry) => {
    const { element, member, children } = entry;
    if (!children) return entry;
    const named = element.rank === 0 && type?.map?.fields.has(element.name) === true;
    const below = element.rank === 0 ? type?.map && mapEntry(type.map, element) : element.rank === 1 ? type?.list?.element : undefined;
    const after = withNamedFields(below, children);
    if (after === children && (member || !named)) return entry;
    changed = true;
    return { element, member: member || named, children: after };
  });
  return changed ? FieldSet.fromEntries(entries) : set;
}
