// The schema table of all built-in kinds, read once from generated/schema.json and linked into Go types on first use.
import { createRequire } from 'node:module';
import type { Field, GoType, ListFacts, OpaqueName, ScalarBase, StructType } from './go-type.ts';

/** What is known of a kind that is a resource. */
export interface KindFacts {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Plural, as in paths: `deployments`. */
  readonly resource: string;
  readonly namespaced?: boolean;
  readonly verbs: readonly string[];
  readonly subresources: Readonly<Record<string, SubresourceFacts>>;
  /** Name of its Go type: `apps/v1.Deployment`. */
  readonly type: string;
}

export interface SubresourceFacts {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

type RawField = readonly [json: string, go: string, type: string, number: number | '', flags: string, facts?: RawFacts];
interface RawFacts {
  readonly list?: ListFacts['listType'];
  readonly keys?: readonly string[];
  readonly map?: ListFacts['mapType'];
  readonly strategy?: string;
  readonly mergeKey?: string;
}
interface RawType {
  readonly s?: readonly RawField[];
  readonly a?: string;
  readonly o?: 1;
  readonly atomic?: 1;
  readonly required?: readonly string[];
}
interface RawTable {
  readonly types: Readonly<Record<string, RawType>>;
  readonly kinds: readonly KindFacts[];
}

const require = createRequire(import.meta.url);
let loaded: RawTable | undefined;
const raw = (): RawTable => (loaded ??= require('#generated/schema.json') as RawTable);
const linked = new Map<string, GoType>();

/** All kinds that the OpenAPI document serves as resources. */
export function builtinKinds(): readonly KindFacts[] {
  return raw().kinds;
}

/** Names of all types, such as `core/v1.PodSpec`. */
export function typeNames(): readonly string[] {
  return Object.keys(raw().types);
}

/** The struct with this name. Throws where there is none: names are the program's own. */
export function structType(name: string): StructType {
  const type = goType(name);
  if (type.is !== 'struct') throw new Error(`${name} is not a struct`);
  return type;
}

/** The type that an expression such as `[]core/v1.Volume` or `map[string]resource.Quantity` denotes. */
export function goType(expression: string): GoType {
  let type = linked.get(expression);
  if (!type) {
    type = link(expression);
    linked.set(expression, type);
  }
  return type;
}

const SCALARS: Readonly<Record<string, ScalarBase>> = {
  string: 'string',
  bool: 'bool',
  int: 'int',
  int32: 'int32',
  int64: 'int64',
  uint8: 'uint8',
  uint32: 'uint32',
  uint64: 'uint64',
  float64: 'float64',
  interface: 'interface',
};

/** `apps/v1.Deployment` → `v1.Deployment`: Go prints the last element of the package's path. */
const goName = (name: string): string => name.slice(name.indexOf('/') + 1);

function link(expression: string): GoType {
  if (expression.startsWith('*')) {
    const elem = goType(expression.slice(1));
    return { is: 'pointer', goName: `*${elem.goName}`, elem };
  }
  if (expression === '[]byte') return { is: 'scalar', goName: '[]uint8', base: 'bytes' };
  if (expression.startsWith('[]')) {
    const elem = expression.slice(2);
    return lazy({ is: 'slice', goName: `[]${spelled(elem)}` } as const, { elem });
  }
  const map = /^map\[([^\]]+)\](.*)$/.exec(expression);
  if (map) {
    const [, key = '', elem = ''] = map;
    return lazy({ is: 'map', goName: `map[${spelled(key)}]${spelled(elem)}` } as const, { key, elem });
  }
  const base = SCALARS[expression];
  if (base) return { is: 'scalar', goName: expression === 'interface' ? 'interface {}' : expression, base };
  const entry = raw().types[expression];
  if (!entry) throw new Error(`unknown type ${expression}`);
  if (entry.o) return { is: 'opaque', goName: goName(expression), name: expression.slice(expression.lastIndexOf('.') + 1) as OpaqueName };
  if (entry.a) {
    const under = goType(entry.a);
    if (under.is === 'scalar' || under.is === 'slice' || under.is === 'map') return renamed(under, goName(expression));
    throw new Error(`${expression}: a name for ${entry.a} is not supported`);
  }
  return struct(expression, entry);
}

/** How Go prints a type expression whose parts need not be linked yet. */
function spelled(expression: string): string {
  return expression.replace(/[\w/-]+\.(\w+)/g, (name) => goName(name)).replace(/\bbyte$/, 'uint8');
}

/** Types refer to themselves (a JSONSchemaProps holds others), so what they hold is linked when it is first asked for. */
function lazy<T extends object, K extends string>(base: T, parts: Readonly<Record<K, string>>): T & Readonly<Record<K, GoType>> {
  for (const name of Object.keys(parts) as K[]) {
    const expression = parts[name];
    Object.defineProperty(base, name, {
      enumerable: true,
      configurable: true,
      get() {
        const value = goType(expression);
        Object.defineProperty(base, name, { value, enumerable: true });
        return value;
      },
    });
  }
  return base as T & Readonly<Record<K, GoType>>;
}

function renamed<T extends GoType>(type: T, name: string): T {
  const copy = Object.create(Object.getPrototypeOf(type) as object, Object.getOwnPropertyDescriptors(type)) as T;
  Object.defineProperty(copy, 'goName', { value: name, enumerable: true });
  return copy;
}

function struct(name: string, entry: RawType): StructType {
  const declared = (entry.s ?? []).map(field);
  const fields: Field[] = [];
  for (const f of declared) {
    if (f.json) fields.push(f);
    else if (f.type.is === 'struct')
      for (const inner of f.type.fields) fields.push({ ...withType(inner), inlinedThrough: [f.go, ...inner.inlinedThrough] } as Field);
  }
  return {
    is: 'struct',
    name,
    goName: goName(name),
    fields,
    declared,
    byJson: new Map(fields.filter((f) => f.json !== '-').map((f) => [f.json, f])),
    atomic: entry.atomic === 1,
    required: entry.required ?? [],
  };
}

const withType = (f: Field): Field => ({ ...f, type: f.type });

function field([json, go, type, number, flags, facts]: RawField): Field {
  const base = {
    json,
    go,
    number: number === '' ? undefined : number,
    omitEmpty: flags.includes('?'),
    omitZero: flags.includes('0'),
    inlinedThrough: [],
    list: facts
      ? {
          ...(facts.list ? { listType: facts.list } : {}),
          ...(facts.keys ? { mapKeys: facts.keys } : {}),
          ...(facts.map ? { mapType: facts.map } : {}),
          ...(facts.strategy ? { patchStrategy: facts.strategy } : {}),
          ...(facts.mergeKey ? { patchMergeKey: facts.mergeKey } : {}),
        }
      : {},
  };
  return lazy(base, { type });
}
