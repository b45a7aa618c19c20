// One YAML document read in full: syntax by tree.ts, meaning by scalar.ts. It refuses what Kubernetes refuses (unknown anchors, aliases
// out of proportion, infinite numbers). Bad input is answered, never thrown. Most documents are read faster by plain.ts; import this file
// only when it is needed, for it loads the `yaml` package.
//
// DEVIATION: of keys given twice kubectl takes the last in silence; here they are refused.
import { isAlias, isMap, isPair, isScalar, isSeq, visit } from 'yaml';
import type { Alias, Node, Pair, ParsedNode, Scalar as ScalarNode, YAMLMap, YAMLSeq } from 'yaml';
import { setKey } from '../json/parse.ts';
import { MAX_DEPTH } from './limits.ts';
import { keyOf, keyOfPlain, resolvePlain, resolveTagged, ScalarError, type Resolve, type Scalar } from './scalar.ts';
import { fault, parseYamlTree, tooDeep, type YamlFault } from './tree.ts';

/**
 * A document's value; null for a document of nothing but comments. Or its faults, of which there is at least one; where they are
 * nothing but keys given twice, `lastWins` is what the document says to those who take the last.
 */
export type YamlResult =
  | { readonly value: unknown; readonly faults?: undefined }
  | { readonly faults: readonly YamlFault[]; readonly lastWins?: { readonly value: unknown } };

/** Reads one document. @param resolve what plain text means */
export function readNodes(text: string, resolve: Resolve = resolvePlain): YamlResult {
  const tree = parseYamlTree(text);
  if (tree.faults.length) return { faults: tree.faults };
  return tree.root ? new Converter(tree.root, resolve).result() : { value: null };
}

/** Thrown within this file to leave the conversion. */
class Refused extends Error {
  readonly at: YamlFault;
  constructor(at: YamlFault) {
    super(at.message);
    this.at = at;
  }
}

/** go-yaml's limits: how many of the values read may come from aliases, the more the document holds the less. */
const RATIO_LOW = 400_000;
const RATIO_HIGH = 4_000_000;
const allowedAliasRatio = (count: number): number =>
  count <= RATIO_LOW ? 0.99 : count >= RATIO_HIGH ? 0.1 : 0.99 - 0.89 * ((count - RATIO_LOW) / (RATIO_HIGH - RATIO_LOW));

/** Duplicate keys that are told of one document, as many as Kubernetes tells. */
const MAX_FAULTS = 100;

/** Nodes to values. Aliases become copies, as in Go: later steps take a value for a tree. */
class Converter {
  private readonly root: ParsedNode;
  private readonly resolve: Resolve;
  private readonly faults: YamlFault[] = [];
  private readonly path: (string | number)[] = [];
  /** What each alias stands for; made when the first is met. */
  private targets: ReadonlyMap<Alias, Node> | undefined;
  private readonly expanding = new Set<Alias>();
  private count = 0;
  private fromAliases = 0;

  constructor(root: ParsedNode, resolve: Resolve) {
    this.root = root;
    this.resolve = resolve;
  }

  result(): YamlResult {
    try {
      const value = this.value(this.root, 0);
      return this.faults.length ? { faults: this.faults, lastWins: { value } } : { value };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { faults: [error.at] };
    }
  }

  private refuse(node: Node, message: string, hint?: string): never {
    throw new Refused({ ...fault(node.range?.[0] ?? 0, message, hint), path: [...this.path] });
  }

  private value(node: Node | null | undefined, depth: number): unknown {
    this.count++;
    if (this.expanding.size) this.fromAliases++;
    if (!node) return null;
    if (this.fromAliases > 100 && this.count > 1000 && this.fromAliases / this.count > allowedAliasRatio(this.count))
      this.refuse(node, 'document contains excessive aliasing', 'write out what the aliases (*name) stand for');
    if (isScalar(node)) return this.scalar(node);
    if (depth > MAX_DEPTH) throw new Refused({ ...tooDeep(node.range?.[0] ?? 0), path: this.path.slice(0, 3) });
    if (isMap(node)) return this.mapping(node, {}, depth);
    if (isSeq(node)) return this.sequence(node, depth);
    return this.throughAlias(node as Alias, (target) => this.value(target, depth));
  }

  private scalar(node: ScalarNode): Scalar {
    const text = node.source ?? '';
    try {
      const value = node.tag ? resolveTagged(node.tag, text) : node.type === 'PLAIN' ? this.resolve(text) : text;
      if (typeof value === 'number' && !Number.isFinite(value))
        this.refuse(node, `${text} is not a number that JSON can hold`, 'put it in quotes');
      return value;
    } catch (error) {
      if (error instanceof ScalarError) this.refuse(node, error.message);
      throw error;
    }
  }

