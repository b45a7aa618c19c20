// What expressions that change objects have besides: the types Object and JSONPatch, and the escaping of keys in JSON pointers. Follows
// pkg/cel/mutation and jsonpatch.go of k8s.io/apiserver.
import { DYN, STRING } from '../cel-type.ts';
import { declare, type FieldTypes, type FunctionDeclaration } from '../environment.ts';
import { structType } from '../cel-type.ts';

export const jsonPatchFunctions: readonly FunctionDeclaration[] = [
  declare('jsonpatch.escapeKey', {
    'string_jsonpatch_escapeKey_string: (string) -> string': (key) => (key as string).replaceAll('~', '~0').replaceAll('/', '~1'),
  }),
];

export const JSON_PATCH = structType('JSONPatch');
export const OBJECT = structType('Object');

const PATCH_FIELDS: FieldTypes = (field) => {
  if (field === 'op' || field === 'from' || field === 'path') return STRING;
  return field === 'value' ? DYN : undefined;
};

/** Any field of an object may be set: what fits is found out when it is applied. */
export function mutationTypes(name: string): FieldTypes | undefined {
  if (name === 'JSONPatch') return PATCH_FIELDS;
  return name === 'Object' || name.startsWith('Object.') ? () => DYN : undefined;
}
