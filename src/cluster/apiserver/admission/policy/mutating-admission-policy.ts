// MutatingAdmissionPolicies at work: objects are changed on their way in by what the expressions of bound policies say. Follows
// pkg/admission/plugin/policy/mutating of k8s.io/apiserver.
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding } from '#api/admissionregistration/v1';
import type { Namespace } from '#api/core/v1';
import { listType } from '../../../../apimachinery/cel/cel-type.ts';
import { RUNTIME_COST_BUDGET } from '../../../../apimachinery/cel/kubernetes.ts';
import { JSON_PATCH, OBJECT } from '../../../../apimachinery/cel/library/mutation.ts';
import type { Value } from '../../../../apimachinery/cel/values.ts';
import { DecodeError } from '../../../../apimachinery/codec/decode.ts';
import { deepEqual, type JsonObject } from '../../../../apimachinery/object.ts';
import { statusError } from '../../../../apimachinery/status-error.ts';
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
  withAuthorizer,
} from './evaluation.ts';
import { isExempt, type Match, Matcher } from './match.ts';
import { applyConfiguration, applyPatch, MutationError } from './mutate.ts';
import { BOOLEAN, PolicyComposition, policyEnvironment } from '../../../../apimachinery/cel/policy-environment.ts';
import { PolicySource, type PolicyHook } from './policy-source.ts';
import { replaceContent, versioned } from './versioned.ts';

interface Evaluator {
  readonly variables: ReadonlyMap<string, Expression>;
  readonly conditions: readonly NamedCondition[];
  readonly mutations: readonly { readonly type: string; readonly expression: Expression }[];
}

type Hook = PolicyHook<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, Evaluator>;

function compile({ spec }: MutatingAdmissionPolicy): Evaluator {
  const params = Boolean(spec.paramKind);
  const environment = policyEnvironment({ params, authorizer: true });
  const composition = new PolicyComposition();
  for (const { name, expression } of spec.variables ?? []) composition.add(name, expression, environment);
  const composed = composition.extend(environment);
  const forPatches = composition.extend(policyEnvironment({ params, authorizer: true, patchTypes: true }));
  return {
    variables: readyVariables(composition),
    conditions: (spec.matchConditions ?? []).map(({ name, expression }) => ({
      name,
      expression: readyExpression(expression, composed, BOOLEAN),
    })),
    mutations: (spec.mutations ?? []).map(({ patchType, applyConfiguration: configuration, jsonPatch }) => ({
      type: patchType,
      expression:
        patchType === 'JSONPatch'
          ? readyExpression(jsonPatch?.expression ?? '', forPatches, [listType(JSON_PATCH)])
          : readyExpression(configuration?.expression ?? '', forPatches, [OBJECT]),
    })),
  };
}

/** One policy with one parameter. */
interface Invocation {
  readonly hook: Hook;
  readonly binding: MutatingAdmissionPolicyBinding;
  readonly match: Match;
  readonly params: JsonObject | undefined;
}

/** What is remembered for the second time. */
interface Memory {
  /** Policies that want to see what others have changed since. */
  readonly invoked: Set<string>;
  reinvoke: Set<string>;
  last: JsonObject | undefined;
}

export function mutatingAdmissionPolicy(store: Store): AdmissionPlugin {
  const source = new PolicySource<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, Evaluator>(
    store,
    { policies: 'mutatingadmissionpolicies', bindings: 'mutatingadmissionpolicybindings' },
    compile,
  );
  let server: AdmissionServer | undefined;
  const dispatch = async (attributes: AdmissionAttributes): Promise<void> => {
    const hooks = source.hooks();
    if (hooks.length && attributes.object && !isExempt(attributes)) await new Run(store, server!, attributes, source).all(hooks);
  };
  return {
    name: 'MutatingAdmissionPolicy',
    operations: ['CREATE', 'UPDATE', 'CONNECT'],
    connect(to) {
      server = to;
    },
    admit(attributes) {
      const pending = source.ready();
      if (pending) return pending.then(() => dispatch(attributes));
      return source.hooks().length ? dispatch(attributes) : undefined;
    },
  };
}

class Run {
  private readonly store: Store;
  private readonly server: AdmissionServer;
  private readonly attributes: AdmissionAttributes;
  private readonly matcher: Matcher;
  private readonly memory: Memory;
  private readonly errors: { readonly message: string; readonly reason?: string }[] = [];

  constructor(store: Store, server: AdmissionServer, attributes: AdmissionAttributes, owner: object) {
    this.store = store;
    this.server = server;
    this.attributes = attributes;
    this.matcher = new Matcher(store, server.catalog);
    const { memory } = attributes.reinvocation;
    this.memory = (memory.get(owner) as Memory | undefined) ?? { invoked: new Set(), reinvoke: new Set(), last: undefined };
    memory.set(owner, this.memory);
  }

