// The expressions of admission policies and webhooks: whether they compile, and to the right type. Follows
// pkg/apis/admissionregistration/validation (validateCELCondition and its callers).
import { BOOL, type CelType, listType, NULL, STRING } from '../../../apimachinery/cel/cel-type.ts';
import { JSON_PATCH, OBJECT } from '../../../apimachinery/cel/library/mutation.ts';
import { invalid, type FieldError, type Path } from '../../../apimachinery/validation/field-error.ts';
import {
  compilePolicyExpression,
  PolicyComposition,
  policyEnvironment,
  type PolicyVariables,
} from '../../../apimachinery/cel/policy-environment.ts';

export type ExpressionKind = 'matchCondition' | 'validation' | 'messageExpression' | 'auditAnnotation' | 'applyConfiguration' | 'jsonPatch';

interface Form {
  readonly results: readonly CelType[];
  readonly variables: PolicyVariables;
  /** May use what the policy declares. */
  readonly composed: boolean;
}

const authorizer = true;
const FORMS: Readonly<Record<ExpressionKind, Form>> = {
  matchCondition: { results: [BOOL], variables: { authorizer }, composed: false },
  validation: { results: [BOOL], variables: { authorizer }, composed: true },
  messageExpression: { results: [STRING], variables: {}, composed: true },
  auditAnnotation: { results: [STRING, NULL], variables: { authorizer }, composed: true },
  applyConfiguration: { results: [OBJECT], variables: { authorizer, patchTypes: true }, composed: true },
  jsonPatch: { results: [listType(JSON_PATCH)], variables: { authorizer, patchTypes: true }, composed: true },
};

/** The expressions of one policy, in the order in which they are checked: variables come before what uses them. */
export class PolicyExpressions {
  private readonly params: boolean;
  private readonly composition: PolicyComposition | undefined;

  /** @param composed whether there is a `variables` at all */
  constructor(params: boolean, composed: boolean) {
    this.params = params;
    this.composition = composed ? new PolicyComposition() : undefined;
  }

  addVariable(name: string, text: string, field: Path): FieldError[] {
    const compiled = this.composition!.add(name, text, policyEnvironment({ params: this.params, authorizer }));
    return compiled.ok ? [] : [invalid(field, text, compiled.message)];
  }

  /** @param shown as the error tells the expression, where that differs */
  errors(kind: ExpressionKind, text: string, field: Path, shown = text): FieldError[] {
    const { results, variables, composed } = FORMS[kind];
    const environment = policyEnvironment({ ...variables, params: this.params });
    const whole = composed && this.composition ? this.composition.extend(environment) : environment;
    const compiled = compilePolicyExpression(text, whole, results);
    return compiled.ok ? [] : [invalid(field, shown, compiled.message)];
  }
}
