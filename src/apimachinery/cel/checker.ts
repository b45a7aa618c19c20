// Gives every part of an expression its type, finds the overloads that each call can mean, and tells what fits nowhere. Follows
// checker/checker.go of cel-go, words included. The container is always the empty one.
import { type Expr, qualifiedName, type CallExpr, type ComprehensionExpr, type StructExpr } from './ast.ts';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DYN,
  ERROR,
  formatType,
  INT,
  isOptionalType,
  listType,
  mapType,
  NULL,
  optionalType,
  parseType,
  sameType,
  STRING,
  structType,
  typeOf,
  typeParam,
  UINT,
} from './cel-type.ts';
import type { Environment, FunctionDeclaration, Overload } from './environment.ts';
import type { Issue } from './issue.ts';
import { assignable, isDynOrError, type Mapping, mostGeneral, substitute } from './unify.ts';
import { typeNameOf, type Value } from './values.ts';

/** What the checker found out. */
export interface Checked {
  readonly expr: Expr;
  readonly type: CelType;
  /** By the numbers of expressions. */
  readonly types: ReadonlyMap<number, CelType>;
  /** The overloads that a call may mean, by its number. */
  readonly overloads: ReadonlyMap<number, readonly Overload[]>;
  /** Parts that turned out to be a variable (or a type) whose name has dots, by their numbers. */
  readonly names: ReadonlyMap<number, string>;
  /** Calls whose receiver is a namespace: `sets.contains(a, b)`. */
  readonly namespaced: ReadonlyMap<number, string>;
  readonly variables: ReadonlySet<string>;
}

export type CheckResult = { readonly ok: true; readonly checked: Checked } | { readonly ok: false; readonly issues: readonly Issue[] };

export function checkExpression(expr: Expr, environment: Environment): CheckResult {
  const checker = new Checker(environment);
  const type = checker.run(expr);
  return checker.issues.length ? { ok: false, issues: checker.issues } : { ok: true, checked: { ...checker.found(), expr, type } };
}

/** Names of types that expressions may use as values. */
const TYPE_NAMES: Readonly<Record<string, CelType>> = Object.fromEntries(
  ['bool', 'int', 'uint', 'double', 'string', 'bytes', 'type', 'list(dyn)', 'map(dyn, dyn)', 'null', 'dyn'].map((text) => {
    const type = parseType(text);
    return [text === 'null' ? 'null_type' : type.name, type];
  }),
);
const WELL_KNOWN: Readonly<Record<string, CelType>> = {
  'google.protobuf.Timestamp': parseType('timestamp'),
  'google.protobuf.Duration': parseType('duration'),
  optional_type: optionalType(DYN),
};

/** The type that a name means, where it is the name of one. */
export const namedType = (name: string): CelType | undefined => {
  if (Object.hasOwn(TYPE_NAMES, name)) return TYPE_NAMES[name];
  return Object.hasOwn(WELL_KNOWN, name) ? WELL_KNOWN[name] : undefined;
};

const CONSTANTS: Readonly<Record<string, CelType>> = {
  null: NULL,
  bool: BOOL,
  int: INT,
  uint: UINT,
  double: DOUBLE,
  string: STRING,
  bytes: BYTES,
};

class Checker {
  readonly issues: Issue[] = [];
  private readonly environment: Environment;
  private readonly types = new Map<number, CelType>();
  private readonly overloads = new Map<number, readonly Overload[]>();
  private readonly names = new Map<number, string>();
  private readonly namespaced = new Map<number, string>();
  private readonly used = new Set<string>();
  private scopes: readonly ReadonlyMap<string, CelType>[] = [];
  private mapping: Mapping = new Map();
  private freeVariables = 0;

  constructor(environment: Environment) {
    this.environment = environment;
  }

  run(expr: Expr): CelType {
    this.check(expr);
    for (const [id, type] of this.types) this.types.set(id, substitute(this.mapping, type, true));
    return this.types.get(expr.id)!;
  }

  found(): Omit<Checked, 'expr' | 'type'> {
    const { types, overloads, names, namespaced } = this;
    return { types, overloads, names, namespaced, variables: this.used };
  }

  private issue(at: number, message: string): void {
    this.issues.push({ at, message });
  }

  private typeOf(expr: Expr): CelType {
    return this.types.get(expr.id)!;
  }

  private assignable(a: CelType, b: CelType): boolean {
    const found = assignable(this.mapping, [[a, b]]);
    if (found) this.mapping = found;
    return found !== undefined;
  }

  private mismatch(expr: Expr, expected: CelType, actual: CelType): void {
    this.issue(expr.at, `expected type '${formatType(expected)}' but found '${formatType(actual)}'`);
  }

  private undeclared(at: number, name: string): void {
    this.issue(at, `undeclared reference to '${name}' (in container '')`);
  }

  private free(): CelType {
    return typeParam(`_var${this.freeVariables++}`);
  }

  private check(expr: Expr): void {
    this.types.set(expr.id, this.determine(expr));
  }

