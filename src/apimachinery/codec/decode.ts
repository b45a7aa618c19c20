// From a JSON value to the form in which Kubernetes keeps and answers an object: what its decoder, its Go structs and its encoder
// together make of it. Fields stand in Go's order, nulls and empty optional fields are gone, required ones are there with their zero
// value, quantities and times are canonical. Wrong types are refused in the decoder's own words.
//
// Follows sigs.k8s.io/json (a case-sensitive encoding/json that also reports unknown and duplicate fields).
import { goKindOf } from '../json/go-kind.ts';
import { NumberLiteral, numberOf, parseJson, plainValue, setKey } from '../json/parse.ts';
import { deepCopy } from '../object.ts';
import { parseQuantity, QuantityError } from '../quantity.ts';
import type { Field, GoType, MapType, OpaqueType, ScalarType, SliceType, StructType } from '../schema/go-type.ts';
import { goType } from '../schema/schema.ts';
import { formatDuration, formatMicroTime, formatTime, parseDuration, parseTime, RFC3339_MICRO, TimeError } from '../time.ts';
import { quote } from '../go-text.ts';

/** The value does not fit its type. The message is that of Kubernetes' decoder. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

export interface DecodeOptions {
  /** Keys given twice, as {@link parseJson} found them. */
  readonly duplicates?: ReadonlyMap<object, readonly string[]>;
  /** Empty lists and maps are kept where the field is not optional, as JSON has them. Else they become null: that is what protobuf makes of them when an object is stored. */
  readonly keepEmpty?: boolean;
  /** An object of the same type in canonical form: what the value shares with it (the very same parts) is taken over unread. */
  readonly existing?: unknown;
}

export interface Decoded {
  /** Canonical, and apart from what it shares with `existing` the caller's own to change. */
  readonly object: unknown;
  /** `unknown field "spec.replica"`, `duplicate field "spec.replicas"`: in order, at most 100, each once. */
  readonly strictErrors: readonly string[];
  /** Where empty lists and maps were kept, or left out as optional. Stored in protobuf there would be none. At most 100. */
  readonly empties: readonly EmptyField[];
}

export interface EmptyField {
  readonly path: readonly (string | number)[];
  readonly isList: boolean;
}

/** Throws {@link DecodeError}. */
export function decode(type: GoType, value: unknown, options: DecodeOptions = {}): Decoded {
  const state = new State(options);
  const object = decoderOf(type)(value, state, options.existing);
  if (state.savedError) throw state.savedError;
  return {
    object: object === undefined ? zeroOf(type, state.keepEmpty) : object,
    strictErrors: state.strictErrors,
    empties: state.empties,
  };
}

/** The form in which a value of this type is stored and answered: zero values that Go leaves out are gone, so equal values are deepEqual. */
export function canonical<T>(typeName: string, value: T): T {
  return decode(goType(typeName), value).object as T;
}

/** Go's limit to the errors that are collected, and ours to the empty fields. */
const MAX_STRICT_ERRORS = 100;

class State {
  readonly duplicates: ReadonlyMap<object, readonly string[]> | undefined;
  readonly keepEmpty: boolean;
  readonly empties: EmptyField[] = [];
  readonly strictErrors: string[] = [];
  /** The first of the errors after which Go goes on. */
  savedError: DecodeError | undefined;
  /** Name of the innermost struct; Go names it in errors. */
  struct = '';
  /** Go's field stack: names without list indices and map keys. What is beyond `depth` is left over. */
  readonly fields: string[] = [];
  depth = 0;
  /** The path that strict errors name: with indices and keys. What is beyond `length` is left over. */
  readonly path: (string | number)[] = [];
  length = 0;

  constructor(options: DecodeOptions) {
    this.duplicates = options.duplicates?.size ? options.duplicates : undefined;
    this.keepEmpty = options.keepEmpty ?? false;
  }

  empty<T>(value: T): T | undefined {
    if (!this.keepEmpty) return undefined;
    if (this.empties.length < MAX_STRICT_ERRORS) this.empties.push({ path: this.path.slice(0, this.length), isList: Array.isArray(value) });
    return value;
  }

  mismatch(value: string, type: GoType): undefined {
    this.savedError ??= this.typeError(value, type.goName);
    return undefined;
  }

  typeError(value: string, goName: string): DecodeError {
    const into = this.depth ? `Go struct field ${this.struct}.${this.fields.slice(0, this.depth).join('.')}` : 'Go value';
    return new DecodeError(`json: cannot unmarshal ${value} into ${into} of type ${goName}`);
  }

