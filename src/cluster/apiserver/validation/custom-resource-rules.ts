// The form of rules in CEL (`x-kubernetes-validations`). Follows validateXValidations of pkg/apis/apiextensions/validation.
import type { ValidationRule } from '#api/apiextensions/v1';
import { invalid, notSupported, required, type FieldError, type Path } from '../../../apimachinery/validation/field-error.ts';
import type { Structural } from '../custom/structural-schema.ts';
import { selected } from './custom-resource-version.ts';

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const MAX_MESSAGE = 2048;

export function validateRules(schema: Structural, field: Path, uncorrelatable: boolean, errors: FieldError[]): void {
  const rules = schema['x-kubernetes-validations'] ?? [];
  if (rules.length === 0) return;
  const at = field.child('x-kubernetes-validations');
  if (schema['x-kubernetes-preserve-unknown-fields'] && schema.type === undefined && !schema['x-kubernetes-int-or-string']) return;
  rules.forEach((rule, i) => validateRule(rule, schema, at.index(i), uncorrelatable, errors));
}

function validateRule(rule: ValidationRule, schema: Structural, field: Path, uncorrelatable: boolean, errors: FieldError[]): void {
  const { message = '', messageExpression = '', reason, fieldPath, optionalOldSelf } = rule;
  const text = rule.rule.trim();
  const usesOld = /\boldSelf\b/.test(text);
  if (text === '') errors.push(required(field.child('rule'), 'rule is not specified'));
  const trimmed = message.trim();
  if (message.length && trimmed === '') errors.push(invalid(field.child('message'), message, 'message must be non-empty if specified'));
  else if (/[\n\r]/.test(trimmed)) errors.push(invalid(field.child('message'), message, 'message must not contain line breaks'));
  else if (/[\n\r]/.test(text) && trimmed === '')
    errors.push(required(field.child('message'), 'message must be specified if rule contains line breaks'));
  if (Buffer.byteLength(message) > MAX_MESSAGE)
    errors.push(
      invalid(field.child('message'), `${message.slice(0, 10)}...`, `message must have a maximum length of ${MAX_MESSAGE} characters`),
    );
  if (messageExpression.length && messageExpression.trim() === '')
    errors.push(required(field.child('messageExpression'), 'messageExpression must be non-empty if specified'));
  if (reason !== undefined && !REASONS.includes(reason)) errors.push(notSupported(field.child('reason'), reason, REASONS));
  if (fieldPath) {
    const found = fieldPath.trim() === '' ? '' : selected(fieldPath, schema);
    if (typeof found === 'string') errors.push(invalid(field.child('fieldPath'), fieldPath, 'must be a valid path'));
  }
  if (optionalOldSelf !== undefined && text !== '' && !usesOld)
    errors.push(invalid(field.child('optionalOldSelf'), optionalOldSelf, 'may not be set if oldSelf is not used in rule'));
  if (usesOld && uncorrelatable)
    errors.push(
      invalid(
        field.child('rule'),
        rule.rule,
        'oldSelf cannot be used on the uncorrelatable portion of the schema within spec.validation.openAPIV3Schema',
      ),
    );
}
