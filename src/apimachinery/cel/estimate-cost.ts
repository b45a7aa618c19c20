// The most that evaluating an expression can cost, reckoned from how large its values can be. A definition whose rules could cost too much
// is refused. Follows checker/cost.go of cel-go.
import type { CallExpr, ComprehensionExpr, Expr } from './ast.ts';
import { ACCUMULATOR } from './ast-builder.ts';
import type { CelType } from './cel-type.ts';
import type { Checked } from './checker.ts';
import { type CallEstimate, estimateCall, type EstimatedNode } from './estimate-call.ts';
import { fixed, plus, type Range, times, union, UNKNOWN } from './estimate-range.ts';
import { codePoints } from './values.ts';

/** How large the value at a path (`self`, `spec`, `@items`) can be; undefined where nobody knows. */
export type SizeEstimator = (path: readonly string[]) => Range | undefined;

export const estimateCost = (checked: Checked, sizes: SizeEstimator): Range => new Coster(checked, sizes).cost(checked.expr);

const ONE = fixed(1);
const LIST = fixed(10);
const MAP = fixed(30);
const STRUCT = fixed(40);

/** What the elements of a list, or keys and values of a map, can be like. */
interface EntrySize {
  readonly container: 'list' | 'map';
  readonly key: Range;
  readonly value: Range;
}

interface Local {
  readonly path: readonly string[];
  readonly size: Range | undefined;
  readonly entry: EntrySize | undefined;
}

class Coster {
  private readonly checked: Checked;
  private readonly sizes: SizeEstimator;
  private readonly paths = new Map<number, readonly string[]>();
  private readonly computed = new Map<number, Range>();
  private readonly entries = new Map<number, EntrySize>();
  private readonly locals = new Map<string, Local[]>();

  constructor(checked: Checked, sizes: SizeEstimator) {
    this.checked = checked;
    this.sizes = sizes;
  }

  cost(expr: Expr): Range {
    switch (expr.is) {
      case 'literal':
        return fixed(0);
      case 'ident':
        this.paths.set(expr.id, this.local(expr.name)?.path ?? [expr.name]);
        return ONE;
      case 'select':
        return this.select(expr);
      case 'call':
        return this.call(expr);
      case 'list':
        return this.list(expr.id, expr.elements);
      case 'map':
        return this.map(expr.id, expr.entries);
      case 'struct':
        return expr.fields.reduce((sum, { value }) => plus(sum, this.cost(value)), STRUCT);
      case 'comprehension':
        return isBind(expr) ? this.bind(expr) : this.comprehension(expr);
    }
  }

  // ---- what is known of a part ----

  private local(name: string): Local | undefined {
    return this.locals.get(name)?.at(-1);
  }

  private push(name: string, local: Local): void {
    this.locals.set(name, [...(this.locals.get(name) ?? []), local]);
  }

  private pop(name: string): void {
    this.locals.get(name)!.pop();
  }

  private type(expr: Expr): CelType {
    return this.checked.types.get(expr.id)!;
  }

  private path(expr: Expr): readonly string[] {
    if (expr.is === 'ident') {
      const local = this.local(expr.name);
      if (local) return local.path;
    }
    return this.paths.get(expr.id) ?? [];
  }

  private size(expr: Expr): Range | undefined {
    const known = this.computed.get(expr.id) ?? sizeOfExpr(expr);
    if (known) return known;
    const path = this.path(expr);
    const estimated = path.length && path[0] !== ACCUMULATOR ? this.sizes(path) : undefined;
    if (estimated) {
      this.computed.set(expr.id, estimated);
      return estimated;
    }
    if (isScalar(this.type(expr))) return ONE;
    return expr.is === 'ident' ? this.local(expr.name)?.size : undefined;
  }

  private entrySize(expr: Expr): EntrySize | undefined {
    return this.entries.get(expr.id) ?? (expr.is === 'ident' ? this.local(expr.name)?.entry : undefined);
  }

