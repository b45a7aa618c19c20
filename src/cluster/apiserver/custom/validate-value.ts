// Checks a value against a structural schema as kube-openapi's validator does, and tells what is wrong in its words. On updates, what
// is wrong but has not changed is let be (CRDValidationRatcheting).
import { deepEqual, isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { goFloat, quote } from '../../../apimachinery/go-text.ts';
import { compileRegexp } from '../../../apimachinery/regexp.ts';
import {
  invalid,
  notSupported,
  required,
  tooLong,
  tooMany,
  typeInvalid,
  type FieldError,
  type Path,
  goJson,
} from '../../../apimachinery/validation/field-error.ts';
import { hasFormat, isKnownFormat, isStringFormat } from './formats.ts';
import { entriesOf, hasEntries, isIntOrString, propertyOf, type Structural } from './structural-schema.ts';

/** What was there before: absent where nothing was, or where nobody can tell what corresponds. */
interface Old {
  readonly value: unknown;
}

/** @param old the value that is stored, of an update @param path where the value lies: errors name it */
export function validateValue(value: unknown, schema: Structural, path: Path, errors: FieldError[], old?: Old): void {
  const result = new Result(path);
  // the whole never counts as unchanged: its bookkeeping has changed
  checkParts(value, schema, '', old, result);
  errors.push(...result.errors);
}

/** The same for a default. What may be an integer or a string may here be anything: Kubernetes forgets its type on this way. */
export function validateDefaultValue(value: unknown, schema: Structural, path: Path, errors: FieldError[]): void {
  const result = new Result(path, false);
  checkParts(value, schema, '', undefined, result);
  errors.push(...result.errors);
}

class Result {
  readonly errors: FieldError[] = [];
  readonly root: Path;
  readonly typesIntOrString: boolean;
  /** How much of the value was looked at: of several alternatives, the one that got furthest is told about. */
  matches = 0;

  constructor(root: Path, typesIntOrString = true) {
    this.root = root;
    this.typesIntOrString = typesIntOrString;
  }

  at(name: string): Path {
    return name === '' ? this.root : this.root.child(name.startsWith('.') ? name.slice(1) : name);
  }

  /** `spec.replicas in body should be ...` */
  invalid(name: string, value: unknown, what: string): void {
    this.errors.push(invalid(this.at(name), value, `${name} in body ${what}`));
  }

  /** Errors that kube-openapi does not place. */
  misplaced(message: string): void {
    const { field } = invalid(this.root, '', '');
    this.errors.push({ ...invalid(this.root, '', message), field: field === '' ? '<nil>' : field });
  }

  type(name: string, type: string, value: string): void {
    this.errors.push(typeInvalid(this.at(name), value, `${name} in body must be of type ${type}: ${quote(value)}`));
  }
}

function check(value: unknown, schema: Structural, name: string, old: Old | undefined, result: Result): void {
  if (old && deepEqual(value, old.value)) {
    result.matches += 2;
    return;
  }
  checkParts(value, schema, name, old, result);
}

function checkParts(value: unknown, schema: Structural, name: string, old: Old | undefined, result: Result): void {
  checkType(value, schema, name, result);
  if (value === null || value === undefined) {
    checkEnum(value, schema, name, result);
    return;
  }
  checkAlternatives(value, schema, name, old, result);
  if (typeof value === 'string') checkString(value, schema, name, result);
  else if (typeof value === 'number' || typeof value === 'bigint') checkNumber(value, schema, name, result);
  else if (Array.isArray(value)) checkList(value, schema, name, old, result);
  checkEnum(value, schema, name, result);
  if (isObject(value)) checkObject(value, schema, name, old, result);
  result.matches++;
}

// ---- types ----

function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))) return 'integer';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

function checkType(value: unknown, schema: Structural, name: string, result: Result): void {
  const types = isIntOrString(schema) && result.typesIntOrString ? ['integer', 'string'] : schema.type ? [schema.type] : [];
  const format = schema.format && isKnownFormat(schema.format) ? schema.format : '';
  const is = typeName(value);
  if (types.length === 0) return;
  if (is === 'null') {
    if (!types.includes('null') && !schema.nullable) result.type(name, types.join(','), 'null');
    return;
  }
  const fits = types.includes(is) || (is === 'integer' && types.includes('number'));
  if (fits) return;
  if (format && is !== 'string' && is !== 'array') {
    const own = is === 'integer' ? 'int64' : is === 'number' ? 'double' : '';
    if (own !== format) {
      result.type(name, format, own);
      return;
    }
  }
  const numeric = types.includes('number') || types.includes('integer');
  if (!numeric && format && (is === 'string' || is === 'array')) return;
  result.type(name, types.join(','), is);
}