  private determine(expr: Expr): CelType {
    switch (expr.is) {
      case 'literal':
        return CONSTANTS[typeNameOf(expr.value as Value)]!;
      case 'ident':
        return this.ident(expr.name) ?? (this.undeclared(expr.at, expr.name), ERROR);
      case 'select':
        return this.select(expr);
      case 'call':
        return this.call(expr);
      case 'list':
        return this.list(expr);
      case 'map':
        return this.map(expr);
      case 'struct':
        return this.struct(expr);
      case 'comprehension':
        return this.comprehension(expr);
    }
  }

  // ---- names ----

  private ident(name: string): CelType | undefined {
    for (const scope of this.scopes) {
      const local = scope.get(name);
      if (local) return local;
    }
    const plain = name.startsWith('.') ? name.slice(1) : name;
    const variable = this.environment.variables.get(plain);
    if (variable) {
      this.used.add(plain);
      return variable;
    }
    const type = namedType(plain) ?? (this.environment.types(plain) ? structType(plain) : undefined);
    return type && typeOf(type);
  }

  private select(expr: Expr & { readonly is: 'select' }): CelType {
    const name = qualifiedName(expr);
    const root = name?.split('.', 1)[0];
    const isLocal = root !== undefined && this.scopes.some((scope) => scope.has(root));
    const whole = name === undefined || isLocal ? undefined : this.ident(name);
    if (whole) {
      this.names.set(expr.id, name!);
      return whole;
    }
    const type = this.field(expr.at, expr.operand, expr.field, false);
    return expr.testOnly ? BOOL : substitute(this.mapping, type, false);
  }

  private field(at: number, operand: Expr, name: string, optional: boolean): CelType {
    this.check(operand);
    const whole = substitute(this.mapping, this.typeOf(operand), false);
    const isOptional = isOptionalType(whole);
    const target = isOptional ? whole.params[0]! : whole;
    let type = DYN;
    if (target.kind === 'map') type = target.params[1]!;
    else if (target.kind === 'struct') type = this.fieldOf(at, target.name, name) ?? ERROR;
    else if (target.kind === 'param') this.assignable(DYN, target);
    else if (!isDynOrError(target)) this.issue(at, `type '${formatType(target)}' does not support field selection`);
    return isOptional || optional ? optionalType(type) : type;
  }

  private fieldOf(at: number, typeName: string, field: string): CelType | undefined {
    const fields = this.environment.types(typeName);
    if (!fields) {
      this.issue(at, `unexpected failed resolution of '${typeName}'`);
      return undefined;
    }
    const type = fields(field);
    if (!type) this.issue(at, `undefined field '${field}'`);
    return type;
  }

  // ---- calls ----

  private call(expr: CallExpr): CelType {
    const { name, args, target } = expr;
    if (name === '_?._') {
      const [operand, field] = args as [Expr, Expr & { value: string }];
      this.types.set(field.id, STRING);
      return substitute(this.mapping, this.field(expr.at, operand, field.value, true), false);
    }
    for (const arg of args) this.check(arg);
    if (!target) {
      const fn = this.environment.functions.get(name.startsWith('.') ? name.slice(1) : name);
      if (fn) return this.resolve(expr, fn, undefined);
      this.undeclared(expr.at, name);
      return ERROR;
    }
    const prefix = qualifiedName(target);
    const namespaced = prefix === undefined ? undefined : this.environment.functions.get(`${prefix}.${name}`);
    if (namespaced) {
      this.namespaced.set(expr.id, namespaced.name);
      return this.resolve(expr, namespaced, undefined);
    }
    this.check(target);
    const fn = this.environment.functions.get(name);
    if (fn) return this.resolve(expr, fn, target);
    this.undeclared(expr.at, name);
    return ERROR;
  }

  private resolve(expr: CallExpr, fn: FunctionDeclaration, target: Expr | undefined): CelType {
    const argTypes = [...(target ? [target] : []), ...expr.args].map((arg) => this.typeOf(arg));
    if (fn.name === '_&&_' || fn.name === '_||_') return this.logical(expr, fn, argTypes);
    const matching: Overload[] = [];
    let result: CelType | undefined;
    for (const overload of fn.overloads) {
      if (overload.member !== (target !== undefined) || overload.params.length !== argTypes.length) continue;
      const fresh = this.instantiate(overload);
      const found = assignable(
        this.mapping,
        argTypes.map((type, i) => [type, fresh.params[i]!]),
      );
      if (!found) continue;
      this.mapping = found;
      matching.push(overload);
      const type = substitute(this.mapping, fresh.result, false);
      if (!result) result = type;
      else if (result.kind !== 'dyn' && !sameType(type, result)) result = DYN;
    }
    this.overloads.set(expr.id, matching);
    if (result) return result;
    const [receiver, ...rest] = argTypes.map((type) => formatType(substitute(this.mapping, type, true)));
    const shown = target ? `${receiver}.(${rest.join(', ')})` : `(${[receiver, ...rest].filter((t) => t !== undefined).join(', ')})`;
    this.issue(expr.at, `found no matching overload for '${fn.name}' applied to '${shown}'`);
    return ERROR;
  }