  private node(expr: Expr): EstimatedNode {
    const path = this.path(expr);
    const own = path.length && path[0] !== ACCUMULATOR ? path : undefined;
    return { path: own, type: this.type(expr), size: this.size(expr), expr };
  }

  // ---- parts ----

  private select(expr: Expr & { readonly is: 'select' }): Range {
    const whole = this.checked.names.get(expr.id);
    if (whole !== undefined) {
      this.paths.set(expr.id, [whole]);
      return ONE;
    }
    const operand = this.cost(expr.operand);
    // to look whether something is there costs nothing
    if (expr.testOnly) return operand;
    this.paths.set(expr.id, [...this.path(expr.operand), expr.field]);
    return ['map', 'struct', 'param'].includes(this.type(expr.operand).kind) ? plus(operand, ONE) : operand;
  }

  private list(id: number, elements: readonly Expr[]): Range {
    let sum = LIST;
    let value: Range = elements.length ? { min: Number.POSITIVE_INFINITY, max: 0 } : fixed(0);
    for (const element of elements) {
      sum = plus(sum, this.cost(element));
      value = union(value, this.size(element) ?? UNKNOWN);
    }
    this.entries.set(id, { container: 'list', key: ONE, value });
    return sum;
  }

  private map(id: number, entries: readonly { readonly key: Expr; readonly value: Expr }[]): Range {
    let sum = MAP;
    const none: Range = entries.length ? { min: Number.POSITIVE_INFINITY, max: 0 } : fixed(0);
    let [keys, values] = [none, none];
    for (const { key, value } of entries) {
      sum = plus(plus(sum, this.cost(key)), this.cost(value));
      keys = union(keys, this.size(key) ?? UNKNOWN);
      values = union(values, this.size(value) ?? UNKNOWN);
    }
    this.entries.set(id, { container: 'map', key: keys, value: values });
    return sum;
  }

  private call(expr: CallExpr): Range {
    const { args, name } = expr;
    if (name === 'dyn' && args.length === 1) {
      const cost = plus(ONE, this.cost(args[0]!));
      this.copySizes(expr, args[0]!);
      return cost;
    }
    if (name === '_?._') return plus(this.cost(args[0]!), ONE);
    const costs = args.map((arg) => this.cost(arg));
    const nodes = args.map((arg) => this.node(arg));
    const overloads = this.checked.overloads.get(expr.id) ?? [];
    if (overloads.length === 0) return fixed(0);
    const namespaced = this.checked.namespaced.get(expr.id);
    const target = expr.target && namespaced === undefined ? expr.target : undefined;
    const targetCost = target ? this.cost(target) : fixed(0);
    const targetNode = target && this.node(target);
    let total: Range = { min: Number.POSITIVE_INFINITY, max: 0 };
    let size: Range | undefined;
    for (const { id } of overloads) {
      const estimate = this.overload(expr, namespaced ?? name, id, targetNode, nodes, costs);
      total = union(total, estimate.cost);
      if (estimate.size) size = size ? union(size, estimate.size) : estimate.size;
      if (id === 'index_list' || id === 'index_map') {
        size = this.entrySize(args[0]!)?.value ?? size;
        this.paths.set(expr.id, [...this.path(args[0]!), id === 'index_list' ? '@items' : '@values']);
      }
      size ??= this.size(expr);
    }
    if (size) this.computed.set(expr.id, size);
    return plus(targetCost, total);
  }

  private overload(
    expr: CallExpr,
    name: string,
    overload: string,
    target: EstimatedNode | undefined,
    args: readonly EstimatedNode[],
    costs: readonly Range[],
  ): CallEstimate {
    switch (overload) {
      case 'logical_or':
      case 'logical_and':
        return { cost: { min: costs[0]!.min, max: costs[0]!.max + costs[1]!.max } };
      case 'conditional': {
        const entry = unionEntries(this.entrySize(args[1]!.expr!), this.entrySize(args[2]!.expr!));
        if (entry) this.entries.set(expr.id, entry);
        const size = union(args[1]!.size ?? UNKNOWN, args[2]!.size ?? UNKNOWN);
        return { cost: plus(costs[0]!, union(costs[1]!, costs[2]!)), size };
      }
      case 'add_string':
      case 'add_bytes':
      case 'add_list': {
        const entry = unionEntries(this.entrySize(args[0]!.expr!), this.entrySize(args[1]!.expr!));
        if (entry) this.entries.set(expr.id, entry);
      }
    }
    const estimate = estimateCall(name, overload, target, args, this.sizes);
    return { ...estimate, cost: costs.reduce(plus, estimate.cost) };
  }

