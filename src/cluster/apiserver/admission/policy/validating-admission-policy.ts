// ValidatingAdmissionPolicies at work: a request is refused, warned about or noted where an expression of a policy that is bound to it
// does not hold. Follows pkg/admission/plugin/policy/validating of k8s.io/apiserver.
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, Validation } from '#api/admissionregistration/v1';
import type { Namespace } from '#api/core/v1';
import { RUNTIME_COST_BUDGET } from '../../../../apimachinery/cel/kubernetes.ts';
import type { JsonObject } from '../../../../apimachinery/object.ts';
import { statusError, type StatusReason } from '../../../../apimachinery/status-error.ts';
import type { Store } from '../../../storage/store.ts';
import { type AdmissionAttributes, type AdmissionPlugin, type AdmissionServer, refusal } from '../admission.ts';
import { admissionRequest } from './admission-request.ts';
import { boundTo } from './bound.ts';
import {
  Budget,
  conditionsMatch,
  Evaluation,
  type Expression,
  type NamedCondition,
  OutOfBudget,
  readyExpression,
  readyVariables,
  type Inputs,
  withAuthorizer,
} from './evaluation.ts';
import { isExempt, type Match, Matcher } from './match.ts';
import { BOOLEAN, PolicyComposition, policyEnvironment, TEXT, TEXT_OR_NULL } from '../../../../apimachinery/cel/policy-environment.ts';
import { PolicySource, type PolicyHook } from './policy-source.ts';
import { versioned } from './versioned.ts';

const MAX_MESSAGE_BYTES = 5 * 1024;
const MAX_AUDIT_VALUE = 10 * 1024;
const MAX_AUDITED_FAILURES = 50;
const FAILURE_ANNOTATION = 'validation.policy.admission.k8s.io/validation_failure';
const CODES: Readonly<Record<string, number>> = { Forbidden: 403, Unauthorized: 401, RequestEntityTooLarge: 413, Invalid: 422 };

interface Evaluator {
  readonly variables: ReadonlyMap<string, Expression>;
  readonly conditions: readonly NamedCondition[];
  readonly validations: readonly { readonly rule: Validation; readonly expression: Expression; readonly message?: Expression }[];
  readonly auditAnnotations: readonly { readonly key: string; readonly expression: Expression }[];
}

/** What one policy with one parameter finds. */
interface Outcome {
  readonly denials: readonly { readonly index: number; readonly message: string; readonly reason?: string }[];
  readonly annotations: readonly { readonly key: string; readonly value: string }[];
  /** Denies whatever the binding's actions are. */
  readonly annotationErrors: readonly string[];
}

const NOTHING: Outcome = { denials: [], annotations: [], annotationErrors: [] };

type Hook = PolicyHook<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, Evaluator>;

function compile({ spec }: ValidatingAdmissionPolicy): Evaluator {
  const params = Boolean(spec.paramKind);
  const environment = policyEnvironment({ params, authorizer: true });
  const composition = new PolicyComposition();
  for (const { name, expression } of spec.variables ?? []) composition.add(name, expression, environment);
  const composed = composition.extend(environment);
  const forMessages = composition.extend(policyEnvironment({ params }));
  return {
    variables: readyVariables(composition),
    conditions: (spec.matchConditions ?? []).map(({ name, expression }) => ({
      name,
      expression: readyExpression(expression, environment, BOOLEAN),
    })),
    validations: (spec.validations ?? []).map((rule) => ({
      rule,
      expression: readyExpression(rule.expression, composed, BOOLEAN),
      ...(rule.messageExpression ? { message: readyExpression(rule.messageExpression, forMessages, TEXT) } : {}),
    })),
    auditAnnotations: (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => ({
      key,
      expression: readyExpression(valueExpression, composed, TEXT_OR_NULL),
    })),
  };
}

interface Denial {
  readonly policy: string;
  readonly binding: string | undefined;
  readonly message: string;
  readonly reason?: string;
}

