// Quantities and versions as values: quantity('1Gi'), semver('1.2.3'). Follows quantity.go and semverlib.go of k8s.io/apiserver's CEL
// library.
import {
  addQuantities,
  compareQuantities,
  parseQuantity,
  quantityNumber,
  quantityOf,
  QuantityError,
  subtractQuantities,
  type Quantity,
} from '../../quantity.ts';
import { structType } from '../cel-type.ts';
import { declare, type FunctionDeclaration, type Implementation } from '../environment.ts';
import { CelError, OpaqueValue, type Value } from '../values.ts';

const QUANTITY = structType('kubernetes.Quantity');
const SEMVER = structType('kubernetes.Semver');

export class QuantityValue extends OpaqueValue {
  readonly type = QUANTITY;
  readonly quantity: Quantity;
  constructor(quantity: Quantity) {
    super();
    this.quantity = quantity;
  }
  equals(other: OpaqueValue): boolean {
    return compareQuantities(this.quantity, (other as QuantityValue).quantity) === 0;
  }
}

function toQuantity(text: string): QuantityValue | CelError {
  try {
    return new QuantityValue(parseQuantity(text));
  } catch (error) {
    if (error instanceof QuantityError) return new CelError(error.message);
    throw error;
  }
}

/** Undefined where it is not whole or too large. */
function wholeOf({ unscaled, exponent }: Quantity): bigint | undefined {
  if (exponent > 40) return unscaled === 0n ? 0n : undefined;
  const scale = 10n ** BigInt(Math.abs(exponent));
  if (exponent < 0 && unscaled % scale !== 0n) return undefined;
  const value = exponent < 0 ? unscaled / scale : unscaled * scale;
  return value > 2n ** 63n - 1n || value < -(2n ** 63n) ? undefined : value;
}

const one =
  (f: (q: Quantity) => Value): Implementation =>
  (q) =>
    f((q as QuantityValue).quantity);
const two =
  (f: (a: Quantity, b: Quantity) => Value): Implementation =>
  (a, b) =>
    f((a as QuantityValue).quantity, b instanceof QuantityValue ? b.quantity : quantityOf(b as bigint));

export const quantities: readonly FunctionDeclaration[] = [
  declare('quantity', { 'string_to_quantity: (string) -> kubernetes.Quantity': (text) => toQuantity(text as string) }),
  declare('isQuantity', { 'is_quantity_string: (string) -> bool': (text) => toQuantity(text as string) instanceof QuantityValue }),
  declare('sign', { 'quantity_sign: kubernetes.Quantity.() -> int': one((q) => (q.unscaled === 0n ? 0n : q.unscaled > 0n ? 1n : -1n)) }),
  declare('isGreaterThan', {
    'quantity_is_greater_than: kubernetes.Quantity.(kubernetes.Quantity) -> bool': two((a, b) => compareQuantities(a, b) > 0),
  }),
  declare('isLessThan', {
    'quantity_is_less_than: kubernetes.Quantity.(kubernetes.Quantity) -> bool': two((a, b) => compareQuantities(a, b) < 0),
  }),
  declare('compareTo', {
    'quantity_compare_to: kubernetes.Quantity.(kubernetes.Quantity) -> int': two((a, b) => BigInt(Math.sign(compareQuantities(a, b)))),
  }),
  declare('asApproximateFloat', { 'quantity_get_float: kubernetes.Quantity.() -> double': one(quantityNumber) }),
  declare('asInteger', {
    'quantity_get_int: kubernetes.Quantity.() -> int': one((q) => wholeOf(q) ?? new CelError('cannot convert value to integer')),
  }),
  declare('isInteger', { 'quantity_is_integer: kubernetes.Quantity.() -> bool': one((q) => wholeOf(q) !== undefined) }),
  declare('add', {
    'quantity_add: kubernetes.Quantity.(kubernetes.Quantity) -> kubernetes.Quantity': two((a, b) => new QuantityValue(addQuantities(a, b))),
    'quantity_add_int: kubernetes.Quantity.(int) -> kubernetes.Quantity': two((a, b) => new QuantityValue(addQuantities(a, b))),
  }),
  declare('sub', {
    'quantity_sub: kubernetes.Quantity.(kubernetes.Quantity) -> kubernetes.Quantity': two(
      (a, b) => new QuantityValue(subtractQuantities(a, b)),
    ),
    'quantity_sub_int: kubernetes.Quantity.(int) -> kubernetes.Quantity': two((a, b) => new QuantityValue(subtractQuantities(a, b))),
  }),
];

