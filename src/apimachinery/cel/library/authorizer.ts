// Asking whether someone may do something: authorizer.group('apps').resource('deployments').check('create').allowed(). Who decides is
// given with the value. Follows authz.go of k8s.io/apiserver's CEL library.
import { structType } from '../cel-type.ts';
import { declare, type FunctionDeclaration, type Implementation } from '../environment.ts';
import { OpaqueValue, type Value } from '../values.ts';

/** What is asked. Either a path, or a resource. */
export interface AuthorizationCheck {
  readonly verb: string;
  /** Another user than the one who makes the request. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
  readonly path?: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

export interface AuthorizationAnswer {
  readonly allowed: boolean;
  readonly reason: string;
  /** What went wrong while deciding; absent: nothing. */
  readonly error?: string;
}

/** May throw to interrupt the evaluation until it can answer. */
export type Authorize = (check: AuthorizationCheck) => AuthorizationAnswer;

type Partial = Omit<AuthorizationCheck, 'verb'>;

class Builder extends OpaqueValue {
  readonly type;
  readonly authorize: Authorize;
  readonly check: Partial;
  constructor(type: string, authorize: Authorize, check: Partial) {
    super();
    this.type = structType(`kubernetes.authorization.${type}`);
    this.authorize = authorize;
    this.check = check;
  }
  equals(other: OpaqueValue): boolean {
    return this === other || JSON.stringify(this.check) === JSON.stringify((other as Builder).check);
  }
  /** The same with something more said. */
  as(type: string, more: Partial): Builder {
    return new Builder(type, this.authorize, { ...this.check, ...more });
  }
}

class DecisionValue extends OpaqueValue {
  readonly type = structType('kubernetes.authorization.Decision');
  readonly answer: AuthorizationAnswer;
  constructor(answer: AuthorizationAnswer) {
    super();
    this.answer = answer;
  }
  equals(other: OpaqueValue): boolean {
    return JSON.stringify(this.answer) === JSON.stringify((other as DecisionValue).answer);
  }
}

export const AUTHORIZER_TYPE = structType('kubernetes.authorization.Authorizer');
export const RESOURCE_CHECK_TYPE = structType('kubernetes.authorization.ResourceCheck');

/** The variable `authorizer`. */
export const authorizerValue = (authorize: Authorize): Value => new Builder('Authorizer', authorize, {});

/** The variable `authorizer.requestResource`. */
export const resourceCheckValue = (authorize: Authorize, check: Partial): Value => new Builder('ResourceCheck', authorize, check);

const onBuilder =
  (f: (builder: Builder, ...texts: string[]) => Value): Implementation =>
  (builder, ...texts) =>
    f(builder as Builder, ...(texts as string[]));
const ask = onBuilder((builder, verb) => new DecisionValue(builder.authorize({ ...builder.check, verb: verb! })));
const onDecision =
  (f: (answer: AuthorizationAnswer) => Value): Implementation =>
  (decision) =>
    f((decision as DecisionValue).answer);

const NS = 'kubernetes.authorization';
const refine = (name: keyof Partial, id: string): FunctionDeclaration =>
  declare(name, {
    [`${id}: ${NS}.ResourceCheck.(string) -> ${NS}.ResourceCheck`]: onBuilder((b, text) => b.as('ResourceCheck', { [name]: text })),
  });

export const authorization: readonly FunctionDeclaration[] = [
  declare('path', {
    [`authorizer_path: ${NS}.Authorizer.(string) -> ${NS}.PathCheck`]: onBuilder((b, path) => b.as('PathCheck', { path: path! })),
  }),
  declare('group', {
    [`authorizer_group: ${NS}.Authorizer.(string) -> ${NS}.GroupCheck`]: onBuilder((b, group) => b.as('GroupCheck', { group: group! })),
  }),
  declare('serviceAccount', {
    [`authorizer_serviceaccount: ${NS}.Authorizer.(string, string) -> ${NS}.Authorizer`]: onBuilder((b, namespace, name) =>
      b.as('Authorizer', { serviceAccount: { namespace: namespace!, name: name! } }),
    ),
  }),
  declare('resource', {
    [`groupcheck_resource: ${NS}.GroupCheck.(string) -> ${NS}.ResourceCheck`]: onBuilder((b, resource) =>
      b.as('ResourceCheck', { resource: resource! }),
    ),
  }),
  refine('subresource', 'resourcecheck_subresource'),
  refine('namespace', 'resourcecheck_namespace'),
  refine('name', 'resourcecheck_name'),
  refine('fieldSelector', 'authorizer_fieldselector'),
  refine('labelSelector', 'authorizer_labelselector'),
  declare('check', {
    [`pathcheck_check: ${NS}.PathCheck.(string) -> ${NS}.Decision`]: ask,
    [`resourcecheck_check: ${NS}.ResourceCheck.(string) -> ${NS}.Decision`]: ask,
  }),
  declare('allowed', { [`decision_allowed: ${NS}.Decision.() -> bool`]: onDecision(({ allowed }) => allowed) }),
  declare('reason', { [`decision_reason: ${NS}.Decision.() -> string`]: onDecision(({ reason }) => reason) }),
  declare('errored', { [`decision_errored: ${NS}.Decision.() -> bool`]: onDecision(({ error }) => error !== undefined) }),
  declare('error', { [`decision_error: ${NS}.Decision.() -> string`]: onDecision(({ error }) => error ?? '') }),
];