function checkEnum(value: unknown, schema: Structural, name: string, result: Result): void {
  const { enum: values } = schema;
  if (!values?.length || values.some((v) => v !== null && deepEqual(v, value))) return;
  result.errors.push(
    notSupported(
      result.at(name),
      value ?? null,
      values.map((v) => (typeof v === 'string' ? v : goJson(v))),
    ),
  );
}

// ---- strings ----

const lengthOf = (text: string): number => [...text].length;

function checkString(value: string, schema: Structural, name: string, result: Result): void {
  const { maxLength, minLength, pattern, format } = schema;
  if (maxLength !== undefined && lengthOf(value) > maxLength) result.errors.push(tooLong(result.at(name), maxLength));
  else if (minLength !== undefined && lengthOf(value) < minLength)
    result.invalid(name, value, `should be at least ${minLength} chars long`);
  else if (pattern && !compileRegexp(pattern).test(value)) result.invalid(name, value, `should match '${pattern}'`);
  if (format && isStringFormat(format) && !hasFormat(value, format))
    result.invalid(name, value, `must be of type ${format.replaceAll('-', format === 'date-time' ? '' : '-')}: ${quote(value)}`);
}

// ---- numbers ----

const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [-(2 ** 63), 2 ** 63],
  uint64: [0, 2 ** 64],
};

/** Whether a number is of the schema's own type: also asked of the bounds themselves. */
function ofNumericType(value: number | bigint, { type, format = '' }: Structural, what: string, name: string): string | undefined {
  const wrong = `${what} must be of type ${type} ${format ? `with format ${format}` : '(default format)'} in ${name}`;
  if (type !== 'integer') return format === 'float' && Math.abs(Number(value)) > 3.4028234663852886e38 ? wrong : undefined;
  if (typeof value === 'number' && !Number.isInteger(value)) return wrong;
  const [low, high] = RANGES[format] ?? RANGES['int64']!;
  return value < low || value > high ? wrong : undefined;
}

function checkNumber(value: number | bigint, schema: Structural, name: string, result: Result): void {
  const { multipleOf, maximum, minimum } = schema;
  const integral = typeof value === 'bigint' || Number.isInteger(value);
  const own = ofNumericType(value, schema, 'Checked value', name);
  if (own !== undefined) result.misplaced(own);
  const bound = (limit: number, what: string, fits: boolean, message: string): void => {
    // a bound that is no number of the type still holds, as a float
    const wrong = ofNumericType(limit, schema, what, name);
    if (wrong !== undefined) result.misplaced(wrong);
    const whole = integral && Number.isInteger(limit) && wrong === undefined;
    if (!fits) result.invalid(name, value, `${message} ${whole ? BigInt(limit).toString() : looseFloat(limit)}`);
  };
  const n = Number(value);
  const { exclusiveMaximum, exclusiveMinimum } = schema;
  if (multipleOf !== undefined) bound(multipleOf, 'MultipleOf', isMultiple(n, multipleOf), 'should be a multiple of');
  if (maximum !== undefined) {
    const fits = exclusiveMaximum ? n < maximum : n <= maximum;
    bound(maximum, 'Maximum boundary value', fits, exclusiveMaximum ? 'should be less than' : 'should be less than or equal to');
  }
  if (minimum !== undefined) {
    const fits = exclusiveMinimum ? n > minimum : n >= minimum;
    bound(minimum, 'Minimum boundary value', fits, exclusiveMinimum ? 'should be greater than' : 'should be greater than or equal to');
  }
}

