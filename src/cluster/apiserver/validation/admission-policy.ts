// Policies in CEL that validate or change what is written. Follows validateValidatingAdmissionPolicySpec and
// validateMutatingAdmissionPolicySpec of pkg/apis/admissionregistration/validation. Bindings are in admission-policy-binding.ts.
import type {
  AuditAnnotation,
  MutatingAdmissionPolicy,
  Mutation,
  ParamKind,
  ValidatingAdmissionPolicy,
  Validation,
  Variable,
} from '#api/admissionregistration/v1';
import { duplicate, invalid, notSupported, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { isDNS1035Label, isDNS1123Subdomain, nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { checkEnum, checkOptionalEnum, checkQualifiedName } from './checks.ts';
import { FAILURE_POLICIES, REINVOCATION_POLICIES, validateMatchConditions, validateMatchResources } from './match-resources.ts';
import { validateObjectMeta } from './object-meta.ts';
import { type ExpressionKind, PolicyExpressions } from './policy-expressions.ts';

const SPEC = Path.of('spec');
const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];
const PATCH_TYPES = ['ApplyConfiguration', 'JSONPatch'];
const MUTATED_OPERATIONS = ['*', 'CONNECT', 'CREATE', 'UPDATE'];
const MAX_AUDIT_ANNOTATIONS = 20;
const MAX_AUDIT_EXPRESSION_BYTES = 5 * 1024;

type Policy = ValidatingAdmissionPolicy | MutatingAdmissionPolicy;

export function validateValidatingAdmissionPolicy(policy: ValidatingAdmissionPolicy): FieldError[] {
  const errors = validateObjectMeta(policy.metadata, false, nameIsDNSSubdomain, Path.of('metadata'));
  const { validations = [], auditAnnotations = [], variables = [], paramKind } = policy.spec;
  const expressions = new PolicyExpressions(Boolean(paramKind), variables.length > 0);
  validateCommon(policy, expressions, errors);
  if (validations.length === 0 && auditAnnotations.length === 0) {
    const why = 'validations or auditAnnotations must contain at least one item';
    errors.push(required(SPEC.child('validations'), why), required(SPEC.child('auditAnnotations'), why));
    return errors;
  }
  validations.forEach((validation, i) => validateValidation(validation, expressions, SPEC.child('validations').index(i), errors));
  validateAuditAnnotations(policy, expressions, SPEC.child('auditAnnotations'), errors);
  return errors;
}

export function validateMutatingAdmissionPolicy(policy: MutatingAdmissionPolicy): FieldError[] {
  const errors = validateObjectMeta(policy.metadata, false, nameIsDNSSubdomain, Path.of('metadata'));
  const { mutations = [], reinvocationPolicy, paramKind } = policy.spec;
  const expressions = new PolicyExpressions(Boolean(paramKind), true);
  validateCommon(policy, expressions, errors);
  if (mutations.length === 0) errors.push(required(SPEC.child('mutations'), 'mutations must contain at least one item'));
  mutations.forEach((mutation, i) => validateMutation(mutation, expressions, SPEC.child('mutations').index(i), errors));
  checkEnum(reinvocationPolicy, REINVOCATION_POLICIES, SPEC.child('reinvocationPolicy'), errors);
  return errors;
}

function validateCommon({ kind, spec }: Policy, expressions: PolicyExpressions, errors: FieldError[]): void {
  const { failurePolicy, paramKind, matchConstraints, matchConditions = [], variables = [] } = spec;
  if (failurePolicy === undefined) errors.push(required(SPEC.child('failurePolicy')));
  checkOptionalEnum(failurePolicy, FAILURE_POLICIES, SPEC.child('failurePolicy'), errors);
  if (paramKind) validateParamKind(paramKind, SPEC.child('paramKind'), errors);
  const at = SPEC.child('matchConstraints');
  if (!matchConstraints) errors.push(required(at));
  else {
    validateMatchResources(matchConstraints, at, errors);
    // without one nobody knows the types
    if (!matchConstraints.resourceRules?.length) errors.push(required(at.child('resourceRules')));
    if (kind === 'MutatingAdmissionPolicy') checkMutatedOperations(matchConstraints, at, errors);
  }
  validateMatchConditions(matchConditions, SPEC.child('matchConditions'), errors, (text, field) =>
    expressions.errors('matchCondition', text, field),
  );
  variables.forEach((variable, i) => validateVariable(variable, expressions, SPEC.child('variables').index(i), errors));
}

/** What is deleted cannot be changed any more. */
export function checkMutatedOperations(
  { resourceRules = [] }: { readonly resourceRules?: readonly { readonly operations?: readonly string[] }[] },
  field: Path,
  errors: FieldError[],
): void {
  for (const { operations = [] } of resourceRules)
    for (const operation of operations)
      if (!MUTATED_OPERATIONS.includes(operation))
        errors.push(notSupported(field.child('resourceRules', 'operations'), operation, MUTATED_OPERATIONS));
}

function validateParamKind({ apiVersion = '', kind = '' }: ParamKind, field: Path, errors: FieldError[]): void {
  const at = field.child('apiVersion');
  if (apiVersion === '') errors.push(required(at));
  else {
    const parts = apiVersion === '/' ? ['', ''] : apiVersion.split('/');
    if (parts.length > 2) errors.push(invalid(at, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
    else checkGroupVersion(parts.length === 2 ? parts[0]! : '', parts.at(-1)!, apiVersion, at, errors);
  }
  if (kind === '') errors.push(required(field.child('kind')));
  else {
    const wrong = isDNS1035Label(kind.toLowerCase());
    if (wrong.length)
      errors.push(invalid(field.child('kind'), kind, `may have mixed case, but should otherwise match: ${wrong.join(',')}`));
  }
}

function checkGroupVersion(group: string, version: string, apiVersion: string, field: Path, errors: FieldError[]): void {
  const wrongGroup = group === '' ? [] : isDNS1123Subdomain(group);
  if (wrongGroup.length) errors.push(invalid(field, group, wrongGroup.join(',')));
  if (version === '') errors.push(invalid(field, apiVersion, 'version must be specified'));
  else {
    const wrong = isDNS1035Label(version);
    if (wrong.length) errors.push(invalid(field, version, wrong.join(',')));
  }
}

// words that CEL has, or may come to have
const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);

function validateVariable({ name, expression }: Variable, expressions: PolicyExpressions, field: Path, errors: FieldError[]): void {
  if (!name?.trim()) errors.push(required(field.child('name'), 'name is not specified'));
  else if (!/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) || RESERVED.has(name))
    errors.push(invalid(field.child('name'), name, 'must be a valid CEL identifier'));
  if (!expression?.trim()) errors.push(required(field.child('expression'), 'expression is not specified'));
  else errors.push(...expressions.addVariable(name ?? '', expression, field.child('expression')));
}

const hasNewlines = (text: string): boolean => /[\n\r]/.test(text);

function validateValidation(validation: Validation, expressions: PolicyExpressions, field: Path, errors: FieldError[]): void {
  const { expression, message = '', messageExpression = '', reason } = validation;
  checkExpression('validation', expression, expressions, field.child('expression'), errors);
  if (messageExpression !== '' && messageExpression.trim() === '')
    errors.push(invalid(field.child('messageExpression'), messageExpression, 'must be non-empty if specified'));
  else if (messageExpression !== '')
    errors.push(...expressions.errors('messageExpression', messageExpression, field.child('messageExpression')));
  const trimmed = message.trim();
  if (message !== '' && trimmed === '') errors.push(invalid(field.child('message'), message, 'message must be non-empty if specified'));
  else if (hasNewlines(trimmed)) errors.push(invalid(field.child('message'), message, 'must not contain line breaks'));
  checkOptionalEnum(reason, REASONS, field.child('reason'), errors);
}

/** Go reads what is missing as empty. */
const withoutAbsent = (annotation: Partial<AuditAnnotation>): AuditAnnotation => ({ key: '', valueExpression: '', ...annotation });

function validateAuditAnnotations(
  { metadata: { name: policy }, spec: { auditAnnotations: annotations = [] } }: ValidatingAdmissionPolicy,
  expressions: PolicyExpressions,
  field: Path,
  errors: FieldError[],
): void {
  if (annotations.length > MAX_AUDIT_ANNOTATIONS)
    errors.push(invalid(field, annotations, `must not have more than ${MAX_AUDIT_ANNOTATIONS} auditAnnotations`));
  annotations.forEach((annotation, i) => {
    const { key, valueExpression } = withoutAbsent(annotation);
    const at = field.index(i);
    if (!policy) errors.push(invalid(at.child('key'), key, 'requires metadata.name be non-empty'));
    else checkQualifiedName(`${policy}/${key}`, at.child('key'), errors);
    const trimmed = valueExpression.trim();
    if (trimmed === '') errors.push(required(at.child('valueExpression'), 'valueExpression is not specified'));
    else if (Buffer.byteLength(trimmed) > MAX_AUDIT_EXPRESSION_BYTES)
      errors.push(required(at.child('valueExpression'), `must not exceed ${MAX_AUDIT_EXPRESSION_BYTES} bytes in length`));
    else errors.push(...expressions.errors('auditAnnotation', trimmed, at.child('valueExpression'), valueExpression));
    if (annotations.findIndex((a) => withoutAbsent(a).key === key) < i) errors.push(duplicate(at.child('key'), key));
  });
}

function validateMutation(
  { patchType, applyConfiguration, jsonPatch }: Mutation,
  expressions: PolicyExpressions,
  field: Path,
  errors: FieldError[],
): void {
  checkEnum(patchType, PATCH_TYPES, field.child('patchType'), errors);
  const check = (type: string, kind: ExpressionKind, given: { readonly expression?: string } | undefined): void => {
    const at = field.child(kind);
    if (patchType !== type) {
      if (given && PATCH_TYPES.includes(patchType))
        errors.push(invalid(at, `{${kind}}`, `must not be specified when patchType is ${patchType}`));
    } else if (!given) errors.push(required(at, `must be specified when patchType is ${type}`));
    else if (!given.expression?.trim()) errors.push(required(at.child('expression')));
    else errors.push(...expressions.errors(kind, given.expression, at.child('expression')));
  };
  check('JSONPatch', 'jsonPatch', jsonPatch);
  check('ApplyConfiguration', 'applyConfiguration', applyConfiguration);
}

function checkExpression(
  kind: ExpressionKind,
  text: string | undefined,
  expressions: PolicyExpressions,
  field: Path,
  errors: FieldError[],
): void {
  if (!text?.trim()) errors.push(required(field, 'expression is not specified'));
  else errors.push(...expressions.errors(kind, text, field));
}
