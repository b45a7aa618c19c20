// What versions of custom resources have besides a schema: subresources, printer columns, selectable fields. Follows
// pkg/apis/apiextensions/validation.
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
  SelectableField,
} from '#api/apiextensions/v1';
import { duplicate, invalid, required, tooMany, type FieldError, type Path } from '../../../apimachinery/validation/field-error.ts';
import { parseJsonPath } from '../custom/json-path.ts';
import { asStructural, entriesOf, propertyOf, type Structural } from '../custom/structural-schema.ts';

export function validateSubresources(subresources: CustomResourceSubresources | undefined, field: Path, errors: FieldError[]): void {
  const scale = subresources?.scale;
  if (!scale) return;
  const path = (value: string, name: string, under: string): void => {
    const at = field.child(`scale.${name}`);
    const count = errors.length;
    simplePath(value, at, errors);
    if (errors.length === count && !value.startsWith(`${under}.`)) errors.push(invalid(at, value, `should be a json path under ${under}`));
  };
  if (!scale.specReplicasPath) errors.push(required(field.child('scale.specReplicasPath')));
  else path(scale.specReplicasPath, 'specReplicasPath', '.spec');
  if (!scale.statusReplicasPath) errors.push(required(field.child('scale.statusReplicasPath')));
  else path(scale.statusReplicasPath, 'statusReplicasPath', '.status');
  const { labelSelectorPath } = scale;
  if (!labelSelectorPath) return;
  const at = field.child('scale.labelSelectorPath');
  const count = errors.length;
  simplePath(labelSelectorPath, at, errors);
  if (errors.length === count && !/^\.(?:spec|status)\./.test(labelSelectorPath))
    errors.push(invalid(at, labelSelectorPath, 'should be a json path under either .spec or .status'));
}

function simplePath(path: string, field: Path, errors: FieldError[]): void {
  if (path === '') errors.push(invalid(field, path, 'must not be empty'));
  else if (!path.startsWith('.')) errors.push(invalid(field, path, 'must be a simple json path starting with .'));
}

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];

export function validatePrinterColumns(
  columns: readonly CustomResourceColumnDefinition[] | undefined,
  field: Path,
  errors: FieldError[],
): void {
  (columns ?? []).forEach(({ name, type, format, jsonPath }, i) => {
    const at = field.index(i);
    if (!name) errors.push(required(at.child('name')));
    if (!type) errors.push(required(at.child('type'), `must be one of ${COLUMN_TYPES.join(',')}`));
    else if (!COLUMN_TYPES.includes(type)) errors.push(invalid(at.child('type'), type, `must be one of ${COLUMN_TYPES.join(',')}`));
    if (format && !COLUMN_FORMATS.includes(format))
      errors.push(invalid(at.child('format'), format, `must be one of ${COLUMN_FORMATS.join(',')}`));
    if (!jsonPath) errors.push(required(at.child('JSONPath')));
    else if (!jsonPath.startsWith('.')) errors.push(invalid(at.child('JSONPath'), jsonPath, 'must be a simple json path starting with .'));
    else if (!parseJsonPath(jsonPath)) errors.push(invalid(at.child('JSONPath'), jsonPath, 'must be a simple json path starting with .'));
  });
}

const MAX_SELECTABLE = 8;

/** @param without what Kubernetes says where they have no schema beside them */
export function validateSelectableFields(
  { selectableFields, schema }: CustomResourceDefinitionVersion,
  without: string,
  field: Path,
  errors: FieldError[],
): void {
  if (!selectableFields?.length) return;
  if (!schema?.openAPIV3Schema) {
    errors.push(invalid(field, '', without));
    return;
  }
  const seen = new Set<string>();
  selectableFields.forEach(({ jsonPath }: SelectableField, i) => {
    const at = field.index(i).child('jsonPath');
    if (!jsonPath) {
      errors.push(required(at));
      return;
    }
    const root = schema.openAPIV3Schema && asStructural(schema.openAPIV3Schema);
    const found = selected(jsonPath, root);
    if (typeof found === 'string') {
      errors.push(invalid(at, jsonPath, `is an invalid path: ${found}`));
      return;
    }
    if (/^\.(?:metadata|kind|apiVersion)\b/.test(jsonPath)) errors.push(invalid(at, jsonPath, 'must not point to fields in metadata'));
    else if (!['string', 'boolean', 'integer'].includes(found.type ?? ''))
      errors.push(
        invalid(
          at,
          jsonPath,
          'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
        ),
      );
    if (seen.has(jsonPath)) errors.push(duplicate(at, jsonPath));
    seen.add(jsonPath);
  });
  if (selectableFields.length > MAX_SELECTABLE) errors.push(tooMany(field, selectableFields.length, MAX_SELECTABLE));
}

/** The schema that a path leads to, or what is wrong with the path. */
export function selected(path: string, root: Structural | undefined): Structural | string {
  let schema: Structural | undefined = root;
  let rest = path;
  while (rest !== '') {
    const step = /^(?:\.([^.[\]]*)|\['((?:[^'\\]|\\.)*)'\])/.exec(rest);
    if (/^\[\d*\]/.test(rest)) return 'array notation is not allowed';
    if (!step) {
      const token = /^[^.[]+/.exec(rest)?.[0] ?? rest[0]!;
      return `expected [ or . but got: ${token}`;
    }
    const name = (step[1] ?? step[2])!;
    schema = schema && (propertyOf(schema, name) ?? entriesOf(schema));
    if (!schema) return 'does not refer to a valid field';
    rest = rest.slice(step[0].length);
  }
  return schema ?? 'does not refer to a valid field';
}
