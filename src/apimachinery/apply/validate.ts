// Whether a value fits its type: wrong types, undeclared fields, elements of lists that cannot be told apart.
//
// Follows structured-merge-diff's typed.Validate, whose texts these are.
import { isObject, type JsonObject } from '../object.ts';
import { printed, printedAsSyntax, typeOf } from '../patch/go-print.ts';
import { facetOf, type ApplyType, type ListType, type MapType, type ScalarKind } from './apply-schema.ts';
import { itemElement, ListItemError } from './list-items.ts';
import { fieldElement, indexElement, pathText, type FieldPath, type PathElement } from './path-element.ts';

export interface ValidationError {
  readonly path: FieldPath;
  readonly message: string;
}

/** Thrown by {@link validate}. */
export class ValidationErrors extends Error {
  override readonly name = 'ValidationErrors';
  readonly errors: readonly ValidationError[];
  constructor(errors: readonly ValidationError[]) {
    const lines = errors.map(({ path, message }) => (path.length ? `${pathText(path)}: ${message}` : message));
    super(lines.length === 1 ? lines[0]! : ['errors:', ...lines.map((line) => `  ${line}`)].join('\n'));
    this.errors = errors;
  }
}

export interface ValidateOptions {
  /** Stored objects may have them; what is applied may not. */
  readonly allowDuplicates?: boolean;
}

/** Throws {@link ValidationErrors}. */
export function validate(type: ApplyType, value: unknown, options: ValidateOptions = {}): void {
  const errors: ValidationError[] = [];
  visit({ allowDuplicates: options.allowDuplicates ?? false, path: [], errors }, type, value);
  if (errors.length) throw new ValidationErrors(errors);
}

/** What has been found valid, by type. Stored objects share most of their parts with their predecessors. */
const valid = new WeakMap<ApplyType, WeakSet<object>>();

/** As {@link validate} with duplicates allowed, for a whole object: the fields of the root that were seen before are not looked at again. */
export function validateStored(type: ApplyType, object: JsonObject): void {
  if (type.decoded && !mayLackKeys(type)) return;
  const fields = Object.keys(object).filter((name) => {
    const field = fieldType(type, name);
    const value = object[name];
    return !field || !isObject(value) || !valid.get(field)?.has(value);
  });
  validate(type, Object.fromEntries(fields.map((name) => [name, object[name]])), { allowDuplicates: true });
  for (const name of fields) {
    const value = object[name];
    const field = fieldType(type, name);
    if (!field || !isObject(value)) continue;
    let seen = valid.get(field);
    if (!seen) valid.set(field, (seen = new WeakSet()));
    seen.add(value);
  }
}

const fieldType = ({ map }: ApplyType, name: string): ApplyType | undefined => map?.fields.get(name)?.type ?? map?.element;

const lackingKeys = new WeakMap<ApplyType, boolean>();

/** Whether a type holds a list whose elements may have none of their keys: all that can be wrong with an object that was decoded. */
function mayLackKeys(type: ApplyType): boolean {
  let known = lackingKeys.get(type);
  if (known === undefined) lackingKeys.set(type, (known = holdsKeylessList(type, new Set())));
  return known;
}

function holdsKeylessList(type: ApplyType, seen: Set<ApplyType>): boolean {
  if (seen.has(type)) return false;
  seen.add(type);
  const { list, map } = type;
  if (
    list &&
    !list.atomic &&
    list.keys.length &&
    list.keys.every((key) => (list.element.map?.fields.get(key)?.default ?? undefined) === undefined)
  )
    return true;
  if (list && holdsKeylessList(list.element, seen)) return true;
  if (!map) return false;
  if (map.element && holdsKeylessList(map.element, seen)) return true;
  for (const field of map.fields.values()) if (holdsKeylessList(field.type, seen)) return true;
  return false;
}

interface Visit {
  readonly allowDuplicates: boolean;
  readonly path: PathElement[];
  readonly errors: ValidationError[];
}

function report({ path, errors }: Visit, message: string): void {
  errors.push({ path: [...path], message });
}

function visit(v: Visit, type: ApplyType, value: unknown): void {
  switch (facetOf(type, value)) {
    case 'map':
      return visitMap(v, type.map!, value);
    case 'list':
      return visitList(v, type.list!, value);
    case 'scalar':
      return visitScalar(v, type.scalar!, value);
  }
}

function visitScalar(v: Visit, kind: ScalarKind, value: unknown): void {
  if (value === null) return;
  const found = typeof value;
  const number = found === 'number' || found === 'bigint';
  if (kind === 'numeric' && !number) report(v, `expected numeric (int or float), got ${typeOf(value)}`);
  // Go prints its wrapper of the value too
  else if (kind === 'string' && found !== 'string')
    report(v, `expected string, got &value.valueUnstructured{Value:${printedAsSyntax(value)}}`);
  else if (kind === 'boolean' && found !== 'boolean') report(v, `expected boolean, got ${wrapped(value)}`);
  else if (kind === 'untyped' && found === 'object') report(v, `expected any scalar, got ${wrapped(value)}`);
}

const wrapped = (value: unknown): string => `&{${printed(value)}}`;

function visitList(v: Visit, list: ListType, value: unknown): void {
  if (value === null) return;
  if (!Array.isArray(value)) return report(v, `expected list, got ${wrapped(value)}`);
  const seen = new Set<string>();
  for (let i = 0; i < value.length; i++) {
    let element = indexElement(i);
    if (!list.atomic) {
      try {
        element = itemElement(list, value[i]);
      } catch (error) {
        if (!(error instanceof ListItemError)) throw error;
        // nothing can be said about the rest
        return report(v, `element ${i}: ${error.message}`);
      }
      if (seen.has(element.text) && !v.allowDuplicates) report(v, `duplicate entries for key ${pathText([element])}`);
      seen.add(element.text);
    }
    v.path.push(element);
    visit(v, list.element, value[i]);
    v.path.pop();
  }
}

function visitMap(v: Visit, map: MapType, value: unknown): void {
  if (value === null) return;
  if (!isObject(value)) return report(v, `expected map, got ${wrapped(value)}`);
  for (const key of Object.keys(value)) {
    const field = map.fields.get(key);
    const type = field?.type ?? map.element;
    v.path.push(field?.element ?? fieldElement(key));
    if (type) visit(v, type, value[key]);
    else report(v, 'field not declared in schema');
    v.path.pop();
    // the first undeclared field ends it
    if (!type) return;
  }
}
