// Where a field stands in a document: from Kubernetes' field paths to offsets in the text.
import { isMap, isScalar, isSeq, type Node, type Pair } from 'yaml';
import type { YamlTree } from './tree.ts';
import { keyOfPlain, ScalarError } from './scalar.ts';

/**
 * The offset of a field: of its key, of a list's item, or where the field is absent of its nearest present parent.
 *
 * @param at the way to where the path begins: names and indices
 * @param path as Kubernetes writes it: `spec.containers[0].image`, `metadata.labels[a/b]`, or with a dot before a map's key
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

  /** Goes along a path in text. Keys may hold dots and brackets: of those that fit, the longest counts. */
  follow(path: string): void {
    let rest = path;
    while (rest !== '') {
      const index = isSeq(this.node) ? /^\[(\d+)\]/.exec(rest) : null;
      const next = index ? { part: Number(index[1]), rest: rest.slice(index[0].length) } : this.longestKey(rest);
      if (!next || !this.step(next.part)) return;
      rest = next.rest;
    }
  }

  private longestKey(path: string): { readonly part: string; readonly rest: string } | undefined {
    let best: { readonly part: string; readonly rest: string } | undefined;
    for (const pair of this.pairs()) {
      const key = keyText(pair.key);
      if (key === undefined || (best && key.length <= best.part.length)) continue;
      for (const spelling of [`[${key}]`, `.${key}`, key]) {
        const rest = path.startsWith(spelling) ? path.slice(spelling.length) : undefined;
        if (rest !== undefined && (rest === '' || rest[0] === '.' || rest[0] === '[')) best = { part: key, rest };
      }
    }
    return best;
  }
}

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
