// Where a webhook is: a URL, or a Service. Follows ValidateWebhookURL and ValidateWebhookService of k8s.io/apiserver's util/webhook.
import type { ServiceReference, WebhookClientConfig } from '#api/admissionregistration/v1';
import { invalid, required, type FieldError, type Path } from '../../../apimachinery/validation/field-error.ts';
import { isDNS1123Subdomain } from '../../../apimachinery/validation/names.ts';

export function validateWebhookClient({ url, service }: WebhookClientConfig, field: Path, errors: FieldError[]): void {
  if (url !== undefined && !service) validateURL(url, field.child('url'), errors);
  else if (service && url === undefined) validateService(service, field.child('service'), errors);
  else errors.push(required(field, 'exactly one of url or service is required'));
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
