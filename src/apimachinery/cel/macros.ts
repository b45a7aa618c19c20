// The macros of CEL as Kubernetes has them: has, the loops over one and two variables, and the two of optionals. They become plain
// expressions while the text is read. Follows parser/macro.go, ext/comprehensions.go and cel/library.go of cel-go.
import type { Expr } from './ast.ts';
import { ACCUMULATOR, type AstBuilder } from './ast-builder.ts';

export class MacroError extends Error {
  readonly at: number;
  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

/** Undefined where the call is none of a macro. Throws a {@link MacroError}. */
export function expandMacro(b: AstBuilder, at: number, name: string, target: Expr | undefined, args: readonly Expr[]): Expr | undefined {
  if (!target) return name === 'has' && args.length === 1 ? has(b, at, args[0]!) : undefined;
  const variables = args.length - (LOOPS[name]?.least ?? Number.POSITIVE_INFINITY);
  if (name === 'optMap' || name === 'optFlatMap') return args.length === 2 ? optionalMap(b, at, name, target, args) : undefined;
  if (!LOOPS[name] || variables < 0) return undefined;
  return LOOPS[name].expand(new Loop(b, at, target), args);
}

function has(b: AstBuilder, at: number, arg: Expr): Expr {
  if (arg.is !== 'select' || arg.testOnly) throw new MacroError(at, 'invalid argument to has() macro');
  return b.select(at, arg.operand, arg.field, true);
}

/** What the loops have in common. */
class Loop {
  readonly b: AstBuilder;
  readonly at: number;
  readonly range: Expr;

  constructor(b: AstBuilder, at: number, range: Expr) {
    this.b = b;
    this.at = at;
    this.range = range;
  }

  call(name: string, ...args: readonly Expr[]): Expr {
    return this.b.call(this.at, name, args);
  }

  literal(value: boolean | bigint): Expr {
    return this.b.literal(this.at, value);
  }

  get accu(): Expr {
    return this.b.accumulator(this.at);
  }

  make(
    variables: readonly string[],
    accuInit: Expr,
    step: Expr,
    { condition = this.literal(true), result = this.accu }: { readonly condition?: Expr; readonly result?: Expr } = {},
  ): Expr {
    const [iterVar, iterVar2] = variables as [string, string?];
    return this.b.loop(this.at, { range: this.range, iterVar, iterVar2, accuInit, condition, step, result });
  }

