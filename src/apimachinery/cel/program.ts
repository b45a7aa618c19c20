// Evaluates checked expressions: an expression becomes a tree of functions once, and is then run any number of times. What each run
// costs is counted as Kubernetes counts it, and a run that costs too much ends. Follows interpreter/planner.go and interpretable.go of
// cel-go, and its runtime costs.
import { hasField, indexValue, optionalField, optionalIndex, selectField } from './access.ts';
import type { CallExpr, ComprehensionExpr, Expr, StructExpr } from './ast.ts';
import { costOfCall } from './call-cost.ts';
import { type CelType, isOptionalType } from './cel-type.ts';
import { type Checked, namedType } from './checker.ts';
import type { Overload } from './environment.ts';
import { structType } from './cel-type.ts';
import {
  ArrayList,
  CelError,
  Duration,
  GrowingList,
  ListValue,
  MapValue,
  noSuchOverload,
  OpaqueValue,
  OptionalValue,
  StructValue,
  Timestamp,
  typeNameOf,
  TypeValue,
  Uint,
  type Value,
  ValueMap,
} from './values.ts';

/** What the variables of an expression are, in one run. Undefined where there is none. */
export type Activation = (name: string) => Value | undefined;

/** A run was ended because it costs more than it may. */
export class CostLimitExceeded extends Error {
  constructor() {
    super('operation cancelled: actual cost limit exceeded');
  }
}

const LIST_COST = 10;
const MAP_COST = 30;
const STRUCT_COST = 40;

class Meter {
  cost = 0;
  private readonly limit: number;
  constructor(limit: number) {
    this.limit = limit;
  }
  add(cost: number): void {
    this.cost += cost;
    if (this.cost > this.limit) throw new CostLimitExceeded();
  }
}

/** The variables of a loop, around those of the loop that it is in. */
interface Scope {
  readonly outer: Scope | undefined;
  readonly values: Map<string, Value>;
}

interface Frame {
  readonly activation: Activation;
  readonly meter: Meter;
  readonly scope: Scope | undefined;
}

type Step = (frame: Frame) => Value;

export interface Outcome {
  readonly value: Value;
  readonly cost: number;
}

export interface Program {
  /** Throws {@link CostLimitExceeded}. Errors of the expression itself are values. */
  run(activation: Activation): Outcome;
}

/** @param costLimit of a single run */
export function makeProgram(checked: Checked, costLimit: number): Program {
  const step = new Planner(checked).plan(checked.expr);
  return {
    run(activation) {
      const meter = new Meter(costLimit);
      const value = step({ activation, meter, scope: undefined });
      return { value, cost: meter.cost };
    },
  };
}

const isAttribute = (expr: Expr): boolean =>
  expr.is === 'ident' ||
  (expr.is === 'select' && !expr.testOnly && isAttribute(expr.operand)) ||
  (expr.is === 'call' && expr.name === '_[_]' && isAttribute(expr.args[0]!));

class Planner {
  private readonly checked: Checked;

  constructor(checked: Checked) {
    this.checked = checked;
  }

