// The columns of custom resources in tables: those of their definition, or their age. Follows
// pkg/registry/customresource/tableconvertor of apiextensions-apiserver.
import type { CustomResourceColumnDefinition } from '#api/apiextensions/v1';
import { isObject, type KubernetesObject } from '../../../apimachinery/object.ts';
import { TimeError, parseTime, timeMs } from '../../../apimachinery/time.ts';
import { age } from '../tables/ages.ts';
import type { Cell, Column, Columns } from '../tables/table.ts';
import { parseJsonPath } from './json-path.ts';

const NAME: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description:
    'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
};

const AGE: CustomResourceColumnDefinition = {
  name: 'Age',
  type: 'date',
  description:
    'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata',
  jsonPath: '.metadata.creationTimestamp',
};

export function customColumns(definitions: readonly CustomResourceColumnDefinition[] | undefined): Columns {
  const shown = definitions?.length ? definitions : [AGE];
  const readers = shown.map(({ type, jsonPath }) => {
    const path = parseJsonPath(jsonPath);
    return (object: KubernetesObject, now: number): Cell => (path ? cell(type, path.find(object), now) : null);
  });
  return {
    columns: [
      NAME,
      ...shown.map(({ name, type, format, description, priority }) => ({
        name,
        type: type as Column['type'],
        ...(format ? { format } : {}),
        description:
          description || `Custom resource definition column (in JSONPath format): ${shown.find((d) => d.name === name)!.jsonPath}`,
        ...(priority ? { priority } : {}),
      })),
    ],
    cells: (object, now) => [object.metadata.name, ...readers.map((read) => read(object, now))],
  };
}

/** Null where the value is not there, or not of the column's type. */
function cell(type: string, found: readonly unknown[], now: number): Cell {
  const [value] = found;
  if (value === undefined) return null;
  if (value === null) return type === 'string' ? '<no value>' : null;
  switch (type) {
    case 'integer':
      return typeof value === 'bigint' ? Number(value) : typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'bigint' ? Number(value) : typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? ageOf(value, now) : null;
    default:
      return text(value);
  }
}

function ageOf(value: string, now: number): string {
  try {
    parseTime(value);
  } catch (error) {
    if (error instanceof TimeError) return '<invalid>';
    throw error;
  }
  return age(value, Math.max(now, timeMs(value)));
}

/** As Go's JSONPath prints what it finds. */
function text(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (typeof value === 'object') return JSON.stringify(isObject(value) ? sorted(value) : value);
  return String(value as string | number | boolean);
}

const sorted = (object: Record<string, unknown>): object => Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
