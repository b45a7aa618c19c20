// Selectors of a pod's own fields and of its containers' resources, as environment variables and files of the downward API name them.
// Follows pkg/apis/core/validation and pkg/apis/core/pods.
import type { ObjectFieldSelector, ResourceFieldSelector } from '#api/core/v1';
import { parseQuantity } from '../../../../apimachinery/quantity.ts';
import { invalid, notSupported, required, type FieldError, type Path } from '../../../../apimachinery/validation/field-error.ts';
import { checkQualifiedName } from '../checks.ts';

export const ENV_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
export const VOLUME_FIELDS = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'];

const KNOWN_FIELDS = new Set([...ENV_FIELDS, ...VOLUME_FIELDS, 'spec.restartPolicy', 'spec.schedulerName', 'status.phase']);

/** @param supported sorted */
export function validateFieldRef(ref: ObjectFieldSelector, supported: readonly string[], field: Path, errors: FieldError[]): void {
  const { apiVersion = '', fieldPath } = ref;
  if (!apiVersion) {
    errors.push(required(field.child('apiVersion')));
    return;
  }
  if (!fieldPath) {
    errors.push(required(field.child('fieldPath')));
    return;
  }
  const unknown = (why: string): void => {
    errors.push(invalid(field.child('fieldPath'), fieldPath, `error converting fieldPath: ${why}`));
  };
  if (apiVersion !== 'v1') {
    unknown(`unsupported pod version: ${apiVersion}`);
    return;
  }
  const subscript = /^([\s\S]+?)\['([\s\S]*)'\]$/.exec(fieldPath);
  if (subscript) {
    const [, path = '', key = ''] = subscript;
    if (path === 'metadata.annotations') checkQualifiedName(key.toLowerCase(), field, errors);
    else if (path === 'metadata.labels') checkQualifiedName(key, field, errors);
    else unknown(`field label does not support subscript: ${fieldPath}`);
    return;
  }
  const path = fieldPath === 'spec.host' ? 'spec.nodeName' : fieldPath;
  if (!KNOWN_FIELDS.has(path)) unknown(`field label not supported: ${fieldPath}`);
  else if (!supported.includes(path)) errors.push(notSupported(field.child('fieldPath'), path, supported));
}

const RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const isHugePages = (resource: string): boolean => resource.startsWith('requests.hugepages-') || resource.startsWith('limits.hugepages-');
const SIZES = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];

/** @param inVolume files must say of which container */
export function validateResourceFieldRef(ref: ResourceFieldSelector, inVolume: boolean, field: Path, errors: FieldError[]): void {
  const { containerName, resource } = ref;
  if (inVolume && !containerName) errors.push(required(field.child('containerName')));
  else if (!resource) errors.push(required(field.child('resource')));
  else if (!RESOURCES.includes(resource) && !isHugePages(resource)) errors.push(notSupported(field.child('resource'), resource, RESOURCES));
  checkDivisor(resource, ref.divisor, field.child('divisor'), errors);
}

function checkDivisor(resource: string, divisor: string | undefined, field: Path, errors: FieldError[]): void {
  if (divisor === undefined || divisor === '0') return;
  const { text, unscaled } = parseQuantity(divisor);
  if (unscaled === 0n) return;
  if (resource.endsWith('.cpu')) {
    if (text !== '1m' && text !== '1')
      errors.push(invalid(field, resource, "only divisor's values 1m and 1 are supported with the cpu resource"));
    return;
  }
  const what = isHugePages(resource)
    ? 'hugepages'
    : resource.endsWith('.memory')
      ? 'memory'
      : resource.endsWith('.ephemeral-storage')
        ? 'local ephemeral storage'
        : undefined;
  if (what && !SIZES.includes(text))
    errors.push(invalid(field, resource, `only divisor's values ${SIZES.join(', ')} are supported with the ${what} resource`));
}
