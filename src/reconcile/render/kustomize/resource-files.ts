// The resources of a file that a kustomization names: each document an object, Lists taken apart, each with its place and what is written
// there. What is no object is refused.
import { deepCopy, isObject } from '../../../apimachinery/object.ts';
import { startOf } from '../manifest-document.ts';
import { ManifestOrigin } from '../origin.ts';
import { positionsIn } from '../positions.ts';
import type { PlacedValue } from './files.ts';
import { KustomizeError } from './kustomize-error.ts';
import type { MergeSchemas } from './merge-keys.ts';
import { Resource, text } from './resource.ts';

/** Lists within Lists. */
const MAX_LISTS = 16;

/** The resources of a file, each with an object of its own; those of Lists follow behind the others. */
export async function resourcesIn(
  documents: readonly PlacedValue[],
  file: string,
  mergeSchemas: MergeSchemas,
): Promise<readonly Resource[]> {
  const out: Resource[] = [];
  let queue = documents.map((placedValue, i) => ({ ...placedValue, number: i + 1, at: [] as (string | number)[] }));
  for (let depth = 0; queue.length && depth < MAX_LISTS; depth++) {
    const inner: typeof queue = [];
    for (const { value, document, firstLine, number, at } of queue) {
      if (value === null || value === undefined || (isObject(value) && Object.keys(value).length === 0)) continue;
      const line = firstLine + (at.length ? (await positionsIn(document.text, [{ at }]))[0]!.line : lineAt(document.text)) - 1;
      const fault = (message: string, hint: string): KustomizeError =>
        new KustomizeError(message, { file, position: { line, column: 1 }, hint });
      if (!isObject(value)) throw fault('not a Kubernetes object', 'name only files of objects under resources');
      const kind = text(value.kind);
      if (kind === '') throw fault('missing kind in object', 'every object names its apiVersion and kind');
      if (kind.endsWith('List') && 'items' in value) {
        if (value.items !== null && !Array.isArray(value.items)) throw fault(`expected array in ${kind}/items`, 'items is a list');
        for (const [i, item] of ((value.items ?? []) as unknown[]).entries())
          inner.push({ value: item, document, firstLine, number, at: [...at, 'items', i] });
        continue;
      }
      if (!kind.endsWith('List') && (!isObject(value.metadata) || text(value.metadata.name) === ''))
        throw fault(`missing metadata.name in object ${kind}`, `every ${kind} needs a name`);
      const content = { value, schema: mergeSchemas(value.apiVersion, value.kind), from: 'object' as const };
      out.push(new Resource(deepCopy(value), new ManifestOrigin({ file, document: number, line }, { document, firstLine, at, content })));
    }
    queue = inner;
  }
  return out;
}

/** The line of a document's first word. */
function lineAt(document: string): number {
  return document.slice(0, startOf(document)).split('\n').length;
}
