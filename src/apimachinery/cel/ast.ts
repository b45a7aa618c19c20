// What an expression in CEL is after parsing: a tree of few kinds of nodes, macros already expanded. Every node has a number of its own
// and the place it was written at. Follows common/ast of cel-go.
import type { Timestamp, Uint } from './values.ts';

/** What literals can be. */
export type Constant = null | boolean | bigint | number | string | Uint | Uint8Array | Timestamp;

interface Node {
  readonly id: number;
  /** Offset in the text, in code points. */
  readonly at: number;
}

export interface LiteralExpr extends Node {
  readonly is: 'literal';
  readonly value: Constant;
}
export interface IdentExpr extends Node {
  readonly is: 'ident';
  readonly name: string;
}
export interface SelectExpr extends Node {
  readonly is: 'select';
  readonly operand: Expr;
  readonly field: string;
  /** `has(operand.field)` */
  readonly testOnly: boolean;
}
export interface CallExpr extends Node {
  readonly is: 'call';
  /** Operators have names such as `_+_`. */
  readonly name: string;
  readonly target?: Expr;
  readonly args: readonly Expr[];
}
export interface ListExpr extends Node {
  readonly is: 'list';
  readonly elements: readonly Expr[];
  /** Which elements are left out where they are an empty optional. */
  readonly optional: ReadonlySet<number>;
}
export interface MapExpr extends Node {
  readonly is: 'map';
  readonly entries: readonly { readonly key: Expr; readonly value: Expr; readonly optional: boolean }[];
}
export interface StructExpr extends Node {
  readonly is: 'struct';
  readonly typeName: string;
  readonly fields: readonly { readonly name: string; readonly value: Expr; readonly optional: boolean; readonly at: number }[];
}
/** A loop over a list or the keys of a map, which macros become. */
export interface ComprehensionExpr extends Node {
  readonly is: 'comprehension';
  readonly range: Expr;
  readonly iterVar: string;
  /** Present in loops over indices and elements, or keys and values. */
  readonly iterVar2?: string;
  readonly accuVar: string;
  readonly accuInit: Expr;
  readonly condition: Expr;
  readonly step: Expr;
  readonly result: Expr;
}

export type Expr = LiteralExpr | IdentExpr | SelectExpr | CallExpr | ListExpr | MapExpr | StructExpr | ComprehensionExpr;

/** `a.b.c` as one name; undefined where the expression is anything else. */
export function qualifiedName(expr: Expr): string | undefined {
  if (expr.is === 'ident') return expr.name;
  if (expr.is !== 'select' || expr.testOnly) return undefined;
  const before = qualifiedName(expr.operand);
  return before === undefined ? undefined : `${before}.${expr.field}`;
}

/** The children of an expression, in the order in which they are written. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.is) {
    case 'literal':
    case 'ident':
      return [];
    case 'select':
      return [expr.operand];
    case 'call':
      return expr.target ? [expr.target, ...expr.args] : expr.args;
    case 'list':
      return expr.elements;
    case 'map':
      return expr.entries.flatMap(({ key, value }) => [key, value]);
    case 'struct':
      return expr.fields.map(({ value }) => value);
    case 'comprehension':
      return [expr.range, expr.accuInit, expr.condition, expr.step, expr.result];
  }
}
