// LimitRanges. Follows ValidateLimitRange of pkg/apis/core/validation.
import type { LimitRange, LimitRangeItem, ResourceList } from '#api/core/v1';
import { compareQuantities, parseQuantity, quantityMilliValue, quantityValue } from '../../../apimachinery/quantity.ts';
import { duplicate, forbidden, invalid, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { isQualifiedName, nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { validateCoreObjectMeta } from './object-meta.ts';
import { checkContainerResourceName, checkResourceName, isOvercommitAllowed } from './resource-quantity.ts';

const METADATA = Path.of('metadata');
const LIMITS = Path.of('spec', 'limits');
const TYPES = ['Pod', 'Container', 'PersistentVolumeClaim'];
/** Beyond it thousandths do not fit into 64 bits. */
const MAX_MILLI_VALUE = (2n ** 63n - 1n) / 1000n;

export function validateLimitRange({ metadata, spec }: LimitRange): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, true, nameIsDNSSubdomain, METADATA);
  const seen = new Set<string>();
  (spec?.limits ?? []).forEach((limit, i) => {
    const at = LIMITS.index(i);
    checkType(limit.type, at.child('type'), errors);
    if (seen.has(limit.type)) errors.push(duplicate(at.child('type'), limit.type));
    seen.add(limit.type);
    checkItem(limit, at, errors);
  });
  return errors;
}

function checkType(type: string, field: Path, errors: FieldError[]): void {
  const wrong = isQualifiedName(type);
  for (const message of wrong) errors.push(invalid(field, type, message));
  if (wrong.length === 0 && !type.includes('/') && !TYPES.includes(type))
    errors.push(invalid(field, type, 'must be a standard limit type or fully qualified'));
}

type Bound = 'max' | 'min' | 'default' | 'defaultRequest' | 'maxLimitRequestRatio';

function checkItem(limit: LimitRangeItem, at: Path, errors: FieldError[]): void {
  const names = new Set<string>();
  const checkNames = (bound: Bound): void => {
    for (const name of Object.keys(limit[bound] ?? {})) {
      const checkName = limit.type === 'Pod' || limit.type === 'Container' ? checkContainerResourceName : checkResourceName;
      checkName(name, at.child(bound).key(name), errors);
      names.add(name);
    }
  };
  checkNames('max');
  checkNames('min');
  const isPod = limit.type === 'Pod';
  for (const bound of ['default', 'defaultRequest'] as const) {
    if (!isPod) checkNames(bound);
    else if (Object.keys(limit[bound] ?? {}).length) errors.push(forbidden(at.child(bound), "may not be specified when `type` is 'Pod'"));
  }
  if (limit.type === 'PersistentVolumeClaim' && !limit.min?.['storage'] && !limit.max?.['storage'])
    errors.push(required(at.child('limits'), 'either minimum or maximum storage value is required, but neither was provided'));
  checkNames('maxLimitRequestRatio');
  const bounds = isPod ? { ...limit, default: undefined, defaultRequest: undefined } : limit;
  for (const name of [...names].sort()) checkBounds(bounds, name, at, errors);
}

function checkBounds(bounds: { readonly [K in Bound]?: ResourceList | undefined }, name: string, at: Path, errors: FieldError[]): void {
  const amount = (bound: Bound): string | undefined => bounds[bound]?.[name];
  const [min, max, fallback, request] = [amount('min'), amount('max'), amount('default'), amount('defaultRequest')];
  const isMore = (a: string | undefined, b: string | undefined): boolean =>
    a !== undefined && b !== undefined && compareQuantities(parseQuantity(a), parseQuantity(b)) > 0;
  const refuse = (bound: Bound, shown: string | undefined, why: string): number =>
    errors.push(invalid(at.child(bound).key(name), shown, why));
  if (isMore(min, max)) refuse('min', min, `min value ${min} is greater than max value ${max}`);
  if (isMore(min, request)) refuse('defaultRequest', request, `min value ${min} is greater than default request value ${request}`);
  if (isMore(request, max)) refuse('defaultRequest', request, `default request value ${request} is greater than max value ${max}`);
  if (isMore(request, fallback))
    refuse('defaultRequest', request, `default request value ${request} is greater than default limit value ${fallback}`);
  if (isMore(min, fallback)) refuse('default', min, `min value ${min} is greater than default value ${fallback}`);
  if (isMore(fallback, max)) refuse('default', max, `default value ${fallback} is greater than max value ${max}`);
  checkRatio(amount('maxLimitRequestRatio'), min, max, (shown, why) => refuse('maxLimitRequestRatio', shown, why));
  if (
    !isOvercommitAllowed(name) &&
    fallback !== undefined &&
    request !== undefined &&
    (isMore(fallback, request) || isMore(request, fallback))
  )
    refuse('defaultRequest', request, `default value ${fallback} must equal to defaultRequest value ${request} in ${name}`);
}

function checkRatio(
  ratio: string | undefined,
  min: string | undefined,
  max: string | undefined,
  refuse: (shown: string, why: string) => void,
): void {
  if (ratio === undefined) return;
  const wanted = parseQuantity(ratio);
  if (compareQuantities(wanted, parseQuantity('1')) < 0) refuse(ratio, `ratio ${ratio} is less than 1`);
  if (min === undefined || max === undefined) return;
  const all = [wanted, parseQuantity(min), parseQuantity(max)];
  const inThousandths = all.every((q) => quantityValue(q) < MAX_MILLI_VALUE);
  const [value, low, high] = all.map((q) => Number(inThousandths ? quantityMilliValue(q) : quantityValue(q))) as [number, number, number];
  const possible = high / low;
  if ((inThousandths ? value / 1000 : value) > possible) refuse(ratio, `ratio ${ratio} is greater than max/min = ${goFixed(possible)}`);
}

/** `%f` of Go. */
const goFixed = (value: number): string =>
  Number.isFinite(value) ? (Object.is(value, -0) ? '-' : '') + value.toFixed(6) : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