  /** The step is taken only where the filter holds. */
  where(filter: Expr | undefined, step: Expr): Expr {
    return filter ? this.call('_?_:_', filter, step, this.accu) : step;
  }
}

function names(args: readonly Expr[]): string[] {
  const found = args.map((arg) => {
    if (arg.is !== 'ident') throw new MacroError(arg.at, 'argument must be a simple name');
    if (arg.name === ACCUMULATOR || arg.name === '__result__')
      throw new MacroError(arg.at, 'iteration variable overwrites accumulator variable');
    return arg.name;
  });
  if (found.length === 2 && found[0] === found[1]) throw new MacroError(args[1]!.at, `duplicate variable name: ${found[0]}`);
  return found;
}

type Expand = (loop: Loop, args: readonly Expr[]) => Expr | undefined;

const all: Expand = (loop, args) =>
  args.length > 3
    ? undefined
    : loop.make(names(args.slice(0, -1)), loop.literal(true), loop.call('_&&_', loop.accu, args.at(-1)!), {
        condition: loop.call('@not_strictly_false', loop.accu),
      });

const exists: Expand = (loop, args) =>
  args.length > 3
    ? undefined
    : loop.make(names(args.slice(0, -1)), loop.literal(false), loop.call('_||_', loop.accu, args.at(-1)!), {
        condition: loop.call('@not_strictly_false', loop.call('!_', loop.accu)),
      });

const existsOne: Expand = (loop, args) =>
  args.length > 3
    ? undefined
    : loop.make(
        names(args.slice(0, -1)),
        loop.literal(0n),
        loop.call('_?_:_', args.at(-1)!, loop.call('_+_', loop.accu, loop.literal(1n)), loop.accu),
        { result: loop.call('_==_', loop.accu, loop.literal(1n)) },
      );

const collect = (loop: Loop, variables: readonly Expr[], filter: Expr | undefined, element: Expr): Expr =>
  loop.make(names(variables), loop.b.list(loop.at, []), loop.where(filter, loop.call('_+_', loop.accu, loop.b.list(loop.at, [element]))));

const map: Expand = (loop, args) =>
  args.length > 3 ? undefined : collect(loop, args.slice(0, 1), args.length === 3 ? args[1] : undefined, args.at(-1)!);

const filter: Expand = (loop, args) => {
  if (args.length !== 2) return undefined;
  const [name] = names(args.slice(0, 1));
  return collect(loop, args.slice(0, 1), args[1], loop.b.ident(loop.at, name!));
};

const transformList: Expand = (loop, args) =>
  args.length > 4 ? undefined : collect(loop, args.slice(0, 2), args.length === 4 ? args[2] : undefined, args.at(-1)!);

const transformMap =
  (withKey: boolean): Expand =>
  (loop, args) => {
    if (args.length > 4) return undefined;
    const variables = names(args.slice(0, 2));
    const inserted = withKey ? [loop.b.ident(loop.at, variables[0]!), args.at(-1)!] : [args.at(-1)!];
    const step = loop.call('cel.@mapInsert', loop.accu, ...inserted);
    return loop.make(variables, loop.b.map(loop.at, []), loop.where(args.length === 4 ? args[2] : undefined, step));
  };

const LOOPS: Readonly<Record<string, { readonly least: number; readonly expand: Expand }>> = {
  all: { least: 2, expand: all },
  exists: { least: 2, expand: exists },
  exists_one: { least: 2, expand: existsOne },
  existsOne: { least: 2, expand: existsOne },
  map: { least: 2, expand: map },
  filter: { least: 2, expand: filter },
  transformList: { least: 3, expand: transformList },
  transformMap: { least: 3, expand: transformMap(true) },
  transformMapEntry: { least: 3, expand: transformMap(false) },
  sortBy: { least: 2, expand: (loop, args) => (args.length === 2 ? sortBy(loop, args) : undefined) },
};

/** Keys first, then the elements in the order of their keys. */
function sortBy(loop: Loop, [variable, key]: readonly Expr[]): Expr {
  const { b, at } = loop;
  const input = '@__sortBy_input__';
  const keys = b.loop(at, {
    range: b.ident(at, input),
    iterVar: names([variable!])[0]!,
    accuInit: b.list(at, []),
    condition: b.literal(at, true),
    step: b.call(at, '_+_', [b.accumulator(at), b.list(at, [key!])]),
    result: b.accumulator(at),
  });
  return bind(b, at, input, loop.range, b.call(at, '@sortByAssociatedKeys', [keys], b.ident(at, input)));
}

/** `cel.bind`: a loop over nothing whose result may name the value. */
const bind = (b: AstBuilder, at: number, name: string, value: Expr, result: Expr): Expr =>
  b.loop(at, {
    range: b.list(at, []),
    iterVar: '#unused',
    accuVar: name,
    accuInit: value,
    condition: b.literal(at, false),
    step: b.ident(at, name),
    result,
  });

function optionalMap(b: AstBuilder, at: number, name: string, target: Expr, [variable, expr]: readonly Expr[]): Expr {
  if (variable!.is !== 'ident') throw new MacroError(variable!.at, `${name}() variable name must be a simple identifier`);
  const value = bind(b, at, variable!.name, b.call(at, 'value', [], target), expr!);
  return b.call(at, '_?_:_', [
    b.call(at, 'hasValue', [], target),
    name === 'optMap' ? b.call(at, 'optional.of', [value]) : value,
    b.call(at, 'optional.none', []),
  ]);
}
