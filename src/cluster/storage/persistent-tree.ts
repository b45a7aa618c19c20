// An immutable ordered map from keys to values: a B+ tree in which a write copies only the nodes on its path, so that every older
// version stays whole and costs nothing to keep. Nodes know how many keys are below them, so positions and counts are found in
// O(log n). Keys are ordered as etcd orders them: by the bytes of their UTF-8.

/** Most keys of a leaf, and most children of a branch. Wide nodes make reads shallow, narrow ones make the copied path small. */
const WIDEST = 32;
/** A node below this is joined with its neighbour. Well below half, so that writes and deletions in turn do not split and join for ever. */
const NARROWEST = 10;

/** A leaf has values, a branch has children; `keys[i]` is a leaf's key, or what separates a branch's children `i` and `i + 1`. */
class Node<V> {
  readonly size: number;
  readonly keys: readonly string[];
  readonly values: readonly V[];
  readonly children: readonly Node<V>[];

  constructor(size: number, keys: readonly string[], values: readonly V[], children: readonly Node<V>[]) {
    this.size = size;
    this.keys = keys;
    this.values = values;
    this.children = children;
  }
}

const NONE: readonly never[] = [];
const leaf = <V>(keys: readonly string[], values: readonly V[]): Node<V> => new Node(keys.length, keys, values, NONE);
const branch = <V>(keys: readonly string[], children: readonly Node<V>[]): Node<V> => new Node(sizeOf(children), keys, NONE, children);
const isLeaf = <V>(node: Node<V>): boolean => node.children.length === 0;
const width = <V>(node: Node<V>): number => (isLeaf(node) ? node.keys.length : node.children.length);

/** What a node becomes that grew too wide: all keys of `right` are at or behind `separator`. */
interface Split<V> {
  readonly left: Node<V>;
  readonly separator: string;
  readonly right: Node<V>;
}

export class PersistentTree<V> {
  private readonly root: Node<V>;

  private constructor(root: Node<V>) {
    this.root = root;
  }

  static empty<V>(): PersistentTree<V> {
    return new PersistentTree<V>(leaf<V>(NONE, NONE));
  }

  /** Of entries in any order, of which each key is there once. */
  static from<V>(entries: readonly (readonly [key: string, value: V])[]): PersistentTree<V> {
    const sorted = entries.map(([key, value]) => [sortable(key), value] as const).sort(([a], [b]) => (a < b ? -1 : 1));
    let level = spread(sorted).map((part) =>
      leaf(
        part.map(([key]) => key),
        part.map(([, value]) => value),
      ),
    );
    while (level.length > 1) level = spread(level).map((part) => branch(part.slice(1).map(firstKey), part));
    return level[0] ? new PersistentTree(level[0]) : PersistentTree.empty();
  }

  get size(): number {
    return this.root.size;
  }

  get(key: string): V | undefined {
    const sought = sortable(key);
    let node = this.root;
    while (!isLeaf(node)) node = node.children[upperBound(node.keys, sought)]!;
    const at = lowerBound(node.keys, sought);
    return node.keys[at] === sought ? node.values[at] : undefined;
  }

  /** With this value at the key, whether it was there or not. */
  set(key: string, value: V): PersistentTree<V> {
    const grown = put(this.root, sortable(key), value);
    return new PersistentTree(grown instanceof Node ? grown : branch([grown.separator], [grown.left, grown.right]));
  }

  /** Without the key; the same tree where it was not there. */
  delete(key: string): PersistentTree<V> {
    const root = take(this.root, sortable(key));
    if (root === this.root) return this;
    return new PersistentTree(root.children.length === 1 ? root.children[0]! : root);
  }

  /** The positions of the keys that start with `prefix`: from the first to behind the last. */
  prefixRange(prefix: string): readonly [start: number, end: number] {
    const start = sortable(prefix);
    const end = successorOfPrefix(start);
    return [countBefore(this.root, start), end === undefined ? this.size : countBefore(this.root, end)];
  }

  /** The position of the first key behind this one, whether this one is there or not. */
  positionAfter(key: string): number {
    // nothing lies between a string and itself with the least character behind it
    return countBefore(this.root, `${sortable(key)}\u0000`);
  }

  /** The values at these positions, in order. */
  slice(start: number, end: number): V[] {
    const out: V[] = [];
    collect(this.root, start, end, out);
    return out;
  }
}

function put<V>(node: Node<V>, key: string, value: V): Node<V> | Split<V> {
  if (isLeaf(node)) {
    const at = lowerBound(node.keys, key);
    if (node.keys[at] === key) return leaf(node.keys, replaced(node.values, at, value));
    return whole(leaf(inserted(node.keys, at, key), inserted(node.values, at, value)));
  }
  const at = upperBound(node.keys, key);
  const child = node.children[at]!;
  const grown = put(child, key, value);
  if (grown instanceof Node) return new Node(node.size - child.size + grown.size, node.keys, NONE, replaced(node.children, at, grown));
  const children = inserted(node.children, at + 1, grown.right);
  children[at] = grown.left;
  return whole(branch(inserted(node.keys, at, grown.separator), children));
}

