// Runs the expressions of a policy or a webhook on one request: the variables they have, the budget they share, and the waiting for
// answers of the authorizer. Follows pkg/admission/plugin/cel/{activation,condition,composition}.go of k8s.io/apiserver.
import type { Namespace } from '#api/core/v1';
import { structType } from '../../../../apimachinery/cel/cel-type.ts';
import type { Environment } from '../../../../apimachinery/cel/environment.ts';
import type { CelType } from '../../../../apimachinery/cel/cel-type.ts';
import { NamedObject, plainValue } from '../../../../apimachinery/cel/json-values.ts';
import { MATCH_CONDITIONS_BUDGET, PER_CALL_LIMIT } from '../../../../apimachinery/cel/kubernetes.ts';
import {
  type Authorize,
  type AuthorizationAnswer,
  type AuthorizationCheck,
  authorizerValue,
  resourceCheckValue,
} from '../../../../apimachinery/cel/library/authorizer.ts';
import { type Activation, CostLimitExceeded, makeProgram, type Program } from '../../../../apimachinery/cel/program.ts';
import { CelError, MapValue, type Value } from '../../../../apimachinery/cel/values.ts';
import type { JsonObject } from '../../../../apimachinery/object.ts';
import { parseFieldSelector } from '../../../../apimachinery/field-selector.ts';
import type { Attributes, Authorizer } from '../../authorization/authorizer.ts';
import type { AdmissionAttributes } from '../admission.ts';
import {
  ADMISSION_REQUEST,
  compilePolicyExpression,
  NAMESPACE_TYPE,
  type PolicyComposition,
  VARIABLES_TYPE,
} from '../../../../apimachinery/cel/policy-environment.ts';

/** An expression, ready to run; or what is wrong with it, which is told when it would run. */
export interface Expression {
  readonly text: string;
  readonly program?: Program;
  readonly error?: string;
}

export function readyExpression(text: string, environment: Environment, results: readonly CelType[] | undefined): Expression {
  const compiled = compilePolicyExpression(text, environment, results);
  return compiled.ok ? { text, program: makeProgram(compiled.checked, PER_CALL_LIMIT) } : { text, error: compiled.message };
}

/** The variables of a policy, ready to run. */
export function readyVariables({ compiled }: PolicyComposition): ReadonlyMap<string, Expression> {
  return new Map(
    [...compiled].map(([name, c]) => [
      name,
      c.ok ? { text: '', program: makeProgram(c.checked, PER_CALL_LIMIT) } : { text: '', error: c.message },
    ]),
  );
}

/** All expressions of a request together have cost too much. */
export class OutOfBudget extends Error {
  constructor() {
    super('validation failed due to running out of cost budget, no further validation rules will be run');
  }
}

export class Budget {
  private left: number;
  constructor(cost: number) {
    this.left = cost;
  }
  charge(cost: number): void {
    if (cost > this.left) throw new OutOfBudget();
    this.left -= cost;
  }
}

/** What expressions of one request see. */
export interface Inputs {
  readonly object: JsonObject | undefined;
  readonly old: JsonObject | undefined;
  readonly request: JsonObject;
  readonly params?: JsonObject | undefined;
  readonly namespaceObject?: Namespace | undefined;
  readonly variables?: ReadonlyMap<string, Expression>;
  /** Absent where expressions may not ask. */
  readonly authorize?: Authorize;
  readonly attributes: AdmissionAttributes;
}

export type Result = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: string };

export class Evaluation {
  private readonly activation: Activation;
  private readonly variables: LazyVariables;

  constructor(inputs: Inputs) {
    const { attributes, authorize, namespaceObject } = inputs;
    const object = plainValue(inputs.object);
    const old = plainValue(inputs.old);
    const params = plainValue(inputs.params);
    const request = new NamedObject(ADMISSION_REQUEST, inputs.request);
    const namespace = namespaceObject ? new NamedObject(NAMESPACE_TYPE, exposed(namespaceObject)) : null;
    const authorizer = authorize && authorizerValue(authorize);
    const requestResource =
      authorize &&
      resourceCheckValue(authorize, {
        group: attributes.resource.group,
        resource: attributes.resource.resource,
        subresource: attributes.subresource,
        namespace: attributes.namespace,
        name: attributes.name,
      });
    this.variables = new LazyVariables(inputs.variables ?? new Map(), (name) => this.activation(name));
    this.activation = (name) => {
      switch (name) {
        case 'object':
          return object;
        case 'oldObject':
          return old;
        case 'request':
          return request;
        case 'params':
          return params;
        case 'namespaceObject':
          return namespace;
        case 'variables':
          return this.variables;
        case 'authorizer':
          return authorizer;
        case 'authorizer.requestResource':
          return requestResource;
        default:
          return undefined;
      }
    };
  }

  /** Throws {@link OutOfBudget}, and what the authorizer throws to be waited for. */
  run({ text, program, error }: Expression, budget: Budget): Result {
    if (!program) return { ok: false, error: `compilation error: ${error}` };
    const failed = (why: string): Result => ({ ok: false, error: `expression '${text}' resulted in error: ${why}` });
    try {
      const { value, cost } = program.run(this.activation);
      budget.charge(this.variables.takeCost());
      budget.charge(cost);
      return value instanceof CelError ? failed(value.message) : { ok: true, value };
    } catch (e) {
      if (!(e instanceof CostLimitExceeded)) throw e;
      budget.charge(this.variables.takeCost());
      budget.charge(PER_CALL_LIMIT);
      return failed(e.message);
    }
  }
}

