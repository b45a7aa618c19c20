// The manifests of static pods: a folder with a folder for each node, as `staticPodPath` of a kubelet is one. Read once.
import fs from 'node:fs/promises';
import path from 'node:path';
import type { Pod } from '#api/core/v1';
import { isObject, type Manifest } from '../apimachinery/object.ts';
import { readYaml } from '../apimachinery/yaml/read.ts';

export class StaticPodError extends Error {
  override readonly name = 'StaticPodError';
}

/** By the name of the node. Throws a {@link StaticPodError} that names the file. */
export async function readStaticPods(folder: string): Promise<Readonly<Record<string, readonly Manifest<Pod>[]>>> {
  const byNode: Record<string, readonly Manifest<Pod>[]> = {};
  for (const node of await entries(folder)) {
    if (!node.isDirectory()) continue;
    const pods: Manifest<Pod>[] = [];
    for (const file of await entries(path.join(folder, node.name)))
      // kubelets pass over hidden files
      if (file.isFile() && !file.name.startsWith('.')) pods.push(await readPod(path.join(folder, node.name, file.name)));
    byNode[node.name] = pods;
  }
  return byNode;
}

async function entries(folder: string) {
  try {
    return (await fs.readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw new StaticPodError(`${folder}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`, { cause: error });
  }
}

async function readPod(file: string): Promise<Manifest<Pod>> {
  const read = await readYaml(await fs.readFile(file, 'utf8'));
  if (read.faults) throw new StaticPodError(`${file}: ${read.faults[0]!.message}`);
  const { value } = read;
  if (!isObject(value) || value['apiVersion'] !== 'v1' || value['kind'] !== 'Pod') throw new StaticPodError(`${file}: is no Pod of v1`);
  const { metadata, spec } = value;
  if (!isObject(metadata) || typeof metadata['name'] !== 'string') throw new StaticPodError(`${file}: metadata.name is missing`);
  if (!isObject(spec) || !Array.isArray(spec['containers'])) throw new StaticPodError(`${file}: spec.containers is missing`);
  return value as unknown as Manifest<Pod>;
}
