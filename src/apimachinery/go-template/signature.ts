// What a function of a template takes and gives, as its Go type says it. What a template gives it is checked against that before it is
// called, so that the functions need not.
import { FunctionError } from './template-error.ts';
import { GoInteger, int64, integerOf, isNil, nil, objectType, SLICE_TYPES, typed, typeName } from './values.ts';

export interface Signature {
  readonly params: readonly string[];
  /** The type of all arguments behind those. */
  readonly rest: string | undefined;
  readonly result: string;
}

/** Given its arguments in order, the one of the pipe last. Throws a FunctionError where they are not what it wants. */
export interface TemplateFunction {
  (...args: readonly unknown[]): unknown;
  /** Without it, it is given whatever there is. */
  readonly signature?: Signature;
}
export type TemplateFunctions = Readonly<Record<string, TemplateFunction>>;

/**
 * A function of that Go type.
 *
 * @param type `(int, ...any) []string`. An int or uint32 is given, and may be returned, as a number.
 */
export function go(type: string, run: (...args: never[]) => unknown): TemplateFunction {
  return Object.assign(run.bind(undefined) as unknown as (...args: readonly unknown[]) => unknown, { signature: signatureOf(type) });
}

const signatures = new Map<string, Signature>();

function signatureOf(type: string): Signature {
  let signature = signatures.get(type);
  if (!signature) {
    const [, list = '', result = ''] = /^\((.*)\) (.+)$/.exec(type) ?? [];
    const params = list === '' ? [] : list.split(', ').map(spelled);
    const last = params.at(-1);
    const rest = last?.startsWith('...') ? last.slice(3) : undefined;
    signature = { params: rest === undefined ? params : params.slice(0, -1), rest, result: spelled(result) };
    signatures.set(type, signature);
  }
  return signature;
}

const spelled = (type: string): string => type.replace(/\bany\b/g, 'interface {}');

export const NO_SIGNATURE: Signature = { params: [], rest: 'interface {}', result: 'interface {}' };

/** What is wrong with the number of arguments. */
export function wrongCount(name: string, { params, rest }: Signature, words: number, given: number): string | undefined {
  if (rest !== undefined)
    return given < params.length ? `wrong number of args for ${name}: want at least ${params.length} got ${words}` : undefined;
  return given === params.length ? undefined : `wrong number of args for ${name}: want ${params.length} got ${given}`;
}

export const parameterType = ({ params, rest }: Signature, at: number): string => params[at] ?? rest ?? 'interface {}';

/** The value as the parameter's; throws a FunctionError where it cannot be. */
export function asParameter(value: unknown, type: string): unknown {
  if (type === 'reflect.Value') return value;
  if (type === 'interface {}') return value === undefined ? null : value;
  if (value === undefined) {
    if (type.startsWith('map[')) return nil({});
    if (type.startsWith('[]')) return nil([]);
    if (type.startsWith('*')) return null;
    throw new FunctionError(`invalid value; expected ${type}`);
  }
  if (value === null) throw new FunctionError(`wrong type for value; expected ${type}; got interface {}`);
  if (!isOf(value, type)) throw new FunctionError(`wrong type for value; expected ${type}; got ${typeName(value)}`);
  return type === 'int' ? Number(value) : value instanceof GoInteger && type === 'uint32' ? Number(value.value) : value;
}

function isOf(value: unknown, type: string): boolean {
  if (typeName(value) === type) return true;
  if (typeof value !== 'object' || value === null || value instanceof GoInteger) return false;
  return objectType(value).underlying === type;
}

/** What a function of that result type has returned, as its Go value. */
export function asResult(value: unknown, type: string): unknown {
  switch (type) {
    case 'int':
      return typeof value === 'number' ? BigInt(value) : value;
    case 'int64':
      return value instanceof GoInteger ? value : int64(typeof value === 'number' ? BigInt(value) : (value as bigint));
    default: {
      const slice = SLICE_TYPES[type];
      return slice && Array.isArray(value) ? typed(value as unknown[], slice) : value;
    }
  }
}

/** A literal number as the parameter's; undefined where Go says that something else was expected. */
export function numberAs(type: string, int: bigint | undefined, float: number): unknown {
  if (type === 'float64') return float;
  if (int === undefined) return undefined;
  if (type === 'int') return Number(int);
  if (type === 'uint32') return int < 0n ? undefined : Number(int);
  return type === 'int64' ? int64(int) : undefined;
}

/** What Go expects where a literal of another kind stands. */
export function literalWanted(type: string): string | undefined {
  if (type === 'string' || type === 'bool') return type;
  if (type === 'float64') return 'float';
  return type.startsWith('int') ? 'integer' : type.startsWith('uint') ? 'unsigned integer' : undefined;
}

export const integerArgument = (value: unknown): number => {
  const int = integerOf(value);
  if (int !== undefined) return Number(int);
  throw wrongType(value, 'int');
};

export function wrongType(value: unknown, expected: string): FunctionError {
  if (isNil(value)) return new FunctionError(`invalid value; expected ${expected}`);
  return new FunctionError(`wrong type for value; expected ${expected}; got ${typeName(value)}`);
}
