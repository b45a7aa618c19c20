// Which charts of a source are there for others: libraries, and those that another chart of the source depends on (`file://../common`). Only
// a glance at the files: what is wrong with them is told when they are rendered.
import { posix } from 'node:path';
import { isObject } from '../../../apimachinery/object.ts';
import type { SourceFile } from '../../source/snapshot.ts';
import { SourceError } from '../../source/source-error.ts';
import { ChartError } from './chart-error.ts';
import { readMapping } from './chart-yaml.ts';

/** @param files all Chart.yaml of the source @returns directories, relative to the source's root */
export async function partsOfOthers(files: readonly SourceFile[]): Promise<ReadonlySet<string>> {
  const parts = new Set<string>();
  for (const file of files) {
    const directory = file.path.slice(0, Math.max(file.path.lastIndexOf('/'), 0));
    const { type, dependencies } = await glance(file);
    if (type === 'library') parts.add(directory);
    for (const dependency of Array.isArray(dependencies) ? dependencies : []) {
      const repository: unknown = isObject(dependency) ? dependency.repository : undefined;
      if (typeof repository !== 'string' || !repository.startsWith('file://')) continue;
      const target = posix.join(directory, repository.slice('file://'.length)).replace(/\/$/, '');
      if (target !== directory) parts.add(target);
    }
  }
  return parts;
}

async function glance(file: SourceFile): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await readMapping({ path: file.path, bytes: await file.read() });
  } catch (error) {
    if (error instanceof SourceError || error instanceof ChartError) return {};
    throw error;
  }
}