  private logical(expr: CallExpr, fn: FunctionDeclaration, argTypes: readonly CelType[]): CelType {
    this.overloads.set(expr.id, fn.overloads);
    let fits = true;
    argTypes.forEach((type, i) => {
      if (this.assignable(type, BOOL)) return;
      this.mismatch(expr.args[i]!, BOOL, type);
      fits = false;
    });
    return fits ? BOOL : ERROR;
  }

  private instantiate({ params, result }: Overload): { readonly params: readonly CelType[]; readonly result: CelType } {
    const fresh: Mapping = new Map();
    const rename = (type: CelType): CelType => {
      if (type.kind === 'param') {
        if (!fresh.has(type.name)) fresh.set(type.name, this.free());
        return fresh.get(type.name)!;
      }
      return type.params.length === 0 ? type : { ...type, params: type.params.map(rename) };
    };
    return { params: params.map(rename), result: rename(result) };
  }

  // ---- lists, maps, objects ----

  /** The value within, of an element that may be left out. */
  private unwrapped(expr: Expr, optional: boolean): CelType {
    const type = this.typeOf(expr);
    if (!optional) return type;
    if (isOptionalType(type)) return type.params[0]!;
    if (type.kind !== 'dyn') this.mismatch(expr, optionalType(type), type);
    return type;
  }

  private join(expr: Expr, before: CelType | undefined, type: CelType): CelType {
    if (!before) return type;
    if (this.assignable(before, type)) return mostGeneral(before, type);
    this.mismatch(expr, before, type);
    return ERROR;
  }

  private list({ elements, optional }: Expr & { readonly is: 'list' }): CelType {
    let joined: CelType | undefined;
    elements.forEach((element, i) => {
      this.check(element);
      joined = this.join(element, joined, this.unwrapped(element, optional.has(i)));
    });
    return listType(joined ?? this.free());
  }

  private map({ entries }: Expr & { readonly is: 'map' }): CelType {
    let keys: CelType | undefined;
    let values: CelType | undefined;
    for (const { key, value, optional } of entries) {
      this.check(key);
      keys = this.join(key, keys, this.typeOf(key));
      this.check(value);
      values = this.join(value, values, this.unwrapped(value, optional));
    }
    return mapType(keys ?? this.free(), values ?? this.free());
  }

  private struct({ typeName, fields, at }: StructExpr): CelType {
    const name = typeName.startsWith('.') ? typeName.slice(1) : typeName;
    const declared = this.environment.types(name);
    if (!declared) {
      if (namedType(name)) this.issue(at, `'${name}' is not a message type`);
      else this.undeclared(at, typeName);
      return ERROR;
    }
    for (const { name: field, value, optional, at: fieldAt } of fields) {
      this.check(value);
      const type = this.fieldOf(fieldAt, name, field) ?? ERROR;
      const given = this.unwrapped(value, optional);
      if (!this.assignable(type, given))
        this.issue(fieldAt, `expected type of field '${field}' is '${formatType(type)}' but provided type is '${formatType(given)}'`);
    }
    return structType(name);
  }

  // ---- loops ----

  private comprehension(expr: ComprehensionExpr): CelType {
    this.check(expr.range);
    this.check(expr.accuInit);
    const range = substitute(this.mapping, this.typeOf(expr.range), false);
    const accu = this.typeOf(expr.accuInit);
    const outer = this.scopes;
    const [first, second] = this.loopVariables(expr, range);
    const withAccu = [new Map([[expr.accuVar, accu]]), ...outer];
    const variables = new Map([[expr.iterVar, first]]);
    if (expr.iterVar2 !== undefined) variables.set(expr.iterVar2, second);
    this.scopes = [variables, ...withAccu];
    this.check(expr.condition);
    this.expectType(expr.condition, BOOL);
    this.check(expr.step);
    this.expectType(expr.step, accu);
    this.scopes = withAccu;
    this.check(expr.result);
    this.scopes = outer;
    return substitute(this.mapping, this.typeOf(expr.result), false);
  }

  private loopVariables(expr: ComprehensionExpr, range: CelType): readonly [CelType, CelType] {
    const two = expr.iterVar2 !== undefined;
    switch (range.kind) {
      case 'list':
        return two ? [INT, range.params[0]!] : [range.params[0]!, DYN];
      case 'map':
        return [range.params[0]!, range.params[1]!];
      case 'dyn':
      case 'error':
      case 'param':
        this.assignable(DYN, range);
        return [DYN, DYN];
      default:
        this.issue(
          expr.range.at,
          `expression of type '${formatType(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
        );
        return [ERROR, ERROR];
    }
  }

  private expectType(expr: Expr, type: CelType): void {
    if (!this.assignable(type, this.typeOf(expr))) this.mismatch(expr, type, this.typeOf(expr));
  }
}
