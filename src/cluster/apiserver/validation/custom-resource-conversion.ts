// How versions of custom resources are converted into each other. Follows validateCustomResourceConversion of
// pkg/apis/apiextensions/validation, and ValidateWebhookURL and ValidateWebhookService of k8s.io/apiserver's util/webhook.
import type { CustomResourceDefinitionSpec, ServiceReference } from '#api/apiextensions/v1';
import { forbidden, invalid, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { isDNS1035Label, isDNS1123Subdomain } from '../../../apimachinery/validation/names.ts';
import { checkEnum } from './checks.ts';

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
  else if ((client.url !== undefined) === (client.service !== undefined))
    errors.push(required(at, 'exactly one of url or service is required'));
  else if (client.url !== undefined) validateURL(client.url, at.child('url'), errors);
  else validateService(client.service!, at.child('service'), errors);
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

const URL_FORM = 'desired format: https://host[/path]';

function validateURL(text: string, field: Path, errors: FieldError[]): void {
  const parts = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(?:#(.*))?$/.exec(text);
  if (!parts || /[\x00-\x1f\x7f]/.test(text)) {
    errors.push(
      required(field, `url must be a valid URL: parse ${JSON.stringify(text)}: net/url: invalid control character in URL; ${URL_FORM}`),
    );
    return;
  }
  const [, scheme = '', authority = '', , query = '', fragment = ''] = parts;
  if (scheme !== 'https') errors.push(invalid(field, scheme, `'https' is the only allowed URL scheme; ${URL_FORM}`));
  const at = authority.lastIndexOf('@');
  if (authority.slice(at + 1) === '') errors.push(invalid(field, '', `host must be specified; ${URL_FORM}`));
  if (at >= 0) errors.push(invalid(field, authority.slice(0, at), 'user information is not permitted in the URL'));
  if (fragment) errors.push(invalid(field, fragment, 'fragments are not permitted in the URL'));
  if (query.length > 1) errors.push(invalid(field, query.slice(1), 'query parameters are not permitted in the URL'));
}

function validateService({ name, namespace, path, port = 443 }: ServiceReference, field: Path, errors: FieldError[]): void {
  // the real server names the other field
  if (!namespace) errors.push(required(field.child('name')));
  if (!name) errors.push(required(field.child('namespace')));
  if (port < 1 || port > 65535)
    errors.push(invalid(field.child('port'), port, 'port is not valid: must be between 1 and 65535, inclusive'));
  if (path === undefined) return;
  const at = field.child('path');
  if (path === '/' || path === '') return;
  if (path === '//') {
    errors.push(invalid(at, path, 'segment[0] may not be empty'));
    return;
  }
  // whatever the first character is, it is left out of what follows
  if (!path.startsWith('/')) errors.push(invalid(at, path, "must start with a '/'"));
  const steps = path.slice(1).replace(/\/$/, '').split('/');
  for (const [i, step] of steps.entries()) {
    if (step === '') {
      errors.push(invalid(at, path, `segment[${i}] may not be empty`));
      continue;
    }
    for (const wrong of isDNS1123Subdomain(step)) errors.push(invalid(at, path, `segment[${i}]: ${wrong}`));
  }
}
