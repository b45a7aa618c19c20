// Rules of health for kinds that jibe does not know by heart, as data: conditions, expressions in CEL, and the verdict. The first rule
// that holds gives the verdict. Reading files of such rules is rule-file.ts' affair; those that come with jibe are in rules/.
import { DYN } from '../../apimachinery/cel/cel-type.ts';
import { plainValue } from '../../apimachinery/cel/json-values.ts';
import { baseEnvironment, compile, PER_CALL_LIMIT } from '../../apimachinery/cel/kubernetes.ts';
import { CostLimitExceeded, makeProgram, type Program } from '../../apimachinery/cel/program.ts';
import type { Value } from '../../apimachinery/cel/values.ts';
import { isObject, type KubernetesObject } from '../../apimachinery/object.ts';
import { conditionsOf, conditionText, type Condition } from './conditions.ts';
import { progressing, type Health, type HealthStatus } from './verdict.ts';

/** A verdict and when it holds. Without `condition` and `when` it always does. */
export interface HealthRule {
  readonly health: HealthStatus;
  /** `Ready`, a condition of that type, whatever its status; `Ready=False`, one of that status. Its message is the verdict's. */
  readonly condition?: string;
  /** The condition's reason: one, or one of several. */
  readonly reason?: string | readonly string[];
  /**
   * An expression in CEL over `object`, its `kind`, `metadata`, `spec` and `status`, `conditions` (a list) and `condition` (the same by
   * type, with `status`, `reason` and `message`). One that asks for what is not there does not hold.
   */
  readonly when?: string;
  readonly message?: string;
  /** CEL, for messages that say more. */
  readonly messageExpression?: string;
}

/** The rules of some kinds. */
export interface KindRules {
  /** `group/Kind`; either may be or hold `*`. */
  readonly kinds: readonly string[];
  /** Until the controller has seen the latest change (`status.observedGeneration`), the object is Progressing. */
  readonly observedGeneration?: boolean;
  readonly rules: readonly HealthRule[];
}

/** Gives the verdict on one object. */
export type Judge = (object: KubernetesObject) => Health;

/** What is wrong with an expression, as cel-go tells it. */
export class RuleError extends Error {
  readonly rule: number;
  readonly field: 'when' | 'messageExpression';
  constructor(rule: number, field: 'when' | 'messageExpression', message: string) {
    super(message);
    this.rule = rule;
    this.field = field;
  }
}

const VARIABLES = ['object', 'kind', 'metadata', 'spec', 'status', 'conditions', 'condition'] as const;
const ENVIRONMENT = baseEnvironment.with(Object.fromEntries(VARIABLES.map((name) => [name, DYN])));

/** Compiles the rules of a kind. Throws a {@link RuleError}. */
export function judgeBy({ rules, observedGeneration = false }: KindRules): Judge {
  const compiled = rules.map(compileRule);
  return (object) => {
    const subject = new Subject(object);
    if (observedGeneration && subject.isBehind) return progressing('its controller has not seen the latest change');
    for (const rule of compiled) {
      const health = rule(subject);
      if (health) return health;
    }
    return progressing('waiting for its status');
  };
}

type CompiledRule = (subject: Subject) => Health | undefined;

function compileRule(rule: HealthRule, index: number): CompiledRule {
  const { health: status, message = '' } = rule;
  const holds = rule.when === undefined ? undefined : program(rule.when, index, 'when');
  const text = rule.messageExpression === undefined ? undefined : program(rule.messageExpression, index, 'messageExpression');
  const [type, wanted] = (rule.condition ?? '').split('=', 2);
  const reasons = rule.reason === undefined ? undefined : [rule.reason].flat();
  return (subject) => {
    let found: Condition | undefined;
    if (type) {
      found = subject.conditions.find(
        (condition) =>
          condition.type === type &&
          (wanted === undefined || condition.status === wanted) &&
          (!reasons || reasons.includes(condition.reason ?? '')),
      );
      if (!found) return undefined;
    }
    if (holds && subject.run(holds) !== true) return undefined;
    const said = text ? subject.run(text) : undefined;
    return { status, message: typeof said === 'string' ? said : message || (found ? conditionText(found) : '') };
  };
}

function program(text: string, rule: number, field: 'when' | 'messageExpression'): Program {
  const compiled = compile(text, ENVIRONMENT);
  if (!compiled.ok) throw new RuleError(rule, field, compiled.message);
  return makeProgram(compiled.checked, PER_CALL_LIMIT);
}

/** An object as expressions see it. */
class Subject {
  readonly conditions: readonly Condition[];
  private readonly object: KubernetesObject;
  private readonly values = new Map<string, Value>();

  constructor(object: KubernetesObject) {
    this.object = object;
    this.conditions = conditionsOf(object);
  }

  get isBehind(): boolean {
    const { status, metadata } = this.object;
    const observed = isObject(status) ? status['observedGeneration'] : undefined;
    return observed !== metadata.generation;
  }

  /** Undefined where the expression fails, or costs too much. */
  run(expression: Program): Value | undefined {
    try {
      return expression.run(this.variable).value;
    } catch (error) {
      if (error instanceof CostLimitExceeded) return undefined;
      throw error;
    }
  }

  private readonly variable = (name: string): Value => {
    let value = this.values.get(name);
    if (value === undefined) {
      value = plainValue(this.plain(name));
      this.values.set(name, value);
    }
    return value;
  };

  private plain(name: string): unknown {
    switch (name) {
      case 'object':
        return this.object;
      case 'conditions':
        return this.conditions;
      case 'condition':
        return Object.fromEntries(this.conditions.map((condition) => [condition.type, { reason: '', message: '', ...condition }]));
      default:
        return (this.object as unknown as Readonly<Record<string, unknown>>)[name] ?? {};
    }
  }
}
