// What field ownership must know of types, and nothing else: which values are scalars, which lists are merged by keys and which are
// one value, which fields a struct has. The Go types and the schemas of custom resources are brought into this form by adapters.
//
// Follows structured-merge-diff's schema package. A type may be several things at once (a custom resource's untyped field is a scalar,
// a list or a map); the value says which.
import { fieldElement, type PathElement } from './path-element.ts';

export interface ApplyType {
  /** Values have been decoded into a Go type: that they are of this type is sure already. */
  readonly decoded?: true;
  readonly scalar?: ScalarKind;
  readonly list?: ListType;
  readonly map?: MapType;
}

export type ScalarKind = 'numeric' | 'string' | 'boolean' | 'untyped';

export interface ListType {
  readonly element: ApplyType;
  /** One value as a whole; else its elements are told apart by `keys`, or, without keys, by value: a set. */
  readonly atomic: boolean;
  readonly keys: readonly string[];
}

/** A struct, a map, or both. */
export interface MapType {
  readonly fields: ReadonlyMap<string, StructField>;
  /** Of what is no declared field; undefined: there must be nothing else. */
  readonly element: ApplyType | undefined;
  readonly atomic: boolean;
}

export interface StructField {
  readonly element: PathElement;
  readonly type: ApplyType;
  /** What the field counts as where a key of a list lacks it. */
  readonly default: unknown;
}

export const NO_FIELDS: ReadonlyMap<string, StructField> = new Map();

const WHOLE_LIST: ListType = {
  get element() {
    return UNTYPED_ATOMIC;
  },
  atomic: true,
  keys: [],
};

const WHOLE_MAP: MapType = {
  fields: NO_FIELDS,
  get element() {
    return UNTYPED_ATOMIC;
  },
  atomic: true,
};

const FREE_MAP: MapType = {
  fields: NO_FIELDS,
  get element() {
    return DEDUCED;
  },
  atomic: false,
};

/** Any value, as a whole. */
export const UNTYPED_ATOMIC: ApplyType = { scalar: 'untyped', list: WHOLE_LIST, map: WHOLE_MAP };

/** Any value; maps field by field, lists as a whole. What a schema says that says nothing. */
export const DEDUCED: ApplyType = { scalar: 'untyped', list: WHOLE_LIST, map: FREE_MAP };

export const FREE_FORM: ApplyType = { map: FREE_MAP };

export type Facet = 'scalar' | 'list' | 'map';

const isScalar = (value: unknown): boolean => typeof value !== 'object' && value !== undefined;

/** Which of the type's forms a value has; undefined for null and for what fits none. */
function deduced(type: ApplyType, value: unknown): Facet | undefined {
  if (value === null || value === undefined) return undefined;
  if (isScalar(value)) return type.scalar ? 'scalar' : undefined;
  if (Array.isArray(value)) return type.list ? 'list' : undefined;
  return type.map ? 'map' : undefined;
}

/** The form in which a value is treated: its own, or else the first that the type has. */
export function facetOf(type: ApplyType, value: unknown): Facet {
  return deduced(type, value) ?? (type.map ? 'map' : type.scalar ? 'scalar' : 'list');
}

/**
 * The forms in which two values are compared and merged: one, or two where they differ, the second's last.
 * What is absent (undefined) takes the form of the other; null goes with everything but is of no form.
 */
export function facetsOf(type: ApplyType, left: unknown, right: unknown): readonly Facet[] {
  if (right === undefined) return [facetOf(type, left)];
  const facet = facetOf(type, right);
  return left === undefined || facetOf(type, left) === facet ? [facet] : [facetOf(type, left), facet];
}

/** The type of a map's field or entry. Throws where the schema has none: values are validated before they get here. */
export function entryType(map: MapType, key: string): ApplyType {
  const type = map.fields.get(key)?.type ?? map.element;
  if (!type) throw new Error('schema error: invalid atom: inlined');
  return type;
}

export const entryElement = (map: MapType, key: string): PathElement => map.fields.get(key)?.element ?? fieldElement(key);