/** The node itself, or its halves where it is too wide. */
function whole<V>(node: Node<V>): Node<V> | Split<V> {
  return width(node) <= WIDEST ? node : halves(node);
}

function halves<V>(node: Node<V>): Split<V> {
  const middle = width(node) >> 1;
  if (isLeaf(node)) {
    return {
      left: leaf(node.keys.slice(0, middle), node.values.slice(0, middle)),
      separator: node.keys[middle]!,
      right: leaf(node.keys.slice(middle), node.values.slice(middle)),
    };
  }
  return {
    left: branch(node.keys.slice(0, middle - 1), node.children.slice(0, middle)),
    separator: node.keys[middle - 1]!,
    right: branch(node.keys.slice(middle), node.children.slice(middle)),
  };
}

/** Without the key. What comes back may be too narrow; its parent sees to that. */
function take<V>(node: Node<V>, key: string): Node<V> {
  if (isLeaf(node)) {
    const at = lowerBound(node.keys, key);
    return node.keys[at] === key ? leaf(removed(node.keys, at), removed(node.values, at)) : node;
  }
  const at = upperBound(node.keys, key);
  const child = node.children[at]!;
  const shrunk = take(child, key);
  if (shrunk === child) return node;
  if (width(shrunk) >= NARROWEST) return new Node(node.size - 1, node.keys, NONE, replaced(node.children, at, shrunk));
  return joined(node, at, shrunk);
}

/** The branch with `child` in place of its child at `at`, joined with a neighbour, or given some of the neighbour's. */
function joined<V>(node: Node<V>, at: number, child: Node<V>): Node<V> {
  const first = at > 0 ? at - 1 : at;
  const left = first === at ? child : node.children[first]!;
  const right = first === at ? node.children[first + 1]! : child;
  const both = isLeaf(child)
    ? leaf([...left.keys, ...right.keys], [...left.values, ...right.values])
    : branch([...left.keys, node.keys[first]!, ...right.keys], [...left.children, ...right.children]);
  const children = [...node.children];
  if (width(both) <= WIDEST) {
    children.splice(first, 2, both);
    return branch(removed(node.keys, first), children);
  }
  const split = halves(both);
  children.splice(first, 2, split.left, split.right);
  return branch(replaced(node.keys, first, split.separator), children);
}

/** How many keys are before this one. */
function countBefore<V>(root: Node<V>, key: string): number {
  let count = 0;
  let node = root;
  while (!isLeaf(node)) {
    const at = upperBound(node.keys, key);
    for (let i = 0; i < at; i++) count += node.children[i]!.size;
    node = node.children[at]!;
  }
  return count + lowerBound(node.keys, key);
}

function collect<V>(node: Node<V>, start: number, end: number, out: V[]): void {
  if (isLeaf(node)) {
    const last = Math.min(end, node.size);
    for (let i = Math.max(start, 0); i < last; i++) out.push(node.values[i]!);
    return;
  }
  let before = 0;
  for (const child of node.children) {
    if (before >= end) return;
    if (before + child.size > start) collect(child, start - before, end - before, out);
    before += child.size;
  }
}

/** The position of the first key at or behind this one. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The position of the first key behind this one. */
function upperBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]! <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * A string whose order by UTF-16 units, which is JavaScript's, is that of the key's UTF-8 bytes. The two differ only where a character
 * beyond U+FFFF, written as surrogates, meets one of U+E000 to U+FFFF: these two blocks of units change places. Nearly all keys have
 * neither and are their own.
 */
function sortable(key: string): string {
  if (!/[\ud800-\uffff]/.test(key)) return key;
  let out = '';
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i);
    out += String.fromCharCode(unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);
  }
  return out;
}

/** The least string behind all that start with the prefix; undefined where there is none. */
function successorOfPrefix(prefix: string): string | undefined {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const unit = prefix.charCodeAt(i);
    if (unit < 0xffff) return prefix.slice(0, i) + String.fromCharCode(unit + 1);
  }
  return undefined;
}

/** Even parts, none wider than a node may be. */
function spread<T>(items: readonly T[]): T[][] {
  const parts = Math.ceil(items.length / WIDEST);
  return Array.from({ length: parts }, (_, i) =>
    items.slice(Math.floor((i * items.length) / parts), Math.floor(((i + 1) * items.length) / parts)),
  );
}

function firstKey<V>(node: Node<V>): string {
  let first = node;
  while (!isLeaf(first)) first = first.children[0]!;
  return first.keys[0]!;
}

function sizeOf<V>(children: readonly Node<V>[]): number {
  let size = 0;
  for (const child of children) size += child.size;
  return size;
}

function inserted<T>(items: readonly T[], at: number, item: T): T[] {
  const out = items.slice();
  out.splice(at, 0, item);
  return out;
}

function replaced<T>(items: readonly T[], at: number, item: T): T[] {
  const out = items.slice();
  out[at] = item;
  return out;
}

function removed<T>(items: readonly T[], at: number): T[] {
  const out = items.slice();
  out.splice(at, 1);
  return out;
}
