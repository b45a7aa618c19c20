// What ajv found, in words: the field, what is wrong with its value, and what to do about it.
import { pointerTokens } from '../../apimachinery/json/pointer.ts';
import { encodeJson } from '../../apimachinery/json/encode.ts';
import type { JsonSchema } from '../../apimachinery/schema/json-schema.ts';
import { closest } from '../closest.ts';
import type { DesiredObject } from '../render/manifest-document.ts';
import { placementHint } from './placement.ts';
import { formatComplaint, type SchemaError } from './schema-check.ts';

export interface ExplainedError {
  readonly parts: readonly (string | number)[];
  readonly message: string;
  readonly value?: string;
  readonly hint?: string;
}

/** @param type the kind's Go type, of a built-in kind */
export function explain(error: SchemaError, object: DesiredObject, type: string | undefined): ExplainedError {
  const at = partsOf(error.instancePath, object);
  const { value: shown, ...explained } = described(error, at, type);
  const value = shown === undefined || isSecret(object, at) ? undefined : shortened(shown);
  return { ...explained, ...(value === undefined ? {} : { value }) };
}

function described(
  error: SchemaError,
  at: readonly (string | number)[],
  type: string | undefined,
): Omit<ExplainedError, 'value'> & { readonly value?: unknown } {
  const params = error.params as Readonly<Record<string, unknown>>;
  const value: unknown = error.data;
  switch (error.keyword) {
    case 'additionalProperties': {
      const field = String(params.additionalProperty);
      return {
        parts: [...at, field],
        message: `unknown field ${JSON.stringify(field)}`,
        ...hinted(unknownFieldHint(error, field, at, type)),
      };
    }
    case 'required':
      return { parts: [...at, String(params.missingProperty)], message: 'is required' };
    case 'not':
      // the one way in which a built-in schema uses it: a field that must be there is null
      return value === null ? { parts: at, message: 'is required' } : { parts: at, value, message: 'is not allowed' };
    case 'type': {
      // bytes may be a list of numbers too, but nobody means that
      const bytes = (error.parentSchema as JsonSchema | undefined)?.format === 'byte';
      const wanted = bytes ? ['string'] : typesOf(error.schema);
      return {
        parts: at,
        value,
        message: `must be ${wanted.map(article).join(' or ')}, not ${given(value)}`,
        ...hinted(typeHint(wanted, value)),
      };
    }
    case 'format': {
      const complaint = typeof value === 'string' ? formatComplaint(String(params.format), value) : undefined;
      const base64 = params.format === 'byte' ? 'encode it in base64; in a Secret, stringData takes plain text' : undefined;
      return { parts: at, value, message: complaint ?? 'is out of range', ...hinted(base64) };
    }
    case 'enum': {
      const allowed = params.allowedValues as readonly unknown[];
      const similar =
        typeof value === 'string'
          ? closest(
              value,
              allowed.filter((v) => typeof v === 'string'),
            )
          : undefined;
      return {
        parts: at,
        value,
        message: `must be one of ${allowed.map((v) => JSON.stringify(v)).join(', ')}`,
        ...hinted(similar && `did you mean ${similar}?`),
      };
    }
    case 'anyOf':
    case 'oneOf':
      return {
        parts: at,
        value,
        message: error.keyword === 'anyOf' ? 'fits none of the schemas that are allowed' : 'must fit exactly one of the schemas',
      };
    default:
      return { parts: at, value, message: (error.message ?? 'is invalid').replace(/NOT/, 'not') };
  }
}

const hinted = (hint: string | undefined): { readonly hint?: string } => (hint ? { hint } : {});

/** `/spec/containers/0` → `['spec', 'containers', 0]`. */
function partsOf(pointer: string, object: DesiredObject): (string | number)[] {
  const parts: (string | number)[] = [];
  let value: unknown = object;
  for (const name of pointerTokens(pointer)) {
    parts.push(Array.isArray(value) ? Number(name) : name);
    value = (value as Readonly<Record<string, unknown>> | undefined)?.[name];
  }
  return parts;
}

const isSecret = (object: DesiredObject, [field]: readonly (string | number)[]): boolean =>
  object.kind === 'Secret' && (field === 'data' || field === 'stringData');

const MAX_VALUE = 80;

function shortened(value: unknown): string {
  const text = encodeJson(value) ?? 'null';
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE - 1)}…` : text;
}

const typesOf = (type: unknown): readonly string[] =>
  (Array.isArray(type) ? (type as readonly string[]) : [String(type)]).filter((name) => name !== 'null');

const NAMES: Readonly<Record<string, string>> = {
  object: 'a mapping',
  array: 'a list',
  integer: 'an integer',
  boolean: 'true or false',
  null: 'null',
};
const article = (type: string): string => NAMES[type] ?? `a ${type}`;

/** A value's type. */
function given(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return typeof value === 'bigint' ? 'a number' : `a ${typeof value}`;
}

function typeHint(wanted: readonly string[], value: unknown): string | undefined {
  if (
    wanted.length === 1 &&
    wanted[0] === 'string' &&
    (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
  )
    return 'put it in quotes';
  if (typeof value === 'string') {
    if (
      (wanted.includes('integer') && /^-?\d+$/.test(value)) ||
      (wanted.includes('number') && value.trim() !== '' && Number.isFinite(Number(value)))
    )
      return 'remove the quotes';
    if (wanted.includes('boolean') && /^(?:true|false)$/i.test(value)) return 'remove the quotes';
  }
  if (wanted.includes('array') && !Array.isArray(value)) return 'begin each item with "- "';
  if (wanted.includes('object') && Array.isArray(value)) return 'this is no list: remove the "- "';
  return undefined;
}

function unknownFieldHint(
  error: SchemaError,
  field: string,
  at: readonly (string | number)[],
  type: string | undefined,
): string | undefined {
  const { properties } = error.parentSchema as { readonly properties?: object };
  const similar = closest(field, Object.keys(properties ?? {}));
  if (similar) return `did you mean ${similar}?`;
  return type === undefined ? undefined : placementHint(type, at, field);
}
