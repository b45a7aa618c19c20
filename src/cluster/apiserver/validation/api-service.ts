// APIServices: which server answers for which version of a group. Follows pkg/apis/apiregistration/validation of kube-aggregator.
import type { APIService, APIServiceSpec } from '#api/apiregistration/v1';
import { invalid, notSupported, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { isDNS1035Label, isInRange, isValidPathSegmentName } from '../../../apimachinery/validation/names.ts';
import { check, checkDNS1123Subdomain } from './checks.ts';
import { validateObjectMeta, validateObjectMetaUpdate } from './object-meta.ts';

const METADATA = Path.of('metadata');
const SPEC = Path.of('spec');
const GROUP_PRIORITY_MAX = 20000;
const VERSION_PRIORITY_MAX = 1000;
const CONDITION_STATUSES = ['True', 'False', 'Unknown'];

export function validateAPIService(service: APIService): FieldError[] {
  // a body may lack all of it
  const spec: Partial<APIServiceSpec> = service.spec ?? {};
  const { group = '', version = '', groupPriorityMinimum = 0, versionPriority = 0 } = spec;
  const errors = validateObjectMeta(service.metadata, false, (name) => wrongWithName(name, `${version}.${group}`), METADATA);
  if (!group && version !== 'v1')
    errors.push(required(SPEC.child('group'), 'only v1 may have an empty group and it better be legacy kube'));
  if (group) checkDNS1123Subdomain(group, SPEC.child('group'), errors);
  check(isDNS1035Label, version, SPEC.child('version'), errors);
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > GROUP_PRIORITY_MAX)
    errors.push(invalid(SPEC.child('groupPriorityMinimum'), groupPriorityMinimum, 'must be positive and less than 20000'));
  if (versionPriority <= 0 || versionPriority > VERSION_PRIORITY_MAX)
    errors.push(invalid(SPEC.child('versionPriority'), versionPriority, 'must be positive and less than 1000'));
  if (spec.service) checkRemote(spec, spec.service, errors);
  else checkLocal(spec, errors);
  return errors;
}

function wrongWithName(name: string, wanted: string): string[] {
  const wrong = isValidPathSegmentName(name);
  if (wrong.length || name === wanted) return wrong;
  return [`must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`];
}

function checkLocal({ caBundle, insecureSkipTLSVerify }: Partial<APIServiceSpec>, errors: FieldError[]): void {
  if (caBundle) {
    const bytes = `${Buffer.from(caBundle, 'base64').length} bytes`;
    errors.push(invalid(SPEC.child('caBundle'), bytes, 'local APIServices may not have a caBundle'));
  }
  if (insecureSkipTLSVerify)
    errors.push(invalid(SPEC.child('insecureSkipTLSVerify'), true, 'local APIServices may not have insecureSkipTLSVerify'));
}

type Service = NonNullable<APIServiceSpec['service']>;

function checkRemote(spec: Partial<APIServiceSpec>, { namespace, name, port = 443 }: Service, errors: FieldError[]): void {
  const at = SPEC.child('service');
  if (!namespace) errors.push(required(at.child('namespace')));
  if (!name) errors.push(required(at.child('name')));
  for (const wrong of isInRange(port, 1, 65535)) errors.push(invalid(at.child('port'), port, `port is not valid: ${wrong}`));
  if (spec.insecureSkipTLSVerify && spec.caBundle)
    errors.push(invalid(SPEC.child('insecureSkipTLSVerify'), true, 'may not be true if caBundle is present'));
}

export const validateAPIServiceUpdate = (service: APIService, old: APIService): FieldError[] => [
  ...validateObjectMetaUpdate(service.metadata, old.metadata, METADATA),
  ...validateAPIService(service),
];

export function validateAPIServiceStatusUpdate(service: APIService, old: APIService): FieldError[] {
  const errors = validateObjectMetaUpdate(service.metadata, old.metadata, METADATA);
  (service.status?.conditions ?? []).forEach(({ status }, i) => {
    if (!CONDITION_STATUSES.includes(status))
      errors.push(notSupported(Path.of('status', 'conditions').index(i).child('status'), status, CONDITION_STATUSES));
  });
  return errors;
}
