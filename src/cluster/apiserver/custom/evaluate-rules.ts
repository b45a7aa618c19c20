// Evaluates the rules in CEL of custom resources, all within one budget of costs. A rule that has failed before, on a part that has not
// changed, is only warned about (CRDValidationRatcheting). Follows apiextensions-apiserver's pkg/apiserver/schema/cel/validation.go.
import type { ValidationRule } from '#api/apiextensions/v1';
import { schemaValue } from '../../../apimachinery/cel/json-values.ts';
import { RUNTIME_COST_BUDGET } from '../../../apimachinery/cel/kubernetes.ts';
import { type Activation, CostLimitExceeded, type Program } from '../../../apimachinery/cel/program.ts';
import { schemaType } from '../../../apimachinery/cel/schema-type.ts';
import { CelError, NONE, OptionalValue, type Value } from '../../../apimachinery/cel/values.ts';
import { deepEqual, isObject } from '../../../apimachinery/object.ts';
import {
  duplicate,
  fieldErrorText,
  forbidden,
  invalid,
  OMIT_VALUE,
  required,
  type FieldError,
  Path,
} from '../../../apimachinery/validation/field-error.ts';
import { entriesOf, isEmbedded, type Structural } from './structural-schema.ts';
import { type CompiledRule, compileRules } from './validation-rules.ts';

const MAX_MESSAGE_BYTES = 5 * 1024;
const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run';

/** The rules of a schema, and of what lies below it. */
interface RuleNode {
  readonly schema: Structural;
  readonly isRoot: boolean;
  readonly rules: readonly CompiledRule[];
  readonly properties: ReadonlyMap<string, RuleNode>;
  readonly entries: RuleNode | undefined;
  readonly items: RuleNode | undefined;
}

/** Undefined where there are no rules. */
export type RuleEvaluator = (object: unknown, old: unknown, warn: (message: string) => void) => FieldError[];

/** Rules are compiled when they are first needed. @param schema of whole objects */
export function ruleEvaluator(schema: Structural): RuleEvaluator {
  let root: RuleNode | undefined;
  return (object, old, warn) => {
    root ??= nodeOf(schema, true) ?? { schema, isRoot: true, rules: [], properties: new Map(), entries: undefined, items: undefined };
    const run = new Run(warn);
    run.node(root, object, old, Path.of(), { equal: false, known: old !== undefined });
    return run.errors;
  };
}

function nodeOf(schema: Structural, isRoot: boolean): RuleNode | undefined {
  const own = schema['x-kubernetes-validations'] ?? [];
  const properties = new Map<string, RuleNode>();
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const node = nodeOf(property, isEmbedded(property));
    if (node) properties.set(name, node);
  }
  const entrySchema = entriesOf(schema);
  const entries = entrySchema && nodeOf(entrySchema, isEmbedded(entrySchema));
  const items = schema.items && nodeOf(schema.items, isEmbedded(schema.items));
  if (own.length === 0 && properties.size === 0 && !entries && !items) return undefined;
  // what expressions cannot see has no rules
  const type = schemaType(schema, isRoot, 'selfType');
  if (!type) return undefined;
  return { schema, isRoot, rules: compileRules(own, type), properties, entries, items };
}

/** Whether a part is what it was before. */
interface Correlation {
  readonly equal: boolean;
  /** False where nobody can tell what corresponds: then it counts what is known of the part around it. */
  readonly known: boolean;
}

class OutOfBudget extends Error {}

class Run {
  readonly errors: FieldError[] = [];
  private readonly warn: (message: string) => void;
  private budget = RUNTIME_COST_BUDGET;

  constructor(warn: (message: string) => void) {
    this.warn = warn;
  }

  node(node: RuleNode, value: unknown, old: unknown, path: Path, correlation: Correlation): void {
    try {
      this.visit(node, value, old, path, correlation);
    } catch (error) {
      if (!(error instanceof OutOfBudget)) throw error;
    }
  }

  private visit(node: RuleNode, value: unknown, old: unknown, path: Path, correlation: Correlation): void {
    if (value === null || value === undefined) return;
    if (node.rules.length) this.rules(node, value, old ?? undefined, path, correlation.equal);
    if (Array.isArray(value)) this.list(node, value, old, path, correlation);
    else if (isObject(value)) this.map(node, value, isObject(old) ? old : undefined, path, correlation);
  }

  private map(
    { entries, properties }: RuleNode,
    value: Readonly<Record<string, unknown>>,
    old: Readonly<Record<string, unknown>> | undefined,
    path: Path,
    correlation: Correlation,
  ): void {
    for (const [name, part] of Object.entries(value)) {
      const node = entries ?? properties.get(name);
      if (!node) continue;
      const before = old?.[name];
      const below = correlation.known ? { equal: deepEqual(part, before), known: true } : correlation;
      this.visit(node, part, before, entries ? path.key(name) : path.child(name), below);
    }
  }

