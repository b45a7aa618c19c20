// Rules in CEL (`x-kubernetes-validations`) as a definition has them: their form, whether they compile, and what they can cost. Follows
// ValidateCustomResourceDefinitionOpenAPISchema of pkg/apis/apiextensions/validation, and cel_validation.go beside it.
import type { ValidationRule } from '#api/apiextensions/v1';
import { schemaType } from '../../../apimachinery/cel/schema-type.ts';
import {
  forbidden,
  internalError,
  invalid,
  notSupported,
  required,
  type FieldError,
  type Path,
} from '../../../apimachinery/validation/field-error.ts';
import type { Structural } from '../custom/structural-schema.ts';
import { type CompiledRule, compileRules, maxCardinality } from '../custom/validation-rules.ts';
import { selected } from './custom-resource-version.ts';

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const MAX_MESSAGE = 2048;

/** The most that a rule can be estimated to cost, and all of a schema's together. */
const RULE_COST_LIMIT = 10_000_000;
const SCHEMA_COST_LIMIT = 100_000_000;

/** What all rules of one schema can cost. */
export class TotalCost {
  /** Errors of rules come after those of schemas. */
  readonly errors: FieldError[] = [];
  private total = 0;
  private readonly expensive: { readonly path: Path; readonly cost: number }[] = [];

  add(path: Path, cost: number): void {
    this.total += cost;
    if (cost < SCHEMA_COST_LIMIT / 100) return;
    this.expensive.push({ path, cost });
    this.expensive.sort((a, b) => b.cost - a.cost);
    this.expensive.splice(4);
  }

  /** @param field the whole schema */
  finish(field: Path): readonly FieldError[] {
    if (this.total <= SCHEMA_COST_LIMIT) return this.errors;
    const why = 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema';
    const what = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema';
    return [
      ...this.errors,
      ...this.expensive.map(({ path }) => forbidden(path, why)),
      forbidden(field, costMessage(what, this.total, SCHEMA_COST_LIMIT)),
    ];
  }
}

function costMessage(what: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const shown = factor > 100 ? 'more than 100' : factor.toFixed(factor < 1.5 ? 6 : 1);
  return `${what} exceeds budget by factor of ${shown}x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}

/** Where a schema stands, as far as rules care. */
export interface RulePlace {
  /** The schema of a whole object. */
  readonly isRoot: boolean;
  /** Below lists whose items cannot be told from each other. */
  readonly uncorrelatable: boolean;
  /** How often values of the schema can be there at most; Infinity: nobody said. */
  readonly cardinality: number;
  /** Below a schema of a type that there is not: nothing has a type there. */
  readonly untyped: boolean;
  /** Undefined: rules are not compiled, since something else is wrong with the schema. */
  readonly cost?: TotalCost | undefined;
}

/** @param sound whether nothing is wrong with the schema and what lies below it */
export function validateRules(schema: Structural, field: Path, place: RulePlace, sound: () => boolean, errors: FieldError[]): void {
  const rules = schema['x-kubernetes-validations'] ?? [];
  if (rules.length === 0) return;
  const at = field.child('x-kubernetes-validations');
  if (schema['x-kubernetes-preserve-unknown-fields'] && schema.type === undefined && !schema['x-kubernetes-int-or-string']) return;
  rules.forEach((rule, i) => validateForm(rule, schema, at.index(i), errors));
  if (!place.cost || !sound()) return;
  const type = place.untyped
    ? undefined
    : schemaType(schema, place.isRoot || schema['x-kubernetes-embedded-resource'] === true, 'selfType');
  if (!type) {
    const why = 'unable to convert structural schema to CEL declarations';
    const what = `internal error: failed to construct type information for x-kubernetes-validations rules: ${why}`;
    place.cost.errors.push(internalError(at, what));
    return;
  }
  const times = place.cardinality === Number.POSITIVE_INFINITY ? maxCardinality(type) : place.cardinality;
  compileRules(rules, type).forEach((rule, i) => validateCompiled(rule, times, at.index(i), place, place.cost!));
}

function validateForm(rule: ValidationRule, schema: Structural, field: Path, errors: FieldError[]): void {
  const { message = '', messageExpression = '', reason, fieldPath } = rule;
  const text = rule.rule.trim();
  if (text === '') errors.push(required(field.child('rule'), 'rule is not specified'));
  const trimmed = message.trim();
  if (message.length && trimmed === '') errors.push(invalid(field.child('message'), message, 'message must be non-empty if specified'));
  else if (/[\n\r]/.test(trimmed)) errors.push(invalid(field.child('message'), message, 'message must not contain line breaks'));
  else if (/[\n\r]/.test(text) && trimmed === '')
    errors.push(required(field.child('message'), 'message must be specified if rule contains line breaks'));
  if (Buffer.byteLength(message) > MAX_MESSAGE)
    errors.push(
      invalid(field.child('message'), `${message.slice(0, 10)}...`, `message must have a maximum length of ${MAX_MESSAGE} characters`),
    );
  if (messageExpression.length && messageExpression.trim() === '')
    errors.push(required(field.child('messageExpression'), 'messageExpression must be non-empty if specified'));
  if (reason !== undefined && !REASONS.includes(reason)) errors.push(notSupported(field.child('reason'), reason, REASONS));
  if (fieldPath) {
    const found = fieldPath.trim() === '' ? '' : selected(fieldPath, schema);
    if (typeof found === 'string') errors.push(invalid(field.child('fieldPath'), fieldPath, 'must be a valid path'));
  }
}

/** A rule as Go prints its internal form. */
const shown = ({ rule, message = '', messageExpression = '', reason, fieldPath = '', optionalOldSelf }: ValidationRule): object => ({
  Rule: rule,
  Message: message,
  MessageExpression: messageExpression,
  Reason: reason ?? null,
  FieldPath: fieldPath,
  OptionalOldSelf: optionalOldSelf ?? null,
});

function validateCompiled(compiled: CompiledRule, times: number, field: Path, place: RulePlace, total: TotalCost): void {
  const { rule, error, messageError, message, messageMaxCost, usesOldSelf } = compiled;
  const { errors } = total;
  const observe = (name: string, what: string, cost: number): void => {
    if (cost > RULE_COST_LIMIT) errors.push(forbidden(field.child(name), costMessage(what, cost, RULE_COST_LIMIT)));
    total.add(field.child(name), cost);
  };
  observe('rule', 'estimated rule cost', compiled.maxCost === 0 ? 0 : compiled.maxCost * times);
  if (error !== undefined) errors.push(invalid(field.child('rule'), shown(rule), error));
  if (messageError !== undefined) errors.push(invalid(field.child('messageExpression'), shown(rule), messageError));
  else if (message) observe('messageExpression', 'estimated messageExpression cost', messageMaxCost);
  if (usesOldSelf && place.uncorrelatable)
    errors.push(
      invalid(
        field.child('rule'),
        rule.rule,
        'oldSelf cannot be used on the uncorrelatable portion of the schema within spec.validation.openAPIV3Schema',
      ),
    );
  if (!usesOldSelf && rule.optionalOldSelf !== undefined)
    errors.push(invalid(field.child('optionalOldSelf'), rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule'));
}
