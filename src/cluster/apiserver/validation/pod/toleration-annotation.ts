// Tolerations as they once were: an annotation that holds them as JSON. It has no effect any more, but is still read. Follows
// ValidateTolerationsInPodAnnotations of pkg/apis/core/validation.
import type { Toleration } from '#api/core/v1';
import { goKindOf } from '../../../../apimachinery/json/go-kind.ts';
import { JsonSyntaxError, parseJson } from '../../../../apimachinery/json/parse.ts';
import { invalid, type FieldError, type Path } from '../../../../apimachinery/validation/field-error.ts';
import { validateTolerations } from './tolerations.ts';

export const TOLERATIONS = 'scheduler.alpha.kubernetes.io/tolerations';

export function validateTolerationAnnotation(text: string, field: Path, errors: FieldError[]): void {
  let tolerations: readonly Toleration[];
  try {
    tolerations = read(parseJson(text).value);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    errors.push(invalid(field, TOLERATIONS, error.message));
    return;
  }
  validateTolerations(tolerations, field.child(TOLERATIONS), errors);
}

/** Fields by their names in Go, which are found in any case. */
const FIELDS = [
  ['Key', 'key', 'string', 'string'],
  ['Operator', 'operator', 'string', 'core.TolerationOperator'],
  ['Value', 'value', 'string', 'string'],
  ['Effect', 'effect', 'string', 'core.TaintEffect'],
  ['TolerationSeconds', 'tolerationSeconds', 'number', 'int64'],
] as const;

function read(list: unknown): Toleration[] {
  if (list === null) return [];
  if (!Array.isArray(list)) throw new JsonSyntaxError(`json: cannot unmarshal ${goKindOf(list)} into Go value of type []core.Toleration`);
  return list.map((value: unknown) => {
    if (value === null) return {};
    const kind = goKindOf(value);
    if (kind !== 'object') throw new JsonSyntaxError(`json: cannot unmarshal ${kind} into Go value of type core.Toleration`);
    const toleration: Record<string, unknown> = {};
    for (const [key, v] of Object.entries(value as object)) {
      const field = FIELDS.find(([name]) => name.toLowerCase() === key.toLowerCase());
      if (!field || v === null) continue;
      const [name, own, expected, type] = field;
      if (goKindOf(v) !== expected)
        throw new JsonSyntaxError(`json: cannot unmarshal ${goKindOf(v)} into Go struct field Toleration.${name} of type ${type}`);
      toleration[own] = v;
    }
    return toleration as Toleration;
  });
}