  private list({ items, schema }: RuleNode, value: readonly unknown[], old: unknown, path: Path, correlation: Correlation): void {
    if (!items) return;
    const keys = schema['x-kubernetes-list-type'] === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []) : undefined;
    value.forEach((item, i) => {
      const before = keys && Array.isArray(old) ? old.find((o) => sameKeys(o, item, keys)) : undefined;
      // items of other lists are as their list is
      const below =
        correlation.known && keys ? { equal: deepEqual(item, before), known: true } : { equal: correlation.equal, known: false };
      this.visit(items, item, before, path.index(i), below);
    });
  }

  // ---- the rules of one part ----

  private rules({ schema, rules, isRoot }: RuleNode, value: unknown, old: unknown, path: Path, unchanged: boolean): void {
    const self = schemaValue(value, schema, isRoot);
    const oldSelf = old === undefined ? undefined : schemaValue(old, schema, isRoot);
    for (const compiled of rules) {
      const { rule, program, usesOldSelf } = compiled;
      if (compiled.error !== undefined) this.errors.push(said(path, schema.type, `rule compile error: ${compiled.error}`));
      if (!program || (usesOldSelf && oldSelf === undefined && !rule.optionalOldSelf)) continue;
      const plain: Activation = (name) => (name === 'self' ? self : name === 'oldSelf' ? oldSelf : undefined);
      const optional: Activation = (name) =>
        name === 'oldSelf' ? (oldSelf === undefined ? NONE : new OptionalValue(oldSelf)) : plain(name);
      const activation = rule.optionalOldSelf ? optional : plain;
      const result = this.evaluate(program, activation, rule, path, schema.type);
      if (result === true) continue;
      if (result instanceof CelError) {
        this.errors.push(said(path, schema.type, failure(result, rule)));
        continue;
      }
      const error = this.failed(compiled, activation, value, schema, path);
      if (unchanged && !usesOldSelf) this.warn(fieldErrorText(error));
      else this.errors.push(error);
    }
  }

  private charge(cost: number): boolean {
    this.budget -= cost;
    return this.budget >= 0;
  }

  private evaluate(program: Program, activation: Activation, rule: ValidationRule, path: Path, type: string | undefined): Value {
    try {
      const { value, cost } = program.run(activation);
      if (this.charge(cost)) return value;
      this.errors.push(said(path, type, OUT_OF_BUDGET));
    } catch (error) {
      if (!(error instanceof CostLimitExceeded)) throw error;
      const what = `'${error.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${named(rule)}`;
      this.errors.push(said(path, type, what));
    }
    throw new OutOfBudget();
  }

  private failed(compiled: CompiledRule, activation: Activation, value: unknown, schema: Structural, path: Path): FieldError {
    const { rule } = compiled;
    const at = rule.fieldPath ? path.child(normalizedPath(rule.fieldPath)) : path;
    const detail =
      (compiled.message && this.message(compiled.message, activation)) ?? (rule.message?.trim() || `failed rule: ${rule.rule.trim()}`);
    const shown = schema.type === 'object' || schema.type === 'array' ? OMIT_VALUE : value;
    return placed(errorOf(rule, at, shown, detail));
  }

  /** Undefined where there is none that can be told. */
  private message(program: Program, activation: Activation): string | undefined {
    try {
      const { value, cost } = program.run(activation);
      if (!this.charge(cost)) throw new OutOfBudget();
      if (typeof value !== 'string') return undefined;
      const text = value.trim();
      return text === '' || text.includes('\n') || Buffer.byteLength(text) > MAX_MESSAGE_BYTES ? undefined : text;
    } catch (error) {
      if (error instanceof CostLimitExceeded) throw new OutOfBudget();
      throw error;
    }
  }
}

const named = ({ rule, message }: ValidationRule): string => (message ? message.trim() : rule.trim());

function failure({ message }: CelError, rule: ValidationRule): string {
  return message.startsWith('no such overload')
    ? `'${message}': call arguments did not match a supported operator, function or macro signature for rule: ${named(rule)}`
    : `${message} evaluating rule: ${named(rule)}`;
}

const said = (path: Path, type: string | undefined, what: string): FieldError => placed(invalid(path, type ?? '', what));

/** The whole object has no path. */
const placed = (error: FieldError): FieldError => (error.field === '' ? { ...error, field: '<nil>' } : error);

function errorOf({ reason }: ValidationRule, path: Path, value: unknown, detail: string): FieldError {
  switch (reason) {
    case 'FieldValueForbidden':
      return forbidden(path, detail);
    case 'FieldValueRequired':
      return required(path, detail);
    case 'FieldValueDuplicate':
      return duplicate(path, value);
    default:
      return invalid(path, value, detail);
  }
}

/** `.spec.map['a b'].x` as errors tell it: `spec.map[a b].x`. */
function normalizedPath(fieldPath: string): string {
  return fieldPath.replace(/\['((?:[^'\\]|\\.)*)'\]/g, (_, key: string) => `[${key.replace(/\\(.)/g, '$1')}]`).replace(/^\./, '');
}

function sameKeys(a: unknown, b: unknown, keys: readonly string[]): boolean {
  return isObject(a) && isObject(b) && keys.every((key) => deepEqual(a[key], b[key]));
}
