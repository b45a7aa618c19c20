// Where a field stands in a document: from Kubernetes' field paths to offsets in the text.
import { isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap, type YAMLSeq } from 'yaml';
import { hasKeys, listPart, longestName, type FirstPart } from '../field-path.ts';
import type { YamlTree } from './tree.ts';
import { keyOfPlain, ScalarError } from './scalar.ts';

/**
 * The offset of a field: of its key, of a list's item, or where the field is absent of its nearest present parent.
 *
 * @param at the way to where the path begins: names and indices
 * @param path as Kubernetes writes it: `spec.containers[0].image`, `spec.containers[name="web"]`, `metadata.labels[a/b]`, or with a dot before a
 *   map's key
 */
export function offsetOf({ root }: YamlTree, at: readonly (string | number)[], path: string): number {
  const walk = new Walk(root);
  if (at.every((part) => walk.step(part))) walk.follow(path);
  return walk.offset;
}

/** Goes down from node to node; stays where a step leads nowhere. */
class Walk {
  offset: number;
  private node: Node | null | undefined;

  constructor(root: Node | undefined) {
    this.node = root;
    this.offset = root?.range?.[0] ?? 0;
  }

  /** Goes to a key or an index. */
  step(part: string | number): boolean {
    const next = typeof part === 'number' ? this.item(part) : this.field(part);
    if (!next) return false;
    this.node = next.node;
    this.offset = next.offset ?? this.offset;
    return true;
  }

  private item(index: number): { readonly node: Node | null; readonly offset: number | undefined } | undefined {
    const item = isSeq(this.node) ? ((this.node.items[index] ?? undefined) as Node | undefined) : undefined;
    return item && { node: item, offset: item.range?.[0] };
  }

  private field(key: string): { readonly node: Node | null; readonly offset: number | undefined } | undefined {
    const pair = this.pairs().find((pair) => keyText(pair.key) === key);
    return pair && { node: pair.value, offset: pair.key.range?.[0] };
  }

  private pairs(): readonly Pair<Node, Node | null>[] {
    return isMap<Node, Node | null>(this.node) ? this.node.items : [];
  }

  /** Goes along a path in text. Names may hold dots and brackets: of those that fit, the longest counts. */
  follow(path: string): void {
    let rest = path;
    while (rest !== '') {
      const next = isSeq(this.node) ? this.element(rest) : longestName(this.names(), rest);
      if (!next || !this.step(next.part)) return;
      rest = next.rest;
    }
  }

  private element(path: string): FirstPart<number> | undefined {
    const found = listPart(path);
    if (!found || typeof found.part === 'number') return found as FirstPart<number> | undefined;
    const keys = found.part;
    const part = (this.node as YAMLSeq).items.findIndex((item) => isMap<Node, Node | null>(item) && hasKeys(keys, textOf(item)));
    return part < 0 ? undefined : { part, rest: found.rest };
  }

  private names(): readonly string[] {
    return this.pairs().flatMap(({ key }) => keyText(key) ?? []);
  }
}

const textOf =
  (map: YAMLMap<Node, Node | null>) =>
  (field: string): string | undefined => {
    const value = map.items.find(({ key }) => keyText(key) === field)?.value;
    return isScalar(value) ? (value.source ?? '') : undefined;
  };

function keyText(key: Node): string | undefined {
  if (!isScalar(key)) return undefined;
  const text = key.source ?? '';
  if (key.type !== 'PLAIN') return text;
  try {
    return keyOfPlain(text);
  } catch (error) {
    if (error instanceof ScalarError) return undefined;
    throw error;
  }
}
