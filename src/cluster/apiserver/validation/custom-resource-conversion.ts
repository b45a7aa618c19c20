// How versions of custom resources are converted into each other. Follows validateCustomResourceConversion of
// pkg/apis/apiextensions/validation.
import type { CustomResourceDefinitionSpec } from '#api/apiextensions/v1';
import { forbidden, invalid, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { isDNS1035Label } from '../../../apimachinery/validation/names.ts';
import { checkEnum } from './checks.ts';
import { validateWebhookClient } from './webhook-client.ts';

const CONVERSION = Path.of('spec', 'conversion');
const RECOGNIZED = ['v1', 'v1beta1'];

export function validateConversion({ conversion, preserveUnknownFields }: CustomResourceDefinitionSpec, errors: FieldError[]): void {
  if (!conversion) return;
  const { strategy, webhook } = conversion;
  if (strategy !== 'None' && preserveUnknownFields)
    errors.push(invalid(CONVERSION.child('strategy'), strategy, 'must be None if spec.preserveUnknownFields is true'));
  checkEnum(strategy, ['None', 'Webhook'], CONVERSION.child('strategy'), errors);
  // the internal type has the parts of the webhook side by side
  const at = CONVERSION.child('webhookClientConfig');
  const versions = webhook?.conversionReviewVersions ?? [];
  if (strategy !== 'Webhook') {
    if (webhook?.clientConfig) errors.push(forbidden(at, 'should not be set when strategy is not set to Webhook'));
    if (versions.length)
      errors.push(forbidden(CONVERSION.child('conversionReviewVersions'), 'should not be set when strategy is not set to Webhook'));
    return;
  }
  const client = webhook?.clientConfig;
  if (!client) errors.push(required(at, 'required when strategy is set to Webhook'));
  else validateWebhookClient(client, at, errors);
  validateReviewVersions(versions, errors);
}

function validateReviewVersions(versions: readonly string[], errors: FieldError[]): void {
  const at = CONVERSION.child('conversionReviewVersions');
  if (versions.length === 0) {
    errors.push(required(at));
    return;
  }
  const seen = new Set<string>();
  let recognized = false;
  versions.forEach((version, i) => {
    if (seen.has(version)) {
      errors.push(invalid(at.index(i), version, 'duplicate version'));
      return;
    }
    for (const wrong of isDNS1035Label(version)) errors.push(invalid(at.index(i), version, wrong));
    if (RECOGNIZED.includes(version)) recognized = true;
    seen.add(version);
  });
  if (!recognized) errors.push(invalid(at, versions, `must include at least one of ${RECOGNIZED.join(', ')}`));
}
