// Flux's healthCheckExprs: expressions in CEL that judge the objects of a kind, asked in Flux's order: in progress, failed, current.
import { DYN } from '../../apimachinery/cel/cel-type.ts';
import { plainValue } from '../../apimachinery/cel/json-values.ts';
import { baseEnvironment, compile, PER_CALL_LIMIT } from '../../apimachinery/cel/kubernetes.ts';
import { CostLimitExceeded, makeProgram, type Program } from '../../apimachinery/cel/program.ts';
import type { JsonObject, KubernetesObject } from '../../apimachinery/object.ts';
import type { Judge } from '../apply/follower.ts';
import { degraded, healthy, progressing } from '../health/verdict.ts';
import type { HealthExpression } from './app.ts';
import type { FieldFault } from './fields.ts';

/** The fields of an object are variables. */
const FIELDS = ['apiVersion', 'kind', 'metadata', 'spec', 'status', 'data'];
const environment = baseEnvironment.with(Object.fromEntries(FIELDS.map((field) => [field, DYN])));

interface Rule {
  readonly current: Program;
  readonly inProgress: Program | undefined;
  readonly failed: Program | undefined;
}

/** @param faults takes what cannot be compiled */
export function judgeBy(expressions: readonly HealthExpression[], faults: FieldFault[]): Judge {
  const rules = new Map<string, Rule>();
  for (const [i, expression] of expressions.entries()) {
    const program = (field: 'current' | 'inProgress' | 'failed'): Program | undefined => {
      const text = expression[field];
      const compiled = text === undefined ? undefined : compile(text, environment);
      if (compiled && !compiled.ok) faults.push({ path: `spec.healthCheckExprs[${i}].${field}`, message: compiled.message });
      return compiled?.ok ? makeProgram(compiled.checked, PER_CALL_LIMIT) : undefined;
    };
    const [inProgress, failed, current] = [program('inProgress'), program('failed'), program('current')];
    if (current) rules.set(`${expression.apiVersion}/${expression.kind}`, { current, inProgress, failed });
  }
  return (object) => {
    const rule = rules.get(`${object.apiVersion}/${object.kind}`);
    if (!rule) return undefined;
    if (rule.inProgress && isTrue(rule.inProgress, object)) return progressing('by healthCheckExprs');
    if (rule.failed && isTrue(rule.failed, object)) return degraded('by healthCheckExprs');
    return isTrue(rule.current, object) ? healthy() : progressing('not yet current by healthCheckExprs');
  };
}

/** An expression that fails, for a field that is not there yet, is not true. */
function isTrue(program: Program, object: KubernetesObject): boolean {
  try {
    return program.run((name) => (FIELDS.includes(name) ? plainValue((object as unknown as JsonObject)[name]) : undefined)).value === true;
  } catch (error) {
    if (error instanceof CostLimitExceeded) return false;
    throw error;
  }
}
