// The Go types of the API as field ownership sees them: from the facts about lists and maps that the schema table has of each field.
//
// Follows kube-openapi's schemaconv, fed with the OpenAPI v3 definitions of the API server.
import type { Field, GoType, ListFacts, OpaqueName, ScalarBase, StructType } from '../schema/go-type.ts';
import {
  DEDUCED,
  FREE_FORM,
  NO_FIELDS,
  UNTYPED_ATOMIC,
  type ApplyType,
  type ListType,
  type MapType,
  type ScalarKind,
  type StructField,
} from './apply-schema.ts';
import { fieldElement } from './path-element.ts';

const NO_FACTS: ListFacts = {};
const structs = new WeakMap<StructType, ApplyType>();

/** @param facts of the field that has this type */
export function goApplyType(type: GoType, facts: ListFacts = NO_FACTS): ApplyType {
  switch (type.is) {
    case 'pointer':
      return goApplyType(type.elem, facts);
    case 'scalar':
      return SCALARS[type.base];
    case 'opaque':
      return OPAQUE[type.name];
    case 'slice':
      return { list: listType(type.elem, facts) };
    case 'map':
      return { map: { fields: NO_FIELDS, element: goApplyType(type.elem), atomic: facts.mapType === 'atomic' } };
    case 'struct': {
      let known = structs.get(type);
      if (!known) structs.set(type, (known = { decoded: true, map: structMap(type) }));
      const own = known.map!;
      // a field may treat field by field what its type treats as a whole, and the other way round
      return facts.mapType && own.atomic !== (facts.mapType === 'atomic') ? { map: overridden(own, facts.mapType === 'atomic') } : known;
    }
  }
}

const scalar = (kind: ScalarKind): ApplyType => ({ scalar: kind });
const STRING = scalar('string');
const NUMERIC = scalar('numeric');
const UNTYPED = scalar('untyped');

const SCALARS: Readonly<Record<ScalarBase, ApplyType>> = {
  string: STRING,
  bytes: STRING,
  bool: scalar('boolean'),
  int: NUMERIC,
  int32: NUMERIC,
  int64: NUMERIC,
  uint8: NUMERIC,
  uint32: NUMERIC,
  uint64: NUMERIC,
  float64: NUMERIC,
  interface: DEDUCED,
};

const OPAQUE: Readonly<Record<OpaqueName, ApplyType>> = {
  Quantity: UNTYPED,
  Time: UNTYPED,
  MicroTime: UNTYPED,
  Duration: STRING,
  // neither has a type in OpenAPI v3
  IntOrString: DEDUCED,
  JSON: DEDUCED,
  JSONSchemaPropsOrBool: DEDUCED,
  JSONSchemaPropsOrArray: DEDUCED,
  JSONSchemaPropsOrStringArray: DEDUCED,
  RawExtension: UNTYPED_ATOMIC,
  FieldsV1: FREE_FORM,
};

function listType(elem: GoType, facts: ListFacts): ListType {
  return {
    get element() {
      return goApplyType(elem);
    },
    ...listRelationship(facts),
  };
}

/** The list type counts; where a field has none, its patch strategy. */
function listRelationship({ listType, mapKeys, patchStrategy, patchMergeKey }: ListFacts): Pick<ListType, 'atomic' | 'keys'> {
  if (listType) return { atomic: listType === 'atomic', keys: listType === 'map' ? (mapKeys ?? []) : [] };
  const merged = patchStrategy === 'merge' || patchStrategy === 'merge,retainKeys';
  return { atomic: !merged, keys: merged && patchMergeKey ? [patchMergeKey] : [] };
}

/** Types refer to themselves, so fields are looked at when they are first asked for. */
function structMap(type: StructType): MapType {
  let fields: ReadonlyMap<string, StructField> | undefined;
  const declared = type.fields.filter((f) => f.json !== '-');
  return {
    get fields() {
      return (fields ??= new Map(declared.map((f) => [f.json, structField(type, f)])));
    },
    element: declared.length === 0 ? DEDUCED : undefined,
    atomic: type.atomic,
  };
}

function overridden(map: MapType, atomic: boolean): MapType {
  return {
    get fields() {
      return map.fields;
    },
    element: map.element,
    atomic,
  };
}

function structField(struct: StructType, field: Field): StructField {
  let type: ApplyType | undefined;
  return {
    element: fieldElement(field.json),
    get type() {
      return (type ??= goApplyType(field.type, field.list));
    },
    default: fieldDefault(struct, field),
  };
}

/** `+default=` markers of fields that are keys of lists and may be left out. */
const MARKED_DEFAULTS: Readonly<Record<string, unknown>> = {
  'core/v1.ContainerPort.protocol': 'TCP',
  'core/v1.ServicePort.protocol': 'TCP',
  'core/v1.LocalObjectReference.name': '',
};

/** What OpenAPI says is the default: the marked one, or the zero value of what is always written. */
function fieldDefault(struct: StructType, field: Field): unknown {
  const marked = MARKED_DEFAULTS[`${struct.name}.${field.json}`];
  if (marked !== undefined || field.omitEmpty || field.omitZero) return marked;
  if (field.type.is !== 'scalar') return undefined;
  if (field.type.base === 'string') return '';
  if (field.type.base === 'bool') return false;
  return field.type.base === 'bytes' || field.type.base === 'interface' ? undefined : 0;
}