  private at(): string {
    let at = '';
    for (const part of this.path.slice(0, this.length)) at += typeof part === 'number' ? `[${part}]` : at ? `.${part}` : part;
    return at;
  }

  strict(what: 'unknown field' | 'duplicate field', name: string): void {
    const at = this.at();
    const message = `${what} ${quote(at ? `${at}.${name}` : name)}`;
    if (this.strictErrors.length < MAX_STRICT_ERRORS && !this.strictErrors.includes(message)) this.strictErrors.push(message);
  }
}

/** Returns undefined for nil: a null, or nothing. */
type Decoder = (value: unknown, state: State, existing: unknown) => unknown;

const decoders = new WeakMap<GoType, Decoder>();

function decoderOf(type: GoType): Decoder {
  let decoder = decoders.get(type);
  if (!decoder) {
    decoder = makeDecoder(type);
    decoders.set(type, decoder);
  }
  return decoder;
}

function makeDecoder(type: GoType): Decoder {
  switch (type.is) {
    case 'struct':
      return structDecoder(type);
    case 'pointer':
      return pointerDecoder(type.elem);
    case 'slice':
      return sliceDecoder(type);
    case 'map':
      return mapDecoder(type);
    case 'scalar':
      return scalarDecoder(type);
    case 'opaque':
      return opaqueDecoder(type);
  }
}

const literalText = (value: unknown): string => (value instanceof NumberLiteral ? value.text : String(value));

function structDecoder(type: StructType): Decoder {
  const name = type.name.slice(type.name.lastIndexOf('.') + 1);
  interface Slot {
    readonly field: Field;
    readonly decode: Decoder;
    /** Names that Go pushes on its field stack. */
    readonly names: readonly string[];
    /** What is left out when empty. */
    readonly omits: boolean;
    readonly struct: boolean;
  }
  let slots: readonly Slot[] | undefined;
  let index: ReadonlyMap<string, number> | undefined;
  let none: readonly unknown[] = [];
  // linked on first use: types may contain themselves
  const link = (): readonly Slot[] => {
    const fields = type.fields.filter((f) => f.json !== '-');
    index = new Map(fields.map((f, i) => [f.json, i]));
    none = fields.map(() => undefined);
    return (slots = fields.map((field) => ({
      field,
      decode: decoderOf(field.type),
      names: [...field.inlinedThrough, field.json],
      omits: field.omitZero || (field.omitEmpty && field.type.is !== 'struct' && field.type.is !== 'opaque'),
      struct: field.type.is === 'struct' || field.type.is === 'opaque',
    })));
  };
  return (value, state, existing) => {
    if (value === null || value === undefined) return undefined;
    if (value === existing) return value;
    if (typeof value !== 'object' || Array.isArray(value) || value instanceof NumberLiteral) return state.mismatch(goKindOf(value), type);
    const all = slots ?? link();
    const given = value as Record<string, unknown>;
    const before = (typeof existing === 'object' ? existing : undefined) as Record<string, unknown> | undefined;
    const found = none.slice();
    const outer = state.struct;
    const { depth, length } = state;
    const twice = state.duplicates?.get(value);
    for (const key in given) {
      const at = index!.get(key);
      if (at === undefined) {
        state.strict('unknown field', key);
        continue;
      }
      const slot = all[at]!;
      state.struct = name;
      const { names } = slot;
      for (let i = 0; i < names.length; i++) state.fields[depth + i] = names[i]!;
      state.depth = depth + names.length;
      state.path[length] = key;
      state.length = length + 1;
      found[at] = slot.decode(given[key], state, before?.[key]);
      state.depth = depth;
      state.length = length;
      if (twice?.includes(key)) state.strict('duplicate field', key);
    }
    state.struct = outer;
    const out: Record<string, unknown> = {};
    for (let i = 0; i < all.length; i++) {
      const { field, omits, struct } = all[i]!;
      const v = found[i];
      if (v === undefined) {
        if (!omits && (struct || !field.omitEmpty)) out[field.json] = zeroOf(field.type, state.keepEmpty);
      } else if (!omits || !isEmpty(v, field.type)) out[field.json] = v;
    }
    return out;
  };
}

