// Makes the nodes of an expression, each with a number of its own.
import type { Constant, Expr, IdentExpr, ListExpr, MapExpr, StructExpr } from './ast.ts';

/** How the loops that macros become name their result: no expression can say it. */
export const ACCUMULATOR = '@result';

export class AstBuilder {
  private last = 0;

  literal(at: number, value: Constant): Expr {
    return { is: 'literal', id: ++this.last, at, value };
  }

  ident(at: number, name: string): IdentExpr {
    return { is: 'ident', id: ++this.last, at, name };
  }

  accumulator(at: number): IdentExpr {
    return this.ident(at, ACCUMULATOR);
  }

  select(at: number, operand: Expr, field: string, testOnly = false): Expr {
    return { is: 'select', id: ++this.last, at, operand, field, testOnly };
  }

  call(at: number, name: string, args: readonly Expr[], target?: Expr): Expr {
    return { is: 'call', id: ++this.last, at, name, args, ...(target ? { target } : {}) };
  }

  list(at: number, elements: readonly Expr[], optional: ReadonlySet<number> = new Set()): ListExpr {
    return { is: 'list', id: ++this.last, at, elements, optional };
  }

  map(at: number, entries: MapExpr['entries']): MapExpr {
    return { is: 'map', id: ++this.last, at, entries };
  }

  struct(at: number, typeName: string, fields: StructExpr['fields']): StructExpr {
    return { is: 'struct', id: ++this.last, at, typeName, fields };
  }

  loop(
    at: number,
    loop: {
      readonly range: Expr;
      readonly iterVar: string;
      readonly iterVar2?: string | undefined;
      /** The accumulator where it is not said. */
      readonly accuVar?: string;
      readonly accuInit: Expr;
      readonly condition: Expr;
      readonly step: Expr;
      readonly result: Expr;
    },
  ): Expr {
    const { iterVar2, accuVar = ACCUMULATOR, ...parts } = loop;
    return { is: 'comprehension', id: ++this.last, at, accuVar, ...parts, ...(iterVar2 === undefined ? {} : { iterVar2 }) };
  }
}
