// What binds an admission policy to requests and parameters. Follows validateValidatingAdmissionPolicyBindingSpec and
// validateMutatingAdmissionPolicyBindingSpec of pkg/apis/admissionregistration/validation.
import type { MutatingAdmissionPolicyBinding, ParamRef, ValidatingAdmissionPolicyBinding } from '#api/admissionregistration/v1';
import {
  duplicate,
  forbidden,
  invalid,
  notSupported,
  Path,
  required,
  type FieldError,
} from '../../../apimachinery/validation/field-error.ts';
import { isDNS1123Subdomain, isValidPathSegmentName, nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { checkMutatedOperations } from './admission-policy.ts';
import { check, checkEnum } from './checks.ts';
import { validateLabelSelector } from './label-selector.ts';
import { validateMatchResources } from './match-resources.ts';
import { validateObjectMeta } from './object-meta.ts';

const SPEC = Path.of('spec');
const VALIDATION_ACTIONS = ['Audit', 'Deny', 'Warn'];
const NOT_FOUND_ACTIONS = ['Deny', 'Allow'];

export function validateValidatingAdmissionPolicyBinding(binding: ValidatingAdmissionPolicyBinding): FieldError[] {
  const errors = validateCommon(binding);
  validateValidationActions(binding.spec.validationActions ?? [], SPEC.child('validationActions'), errors);
  return errors;
}

export function validateMutatingAdmissionPolicyBinding(binding: MutatingAdmissionPolicyBinding): FieldError[] {
  const errors = validateCommon(binding);
  checkMutatedOperations(binding.spec.matchResources ?? {}, SPEC.child('matchResources'), errors);
  return errors;
}

function validateCommon({ metadata, spec }: ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding): FieldError[] {
  const errors = validateObjectMeta(metadata, false, nameIsDNSSubdomain, Path.of('metadata'));
  if (!spec.policyName) errors.push(required(SPEC.child('policyName')));
  else check(isDNS1123Subdomain, spec.policyName, SPEC.child('policyName'), errors);
  if (spec.paramRef) validateParamRef(spec.paramRef, SPEC.child('paramRef'), errors);
  if (spec.matchResources) validateMatchResources(spec.matchResources, SPEC.child('matchResources'), errors);
  return errors;
}

function validateParamRef({ name, selector, parameterNotFoundAction }: ParamRef, field: Path, errors: FieldError[]): void {
  const exclusive = 'name and selector are mutually exclusive';
  if (name) {
    check(isValidPathSegmentName, name, field.child('name'), errors);
    if (selector) errors.push(forbidden(field.child('name'), exclusive));
  }
  if (selector) {
    errors.push(...validateLabelSelector(selector, field.child('selector')));
    if (name) errors.push(forbidden(field.child('selector'), exclusive));
  }
  if (!name && !selector) errors.push(required(field, 'one of name or selector must be specified'));
  checkEnum(parameterNotFoundAction, NOT_FOUND_ACTIONS, field.child('parameterNotFoundAction'), errors);
}

function validateValidationActions(actions: readonly string[], field: Path, errors: FieldError[]): void {
  actions.forEach((action, i) => {
    if (!VALIDATION_ACTIONS.includes(action)) errors.push(notSupported(field.index(i), action, VALIDATION_ACTIONS));
    if (actions.indexOf(action) < i) errors.push(duplicate(field.index(i), action));
  });
  if (actions.includes('Deny') && actions.includes('Warn'))
    errors.push(
      invalid(
        field,
        actions,
        'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      ),
    );
  if (actions.length === 0) errors.push(required(field, 'at least one validation action is required'));
}