  private copySizes(to: Expr, from: Expr): void {
    const size = this.size(from);
    if (size) this.computed.set(to.id, size);
    const entry = this.entrySize(from);
    if (entry) this.entries.set(to.id, entry);
  }

  // ---- loops ----

  private bind(expr: ComprehensionExpr): Range {
    const before = plus(this.cost(expr.range), this.cost(expr.accuInit));
    this.push(expr.accuVar, { path: this.path(expr.accuInit), size: this.size(expr.accuInit), entry: this.entrySize(expr.accuInit) });
    const result = this.cost(expr.result);
    this.pop(expr.accuVar);
    this.copySizes(expr, expr.result);
    return plus(before, result);
  }

  private comprehension(expr: ComprehensionExpr): Range {
    const { range, accuInit } = expr;
    let sum = plus(this.cost(range), this.cost(accuInit));
    this.push(expr.accuVar, { path: this.path(accuInit), size: this.size(accuInit), entry: this.entrySize(accuInit) });
    this.pushLoopVariables(expr);
    const each = plus(this.cost(expr.condition), this.cost(expr.step));
    this.pop(expr.iterVar);
    if (expr.iterVar2 !== undefined) this.pop(expr.iterVar2);
    sum = plus(sum, this.cost(expr.result));
    this.pop(expr.accuVar);
    const count = this.size(range) ?? UNKNOWN;
    sum = plus(sum, times(count, each));
    if (accuInit.is === 'literal') {
      const size = this.size(accuInit);
      if (size) this.computed.set(expr.id, size);
    } else if (accuInit.is === 'list' || accuInit.is === 'map') {
      this.computed.set(expr.id, count);
      const entry = this.entrySize(expr.step);
      if (entry) this.entries.set(expr.id, entry);
    }
    return sum;
  }

  private pushLoopVariables({ range, iterVar, iterVar2 }: ComprehensionExpr): void {
    const entry = this.entrySize(range);
    const ofList = (entry?.container ?? this.type(range).kind) === 'list';
    const path = this.path(range);
    const keys: Local = { path: [...path, ofList ? '@indices' : '@keys'], size: entry?.key, entry: undefined };
    const values: Local = { path: [...path, ofList ? '@items' : '@values'], size: entry?.value, entry: undefined };
    if (iterVar2 === undefined) this.push(iterVar, ofList ? values : keys);
    else {
      this.push(iterVar, keys);
      this.push(iterVar2, values);
    }
  }
}

const isBind = ({ range, condition, accuVar }: ComprehensionExpr): boolean =>
  range.is === 'list' && range.elements.length === 0 && condition.is === 'literal' && condition.value === false && accuVar !== ACCUMULATOR;

function unionEntries(a: EntrySize | undefined, b: EntrySize | undefined): EntrySize | undefined {
  return a && b ? { container: a.container, key: union(a.key, b.key), value: union(a.value, b.value) } : undefined;
}

function sizeOfExpr(expr: Expr): Range | undefined {
  if (expr.is === 'list') return fixed(expr.elements.length);
  if (expr.is === 'map') return fixed(expr.entries.length);
  if (expr.is !== 'literal') return undefined;
  const { value } = expr;
  if (typeof value === 'string') return fixed(codePoints(value));
  return fixed(value instanceof Uint8Array ? value.length : 1);
}

function isScalar({ kind, name, params }: CelType): boolean {
  if (kind === 'opaque' && name === 'optional_type') return isScalar(params[0]!);
  return ['bool', 'double', 'duration', 'int', 'timestamp', 'uint'].includes(kind);
}
