// The types of CEL: what the checker reckons with, and how they are written in messages. Follows common/types and checker/format.go of
// cel-go.

export type CelKind =
  | 'dyn'
  | 'error'
  | 'null'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'duration'
  | 'timestamp'
  | 'type'
  | 'list'
  | 'map'
  | 'struct'
  | 'opaque'
  | 'param';

export interface CelType {
  readonly kind: CelKind;
  /** Of objects and opaque types their own, of type parameters the letter. */
  readonly name: string;
  readonly params: readonly CelType[];
}

const simple = (kind: CelKind): CelType => ({ kind, name: kind, params: [] });

export const DYN = simple('dyn');
export const ERROR: CelType = { kind: 'error', name: '!error!', params: [] };
export const NULL = simple('null');
export const BOOL = simple('bool');
export const INT = simple('int');
export const UINT = simple('uint');
export const DOUBLE = simple('double');
export const STRING = simple('string');
export const BYTES = simple('bytes');
export const DURATION = simple('duration');
export const TIMESTAMP = simple('timestamp');
export const TYPE = simple('type');

export const listType = (element: CelType): CelType => ({ kind: 'list', name: 'list', params: [element] });
export const mapType = (key: CelType, value: CelType): CelType => ({ kind: 'map', name: 'map', params: [key, value] });
export const structType = (name: string): CelType => ({ kind: 'struct', name, params: [] });
export const opaqueType = (name: string, ...params: readonly CelType[]): CelType => ({ kind: 'opaque', name, params });
export const typeParam = (name: string): CelType => ({ kind: 'param', name, params: [] });
export const typeOf = (type: CelType): CelType => ({ kind: 'type', name: 'type', params: [type] });
export const optionalType = (value: CelType): CelType => opaqueType('optional_type', value);

export const isOptionalType = (type: CelType): boolean => type.kind === 'opaque' && type.name === 'optional_type';

export function sameType(a: CelType, b: CelType): boolean {
  return (
    a === b ||
    (a.kind === b.kind && a.name === b.name && a.params.length === b.params.length && a.params.every((p, i) => sameType(p, b.params[i]!)))
  );
}

export function formatType(type: CelType): string {
  return type.params.length === 0 ? type.name : `${type.name}(${type.params.map(formatType).join(', ')})`;
}

const BY_NAME: Readonly<Record<string, CelType>> = {
  dyn: DYN,
  null: NULL,
  bool: BOOL,
  int: INT,
  uint: UINT,
  double: DOUBLE,
  string: STRING,
  bytes: BYTES,
  duration: DURATION,
  timestamp: TIMESTAMP,
  type: TYPE,
};

/** Kubernetes' own types that are no objects. */
const OPAQUE = new Set(['kubernetes.IP', 'net.IP', 'net.CIDR', 'optional_type']);

/** Reads a type as it is written: `list(A)`, `map(string, dyn)`, `kubernetes.Quantity`. A single capital is a type parameter. */
export function parseType(text: string): CelType {
  const open = text.indexOf('(');
  const name = open < 0 ? text : text.slice(0, open);
  const params = open < 0 ? [] : splitTypes(text.slice(open + 1, -1)).map(parseType);
  if (/^[A-Z]$/.test(name)) return typeParam(name);
  if (params.length === 0 && BY_NAME[name]) return BY_NAME[name];
  if (name === 'list') return listType(params[0]!);
  if (name === 'map') return mapType(params[0]!, params[1]!);
  if (name === 'type') return typeOf(params[0]!);
  return OPAQUE.has(name) ? opaqueType(name, ...params) : structType(name);
}

/** Splits at commas that are in no parentheses. */
export function splitTypes(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')') depth--;
    else if (text[i] === ',' && depth === 0) {
      parts.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  const last = text.slice(start).trim();
  return last === '' ? parts : [...parts, last];
}
