// Webhooks that admit requests. Follows validateValidatingWebhook and validateMutatingWebhook of
// pkg/apis/admissionregistration/validation.
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '#api/admissionregistration/v1';
import { deepEqual } from '../../../apimachinery/object.ts';
import { duplicate, invalid, notSupported, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { isDNS1035Label, isDNS1123Subdomain, nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { check, checkOptionalEnum } from './checks.ts';
import { validateLabelSelector } from './label-selector.ts';
import {
  FAILURE_POLICIES,
  MATCH_POLICIES,
  REINVOCATION_POLICIES,
  validateMatchConditions,
  validateRuleWithOperations,
} from './match-resources.ts';
import { validateObjectMeta } from './object-meta.ts';
import { PolicyExpressions } from './policy-expressions.ts';
import { validateWebhookClient } from './webhook-client.ts';

type Configuration = ValidatingWebhookConfiguration | MutatingWebhookConfiguration;
type Webhook = ValidatingWebhook | MutatingWebhook;

const REVIEW_VERSIONS = ['v1', 'v1beta1'];
const ANY_SIDE_EFFECTS = ['None', 'NoneOnDryRun', 'Some', 'Unknown'];
const NO_SIDE_EFFECTS = ['None', 'NoneOnDryRun'];
const MAX_TIMEOUT_SECONDS = 30;

const withoutParams = new PolicyExpressions(false, false);

/** What a webhook may keep that a new one may not have. */
interface Leniency {
  readonly sideEffects?: boolean;
  readonly reviewVersions?: boolean;
  readonly repeatedNames?: boolean;
  readonly labelValues?: boolean;
  readonly matchConditions?: boolean;
}

export const validateWebhookConfiguration = (configuration: Configuration): FieldError[] => validateConfiguration(configuration, {});

export function validateWebhookConfigurationUpdate(configuration: Configuration, old: Configuration): FieldError[] {
  const [webhooks, before] = [configuration.webhooks ?? [], old.webhooks ?? []] as readonly (readonly Webhook[])[];
  return validateConfiguration(configuration, {
    sideEffects: before!.some(({ sideEffects }) => !NO_SIDE_EFFECTS.includes(sideEffects)),
    reviewVersions: before!.some(({ admissionReviewVersions: v }) => v?.length > 0 && !v.some((one) => REVIEW_VERSIONS.includes(one))),
    repeatedNames: new Set(before!.map(({ name }) => name)).size < before!.length,
    labelValues: before!.some((webhook) => selectorErrors(webhook, Path.of(''), false).length > 0),
    matchConditions:
      webhooks!.length === before!.length && webhooks!.every((w, i) => deepEqual(w.matchConditions, before![i]!.matchConditions)),
  });
}

function validateConfiguration(configuration: Configuration, leniency: Leniency): FieldError[] {
  const errors = validateObjectMeta(configuration.metadata, false, nameIsDNSSubdomain, Path.of('metadata'));
  const names = new Set<string>();
  (configuration.webhooks ?? []).forEach((webhook: Webhook, i) => {
    const at = Path.of('webhooks').index(i);
    validateWebhook(webhook, at, leniency, errors);
    validateReviewVersions(webhook.admissionReviewVersions ?? [], at.child('admissionReviewVersions'), leniency, errors);
    if (!leniency.repeatedNames && names.has(webhook.name)) errors.push(duplicate(at.child('name'), webhook.name));
    if (webhook.name) names.add(webhook.name);
  });
  return errors;
}

function validateWebhook(webhook: Webhook, field: Path, leniency: Leniency, errors: FieldError[]): void {
  checkFullyQualifiedName(webhook.name, field.child('name'), errors);
  (webhook.rules ?? []).forEach((rule, i) => validateRuleWithOperations(rule, field.child('rules').index(i), errors));
  checkOptionalEnum(webhook.failurePolicy, FAILURE_POLICIES, field.child('failurePolicy'), errors);
  checkOptionalEnum(webhook.matchPolicy, MATCH_POLICIES, field.child('matchPolicy'), errors);
  const { sideEffects, timeoutSeconds } = webhook;
  const allowed = leniency.sideEffects ? ANY_SIDE_EFFECTS : NO_SIDE_EFFECTS;
  if (sideEffects === undefined || sideEffects === null)
    errors.push(required(field.child('sideEffects'), `must specify one of ${allowed.join(', ')}`));
  else if (!allowed.includes(sideEffects)) errors.push(notSupported(field.child('sideEffects'), sideEffects, allowed));
  if (timeoutSeconds !== undefined && (timeoutSeconds < 1 || timeoutSeconds > MAX_TIMEOUT_SECONDS))
    errors.push(invalid(field.child('timeoutSeconds'), timeoutSeconds, 'the timeout value must be between 1 and 30 seconds'));
  errors.push(...selectorErrors(webhook, field, leniency.labelValues ?? false));
  if ('reinvocationPolicy' in webhook)
    checkOptionalEnum(webhook.reinvocationPolicy, REINVOCATION_POLICIES, field.child('reinvocationPolicy'), errors);
  validateWebhookClient(webhook.clientConfig ?? {}, field.child('clientConfig'), errors);
  if (!leniency.matchConditions)
    validateMatchConditions(webhook.matchConditions ?? [], field.child('matchConditions'), errors, (text, at) =>
      withoutParams.errors('matchCondition', text, at),
    );
}

function selectorErrors({ namespaceSelector, objectSelector }: Webhook, field: Path, allowInvalidLabelValue: boolean): FieldError[] {
  return [
    ...validateLabelSelector(namespaceSelector, field.child('namespaceSelector'), { allowInvalidLabelValue }),
    ...validateLabelSelector(objectSelector, field.child('objectSelector'), { allowInvalidLabelValue }),
  ];
}

function checkFullyQualifiedName(name: string | undefined, field: Path, errors: FieldError[]): void {
  if (!name) {
    errors.push(required(field));
    return;
  }
  const wrong = isDNS1123Subdomain(name);
  if (wrong.length) errors.push(invalid(field, name, wrong.join(',')));
  else if (name.split('.').length < 3)
    errors.push(invalid(field, name, 'should be a domain with at least three segments separated by dots'));
}

function validateReviewVersions(versions: readonly string[], field: Path, leniency: Leniency, errors: FieldError[]): void {
  if (versions.length === 0) {
    errors.push(required(field, `must specify one of ${REVIEW_VERSIONS.join(', ')}`));
    return;
  }
  versions.forEach((version, i) => {
    if (versions.indexOf(version) < i) errors.push(invalid(field.index(i), version, 'duplicate version'));
    else check(isDNS1035Label, version, field.index(i), errors);
  });
  if (!leniency.reviewVersions && !versions.some((version) => REVIEW_VERSIONS.includes(version)))
    errors.push(invalid(field, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`));
}