export function validatingAdmissionPolicy(store: Store): AdmissionPlugin {
  const source = new PolicySource<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, Evaluator>(
    store,
    { policies: 'validatingadmissionpolicies', bindings: 'validatingadmissionpolicybindings' },
    compile,
  );
  let server: AdmissionServer | undefined;
  return {
    name: 'ValidatingAdmissionPolicy',
    operations: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'],
    connect(to) {
      server = to;
    },
    validate(attributes) {
      const pending = source.ready();
      if (pending) return pending.then(() => dispatch(store, server!, source.hooks(), attributes));
      const hooks = source.hooks();
      return hooks.length ? dispatch(store, server!, hooks, attributes) : undefined;
    },
  };
}

async function dispatch(store: Store, server: AdmissionServer, hooks: readonly Hook[], attributes: AdmissionAttributes): Promise<void> {
  if (hooks.length === 0 || isExempt(attributes)) return;
  const run = new Run(store, server, attributes);
  for (const hook of hooks) await run.policy(hook);
  run.finish();
}

class Run {
  private readonly store: Store;
  private readonly server: AdmissionServer;
  private readonly attributes: AdmissionAttributes;
  private readonly matcher: Matcher;
  private readonly denials: Denial[] = [];
  private readonly failures: object[] = [];

  constructor(store: Store, server: AdmissionServer, attributes: AdmissionAttributes) {
    this.store = store;
    this.server = server;
    this.attributes = attributes;
    this.matcher = new Matcher(store, server.catalog);
  }

  async policy(hook: Hook): Promise<void> {
    const { policy, evaluator } = hook;
    const { store, matcher, attributes } = this;
    const scope = { store, matcher, attributes, catalog: this.server.catalog };
    const annotations = new Map<string, string[]>();
    for await (const { binding, match, params } of boundTo(hook, scope, (at, why) => this.misconfigured(policy, at, why))) {
      const namespaceObject = await matcher.namespaceObject(attributes);
      for (const one of params) {
        const outcome = await this.evaluate(policy, evaluator, match, one, namespaceObject);
        this.decide(policy, binding, outcome, annotations);
      }
    }
    const { name } = policy.metadata;
    for (const [key, values] of annotations) attributes.annotate?.(`${name}/${key}`, values.join(', '));
  }

  private misconfigured(policy: ValidatingAdmissionPolicy, binding: ValidatingAdmissionPolicyBinding | undefined, message: string): void {
    if (policy.spec.failurePolicy === 'Ignore') return;
    this.denials.push({ policy: policy.metadata.name, binding: binding?.metadata.name, message });
  }

  private evaluate(
    policy: ValidatingAdmissionPolicy,
    evaluator: Evaluator,
    match: Match,
    params: JsonObject | undefined,
    namespaceObject: Namespace | undefined,
  ): Promise<Outcome> {
    const { attributes, server } = this;
    const { object, old } = versioned(server, attributes, match);
    const inputs = { object, old, params, attributes, request: admissionRequest(attributes, match), variables: evaluator.variables };
    return withAuthorizer(server.authorizer, attributes, (authorize) => {
      const conditions = conditionsMatch(evaluator.conditions, new Evaluation({ ...inputs, authorize }), policy.spec.failurePolicy);
      if (conditions === false) return NOTHING;
      if (conditions instanceof Error) return failed(policy, conditions.message);
      try {
        return validate(policy, evaluator, { ...inputs, authorize, namespaceObject });
      } catch (error) {
        if (!(error instanceof OutOfBudget)) throw error;
        return failed(policy, error.message);
      }
    });
  }

