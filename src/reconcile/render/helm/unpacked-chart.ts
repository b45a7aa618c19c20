// A packed chart as a tree of its own, in a directory that is called after the chart and its version.
import { memoryTree } from '../../source/memory-tree.ts';
import { SourceError } from '../../source/source-error.ts';
import type { SourceTree } from '../../source/source-tree.ts';
import { filesOfArchive } from './archive.ts';
import { ChartError } from './chart-error.ts';
import { ChartBudget } from './chart-files.ts';
import { readMapping } from './chart-yaml.ts';

export interface UnpackedChart {
  readonly tree: SourceTree;
  readonly directory: string;
  /** As it says itself. */
  readonly name: string;
}

/** Throws a SourceError. @param where the archive's name for errors */
export async function unpackedChart(packed: Uint8Array, where: string): Promise<UnpackedChart> {
  try {
    const files = filesOfArchive(packed, where, new ChartBudget());
    const own = files.find(({ name }) => name === 'Chart.yaml');
    const { name = 'chart', version = '0' } = own ? await readMapping(own) : {};
    const directory = `${String(name)}-${String(version)}`.replaceAll('/', '-');
    const tree = memoryTree(new Map(files.map((file) => [`${directory}/${file.name}`, file.bytes])));
    return { tree, directory, name: String(name) };
  } catch (error) {
    if (!(error instanceof ChartError)) throw error;
    throw new SourceError('Corrupt', where, error.message, error.hint, error);
  }
}
