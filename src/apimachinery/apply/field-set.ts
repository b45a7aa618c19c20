// Immutable sets of fields: who owns what. A set is a tree of path elements; each node says whether the path to it is a member, and
// which paths below it are. All operations share what they do not change, and return the very same set where nothing changes.
//
// Follows structured-merge-diff's fieldpath.Set. A node without members at or below it does not exist here.
import type { JsonObject } from '../object.ts';
import type { ApplyType } from './apply-schema.ts';
import { compareElements, pathText, type FieldPath, type PathElement } from './path-element.ts';

export interface Entry {
  readonly element: PathElement;
  /** The path that ends here is in the set. */
  readonly member: boolean;
  /** Never empty. */
  readonly children: FieldSet | undefined;
}

let nextId = 0;

/**
 * Objects that are made alike are owned alike: of ten thousand pods of one kind, each manager's set and its form are kept once. Bounded,
 * since clients choose what objects hold; sets with so many entries are rarely met twice.
 */
const shared = new Map<string, FieldSet>();
const MAX_SHARED = 16_384;
const MOST_SHARED = 64;

export class FieldSet {
  /** In the order of elements. */
  readonly entries: readonly Entry[];
  /** The set in the form in which objects carry it, once it was needed (see fields-v1.ts): alone, and where the path to it is a member. */
  form: JsonObject | undefined;
  formOfMember: JsonObject | undefined;
  /** The type that the set was last found to agree with (see schema-changes.ts). */
  agreesWith: ApplyType | undefined;

  /** Met again wherever a set holds the same. */
  isShared = false;

  /** Of this very set, never of another one. */
  private readonly id = nextId++;

  private constructor(entries: readonly Entry[]) {
    this.entries = entries;
  }

  static readonly EMPTY = new FieldSet([]);

  static of(...paths: readonly FieldPath[]): FieldSet {
    const builder = new FieldSetBuilder();
    for (const path of paths) builder.add(path);
    return builder.build();
  }

  /** @param entries sorted, no element twice, none without member or children */
  static fromEntries(entries: readonly Entry[]): FieldSet {
    if (entries.length === 0) return FieldSet.EMPTY;
    if (entries.length > MOST_SHARED) return new FieldSet(entries);
    let key = '';
    for (const { element, member, children } of entries) key += `${element.text}\n${member ? '.' : ''}${children ? children.id : ''}\n`;
    let set = shared.get(key);
    if (!set) {
      if (shared.size >= MAX_SHARED) {
        shared.clear();
        forgetAll();
      }
      set = new FieldSet(entries);
      set.isShared = true;
      shared.set(key, set);
    }
    return set;
  }

  get isEmpty(): boolean {
    return this.entries.length === 0;
  }

  /** Number of members. */
  get size(): number {
    let count = 0;
    for (const { member, children } of this.entries) count += (member ? 1 : 0) + (children?.size ?? 0);
    return count;
  }

  entry(element: PathElement): Entry | undefined {
    const { entries } = this;
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const order = compareElements(entries[middle]!.element, element);
      if (order === 0) return entries[middle];
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return undefined;
  }

  /** Nobody owns the whole object: the empty path is in no set. */
  has(path: FieldPath): boolean {
    let set: FieldSet | undefined = this;
    for (let i = 0; i < path.length - 1; i++) {
      set = set.entry(path[i]!)?.children;
      if (!set) return false;
    }
    return path.length > 0 && set.entry(path.at(-1)!)?.member === true;
  }

  equals(other: FieldSet): boolean {
    if (this === other) return true;
    if (this.entries.length !== other.entries.length) return false;
    return this.entries.every((a, i) => {
      const b = other.entries[i]!;
      return (
        a === b ||
        (a.member === b.member &&
          compareElements(a.element, b.element) === 0 &&
          (a.children ?? FieldSet.EMPTY).equals(b.children ?? FieldSet.EMPTY))
      );
    });
  }

  union(other: FieldSet): FieldSet {
    if (this === other || other.isEmpty) return this;
    if (this.isEmpty) return other;
    return remembered('union', this, other);
  }

  intersection(other: FieldSet): FieldSet {
    if (this === other || this.isEmpty) return this;
    if (other.isEmpty) return other;
    return remembered('intersection', this, other);
  }

  /** Without the members of `other`. What lies below one of them stays. */
  difference(other: FieldSet): FieldSet {
    if (this === other) return FieldSet.EMPTY;
    if (this.isEmpty || other.isEmpty) return this;
    return remembered('difference', this, other);
  }

  /** Without the members of `other` and all that lies below them. */
  recursiveDifference(other: FieldSet): FieldSet {
    if (other.isEmpty) return this;
    return combine(this, other, (a, b) => {
      if (!a || !b) return a;
      return b.member ? undefined : node(a, a.member, b.children ? a.children?.recursiveDifference(b.children) : a.children);
    });
  }