/** What `omitempty` leaves out; of structs that are left out (`omitzero`) nothing but a zero time occurs, which is undefined here. */
function isEmpty(value: unknown, type: GoType): boolean {
  if (type.is === 'scalar') return type.base === 'interface' ? false : value === '' || value === 0 || value === false;
  if (type.is === 'slice') return (value as readonly unknown[]).length === 0;
  if (type.is === 'map') {
    for (const _ in value as object) return false;
    return true;
  }
  return false;
}

/** A pointer is nil or what it points to; only that it may be zero makes it different. */
function pointerDecoder(elem: GoType): Decoder {
  const decodeElem = decoderOf(elem);
  return (value, state, existing) => {
    if (value === null || value === undefined) return undefined;
    const v = decodeElem(value, state, existing);
    return v === undefined ? zeroOf(elem, state.keepEmpty) : v;
  };
}

function sliceDecoder(type: SliceType): Decoder {
  let decodeElem: Decoder | undefined;
  return (value, state, existing) => {
    if (value === null || value === undefined) return undefined;
    if (value === existing) return value;
    if (!Array.isArray(value)) return state.mismatch(goKindOf(value), type);
    decodeElem ??= decoderOf(type.elem);
    if (value.length === 0) return state.empty([]);
    const before = Array.isArray(existing) ? existing : undefined;
    const out: unknown[] = [];
    const { length } = state;
    state.length = length + 1;
    for (let i = 0; i < value.length; i++) {
      state.path[length] = i;
      const v = decodeElem(value[i], state, before?.[i]);
      out.push(v === undefined ? zeroOf(type.elem, state.keepEmpty) : v);
    }
    state.length = length;
    return out;
  };
}

function mapDecoder(type: MapType): Decoder {
  let decodeElem: Decoder | undefined;
  return (value, state, existing) => {
    if (value === null || value === undefined) return undefined;
    if (value === existing) return value;
    if (typeof value !== 'object' || Array.isArray(value) || value instanceof NumberLiteral) return state.mismatch(goKindOf(value), type);
    decodeElem ??= decoderOf(type.elem);
    const given = value as Record<string, unknown>;
    const before = existing as Record<string, unknown> | undefined;
    const keys = Object.keys(given);
    if (keys.length === 0) return state.empty({});
    const twice = state.duplicates?.get(value);
    const out: Record<string, unknown> = {};
    const { length } = state;
    // encoding/json writes maps in the order of their keys
    for (const key of isSorted(keys) ? keys : keys.sort()) {
      state.path[length] = key;
      state.length = length + 1;
      const v = decodeElem(given[key], state, before?.[key]);
      state.length = length;
      if (twice?.includes(key)) state.strict('duplicate field', key);
      setKey(out, key, v === undefined ? zeroInMap(type.elem, state.keepEmpty) : v);
    }
    return out;
  };
}

/** Protobuf, in which objects are stored, has no nil in maps of bytes: such values come back empty. */
const zeroInMap = (type: GoType, keepEmpty: boolean): unknown =>
  type.is === 'scalar' && type.base === 'bytes' ? '' : zeroOf(type, keepEmpty);

function isSorted(keys: readonly string[]): boolean {
  for (let i = 1; i < keys.length; i++) if (keys[i - 1]! > keys[i]!) return false;
  return true;
}

