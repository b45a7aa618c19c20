// Names and amounts of resources (`cpu`, `example.com/gpu`, `hugepages-2Mi`). Follows pkg/apis/core/helper and validation.
import { parseQuantity, quantityMilliValue, type Quantity } from '../../../apimachinery/quantity.ts';
import { invalid, notSupported, type FieldError, type Path } from '../../../apimachinery/validation/field-error.ts';
import { isQualifiedName } from '../../../apimachinery/validation/names.ts';
import { isPodLevelResource } from '../pod/aggregate-resources.ts';

const STANDARD = new Set([
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'storage',
  'requests.storage',
  'services.nodeports',
  'services.loadbalancers',
]);
const STANDARD_OF_CONTAINERS = new Set(['cpu', 'memory', 'ephemeral-storage']);
const WHOLE = new Set([
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]);

export const isHugePageName = (name: string): boolean => name.startsWith('hugepages-');
const isQuotaHugePageName = (name: string): boolean => name.startsWith('hugepages-') || name.startsWith('requests.hugepages-');

/** Without a prefix, or with one of Kubernetes' own. */
export const isNativeResource = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/');

export function isExtendedResource(name: string): boolean {
  if (isNativeResource(name) || name.startsWith('requests.')) return false;
  return isQualifiedName(`requests.${name}`).length === 0;
}

export const isIntegerResource = (name: string): boolean => WHOLE.has(name) || isExtendedResource(name);

/** Whether requests may be lower than limits. */
export const isOvercommitAllowed = (name: string): boolean => isNativeResource(name) && !isHugePageName(name);

export function checkResourceName(name: string, field: Path, errors: FieldError[]): void {
  const before = errors.length;
  for (const wrong of isQualifiedName(name)) errors.push(invalid(field, name, wrong));
  if (errors.length > before) return;
  if (!name.includes('/') && !STANDARD.has(name) && !isQuotaHugePageName(name))
    errors.push(invalid(field, name, 'must be a standard resource type or fully qualified'));
}

export function checkPodResourceName(name: string, field: Path, errors: FieldError[]): void {
  const before = errors.length;
  checkResourceName(name, field, errors);
  if (errors.length === before && !isPodLevelResource(name)) errors.push(notSupported(field, name, ['cpu', 'hugepages-', 'memory']));
}

export function checkContainerResourceName(name: string, field: Path, errors: FieldError[]): void {
  checkResourceName(name, field, errors);
  if (!name.includes('/')) {
    if (!STANDARD_OF_CONTAINERS.has(name) && !isHugePageName(name))
      errors.push(invalid(field, name, 'must be a standard resource for containers'));
  } else if (!isNativeResource(name) && !isExtendedResource(name))
    errors.push(invalid(field, name, "doesn't follow extended resource name standard"));
}

export const isStandardQuotaResource = (name: string): boolean => (STANDARD.has(name) && name !== 'storage') || isQuotaHugePageName(name);

export function checkQuotaResourceName(name: string, field: Path, errors: FieldError[]): void {
  checkResourceName(name, field, errors);
  if (!name.includes('/') && !isStandardQuotaResource(name)) errors.push(invalid(field, name, 'must be a standard resource for quota'));
}

export function checkQuantityValue(name: string, text: string, field: Path, errors: FieldError[]): void {
  const quantity = parseQuantity(text);
  if (quantity.unscaled < 0n) errors.push(invalid(field, quantity.text, 'must be greater than or equal to 0'));
  if (isIntegerResource(name) && !isWhole(quantity)) errors.push(invalid(field, quantity.text, 'must be an integer'));
}

const isWhole = (quantity: Quantity): boolean => quantityMilliValue(quantity) % 1000n === 0n;

export function checkPositiveQuantity(text: string, field: Path, errors: FieldError[]): void {
  const quantity = parseQuantity(text);
  if (quantity.unscaled <= 0n) errors.push(invalid(field, quantity.text, 'must be greater than zero'));
}
