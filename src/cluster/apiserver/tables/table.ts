// Tables: objects as rows for people to read, made by the server so that every client shows the same columns. What the columns of a kind
// are is said in the files beside this one.
import type { JsonObject, KubernetesObject } from '../../../apimachinery/object.ts';

export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  /** `name` marks the column by which objects are named. */
  readonly format?: string;
  readonly description: string;
  /** 0 is always shown, more only in wide output. */
  readonly priority?: number;
}

export type Cell = string | number | boolean | null;

/** How objects of a kind are shown. */
export interface Columns {
  readonly columns: readonly Column[];
  /** @param now milliseconds since 1970, for ages */
  cells(object: KubernetesObject, now: number): readonly Cell[];
  /** `Completed`, `Failed`: lets clients grey out a row. */
  conditions?(object: KubernetesObject): readonly JsonObject[] | undefined;
}

export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableOptions {
  /** `v1` or `v1beta1` of meta.k8s.io. */
  readonly version: string;
  readonly includeObject: IncludeObject;
  readonly now: number;
  /** In a watch only the first table tells its columns. */
  readonly withColumns?: boolean;
}

/** @param metadata of the list, or of the one object */
export function makeTable(objects: readonly KubernetesObject[], columns: Columns, metadata: JsonObject, options: TableOptions): JsonObject {
  const { version, includeObject, now, withColumns = true } = options;
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: withColumns ? columns.columns.map(definition) : null,
    rows: objects.map((object) => {
      const conditions = columns.conditions?.(object);
      return {
        cells: cellsOf(object, columns, now),
        ...(conditions ? { conditions } : {}),
        object: includeObject === 'None' ? null : includeObject === 'Object' ? object : partialMetadata(object, version),
      };
    }),
  };
}

/** A bookmark has no name, which Go reads as an empty one. */
function cellsOf(object: KubernetesObject, columns: Columns, now: number): readonly Cell[] {
  const cells: readonly (Cell | undefined)[] = columns.cells(object, now);
  return cells.includes(undefined) ? cells.map((cell) => cell ?? '') : (cells as readonly Cell[]);
}

const definition = ({ name, type, format = '', description, priority = 0 }: Column): JsonObject => ({
  name,
  type,
  format,
  description,
  priority,
});

/** By the object: it is asked for again and again. */
const metadataOnly = new WeakMap<object, JsonObject>();

/** Nothing of an object but its metadata. */
export function partialMetadata(object: KubernetesObject | JsonObject, version: string): JsonObject {
  const apiVersion = `meta.k8s.io/${version}`;
  const known = metadataOnly.get(object);
  if (known?.['apiVersion'] === apiVersion) return known;
  const partial = { kind: 'PartialObjectMetadata', apiVersion, metadata: object.metadata };
  metadataOnly.set(object, partial);
  return partial;
}