  /** Only members that have nothing below them. */
  leaves(): FieldSet {
    return FieldSet.fromEntries(
      this.entries.map((entry) => (entry.children ? { ...entry, member: false, children: entry.children.leaves() } : entry)),
    );
  }

  /** All members: those of a level first, then what lies below. */
  *paths(prefix: FieldPath = []): Generator<FieldPath> {
    for (const { element, member } of this.entries) if (member) yield [...prefix, element];
    for (const { element, children } of this.entries) if (children) yield* children.paths([...prefix, element]);
  }

  /** One member a line, for messages and tests. */
  toString(): string {
    return [...this.paths()].map(pathText).join('\n');
  }
}

type Operation = 'union' | 'intersection' | 'difference';

const OPERATIONS: Readonly<Record<Operation, (a: Entry | undefined, b: Entry | undefined) => Entry | undefined>> = {
  union(a, b) {
    if (!a || !b) return a ?? b;
    return node(a, a.member || b.member, a.children && b.children ? a.children.union(b.children) : (a.children ?? b.children), b);
  },
  intersection: (a, b) => (a && b ? node(a, a.member && b.member, a.children && b.children?.intersection(a.children), b) : undefined),
  difference: (a, b) => (a && b ? node(a, a.member && !b.member, b.children ? a.children?.difference(b.children) : a.children) : a),
};

/** What came of two shared sets: the same few meet at every write. Bounded as the sets are. */
const known: Readonly<Record<Operation, Map<FieldSet, Map<FieldSet, FieldSet>>>> = {
  union: new Map(),
  intersection: new Map(),
  difference: new Map(),
};
const MAX_KNOWN = 65_536;
let knownResults = 0;

function remembered(operation: Operation, a: FieldSet, b: FieldSet): FieldSet {
  if (!a.isShared || !b.isShared) return combine(a, b, OPERATIONS[operation]);
  const before = known[operation].get(a)?.get(b);
  if (before) return before;
  const result = combine(a, b, OPERATIONS[operation]);
  if (++knownResults > MAX_KNOWN) forgetAll();
  const ofA = known[operation].get(a);
  if (ofA) ofA.set(b, result);
  else known[operation].set(a, new Map([[b, result]]));
  return result;
}

function forgetAll(): void {
  for (const results of Object.values(known)) results.clear();
  knownResults = 0;
}

/** The entry, changed; undefined where nothing is left. Reuses `a` or, where that says the same, `b`. */
function node(a: Entry, member: boolean, children: FieldSet | undefined, b?: Entry): Entry | undefined {
  const below = children?.isEmpty ? undefined : children;
  if (!member && !below) return undefined;
  if (a.member === member && a.children === below) return a;
  if (b?.member === member && b.children === below) return b;
  return { element: a.element, member, children: below };
}

/** Merges the sorted entries of both. Returns `a` or `b` itself where the result is no other. */
function combine(a: FieldSet, b: FieldSet, pick: (a: Entry | undefined, b: Entry | undefined) => Entry | undefined): FieldSet {
  const left = a.entries;
  const right = b.entries;
  const out: Entry[] = [];
  let sameAsA = true;
  let sameAsB = true;
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    const order = i === left.length ? 1 : j === right.length ? -1 : compareElements(left[i]!.element, right[j]!.element);
    const x = order <= 0 ? left[i++] : undefined;
    const y = order >= 0 ? right[j++] : undefined;
    const entry = pick(x, y);
    sameAsA &&= entry === x;
    sameAsB &&= entry === y;
    if (entry) out.push(entry);
  }
  return sameAsA ? a : sameAsB ? b : FieldSet.fromEntries(out);
}

/** Collects paths in any order. */
export class FieldSetBuilder {
  private element: PathElement | undefined;
  private member = false;
  private readonly children = new Map<string, FieldSetBuilder>();

  add(path: FieldPath): void {
    let at: FieldSetBuilder = this;
    for (const element of path) {
      let next = at.children.get(element.text);
      if (!next) {
        next = new FieldSetBuilder();
        next.element = element;
        at.children.set(element.text, next);
      }
      at = next;
    }
    at.member = true;
  }

  build(): FieldSet {
    if (this.children.size === 0) return FieldSet.EMPTY;
    const entries = Array.from(this.children.values(), (child) => {
      const children = child.build();
      return { element: child.element!, member: child.member, children: children.isEmpty ? undefined : children };
    });
    return FieldSet.fromEntries(sortEntries(entries));
  }
}

/** Sorts in place. */
export function sortEntries(entries: Entry[]): Entry[] {
  if (entries.length > FEW) return entries.sort((a, b) => compareElements(a.element, b.element));
  for (let i = 1; i < entries.length; i++) {
    const entry = entries[i]!;
    let at = i;
    for (; at > 0 && compareElements(entries[at - 1]!.element, entry.element) > 0; at--) entries[at] = entries[at - 1]!;
    entries[at] = entry;
  }
  return entries;
}

/** So many are put in order one by one: the fields of a struct, which are nearly all that there is. */
const FEW = 24;