/** What expressions may know of a namespace. */
function exposed({ metadata, spec, status }: Namespace): JsonObject {
  const { ownerReferences: _o, managedFields: _f, ...known } = metadata;
  return { metadata: known, ...(spec ? { spec } : {}), ...(status ? { status } : {}) } as JsonObject;
}

/** Each is evaluated when it is first asked for, and once. */
class LazyVariables extends MapValue {
  override readonly type = structType(VARIABLES_TYPE);
  private readonly expressions: ReadonlyMap<string, Expression>;
  private readonly activation: Activation;
  private readonly known = new Map<string, Value>();
  private cost = 0;

  constructor(expressions: ReadonlyMap<string, Expression>, activation: Activation) {
    super();
    this.expressions = expressions;
    this.activation = activation;
  }

  get size(): number {
    return this.expressions.size;
  }

  keys(): readonly Value[] {
    return [...this.expressions.keys()];
  }

  get(key: Value): Value | undefined {
    const name = key as string;
    const expression = this.expressions.get(name);
    if (!expression) return undefined;
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const value = this.evaluate(name, expression);
    this.known.set(name, value);
    return value;
  }

  private evaluate(name: string, { program, error }: Expression): Value {
    if (!program) return new CelError(`composited variable ${JSON.stringify(name)} fails to compile: ${error}`);
    try {
      const { value, cost } = program.run(this.activation);
      this.cost += cost;
      return value instanceof CelError
        ? new CelError(`composited variable ${JSON.stringify(name)} fails to evaluate: ${value.message}`)
        : value;
    } catch (e) {
      if (!(e instanceof CostLimitExceeded)) throw e;
      this.cost += PER_CALL_LIMIT;
      return new CelError(`composited variable ${JSON.stringify(name)} fails to evaluate: ${e.message}`);
    }
  }

  /** What evaluating has cost since it was last asked. */
  takeCost(): number {
    const { cost } = this;
    this.cost = 0;
    return cost;
  }
}

// ---- the authorizer ----

/** An answer must be waited for: the evaluation is begun again once it is there. */
class Pending extends Error {
  readonly answer: Promise<unknown>;
  constructor(answer: Promise<unknown>) {
    super('an answer of the authorizer must be waited for');
    this.answer = answer;
  }
}

/** Most often there is nothing to wait for, and `evaluate` is called once. It must have no effects of its own. */
export async function withAuthorizer<T>(
  authorizer: Authorizer,
  { user }: AdmissionAttributes,
  evaluate: (authorize: Authorize) => T,
): Promise<T> {
  const answers = new Map<string, AuthorizationAnswer>();
  const authorize: Authorize = (check) => {
    const key = JSON.stringify(check);
    const known = answers.get(key);
    if (known) return known;
    const asked = authorizer.authorize(question(check, user));
    const keep = (decision: AuthorizationAnswer): AuthorizationAnswer => {
      answers.set(key, decision);
      return decision;
    };
    if (asked instanceof Promise)
      throw new Pending(
        asked.then(keep, (error: unknown) =>
          keep({ allowed: false, reason: '', error: error instanceof Error ? error.message : String(error) }),
        ),
      );
    return keep(asked);
  };
  for (;;) {
    try {
      return evaluate(authorize);
    } catch (error) {
      if (!(error instanceof Pending)) throw error;
      await error.answer;
    }
  }
}

function question(check: AuthorizationCheck, user: AdmissionAttributes['user']): Attributes {
  const { serviceAccount: account, path, verb, group = '', resource = '', subresource = '', namespace = '', name = '' } = check;
  const who = account ? serviceAccountUser(account) : user;
  if (path !== undefined) return { user: who, verb, path };
  const fieldSelector = check.fieldSelector ? parseFieldSelector(check.fieldSelector) : [];
  return { user: who, verb, group, version: '*', resource, subresource, namespace, name, fieldSelector };
}

const serviceAccountUser = ({ namespace, name }: { readonly namespace: string; readonly name: string }): AdmissionAttributes['user'] => ({
  username: `system:serviceaccount:${namespace}:${name}`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
});

// ---- match conditions ----

export interface NamedCondition {
  readonly name: string;
  readonly expression: Expression;
}

/** Whether all hold; an error where that cannot be told, and the failure policy is Fail. */
export function conditionsMatch(
  conditions: readonly NamedCondition[],
  evaluation: Evaluation,
  failurePolicy: string | undefined,
): boolean | Error {
  const errors: string[] = [];
  const budget = new Budget(MATCH_CONDITIONS_BUDGET);
  try {
    for (const { expression } of conditions) {
      const result = evaluation.run(expression, budget);
      if (!result.ok) errors.push(result.error);
      else if (result.value === false) return false;
    }
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error;
    errors.splice(0, errors.length, error.message);
  }
  if (errors.length === 0) return true;
  if (failurePolicy === 'Ignore') return false;
  return new Error(errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`);
}