// ---- versions ----

export class SemverValue extends OpaqueValue {
  readonly type = SEMVER;
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly prerelease: readonly string[];
  constructor(numbers: readonly [bigint, bigint, bigint], prerelease: readonly string[]) {
    super();
    this.numbers = numbers;
    this.prerelease = prerelease;
  }
  equals(other: OpaqueValue): boolean {
    return compareVersions(this, other as SemverValue) === 0;
  }
}

const VERSION =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/** @param normalize `v1.02` counts as `1.2.0` */
function toSemver(text: string, normalize: boolean): SemverValue | CelError {
  const parts = VERSION.exec(normalize ? normalized(text) : text);
  if (!parts) return new CelError(text === '' ? 'Version string empty' : 'No Major.Minor.Patch elements found');
  const [, major, minor, patch, prerelease] = parts;
  const names = prerelease === undefined ? [] : prerelease.split('.');
  if (names.some((name) => /^0\d+$/.test(name)))
    return new CelError(`Numeric PreRelease version must not contain leading zeroes "${names.find((name) => /^0\d+$/.test(name))}"`);
  return new SemverValue([BigInt(major!), BigInt(minor!), BigInt(patch!)], names);
}

function normalized(text: string): string {
  const trimmed = text.replace(/^v/, '');
  const [, numbers = '', rest = ''] = /^([0-9.]*)(.*)$/.exec(trimmed)!;
  const parts = numbers.split('.').map((part) => part.replace(/^0+(?=\d)/, ''));
  while (parts.length < 3) parts.push('0');
  return parts.join('.') + rest;
}

function compareVersions(a: SemverValue, b: SemverValue): number {
  for (const [i, n] of a.numbers.entries()) if (n !== b.numbers[i]) return n < b.numbers[i]! ? -1 : 1;
  if (!a.prerelease.length || !b.prerelease.length) return Number(b.prerelease.length > 0) - Number(a.prerelease.length > 0);
  for (let i = 0; i < Math.min(a.prerelease.length, b.prerelease.length); i++) {
    const order = comparePrerelease(a.prerelease[i]!, b.prerelease[i]!);
    if (order) return order;
  }
  return Math.sign(a.prerelease.length - b.prerelease.length);
}

function comparePrerelease(a: string, b: string): number {
  const [x, y] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (x && y) return Math.sign(Number(a) - Number(b));
  if (x !== y) return x ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

const versions2 =
  (f: (order: number) => Value): Implementation =>
  (a, b) =>
    f(compareVersions(a as SemverValue, b as SemverValue));
const number =
  (i: number): Implementation =>
  (v) =>
    (v as SemverValue).numbers[i]!;
const isVersion: Implementation = (text, normalize) => toSemver(text as string, normalize === true) instanceof SemverValue;
const version: Implementation = (text, normalize) => toSemver(text as string, normalize === true);

export const semvers: readonly FunctionDeclaration[] = [
  declare('semver', {
    'string_to_semver: (string) -> kubernetes.Semver': version,
    'string_bool_to_semver: (string, bool) -> kubernetes.Semver': version,
  }),
  declare('isSemver', { 'is_semver_string: (string) -> bool': isVersion, 'is_semver_string_bool: (string, bool) -> bool': isVersion }),
  declare('isGreaterThan', { 'semver_is_greater_than: kubernetes.Semver.(kubernetes.Semver) -> bool': versions2((o) => o > 0) }),
  declare('isLessThan', { 'semver_is_less_than: kubernetes.Semver.(kubernetes.Semver) -> bool': versions2((o) => o < 0) }),
  declare('compareTo', { 'semver_compare_to: kubernetes.Semver.(kubernetes.Semver) -> int': versions2((o) => BigInt(o)) }),
  declare('major', { 'semver_major: kubernetes.Semver.() -> int': number(0) }),
  declare('minor', { 'semver_minor: kubernetes.Semver.() -> int': number(1) }),
  declare('patch', { 'semver_patch: kubernetes.Semver.() -> int': number(2) }),
];
