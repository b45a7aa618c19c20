// The values that expressions of CEL reckon with. Integers are bigints, doubles are numbers; null, booleans and strings are themselves.
// Errors are values too: what they mean for a whole is decided where they meet it. Follows common/types of cel-go.
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listType,
  mapType,
  NULL,
  opaqueType,
  STRING,
  structType,
  TIMESTAMP,
  TYPE,
  UINT,
} from './cel-type.ts';

export class CelError {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

export class Uint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

export class Timestamp {
  /** Since 1970. */
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class Duration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** A type as a value: `type(1) == int`. */
export class TypeValue {
  readonly type: CelType;
  constructor(type: CelType) {
    this.type = type;
  }
}

export class OptionalValue {
  readonly value: Value | undefined;
  constructor(value: Value | undefined) {
    this.value = value;
  }
}
export const NONE = new OptionalValue(undefined);

/** Values of libraries: quantities, addresses, checks of authorization. */
export abstract class OpaqueValue {
  abstract readonly type: CelType;
  abstract equals(other: OpaqueValue): boolean;
  /** For what is charged for it; absent: one. */
  size?(): number;
}

export abstract class ListValue {
  abstract readonly length: number;
  abstract at(index: number): Value;

  *[Symbol.iterator](): Iterator<Value> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }
  /** Lists that are sets or maps by key compare and add in their own ways. */
  equalTo?(other: ListValue): boolean;
  plus?(other: ListValue): Value;
}

export abstract class MapValue {
  abstract readonly size: number;
  /** Undefined where there is no such key. */
  abstract get(key: Value): Value | undefined;
  abstract keys(): readonly Value[];
  /** Of an object with fields, its own. */
  readonly type: CelType = mapType(DYN, DYN);
  /** By a name as it is written after a dot. */
  field(name: string): Value | undefined {
    return this.get(name);
  }
}

export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint
  | Uint8Array
  | Timestamp
  | Duration
  | TypeValue
  | OptionalValue
  | OpaqueValue
  | ListValue
  | MapValue
  | CelError;

export class ArrayList extends ListValue {
  readonly items: Value[];
  constructor(items: Value[]) {
    super();
    this.items = items;
  }
  get length(): number {
    return this.items.length;
  }
  at(index: number): Value {
    return this.items[index]!;
  }
}

/** The list that a loop gathers: adding to it changes it, since nobody else has it yet. */
export class GrowingList extends ArrayList {}

/** Two lists, one after the other. */
export class ConcatList extends ListValue {
  private readonly left: ListValue;
  private readonly right: ListValue;
  readonly length: number;
  constructor(left: ListValue, right: ListValue) {
    super();
    this.left = left;
    this.right = right;
    this.length = left.length + right.length;
  }
  at(index: number): Value {
    return index < this.left.length ? this.left.at(index) : this.right.at(index - this.left.length);
  }
}

/** Keys of the same number are the same key, whatever their type. */
function keyText(key: Value): string | undefined {
  if (typeof key === 'string') return `s${key}`;
  if (typeof key === 'boolean') return `b${key}`;
  if (typeof key === 'bigint') return `n${key}`;
  if (key instanceof Uint) return `n${key.value}`;
  if (typeof key === 'number' && Number.isInteger(key)) return `n${BigInt(key)}`;
  return undefined;
}

export class ValueMap extends MapValue {
  private readonly entries = new Map<string, readonly [Value, Value]>();
  get size(): number {
    return this.entries.size;
  }
  get(key: Value): Value | undefined {
    const text = keyText(key);
    return text === undefined ? undefined : this.entries.get(text)?.[1];
  }
  keys(): readonly Value[] {
    return [...this.entries.values()].map(([key]) => key);
  }
  /** False where the key is there already or cannot be one. Only while the map is being made. */
  add(key: Value, value: Value): boolean {
    const text = keyText(key);
    if (text === undefined || this.entries.has(text)) return false;
    this.entries.set(text, [key, value]);
    return true;
  }
  static of(entries: Iterable<readonly [Value, Value]>): ValueMap {
    const map = new ValueMap();
    for (const [key, value] of entries) map.add(key, value);
    return map;
  }
}

/** An object of a named type, made by an expression. */
export class StructValue extends MapValue {
  override readonly type: CelType;
  readonly fields: ReadonlyMap<string, Value>;
  constructor(typeName: string, fields: ReadonlyMap<string, Value>) {
    super();
    this.type = structType(typeName);
    this.fields = fields;
  }
  get size(): number {
    return this.fields.size;
  }
  get(key: Value): Value | undefined {
    return typeof key === 'string' ? this.fields.get(key) : undefined;
  }
  keys(): readonly Value[] {
    return [...this.fields.keys()];
  }
}

/** What `type()` says of a value. */
export function typeOfValue(value: Value): CelType {
  if (value === null) return NULL;
  switch (typeof value) {
    case 'boolean':
      return BOOL;
    case 'bigint':
      return INT;
    case 'number':
      return DOUBLE;
    case 'string':
      return STRING;
    default:
      return typeOfObject(value as Exclude<Value, null | boolean | bigint | number | string>);
  }
}

function typeOfObject(value: Exclude<Value, null | boolean | bigint | number | string>): CelType {
  if (value instanceof ListValue) return listType(DYN);
  if (value instanceof MapValue || value instanceof OpaqueValue) return value.type;
  if (value instanceof Uint) return UINT;
  if (value instanceof Timestamp) return TIMESTAMP;
  if (value instanceof Duration) return DURATION;
  if (value instanceof TypeValue) return TYPE;
  if (value instanceof OptionalValue) return opaqueType('optional_type', DYN);
  return value instanceof CelError ? DYN : BYTES;
}

/** The name of a value's type, as errors tell it. */
export const typeNameOf = (value: Value): string => typeOfValue(value).name;

export const noSuchOverload = new CelError('no such overload');

/** A number of any type, or undefined. */
export function numberOf(value: Value): bigint | number | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value;
  return value instanceof Uint ? value.value : undefined;
}

export const codePoints = (text: string): number => {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0xdc00 || code > 0xdfff) count++;
  }
  return count;
};

/** What has a size costs by it; everything else counts as one. */
export function sizeOf(value: Value): number {
  if (typeof value === 'string') return codePoints(value);
  if (value instanceof Uint8Array || value instanceof ListValue) return value.length;
  if (value instanceof MapValue) return value.size;
  if (value instanceof OptionalValue) return value.value === undefined ? 1 : sizeOf(value.value);
  if (value instanceof OpaqueValue) return value.size?.() ?? 1;
  return 1;
}