const INTEGERS: Readonly<Record<string, readonly [low: bigint, high: bigint]>> = {
  int: [-(2n ** 63n), 2n ** 63n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint8: [0n, 255n],
  uint32: [0n, 2n ** 32n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

function scalarDecoder(type: ScalarType): Decoder {
  switch (type.base) {
    case 'string':
      return (value, state) =>
        typeof value === 'string' ? value : value === null || value === undefined ? undefined : state.mismatch(goKindOf(value), type);
    case 'bool':
      return (value, state) =>
        typeof value === 'boolean' ? value : value === null || value === undefined ? undefined : state.mismatch(goKindOf(value), type);
    case 'bytes':
      return (value, state) => bytes(value, state, type);
    case 'float64':
      return (value, state) => {
        if (typeof value === 'number') return value;
        if (value === null || value === undefined) return undefined;
        if (typeof value === 'bigint') return Number(value);
        return value instanceof NumberLiteral ? Number(value.text) : state.mismatch(goKindOf(value), type);
      };
    case 'interface':
      return (value) => (value === null ? undefined : plainValue(value));
    default: {
      const [low, high] = INTEGERS[type.base]!;
      const safe = high > BigInt(Number.MAX_SAFE_INTEGER);
      const [from, to] = [Number(low), Number(high)];
      return (value, state) => {
        if (
          typeof value === 'number' &&
          Number.isInteger(value) &&
          (safe ? Number.isSafeInteger(value) && value >= from : value >= from && value <= to)
        )
          return value;
        if (value === null || value === undefined) return undefined;
        if (typeof value !== 'number' && typeof value !== 'bigint' && !(value instanceof NumberLiteral))
          return state.mismatch(goKindOf(value), type);
        const text = literalText(value);
        const integer = /^-?\d+$/.test(text) ? BigInt(text) : undefined;
        if (integer === undefined || integer < low || integer > high) return state.mismatch(`number ${text}`, type);
        return Number.isSafeInteger(Number(integer)) ? Number(integer) : integer;
      };
    }
  }
}

/** Base64 as encoding/base64's StdEncoding reads it: line breaks are skipped, anything else must be exact. */
function bytes(value: unknown, state: State, type: GoType): unknown {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) {
    // a list of numbers is a slice of uint8 too
    const list = sliceDecoder({ is: 'slice', goName: type.goName, elem: goType('uint8') })(value, state, undefined) as
      readonly number[] | undefined;
    return list === undefined ? (state.keepEmpty ? '' : undefined) : Buffer.from(list).toString('base64');
  }
  if (typeof value !== 'string') return state.mismatch(goKindOf(value), type);
  const corrupt = corruptBase64(value);
  if (corrupt >= 0) {
    state.savedError ??= new DecodeError(`illegal base64 data at input byte ${corrupt}`);
    return undefined;
  }
  return value.includes('\n') || value.includes('\r') ? value.replace(/[\r\n]/g, '') : value;
}

/** Where Go says that the text stops being base64; -1 where it is. */
function corruptBase64(text: string): number {
  if (text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)) return -1;
  let quantum = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === '\n' || c === '\r') continue;
    if (c === '=') {
      if (quantum < 2) return i;
      let next = i + 1;
      if (quantum === 2) {
        while (text[next] === '\n' || text[next] === '\r') next++;
        if (next >= text.length) return text.length;
        if (text[next] !== '=') return next - 1;
        next++;
      }
      while (text[next] === '\n' || text[next] === '\r') next++;
      return next < text.length ? next : -1;
    }
    if (!/[A-Za-z0-9+/]/.test(c)) return i;
    quantum = (quantum + 1) % 4;
  }
  return quantum === 0 ? -1 : text.length - quantum;
}

/** A text that stands in the canonical object is canonical. */
function opaqueDecoder(type: OpaqueType): Decoder {
  const read = opaqueReader(type);
  return (value, state, existing) => (value === existing && typeof value === 'string' ? value : read(value, state, existing));
}

function opaqueReader(type: OpaqueType): Decoder {
  switch (type.name) {
    case 'Quantity':
      return (value, state) => {
        if (value === null || value === undefined) return undefined;
        const text = typeof value === 'string' ? value : rawText(value);
        try {
          return parseQuantity(text.trim()).text;
        } catch (error) {
          if (!(error instanceof QuantityError)) throw error;
          return fail(state, error.message);
        }
      };
    case 'Time':
      return (value, state) => timeOf(value, state, secondsOf);
    case 'MicroTime':
      return (value, state) => timeOf(value, state, (text) => formatMicroTime(parseTime(text, RFC3339_MICRO)));
    case 'Duration':
      return (value, state) => {
        if (value === null || value === undefined) return undefined;
        if (typeof value !== 'string') return fail(state, `json: cannot unmarshal ${goKindOf(value)} into Go value of type string`);
        const ns = parseDuration(value);
        return ns === undefined ? fail(state, `time: invalid duration ${quote(value)}`) : formatDuration(ns);
      };
    case 'IntOrString':
      return (value, state) => {
        if (value === null || value === undefined) return undefined;
        if (typeof value === 'string') return value;
        const integer = scalarDecoder({ is: 'scalar', goName: 'int32', base: 'int32' })(value, state, undefined);
        // IntOrString's own decoder fails, and with it the whole
        if (integer === undefined) throw state.savedError;
        return integer;
      };
    case 'RawExtension':
    case 'JSON':
      return (value) => (value === null || value === undefined ? undefined : plainValue(value));
    case 'FieldsV1':
      return (value, _state, existing) =>
        value === null || value === undefined ? undefined : value === existing ? value : plainValue(value);
    case 'JSONSchemaPropsOrBool':
      return schemaOr((value, state) => (typeof value === 'boolean' ? value : fail(state, 'boolean or JSON schema expected')));
    case 'JSONSchemaPropsOrArray':
      return schemaOr((value, state) =>
        Array.isArray(value) ? decoderOf(goType('[]apiextensions/v1.JSONSchemaProps'))(value, state, undefined) : undefined,
      );
    case 'JSONSchemaPropsOrStringArray':
      return schemaOr((value, state) => (Array.isArray(value) ? decoderOf(goType('[]string'))(value, state, undefined) : undefined));
  }
}