  private sequence(node: YAMLSeq, depth: number): unknown[] {
    const out: unknown[] = [];
    for (let i = 0; i < node.items.length; i++) {
      this.path.push(i);
      const item = node.items[i];
      // `- a: b` in flow style is a pair without a mapping around it
      out.push(isPair(item) ? this.pairs([item as Pair<Node, Node>], {}, depth + 1) : this.value(item as Node, depth + 1));
      this.path.pop();
    }
    return out;
  }

  private mapping(node: YAMLMap, into: Record<string, unknown>, depth: number): Record<string, unknown> {
    return this.pairs(node.items as Pair<Node, Node | null>[], into, depth);
  }

  private pairs(items: readonly Pair<Node, Node | null>[], into: Record<string, unknown>, depth: number): Record<string, unknown> {
    const seen = new Set<string>();
    for (const { key: keyNode, value: valueNode } of items) {
      if (this.isMerge(keyNode)) {
        this.merge(valueNode ?? keyNode, into, depth);
        continue;
      }
      const key = this.key(keyNode, depth);
      this.path.push(key);
      if (seen.has(key) && this.faults.length < MAX_FAULTS)
        this.faults.push({
          ...fault(keyNode.range?.[0] ?? 0, `duplicate key ${JSON.stringify(key)}`, 'only the last one would count'),
          path: [...this.path],
        });
      seen.add(key);
      setKey(into, key, this.value(valueNode, depth + 1));
      this.path.pop();
    }
    return into;
  }

  private key(node: Node | null, depth: number): string {
    if (!node) throw new Refused({ ...fault(0, 'null cannot be a key'), path: [...this.path] });
    try {
      if (isScalar(node) && node.type === 'PLAIN' && !node.tag) {
        const text = node.source ?? '';
        return typeof this.resolve(text) === 'string' ? text : keyOfPlain(text);
      }
      const value = this.value(node, depth + 1);
      if (typeof value === 'object' && value !== null)
        this.refuse(node, 'a key must be a scalar, not a mapping or a list', templateHint(value));
      return keyOf(value as Scalar);
    } catch (error) {
      if (error instanceof ScalarError) this.refuse(node, error.message);
      throw error;
    }
  }

  private isMerge(node: Node | null): boolean {
    return isScalar(node) && node.source === '<<' && ((node.type === 'PLAIN' && !node.tag) || node.tag === 'tag:yaml.org,2002:merge');
  }

  /** `<<: *defaults`: in go-yaml whatever comes later wins, so a merge also replaces keys that stand before it. */
  private merge(node: Node, into: Record<string, unknown>, depth: number): void {
    if (isMap(node)) this.mapping(node, into, depth);
    else if (isAlias(node)) this.throughAlias(node, (target) => this.mergeMapping(target, node, into, depth));
    else if (isSeq(node)) {
      // earlier ones take precedence
      for (const item of [...node.items].reverse() as Node[]) {
        if (isAlias(item)) this.throughAlias(item, (target) => this.mergeMapping(target, item, into, depth));
        else this.mergeMapping(item, item, into, depth);
      }
    } else this.refuse(node, 'map merge requires map or sequence of maps as the value');
  }

  private mergeMapping(target: Node, from: Node, into: Record<string, unknown>, depth: number): void {
    if (!isMap(target)) this.refuse(from, 'map merge requires map or sequence of maps as the value');
    this.mapping(target as YAMLMap, into, depth);
  }

  private throughAlias<T>(alias: Alias, read: (target: Node) => T): T {
    this.targets ??= bindAliases(this.root);
    const target = this.targets.get(alias);
    if (!target)
      this.refuse(
        alias,
        `unknown anchor '${alias.source}' referenced`,
        'an anchor (&name) must stand before its aliases in the same document',
      );
    if (this.expanding.has(alias)) this.refuse(alias, `anchor '${alias.source}' value contains itself`);
    this.expanding.add(alias);
    const value = read(target);
    this.expanding.delete(alias);
    return value;
  }
}

/** `{{ value }}` without quotes is a mapping whose key is a mapping. */
const templateHint = (value: object): string | undefined =>
  Array.isArray(value) ? undefined : 'a template ({{ … }})? Render it first, or put it in quotes';

/** An alias stands for the last node before it that has its anchor. */
function bindAliases(root: ParsedNode): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(root, {
    Node(_, node) {
      if (!isAlias(node)) {
        if (node.anchor) anchors.set(node.anchor, node);
        return;
      }
      const target = anchors.get(node.source);
      if (target) targets.set(node, target);
    },
  });
  return targets;
}