/** `%v` of a float64, as package fmt prints it. */
function looseFloat(n: number): string {
  const abs = Math.abs(n);
  if (abs === 0 || (abs >= 1e-4 && abs < 1e6)) return goFloat(n);
  const [mantissa, exponent = ''] = n.toExponential().split('e');
  return `${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}

function isMultiple(value: number, factor: number): boolean {
  if (factor <= 0) return true;
  const times = value / factor;
  return Math.abs(times - Math.round(times)) < 1e-9;
}

// ---- lists and objects ----

function checkList(value: readonly unknown[], schema: Structural, name: string, old: Old | undefined, result: Result): void {
  const { items, maxItems, minItems } = schema;
  if (items) {
    const before = correlated(schema, old);
    value.forEach((item, i) => check(item, items, `${name}[${i}]`, before?.(item), result));
  }
  if (minItems !== undefined && value.length < minItems) result.invalid(name, value.length, `should have at least ${minItems} items`);
  if (maxItems !== undefined && value.length > maxItems) result.errors.push(tooMany(result.at(name), value.length, maxItems));
}

/** Only items of lists that are maps can be told from each other. */
function correlated(schema: Structural, old: Old | undefined): ((item: unknown) => Old | undefined) | undefined {
  if (!old || !Array.isArray(old.value) || schema['x-kubernetes-list-type'] !== 'map') return undefined;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const keyOf = (item: unknown): string | undefined =>
    isObject(item) ? JSON.stringify(keys.map((k) => item[k] ?? schema.items?.properties?.[k]?.default ?? null)) : undefined;
  const byKey = new Map<string | undefined, unknown>();
  for (const item of old.value) byKey.set(keyOf(item), item);
  return (item) => {
    const key = keyOf(item);
    return key !== undefined && byKey.has(key) ? { value: byKey.get(key) } : undefined;
  };
}

function checkObject(value: JsonObject, schema: Structural, name: string, old: Old | undefined, result: Result): void {
  const { minProperties, maxProperties, required: needed } = schema;
  const count = Object.keys(value).length;
  if (minProperties !== undefined && count < minProperties) result.invalid(name, count, `should have at least ${minProperties} properties`);
  else if (maxProperties !== undefined && count > maxProperties) result.errors.push(tooMany(result.at(name), count, maxProperties));
  for (const key of needed ?? []) if (!Object.hasOwn(value, key)) result.errors.push(required(result.at(`${name}.${key}`)));
  const before = old && isObject(old.value) && schema['x-kubernetes-map-type'] !== 'atomic' ? old.value : undefined;
  const oldOf = (key: string): Old | undefined => (before && Object.hasOwn(before, key) ? { value: before[key] } : undefined);
  const entries = entriesOf(schema);
  for (const key of Object.keys(schema.properties ?? {}))
    if (Object.hasOwn(value, key)) check(value[key], schema.properties![key]!, name ? `${name}.${key}` : key, oldOf(key), result);
  if (!hasEntries(schema) || !entries) return;
  for (const key of Object.keys(value)) if (!propertyOf(schema, key)) check(value[key], entries, `${name}.${key}`, oldOf(key), result);
}

// ---- allOf, anyOf, oneOf, not ----

function checkAlternatives(value: unknown, schema: Structural, name: string, old: Old | undefined, result: Result): void {
  const { allOf, anyOf, oneOf, not } = schema;
  const attempt = (alternative: Structural): Result => {
    const one = new Result(result.root);
    check(value, alternative, name, old, one);
    return one;
  };
  const shown = quote(name);
  const anyType = isIntOrString(schema);
  if (anyOf?.length && !(anyType && anyOf.every((s) => s.type))) {
    const tried = anyOf.map(attempt);
    if (!tried.some((r) => r.errors.length === 0)) {
      result.misplaced(`${shown} must validate at least one schema (anyOf)`);
      result.errors.push(...furthest(tried).errors);
    }
  }
  if (oneOf?.length) {
    const tried = oneOf.map(attempt);
    const valid = tried.filter((r) => r.errors.length === 0).length;
    if (valid !== 1) {
      result.misplaced(
        `${shown} must validate one and only one schema (oneOf). Found ${valid === 0 ? 'none' : `${valid}`} valid${valid === 0 ? '' : ' alternatives'}`,
      );
      if (valid === 0) result.errors.push(...furthest(tried).errors);
    }
  }
  if (allOf?.length) {
    const tried = allOf.map(attempt);
    const valid = tried.filter((r) => r.errors.length === 0).length;
    for (const r of tried) result.errors.push(...r.errors);
    if (valid !== allOf.length) result.misplaced(`${shown} must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`);
  }
  if (not && attempt(not).errors.length === 0) result.misplaced(`${shown} must not validate the schema (not)`);
}

function furthest(tried: readonly Result[]): Result {
  let best = tried[0]!;
  for (const one of tried) if (one.matches > best.matches) best = one;
  return best;
}