/** These decode with an encoding/json of their own: unknown fields below them are dropped in silence. */
function schemaOr(other: (value: unknown, state: State) => unknown): Decoder {
  return (value, state) => {
    if (value === null || value === undefined) return undefined;
    const quiet = new State({ keepEmpty: state.keepEmpty });
    const isObject = typeof value === 'object' && !Array.isArray(value) && !(value instanceof NumberLiteral);
    try {
      const decoded = isObject ? decoderOf(goType('apiextensions/v1.JSONSchemaProps'))(value, quiet, undefined) : other(value, quiet);
      if (quiet.savedError) throw quiet.savedError;
      return decoded;
    } catch (error) {
      throw error instanceof DecodeError ? placed(error, state) : error;
    }
  };
}

/** The error of a decoder within, as the one around it tells it: with its own struct, and the whole way to the field. */
function placed(error: DecodeError, { struct, fields }: State): DecodeError {
  const inner = /^(json: cannot unmarshal .* into Go )(?:value|struct field [^.\s]+\.(\S+))( of type .*)$/.exec(error.message);
  if (!inner || fields.length === 0) return error;
  const [, what, field, type] = inner;
  return new DecodeError(`${what}struct field ${struct}.${[...fields, ...(field ? [field] : [])].join('.')}${type}`, { cause: error });
}

/** An error of a type's own decoder ends the decoding at once. */
function fail(_state: State, message: string): never {
  throw new DecodeError(message);
}

/** The times that were read last: an object has the same in several places, and so have those that are made together. */
const MAX_KNOWN_TIMES = 512;
const knownTimes = new Map<string, string>();

function secondsOf(text: string): string {
  let canonical = knownTimes.get(text);
  if (canonical === undefined) {
    canonical = formatTime(parseTime(text));
    if (knownTimes.size >= MAX_KNOWN_TIMES) knownTimes.clear();
    knownTimes.set(text, canonical);
  }
  return canonical;
}

function timeOf(value: unknown, state: State, read: (text: string) => string): unknown {
  if (value === null || value === undefined) return undefined;
  if (typeof value !== 'string') throw state.typeError(goKindOf(value), 'string');
  try {
    return read(value);
  } catch (error) {
    if (!(error instanceof TimeError)) throw error;
    return fail(state, error.message);
  }
}

/** The JSON text of a value that is neither a string nor null, as a type's own decoder sees it. */
function rawText(value: unknown): string {
  if (value instanceof NumberLiteral) return value.text;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const zeros = new WeakMap<GoType, unknown>();

/** The JSON of a Go zero value: null for what is nil, and a struct with all that is not left out. Callers own what they get. */
export function zeroOf(type: GoType, keepEmpty = false): unknown {
  switch (type.is) {
    case 'pointer':
    case 'slice':
    case 'map':
      return null;
    case 'scalar':
      return type.base === 'string' ? '' : type.base === 'bool' ? false : type.base === 'bytes' || type.base === 'interface' ? null : 0;
    case 'opaque':
      return type.name === 'Quantity' ? '0' : type.name === 'IntOrString' ? 0 : type.name === 'Duration' ? '0s' : null;
    case 'struct': {
      // empty structs abound (`resources: {}`): the common answer is found without decoding
      if (!zeros.has(type)) zeros.set(type, decode(type, {}, { keepEmpty }).object);
      return deepCopy(zeros.get(type));
    }
  }
}

/** Decodes JSON text: {@link parseJson} and {@link decode} in one. */
export function decodeText(type: GoType, text: string, options: Omit<DecodeOptions, 'duplicates'> = {}): Decoded {
  const { value, duplicates } = parseJson(text);
  return decode(type, value, { ...options, duplicates });
}

export { numberOf };
