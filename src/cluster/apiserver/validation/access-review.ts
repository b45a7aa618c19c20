// SubjectAccessReviews and their kin. Follows pkg/apis/authorization/validation.
import type { FieldSelectorAttributes, LabelSelectorAttributes, ResourceAttributes, SubjectAccessReviewSpec } from '#api/authorization/v1';
import type { FieldSelectorRequirement } from '#api/meta/v1';
import type { JsonObject } from '../../../apimachinery/object.ts';
import { forbidden, invalid, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import type { Draft } from '../generic/resource-definition.ts';
import { validateLabelSelector } from './label-selector.ts';

const SPEC = Path.of('spec');

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);

function validateMetadata(metadata: Draft['metadata'], namespaced: boolean): FieldError[] {
  const { managedFields: _m, namespace, ...rest } = metadata;
  if ((namespaced || !namespace) && Object.values(rest).every(isEmpty)) return [];
  return [invalid(Path.of('metadata'), metadata, namespaced ? 'must be empty except for namespace' : 'must be empty')];
}

/** @param self the user who asks is the one in question */
export function validateAccessReview(review: Draft, self: boolean): FieldError[] {
  return [...validateSpec((review['spec'] ?? {}) as SubjectAccessReviewSpec, self), ...validateMetadata(review.metadata, false)];
}

export function validateLocalAccessReview(review: Draft): FieldError[] {
  const spec = (review['spec'] ?? {}) as SubjectAccessReviewSpec;
  const errors = [...validateSpec(spec, false), ...validateMetadata(review.metadata, true)];
  const { resourceAttributes, nonResourceAttributes } = spec;
  const namespace = resourceAttributes?.namespace ?? '';
  if (resourceAttributes && namespace !== (review.metadata.namespace ?? ''))
    errors.push(invalid(SPEC.child('resourceAttributes', 'namespace'), namespace, 'must match metadata.namespace'));
  if (nonResourceAttributes)
    errors.push(invalid(SPEC.child('nonResourceAttributes'), goNonResource(nonResourceAttributes), 'disallowed on this kind of request'));
  return errors;
}

/** The internal type has no JSON names of its own. */
const goNonResource = ({ path = '', verb = '' }: NonNullable<SubjectAccessReviewSpec['nonResourceAttributes']>): JsonObject => ({
  Path: path,
  Verb: verb,
});

function validateSpec({ resourceAttributes, nonResourceAttributes, user, groups }: SubjectAccessReviewSpec, self: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (resourceAttributes && nonResourceAttributes) {
    const why = 'cannot be specified in combination with resourceAttributes';
    errors.push(invalid(SPEC.child('nonResourceAttributes'), goNonResource(nonResourceAttributes), why));
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    errors.push(invalid(SPEC.child('resourceAttributes'), null, why));
  }
  if (!self && !user && !groups?.length) errors.push(invalid(SPEC.child('user'), '', 'at least one of user or group must be specified'));
  if (resourceAttributes) errors.push(...validateResource(resourceAttributes, SPEC.child('resourceAttributes')));
  return errors;
}

function validateResource({ fieldSelector, labelSelector }: ResourceAttributes, field: Path): FieldError[] {
  return [
    ...(fieldSelector ? validateFieldSelector(fieldSelector, field.child('fieldSelector')) : []),
    ...(labelSelector ? validateLabels(labelSelector, field.child('labelSelector')) : []),
  ];
}

function validateForm({ rawSelector, requirements }: FieldSelectorAttributes | LabelSelectorAttributes, field: Path): FieldError[] {
  if (rawSelector && requirements?.length)
    return [invalid(field.child('rawSelector'), rawSelector, 'may not specified at the same time as requirements')];
  if (!rawSelector && !requirements?.length)
    return [required(field.child('requirements'), `when ${field.toString()} is specified, requirements or rawSelector is required`)];
  return [];
}

function validateLabels(selector: LabelSelectorAttributes, field: Path): FieldError[] {
  const wrong = (selector.requirements ?? []).flatMap((requirement, i) =>
    validateLabelSelector({ matchExpressions: [requirement] }, field, { allowUnknownOperator: true }).map((error) => ({
      ...error,
      field: error.field.replace('.matchExpressions[0]', `.requirements[${i}]`),
    })),
  );
  return [...validateForm(selector, field), ...wrong];
}

function validateFieldSelector(selector: FieldSelectorAttributes, field: Path): FieldError[] {
  const wrong = (selector.requirements ?? []).flatMap((r, i) => validateRequirement(r, field.child('requirements').index(i)));
  return [...validateForm(selector, field), ...wrong];
}

function validateRequirement({ key, operator, values = [] }: FieldSelectorRequirement, field: Path): FieldError[] {
  const errors: FieldError[] = [];
  if (!key) errors.push(required(field.child('key'), 'must be specified'));
  const ofSet = operator === 'In' || operator === 'NotIn';
  if (ofSet && values.length === 0) errors.push(required(field.child('values'), "must be specified when `operator` is 'In' or 'NotIn'"));
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0)
    errors.push(forbidden(field.child('values'), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  return errors;
}
