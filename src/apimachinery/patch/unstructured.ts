// From untyped objects to canonical ones of a Go type, with the errors of Kubernetes' unstructured converter: strategic merge patches
// and applies end in it, where JSON would be decoded otherwise.
//
// Follows k8s.io/apimachinery's runtime/converter.go, whose texts these are. What is valid decodes alike in both.
import { decode, DecodeError, type Decoded, type DecodeOptions } from '../codec/decode.ts';
import { isObject, type JsonObject } from '../object.ts';
import type { Field, GoType, ScalarType, StructType } from '../schema/go-type.ts';
import { typeOf } from './go-print.ts';

/**
 * As `decode`, and unknown fields are sorted. Throws DecodeError with the converter's text.
 *
 * DEVIATION: integers that are too large for their type are refused; Go's converter wraps them around.
 */
export function decodeUnstructured(type: GoType, value: JsonObject, options: DecodeOptions = {}): Decoded {
  try {
    const decoded = decode(type, value, options);
    return { ...decoded, strictErrors: [...decoded.strictErrors].sort() };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new DecodeError(mismatch(type, value) ?? error.message, { cause: error });
  }
}

/** What the converter says of the first value that does not fit; undefined where all do. */
function mismatch(type: GoType, value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  switch (type.is) {
    case 'pointer':
      return mismatch(type.elem, value);
    case 'scalar':
      return type.base === 'bytes' ? bytesMismatch(type, value) : scalarMismatch(type, value);
    case 'opaque':
      return decodeError(type, value);
    case 'slice':
      return Array.isArray(value) ? first(value, (item) => mismatch(type.elem, item)) : `cannot restore slice from ${kindOf(value)}`;
    case 'map':
      return isObject(value)
        ? first(Object.values(value), (item) => mismatch(type.elem, item))
        : `cannot restore map from ${kindOf(value)}`;
    case 'struct':
      return isObject(value) ? structMismatch(type, value) : `cannot restore struct from: ${kindOf(value)}`;
  }
}

function first<T>(items: readonly T[], check: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = check(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

const structMismatch = (type: StructType, value: JsonObject): string | undefined =>
  first<Field>(type.fields, (field) => (Object.hasOwn(value, field.json) ? mismatch(field.type, value[field.json]) : undefined));

/** Which conversions Go knows: of integers to strings too, which then is refused in other words. */
function scalarMismatch(type: ScalarType, value: unknown): string | undefined {
  const found = typeOf(value);
  switch (type.base) {
    case 'interface':
      return undefined;
    case 'string':
      if (found === 'string') return undefined;
      return found === 'int64' ? `cannot convert int64 to ${type.goName}` : 'unrecognized type: string';
    case 'bool':
      return found === 'bool' ? undefined : 'unrecognized type: bool';
    case 'float64':
      return found === 'float64' || found === 'int64' ? undefined : 'unrecognized type: float64';
    default:
      if (found === 'int64') return undefined;
      return found === 'float64' ? `cannot convert float64 to ${type.goName}` : `unrecognized type: ${type.base}`;
  }
}

const BYTE: ScalarType = { is: 'scalar', goName: 'uint8', base: 'uint8' };

function bytesMismatch(type: ScalarType, value: unknown): string | undefined {
  if (Array.isArray(value)) return first(value, (item) => mismatch(BYTE, item));
  if (typeof value !== 'string') return `cannot restore slice from ${kindOf(value)}`;
  const wrong = decodeError(type, value);
  return wrong && `error decoding from json: ${wrong}`;
}

function decodeError(type: GoType, value: unknown): string | undefined {
  try {
    decode(type, value);
    return undefined;
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
}

/** `reflect.Kind.String()` of an untyped value. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'slice';
  return isObject(value) ? 'map' : typeOf(value);
}
