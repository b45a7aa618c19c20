// Which directories of a source are parts of what others build: bases and components that another kustomization names, and components.
// Only a glance at the files: what is wrong with them is told when they are built.
import { isObject } from '../../../apimachinery/object.ts';
import { readYaml } from '../../../apimachinery/yaml/read.ts';
import type { SourceFile } from '../../source/snapshot.ts';
import { SourceError } from '../../source/source-error.ts';
import { joined } from './files.ts';
import { COMPONENT } from './kustomization.ts';
import { KustomizeError } from './kustomize-error.ts';
import { isRemote } from './remote-address.ts';

/** @param files all kustomization files of the source @returns directories, relative to the source's root */
export async function usedByOthers(files: readonly SourceFile[]): Promise<ReadonlySet<string>> {
  const used = new Set<string>();
  for (const file of files) {
    const value = await valueOf(file);
    if (!isObject(value)) continue;
    const directory = file.path.slice(0, Math.max(file.path.lastIndexOf('/'), 0));
    if (value.kind === COMPONENT) used.add(directory);
    for (const list of [value.resources, value.bases, value.components]) {
      if (!Array.isArray(list)) continue;
      for (const path of list) {
        const target = typeof path === 'string' && !isRemote(path) ? inside(directory, path) : undefined;
        if (target !== undefined && target !== directory) used.add(target);
      }
    }
  }
  return used;
}

async function valueOf(file: SourceFile): Promise<unknown> {
  try {
    const result = await readYaml(Buffer.from(await file.read()).toString('utf8'));
    return result.faults ? undefined : result.value;
  } catch (error) {
    if (error instanceof SourceError) return undefined;
    throw error;
  }
}

/** Undefined for what leads out of the source. */
function inside(directory: string, path: string): string | undefined {
  try {
    return joined(directory, path);
  } catch (error) {
    if (error instanceof KustomizeError) return undefined;
    throw error;
  }
}
