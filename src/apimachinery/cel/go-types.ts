// Types of CEL for built-in kinds: what the checker reckons with where an expression is about one of them.
import type { GoType } from '../schema/go-type.ts';
import { structType as goStruct, typeNames } from '../schema/schema.ts';
import { BOOL, BYTES, type CelType, DOUBLE, DYN, INT, listType, mapType, STRING, structType, TIMESTAMP } from './cel-type.ts';
import type { FieldTypes } from './environment.ts';
import { escapeName } from './schema-type.ts';

/** Structs become object types of the same name, whose fields are told by {@link goFieldTypes}. */
export function celTypeOf(type: GoType): CelType {
  switch (type.is) {
    case 'struct':
      return structType(type.name);
    case 'pointer':
      return celTypeOf(type.elem);
    case 'slice':
      return listType(celTypeOf(type.elem));
    case 'map':
      return mapType(STRING, celTypeOf(type.elem));
    case 'opaque':
      if (type.name === 'Time' || type.name === 'MicroTime') return TIMESTAMP;
      // what may be of several types is told when it is there
      return type.name === 'Duration' ? STRING : DYN;
    case 'scalar':
      return scalarType(type.base);
  }
}

function scalarType(base: string): CelType {
  switch (base) {
    case 'string':
      return STRING;
    case 'bool':
      return BOOL;
    case 'float64':
      return DOUBLE;
    case 'bytes':
      return BYTES;
    case 'interface':
      return DYN;
    default:
      return INT;
  }
}

const known = new Map<string, ReadonlyMap<string, CelType>>();

/** Of the object types that {@link celTypeOf} makes; undefined for any other name. */
export function goFieldTypes(name: string): FieldTypes | undefined {
  if (!names().has(name)) return undefined;
  let fields = known.get(name);
  if (!fields) {
    const all = goStruct(name).fields.flatMap(({ json, type }) => {
      const escaped = escapeName(json);
      return escaped === undefined ? [] : [[escaped, celTypeOf(type)] as const];
    });
    known.set(name, (fields = new Map(all)));
  }
  const found = fields;
  return (field) => found.get(field);
}

let all: ReadonlySet<string> | undefined;
const names = (): ReadonlySet<string> => (all ??= new Set(typeNames()));