  private decide(
    { metadata: { name: policy } }: ValidatingAdmissionPolicy,
    { metadata: { name: binding }, spec }: ValidatingAdmissionPolicyBinding,
    { denials, annotations, annotationErrors }: Outcome,
    collected: Map<string, string[]>,
  ): void {
    const actions = spec.validationActions ?? [];
    for (const { index, message, reason } of denials)
      for (const action of actions) {
        if (action === 'Deny') this.denials.push({ policy, binding, message, ...(reason === undefined ? {} : { reason }) });
        else if (action === 'Warn')
          this.attributes.warn(`Validation failed for ValidatingAdmissionPolicy '${policy}' with binding '${binding}': ${message}`);
        else this.failures.push({ message, policy, binding, expressionIndex: index, validationActions: actions });
      }
    for (const { key, value } of annotations) {
      const before = collected.get(key) ?? [];
      if (!before.includes(value)) collected.set(key, [...before, value]);
    }
    for (const message of annotationErrors) this.denials.push({ policy, binding, message });
  }

  finish(): void {
    if (this.failures.length) this.attributes.annotate?.(FAILURE_ANNOTATION, JSON.stringify(this.failures.slice(0, MAX_AUDITED_FAILURES)));
    const [first] = this.denials;
    if (!first) return;
    const by = first.binding === undefined ? '' : ` with binding '${first.binding}'`;
    const message = `ValidatingAdmissionPolicy '${first.policy}'${by} denied request: ${first.message}`;
    const { status } = refusal(this.attributes, message);
    const reason = first.reason ?? 'Invalid';
    throw statusError({
      code: CODES[reason] ?? 422,
      reason: reason as StatusReason,
      message: status.message ?? '',
      details: { ...status.details, causes: [...(status.details?.causes ?? []), { message }] },
    });
  }
}

/** What goes wrong with a policy as a whole. */
const failed = ({ spec }: ValidatingAdmissionPolicy, message: string): Outcome =>
  spec.failurePolicy === 'Ignore' ? NOTHING : { ...NOTHING, denials: [{ index: 0, message }] };

function validate(policy: ValidatingAdmissionPolicy, evaluator: Evaluator, inputs: Inputs): Outcome {
  const ignores = policy.spec.failurePolicy === 'Ignore';
  const evaluation = new Evaluation(inputs);
  const { authorize: _a, ...withoutAuthorizer } = inputs;
  const forMessages = new Evaluation(withoutAuthorizer);
  const budget = new Budget(RUNTIME_COST_BUDGET);
  const results = evaluator.validations.map(({ expression }) => evaluation.run(expression, budget));
  const denials: { index: number; message: string; reason?: string }[] = [];
  evaluator.validations.forEach(({ rule, message }, index) => {
    const result = results[index]!;
    if (!result.ok) {
      if (!ignores) denials.push({ index, message: result.error });
      return;
    }
    if (result.value === true) return;
    const said = message && messageOf(message, forMessages, budget);
    const shown = said || rule.message?.trim() || `failed expression: ${rule.expression.trim()}`;
    denials.push({ index, message: shown, reason: rule.reason ?? 'Invalid' });
  });
  return { denials, ...auditAnnotations(evaluator, evaluation, ignores) };
}

/** Empty where there is none that can be told. */
function messageOf(expression: Expression, evaluation: Evaluation, budget: Budget): string {
  const result = evaluation.run(expression, budget);
  if (!result.ok || typeof result.value !== 'string') return '';
  const text = result.value.trim();
  return text.includes('\n') || Buffer.byteLength(text) > MAX_MESSAGE_BYTES ? '' : text;
}

function auditAnnotations(
  evaluator: Evaluator,
  evaluation: Evaluation,
  ignores: boolean,
): Pick<Outcome, 'annotations' | 'annotationErrors'> {
  const annotations: { key: string; value: string }[] = [];
  const annotationErrors: string[] = [];
  const budget = new Budget(RUNTIME_COST_BUDGET);
  for (const { key, expression } of evaluator.auditAnnotations) {
    const result = evaluation.run(expression, budget);
    if (!result.ok) {
      if (!ignores) annotationErrors.push(result.error);
    } else if (typeof result.value === 'string' && result.value.trim() !== '')
      annotations.push({ key, value: result.value.trim().slice(0, MAX_AUDIT_VALUE) });
  }
  return { annotations, annotationErrors };
}