  plan(expr: Expr): Step {
    switch (expr.is) {
      case 'literal':
        return () => expr.value as Value;
      case 'ident':
        return this.variable(expr.name);
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

  private variable(written: string): Step {
    const name = written.startsWith('.') ? written.slice(1) : written;
    const type = namedType(name);
    return ({ activation, meter, scope }) => {
      meter.add(1);
      for (let s = scope; s; s = s.outer) {
        const local = s.values.get(name);
        if (local !== undefined) return local;
      }
      const value = activation(name);
      // null is a value
      if (value !== undefined) return value;
      return type ? new TypeValue(type) : new CelError(`no such attribute(s): ${name}`);
    };
  }

  private select(expr: Expr & { readonly is: 'select' }): Step {
    const whole = this.checked.names.get(expr.id);
    if (whole !== undefined) return this.variable(whole);
    const operand = this.plan(expr.operand);
    const { field } = expr;
    if (expr.testOnly) {
      // what is only looked for costs nothing by itself
      const refund = isAttribute(expr.operand) ? -1 : 0;
      return (frame) => {
        const target = operand(frame);
        frame.meter.add(refund);
        return hasField(target, field);
      };
    }
    const cost = isAttribute(expr.operand) ? 1 : 2;
    return (frame) => {
      const target = operand(frame);
      if (target instanceof CelError) return target;
      frame.meter.add(cost);
      return selectField(target, field);
    };
  }

  private call(expr: CallExpr): Step {
    const { name, args } = expr;
    switch (name) {
      case '_&&_':
        return this.logical(args, false);
      case '_||_':
        return this.logical(args, true);
      case '_?_:_':
        return this.conditional(args);
      case '@not_strictly_false': {
        const arg = this.plan(args[0]!);
        return (frame) => {
          const value = arg(frame);
          frame.meter.add(1);
          return value !== false;
        };
      }
      case '_[_]':
      case '_[?_]':
        return this.index(args, name === '_[?_]');
      case '_?._': {
        const operand = this.plan(args[0]!);
        const field = (args[1] as Expr & { value: string }).value;
        return (frame) => {
          const target = operand(frame);
          frame.meter.add(1);
          return optionalField(target, field);
        };
      }
    }
    if (expr.target && !this.checked.namespaced.has(expr.id) && (name === 'or' || name === 'orValue')) return this.orElse(expr);
    return this.dispatch(expr);
  }

  private logical(args: readonly Expr[], decisive: boolean): Step {
    const [left, right] = args.map((arg) => this.plan(arg)) as [Step, Step];
    return (frame) => {
      const a = left(frame);
      if (a === decisive) return decisive;
      const b = right(frame);
      if (b === decisive) return decisive;
      if (a === !decisive && b === !decisive) return !decisive;
      if (a instanceof CelError) return a;
      if (b instanceof CelError) return b;
      return noSuchOverload;
    };
  }

  private conditional(args: readonly Expr[]): Step {
    const [condition, yes, no] = args.map((arg) => this.plan(arg)) as [Step, Step, Step];
    return (frame) => {
      const value = condition(frame);
      if (value === true) return yes(frame);
      if (value === false) return no(frame);
      return value instanceof CelError ? value : noSuchOverload;
    };
  }

  private index(args: readonly Expr[], optional: boolean): Step {
    const [operand, key] = args.map((arg) => this.plan(arg)) as [Step, Step];
    const cost = (isAttribute(args[0]!) ? 0 : 1) + (isAttribute(args[1]!) ? 0 : 1);
    return (frame) => {
      const target = operand(frame);
      const at = key(frame);
      frame.meter.add(cost);
      if (target instanceof CelError) return target;
      if (at instanceof CelError) return at;
      return optional ? optionalIndex(target, at) : indexValue(target, at);
    };
  }

  /** The alternative is evaluated only where it is needed. */
  private orElse(expr: CallExpr): Step {
    const [target, other] = [this.plan(expr.target!), this.plan(expr.args[0]!)];
    const whole = expr.name === 'or';
    return (frame) => {
      const value = target(frame);
      frame.meter.add(1);
      if (value instanceof CelError) return value;
      if (!(value instanceof OptionalValue)) return noSuchOverload;
      if (value.value === undefined) return other(frame);
      return whole ? value : value.value;
    };
  }

  private dispatch(expr: CallExpr): Step {
    const { checked } = this;
    const namespaced = checked.namespaced.get(expr.id);
    const name = namespaced ?? expr.name;
    const overloads = checked.overloads.get(expr.id) ?? [];
    const only = overloads.length === 1 ? overloads[0]!.id : '';
    const withTarget = expr.target && namespaced === undefined ? [expr.target, ...expr.args] : expr.args;
    const args = withTarget.map((arg) => this.plan(arg));
    return (frame) => {
      const values = args.map((arg) => arg(frame));
      const result = invoke(name, overloads, values);
      frame.meter.add(costOfCall(name, only, values, result));
      return result;
    };
  }

  private list({ elements, optional }: Expr & { readonly is: 'list' }): Step {
    const steps = elements.map((element) => this.plan(element));
    return (frame) => {
      const items: Value[] = [];
      for (const [i, step] of steps.entries()) {
        const value = step(frame);
        if (value instanceof CelError) return value;
        if (!optional.has(i)) items.push(value);
        else if (!(value instanceof OptionalValue)) return new CelError(`cannot initialize optional list element from non-optional value`);
        else if (value.value !== undefined) items.push(value.value);
      }
      frame.meter.add(LIST_COST);
      return new ArrayList(items);
    };
  }

  private map({ entries }: Expr & { readonly is: 'map' }): Step {
    const steps = entries.map(({ key, value, optional }) => ({ key: this.plan(key), value: this.plan(value), optional }));
    return (frame) => {
      const map = new ValueMap();
      for (const step of steps) {
        const key = step.key(frame);
        const value = step.value(frame);
        const wrong = key instanceof CelError ? key : value instanceof CelError ? value : undefined;
        if (wrong) return wrong;
        const given = step.optional ? (value as OptionalValue).value : value;
        if (given !== undefined && !map.add(key, given)) return new CelError('Failed with repeated key');
      }
      frame.meter.add(MAP_COST);
      return map;
    };
  }

  private struct({ typeName, fields }: StructExpr): Step {
    const name = typeName.startsWith('.') ? typeName.slice(1) : typeName;
    const steps = fields.map((field) => ({ ...field, step: this.plan(field.value) }));
    return (frame) => {
      const values = new Map<string, Value>();
      for (const { name: field, step, optional } of steps) {
        const value = step(frame);
        if (value instanceof CelError) return value;
        const given = optional ? (value as OptionalValue).value : value;
        if (given !== undefined) values.set(field, given);
      }
      frame.meter.add(STRUCT_COST);
      return new StructValue(structType(name).name, values);
    };
  }

  private comprehension(expr: ComprehensionExpr): Step {
    const { iterVar, iterVar2, accuVar } = expr;
    const [range, init, condition, step, result] = [expr.range, expr.accuInit, expr.condition, expr.step, expr.result].map((e) =>
      this.plan(e),
    ) as [Step, Step, Step, Step, Step];
    const gathers = expr.accuInit.is === 'list' && expr.accuInit.elements.length === 0;
    return (frame) => {
      const over = range(frame);
      if (over instanceof CelError) return over;
      if (!(over instanceof ListValue || over instanceof MapValue))
        return new CelError(`got '${typeNameOf(over)}', expected iterable type`);
      const first = init(frame);
      const values = new Map<string, Value>([[accuVar, gathers ? new GrowingList([]) : first]]);
      const inner: Frame = { ...frame, scope: { outer: frame.scope, values } };
      const keys = over instanceof MapValue ? over.keys() : undefined;
      const length = keys ? keys.length : (over as ListValue).length;
      for (let i = 0; i < length; i++) {
        const key = keys ? keys[i]! : iterVar2 === undefined ? (over as ListValue).at(i) : BigInt(i);
        values.set(iterVar, key);
        if (iterVar2 !== undefined) values.set(iterVar2, keys ? (over as MapValue).get(key)! : (over as ListValue).at(i));
        if (condition(inner) === false) break;
        values.set(accuVar, step(inner));
      }
      values.delete(iterVar);
      if (iterVar2 !== undefined) values.delete(iterVar2);
      const gathered = values.get(accuVar);
      if (gathered instanceof GrowingList) values.set(accuVar, new ArrayList(gathered.items));
      return result(inner);
    };
  }
}

// ---- calls ----

export function invoke(name: string, overloads: readonly Overload[], values: readonly Value[]): Value {
  for (const value of values) if (value instanceof CelError) return value;
  for (const { params, implementation } of overloads)
    if (params.every((type, i) => isOfType(values[i]!, type))) return implementation(...values);
  // operators say less
  return /^[a-z]/i.test(name) ? new CelError(`no such overload: ${name}(${values.map(typeNameOf).join(', ')})`) : noSuchOverload;
}

/** Whether a value may stand where a type is asked for; of lists and maps the elements are not looked at. */
export function isOfType(value: Value, type: CelType): boolean {
  switch (type.kind) {
    case 'dyn':
    case 'param':
      return true;
    case 'null':
      return value === null;
    case 'bool':
      return typeof value === 'boolean';
    case 'int':
      return typeof value === 'bigint';
    case 'double':
      return typeof value === 'number';
    case 'string':
      return typeof value === 'string';
    case 'uint':
      return value instanceof Uint;
    case 'bytes':
      return value instanceof Uint8Array;
    case 'timestamp':
      return value instanceof Timestamp;
    case 'duration':
      return value instanceof Duration;
    case 'list':
      return value instanceof ListValue;
    case 'map':
      return value instanceof MapValue;
    case 'type':
      return value instanceof TypeValue;
    case 'error':
      return false;
    case 'opaque':
    case 'struct':
      if (isOptionalType(type)) return value instanceof OptionalValue;
      return (value instanceof OpaqueValue || value instanceof MapValue) && value.type.name === type.name;
  }
}