  async all(hooks: readonly Hook[]): Promise<void> {
    const { reinvocation, object } = this.attributes;
    // what others have changed since is news to all
    if (reinvocation.active && !deepEqual(this.memory.last, object)) this.requireReinvocation();
    const invocations: Invocation[] = [];
    for (const hook of hooks) invocations.push(...(await this.invocationsOf(hook)));
    const namespaceObject = invocations.length ? await this.matcher.namespaceObject(this.attributes) : undefined;
    for (const invocation of invocations) await this.invoke(invocation, namespaceObject);
    this.memory.last = { ...object };
    this.finish();
  }

  private requireReinvocation(): void {
    this.memory.reinvoke = new Set(this.memory.invoked);
  }

  private async invocationsOf(hook: Hook): Promise<readonly Invocation[]> {
    const { store, matcher, attributes } = this;
    const scope = { store, matcher, attributes, catalog: this.server.catalog };
    const found: Invocation[] = [];
    for await (const { binding, match, params } of boundTo(hook, scope, (at, why) => this.failed(hook.policy, at, why)))
      for (const one of params) found.push({ hook, binding, match, params: one });
    return found;
  }

  private failed(
    { metadata: { name }, spec }: MutatingAdmissionPolicy,
    binding: MutatingAdmissionPolicyBinding | undefined,
    why: string,
    reason?: string,
  ): void {
    if (spec.failurePolicy === 'Ignore') return;
    const by = binding ? `policy '${name}' with binding '${binding.metadata.name}'` : `policy "${name}"`;
    this.errors.push({ message: `${by} denied request: ${why}`, ...(reason === undefined ? {} : { reason }) });
  }

  private async invoke(invocation: Invocation, namespaceObject: Namespace | undefined): Promise<void> {
    const { hook, binding } = invocation;
    const { policy, evaluator } = hook;
    const matches = await this.evaluate(invocation, undefined, (evaluation) =>
      conditionsMatch(evaluator.conditions, evaluation, policy.spec.failurePolicy),
    );
    if (matches instanceof Error) this.failed(policy, binding, matches.message, 'Invalid');
    if (matches !== true) return;
    const key = JSON.stringify([policy.metadata.name, binding.metadata.name, nameOf(invocation.params)]);
    const { reinvocation } = this.attributes;
    if (reinvocation.active && !this.memory.reinvoke.delete(key)) return;
    const before = { ...this.attributes.object! };
    for (const mutation of evaluator.mutations) await this.mutate(invocation, mutation, namespaceObject);
    if (!deepEqual(before, this.attributes.object)) {
      this.requireReinvocation();
      reinvocation.requested = true;
    }
    if (policy.spec.reinvocationPolicy === 'IfNeeded') this.memory.invoked.add(key);
  }

  private evaluate<T>(
    { hook, match, params }: Invocation,
    namespaceObject: Namespace | undefined,
    f: (evaluation: Evaluation) => T,
  ): Promise<T> {
    const { attributes, server } = this;
    const { object, old } = versioned(server, attributes, match);
    const request = admissionRequest(attributes, match);
    const { variables } = hook.evaluator;
    return withAuthorizer(server.authorizer, attributes, (authorize) =>
      f(new Evaluation({ object, old, params, attributes, request, variables, namespaceObject, authorize })),
    );
  }

  private async mutate(
    invocation: Invocation,
    { type, expression }: Evaluator['mutations'][number],
    namespaceObject: Namespace | undefined,
  ): Promise<void> {
    const { policy } = invocation.hook;
    const refuse = (why: string): void => this.failed(policy, invocation.binding, why, 'Invalid');
    if (expression.error !== undefined) return refuse(expression.error);
    try {
      const result = await this.evaluate(invocation, namespaceObject, (evaluation) =>
        evaluation.run(expression, new Budget(RUNTIME_COST_BUDGET)),
      );
      if (!result.ok) return refuse(result.error);
      this.change(invocation.match, type, result.value);
    } catch (error) {
      if (error instanceof MutationError || error instanceof OutOfBudget || error instanceof DecodeError) return refuse(error.message);
      throw error;
    }
  }

  private change(match: Match, type: string, value: Value): void {
    const { object, served } = versioned(this.server, this.attributes, match);
    if (!object || !served) throw new MutationError(`${match.kind.kind} cannot be changed by policies`);
    const changed = type === 'JSONPatch' ? applyPatch(object, value) : applyConfiguration(object, value, this.server.applyType(served));
    if (changed !== object) replaceContent(this.attributes.object!, changed, served);
  }

  private finish(): void {
    const [first] = this.errors;
    if (!first) return;
    const { status } = refusal(this.attributes, 'admission request denied by policy');
    throw statusError({
      code: 403,
      reason: first.reason === undefined ? 'Forbidden' : 'Invalid',
      message: first.message,
      details: { ...status.details, causes: this.errors.map(({ message }) => ({ message })) },
    });
  }
}

function nameOf(params: JsonObject | undefined): unknown {
  const metadata = params?.['metadata'] as JsonObject | undefined;
  return metadata && [metadata['namespace'], metadata['name']];
}
