// Rules in CEL of custom resources (`x-kubernetes-validations`), compiled: what is wrong with them, what they can cost, and programs to
// run. Follows Compile of apiextensions-apiserver's pkg/apiserver/schema/cel/compilation.go.
import type { ValidationRule } from '#api/apiextensions/v1';
import { optionalType } from '../../../apimachinery/cel/cel-type.ts';
import type { Checked } from '../../../apimachinery/cel/checker.ts';
import type { Environment } from '../../../apimachinery/cel/environment.ts';
import { estimateCost, type SizeEstimator } from '../../../apimachinery/cel/estimate-cost.ts';
import { baseEnvironment, compile, PER_CALL_LIMIT } from '../../../apimachinery/cel/kubernetes.ts';
import { makeProgram, type Program } from '../../../apimachinery/cel/program.ts';
import { MAX_REQUEST_BYTES, objectTypes, type SchemaType } from '../../../apimachinery/cel/schema-type.ts';

export interface CompiledRule {
  readonly rule: ValidationRule;
  /** Undefined where the rule is empty or wrong. */
  readonly program?: Program;
  readonly error?: string;
  readonly usesOldSelf: boolean;
  /** The most that one evaluation can cost. */
  readonly maxCost: number;
  readonly message?: Program;
  readonly messageError?: string;
  readonly messageMaxCost: number;
}

/** The most often that values of a type can be in an object that is within bounds. */
export const maxCardinality = ({ minSize }: SchemaType): number => Math.floor(MAX_REQUEST_BYTES / (minSize + 1));

export function compileRules(rules: readonly ValidationRule[], type: SchemaType): readonly CompiledRule[] {
  const types = objectTypes(type);
  const environment = baseEnvironment.with({ self: type.type }, (name) => {
    const fields = types.get(name)?.fields;
    return fields && ((field) => fields.get(field)?.type);
  });
  const required = environment.with({ oldSelf: type.type });
  const optional = environment.with({ oldSelf: optionalType(type.type) });
  const sizes = sizesOf(type);
  return rules.map((rule) => compileRule(rule, rule.optionalOldSelf ? optional : required, sizes));
}

const NOTHING = { usesOldSelf: false, maxCost: 0, messageMaxCost: 0 };

function compileRule(rule: ValidationRule, environment: Environment, sizes: SizeEstimator): CompiledRule {
  if (rule.rule.trim() === '') return { rule, ...NOTHING };
  const compiled = compileAs(rule.rule, environment, 'bool');
  if (typeof compiled === 'string')
    return { rule, ...NOTHING, error: compiled === '' ? 'cel expression must evaluate to a bool' : compiled };
  const found: CompiledRule = {
    rule,
    usesOldSelf: compiled.variables.has('oldSelf'),
    program: makeProgram(compiled, PER_CALL_LIMIT),
    maxCost: estimateCost(compiled, sizes).max,
    messageMaxCost: 0,
  };
  if (!rule.messageExpression) return found;
  const message = compileAs(rule.messageExpression, environment, 'string');
  if (typeof message === 'string')
    return { ...found, messageError: message === '' ? 'messageExpression must evaluate to a string' : `messageExpression ${message}` };
  return { ...found, message: makeProgram(message, PER_CALL_LIMIT), messageMaxCost: estimateCost(message, sizes).max };
}

/** What is wrong, or nothing where it is of another type. */
function compileAs(text: string, environment: Environment, kind: 'bool' | 'string'): Checked | string {
  const compiled = compile(text, environment);
  if (!compiled.ok) return `compilation failed: ${compiled.message}`;
  return compiled.checked.type.kind === kind ? compiled.checked : '';
}

/** How large what lies below `self` can be. */
const sizesOf =
  (root: SchemaType): SizeEstimator =>
  (path) => {
    let type: SchemaType | undefined = root;
    for (const step of path.slice(1)) {
      // nobody says how long keys may be, and Kubernetes counts that as nothing
      if (step === '@keys') return { min: 0, max: 0 };
      type = step === '@items' || step === '@values' ? type.element : type.fields?.get(step);
      if (!type) return undefined;
    }
    return { min: 0, max: type.maxElements };
  };
