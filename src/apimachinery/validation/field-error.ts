// Errors of single fields, with the paths, reasons and wording of k8s.io/apimachinery's `field` package.
import { goFloat, quote } from '../go-text.ts';
import { encodeJson } from '../json/encode.ts';

/** Where a field is: `spec.containers[0].ports[1].name`, `metadata.labels[a/b]`. Text is made only when an error needs it. */
export class Path {
  private readonly parent: Path | undefined;
  private readonly part: string | number;
  private readonly isIndex: boolean;

  private constructor(parent: Path | undefined, part: string | number, isIndex: boolean) {
    this.parent = parent;
    this.part = part;
    this.isIndex = isIndex;
  }

  static of(...names: readonly string[]): Path {
    let path: Path | undefined;
    for (const name of names) path = new Path(path, name, false);
    return path ?? new Path(undefined, '', false);
  }

  child(...names: readonly string[]): Path {
    let path: Path = this;
    for (const name of names) path = new Path(path, name, false);
    return path;
  }

  /** An element of a list. */
  index(i: number): Path {
    return new Path(this, i, true);
  }

  /** An entry of a map. */
  key(key: string): Path {
    return new Path(this, key, true);
  }

  toString(): string {
    const own = this.isIndex ? `[${this.part}]` : String(this.part);
    if (!this.parent) return own;
    const before = this.parent.toString();
    return this.isIndex || before === '' ? before + own : `${before}.${own}`;
  }
}

export type FieldErrorReason =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTooFew'
  | 'FieldValueTooShort'
  | 'FieldValueTypeInvalid'
  | 'InternalError';

const WORDS: Readonly<Record<FieldErrorReason, string>> = {
  FieldValueNotFound: 'Not found',
  FieldValueRequired: 'Required value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueForbidden: 'Forbidden',
  FieldValueTooLong: 'Too long',
  FieldValueTooMany: 'Too many',
  FieldValueTooFew: 'Too few',
  FieldValueTooShort: 'Too short',
  FieldValueTypeInvalid: 'Invalid value',
  InternalError: 'Internal error',
};

export interface FieldError {
  readonly reason: FieldErrorReason;
  readonly field: string;
  /** All but the field: `Invalid value: "x": must be ...`. */
  readonly body: string;
}

/** What stands where the value would: nothing at all. */
export const OMIT_VALUE = Symbol('omitted value');

/** A value that prints as this text: a Go struct, for instance, that has no JSON of its own. */
export class Printed {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

function error(reason: FieldErrorReason, field: Path, value: unknown, detail: string, printsValue: boolean): FieldError {
  let body = WORDS[reason];
  if (printsValue && value !== OMIT_VALUE) body += `: ${printed(value)}`;
  if (detail) body += `: ${detail}`;
  return { reason, field: field.toString(), body };
}

function printed(value: unknown): string {
  if (value instanceof Printed) return value.text;
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return goFloat(value);
  return value === undefined ? 'null' : goJson(value);
}

/** As Go's json.Marshal writes a value: with &, < and > escaped. */
export function goJson(value: unknown): string {
  return encodeJson(value).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export const notFound = (field: Path, value: unknown, detail = ''): FieldError => error('FieldValueNotFound', field, value, detail, true);
export const required = (field: Path, detail = ''): FieldError => error('FieldValueRequired', field, '', detail, false);
export const duplicate = (field: Path, value: unknown): FieldError => error('FieldValueDuplicate', field, value, '', true);
export const invalid = (field: Path, value: unknown, detail: string): FieldError => error('FieldValueInvalid', field, value, detail, true);
export const typeInvalid = (field: Path, value: unknown, detail: string): FieldError =>
  error('FieldValueTypeInvalid', field, value, detail, true);
export const forbidden = (field: Path, detail: string): FieldError => error('FieldValueForbidden', field, '', detail, false);
export const internalError = (field: Path, detail: string): FieldError => error('InternalError', field, '', detail, false);

/** @param supported in the order in which they are told */
export const notSupported = (field: Path, value: unknown, supported: readonly string[]): FieldError =>
  error('FieldValueNotSupported', field, value, supported.length ? `supported values: ${supported.map(quote).join(', ')}` : '', true);

const counted = (n: number, thing: string): string => `${n} ${thing}${n === 1 ? '' : 's'}`;

/** @param max negative: unknown */
const longer = (field: Path, max: number, unit: string): FieldError =>
  error('FieldValueTooLong', field, '', max >= 0 ? `may not be more than ${counted(max, unit)}` : 'value is too long', false);

/** @param maxLength in bytes; negative: unknown */
export const tooLong = (field: Path, maxLength: number): FieldError => longer(field, maxLength, 'byte');

/** @param maxLength in characters; negative: unknown */
export const tooLongCharacters = (field: Path, maxLength: number): FieldError => longer(field, maxLength, 'character');

/** @param minLength in characters; negative: unknown */
export const tooShort = (field: Path, minLength: number): FieldError =>
  error(
    'FieldValueTooShort',
    field,
    '',
    minLength >= 0 ? `must be at least ${counted(minLength, 'character')}` : 'value is too short',
    false,
  );

export const tooMany = (field: Path, actual: number, max: number): FieldError =>
  error('FieldValueTooMany', field, actual, max >= 0 ? `must have at most ${counted(max, 'item')}` : 'has too many items', actual >= 0);

export const tooFew = (field: Path, actual: number, min: number): FieldError =>
  error('FieldValueTooFew', field, actual, min >= 0 ? `must have at least ${counted(min, 'item')}` : 'has too few items', actual >= 0);

export const fieldErrorText = (e: FieldError): string => `${e.field}: ${e.body}`;
