// The files of a chart: of a directory of the source's tree, without what .helmignore leaves out, or of an archive (.tgz). Nothing
// outside of the tree is read, whatever links say; everything is bounded, archives in what they unpack to.
import { megabytes, SourceError } from '../../source/source-error.ts';
import { MAX_DEPTH } from '../../source/limits.ts';
import { fromSource, type SourceTree } from '../../source/source-tree.ts';
import { ChartError } from './chart-error.ts';
import { readHelmignore } from './helmignore.ts';

export interface ChartFile {
  /** In the chart: `templates/web.yaml`. */
  readonly name: string;
  /** As it is shown: as seen from the source. */
  readonly path: string;
  /** Without a byte order mark. */
  readonly bytes: Uint8Array;
}

/** Helm's own bounds of one file, and of all of an archive. */
const MAX_CHART_FILE_BYTES = 5 * 1024 * 1024;
const MAX_CHART_BYTES = 100 * 1024 * 1024;
/** Files of a chart with all its dependencies. */
const MAX_CHART_FILES = 20_000;

/** What reading a chart with all its dependencies may take. */
export class ChartBudget {
  private bytes = 0;
  private files = 0;

  /** Throws a ChartError once a bound is passed. */
  take(bytes: number, path: string): void {
    if (bytes > MAX_CHART_FILE_BYTES)
      throw new ChartError(`${path} has more than ${megabytes(MAX_CHART_FILE_BYTES)}`, { hint: 'leave it out with .helmignore' });
    this.bytes += bytes;
    if (this.bytes > MAX_CHART_BYTES || ++this.files > MAX_CHART_FILES)
      throw new ChartError(`the chart has more than ${MAX_CHART_FILES} files or ${megabytes(MAX_CHART_BYTES)}`, {
        hint: 'leave out what is not needed with .helmignore',
      });
  }

  /** Bytes that may still be read. */
  get left(): number {
    return MAX_CHART_BYTES - this.bytes;
  }
}

const BOM = [0xef, 0xbb, 0xbf] as const;

export const withoutBom = (bytes: Uint8Array): Uint8Array => (BOM.every((byte, i) => bytes[i] === byte) ? bytes.subarray(3) : bytes);

/** The files of a directory, in the order of a walk: its files and directories by their names. */
export async function filesOfDirectory(tree: SourceTree, directory: string, budget: ChartBudget): Promise<readonly ChartFile[]> {
  const ignoreFile = await readFile(tree, directory, '.helmignore', budget);
  const ignores = readHelmignore(ignoreFile);
  const files: ChartFile[] = [];
  /** @param above where the directories really lie that lead here */
  const walk = async (inside: string, above: readonly string[]): Promise<void> => {
    if (above.length > MAX_DEPTH) throw new ChartError(`directories are nested more than ${MAX_DEPTH} levels deep`);
    for (const name of await tree.list(joined(directory, inside))) {
      const path = joined(inside, name);
      if (ignores(path, false) && ignores(path, true)) continue;
      const found = await tree.find(joined(directory, path));
      if (!found || ignores(path, found.kind === 'directory')) continue;
      if (found.kind === 'directory') {
        if (above.includes(found.path)) throw new ChartError(`${path}: a link leads back to a directory that holds it`);
        await walk(path, [...above, found.path]);
      } else files.push({ name: path, path: shownIn(tree, directory, path), bytes: await read(found.file, budget) });
    }
  };
  await walk('', [directory]);
  return files;
}

/** As it is seen from the source, under the name by which the chart has it. */
const shownIn = (tree: SourceTree, directory: string, path: string): string => fromSource(tree.prefix, joined(directory, path));

export const joined = (directory: string, path: string): string => (directory && path ? `${directory}/${path}` : directory || path);

async function read(file: { readonly path: string; read(): Promise<Uint8Array> }, budget: ChartBudget): Promise<Uint8Array> {
  try {
    const bytes = await file.read();
    budget.take(bytes.length, file.path);
    return withoutBom(bytes);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    throw new ChartError(`${file.path}: ${error.message}`, { hint: error.hint, cause: error });
  }
}

async function readFile(tree: SourceTree, directory: string, name: string, budget: ChartBudget): Promise<ChartFile | undefined> {
  const found = await tree.find(joined(directory, name));
  return found?.kind === 'file' ? { name, path: shownIn(tree, directory, name), bytes: await read(found.file, budget) } : undefined;
}
