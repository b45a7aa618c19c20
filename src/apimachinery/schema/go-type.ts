// The Go types of the Kubernetes API as values: what a field is called, of which type it is, and what becomes of it when it is
// empty. Decoding, error messages, hashes, protobuf and field ownership all follow from these; nothing here reads or writes objects.

/** A type of the API. Names are those of Go, with their package: `core/v1.PodSpec`. */
export type GoType = StructType | PointerType | SliceType | MapType | ScalarType | OpaqueType;

export interface StructType {
  readonly is: 'struct';
  /** `core/v1.PodSpec` */
  readonly name: string;
  /** As Go prints it: `v1.PodSpec`. */
  readonly goName: string;
  /** All fields in Go's order, those of inlined structs in their place. */
  readonly fields: readonly Field[];
  readonly byJson: ReadonlyMap<string, Field>;
  /** The fields as declared: an inlined struct is one field with an empty `json`. */
  readonly declared: readonly Field[];
  /** Server-side apply treats the whole as one value. */
  readonly atomic: boolean;
  /** What the OpenAPI document calls required. */
  readonly required: readonly string[];
}

export interface PointerType {
  readonly is: 'pointer';
  readonly goName: string;
  readonly elem: GoType;
}

export interface SliceType {
  readonly is: 'slice';
  readonly goName: string;
  readonly elem: GoType;
}

export interface MapType {
  readonly is: 'map';
  readonly goName: string;
  readonly key: GoType;
  readonly elem: GoType;
}

export type ScalarBase = 'string' | 'bool' | 'int' | 'int32' | 'int64' | 'uint8' | 'uint32' | 'uint64' | 'float64' | 'bytes' | 'interface';

export interface ScalarType {
  readonly is: 'scalar';
  /** `string`, or `v1.RestartPolicy` for a named one. */
  readonly goName: string;
  readonly base: ScalarBase;
}

/** Types whose JSON is their own affair. */
export type OpaqueName =
  | 'Quantity'
  | 'Time'
  | 'MicroTime'
  | 'Duration'
  | 'IntOrString'
  | 'RawExtension'
  | 'FieldsV1'
  | 'JSON'
  | 'JSONSchemaPropsOrBool'
  | 'JSONSchemaPropsOrArray'
  | 'JSONSchemaPropsOrStringArray';

export interface OpaqueType {
  readonly is: 'opaque';
  readonly goName: string;
  readonly name: OpaqueName;
}

export interface Field {
  /** Name in JSON; empty for an inlined struct. */
  readonly json: string;
  /** Name in Go. */
  readonly go: string;
  readonly type: GoType;
  /** Field number in protobuf; undefined where the field has none. */
  readonly number: number | undefined;
  /** Left out of JSON when empty. Has no effect on structs, as in Go. */
  readonly omitEmpty: boolean;
  /** Left out of JSON when zero, structs included. */
  readonly omitZero: boolean;
  /** Go names of the inlined structs that lead to the field, outermost first. */
  readonly inlinedThrough: readonly string[];
  readonly list: ListFacts;
}

/** How lists and maps merge, from the OpenAPI document. */
export interface ListFacts {
  /** `x-kubernetes-list-type` */
  readonly listType?: 'atomic' | 'set' | 'map';
  /** `x-kubernetes-list-map-keys` */
  readonly mapKeys?: readonly string[];
  /** `x-kubernetes-map-type` of a map or struct */
  readonly mapType?: 'atomic' | 'granular';
  /** `x-kubernetes-patch-strategy`, such as `merge` or `merge,retainKeys` */
  readonly patchStrategy?: string;
  /** `x-kubernetes-patch-merge-key` */
  readonly patchMergeKey?: string;
}
