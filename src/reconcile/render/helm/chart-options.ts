// What whoever uses a chart says of it: the definition of an app, or the command line; in the shape of an Argo CD Application's `helm`. The
// files that it names are looked for here: beside the chart, at the root of its repository, in another source of the app.
import { posix } from 'node:path';
import { SourceError } from '../../source/source-error.ts';
import { anyOf } from '../../source/glob.ts';
import { fromSource, type SourceTree } from '../../source/source-tree.ts';
import { ChartError } from './chart-error.ts';
import { joined } from './chart-files.ts';
import type { ClusterFacts } from './capabilities.ts';
import type { ChartRelease } from './render-chart.ts';
import type { SetLine, ValuesFile } from './values.ts';

export interface HelmOptions {
  /** After the app where nothing is said. */
  readonly releaseName: string | undefined;
  readonly namespace: string | undefined;
  readonly valueFiles: readonly ValuesReference[];
  /** Files that are not there are passed over. */
  readonly ignoreMissingValueFiles: boolean;
  readonly set: readonly SetLine[];
  /** The text of a file is a value. */
  readonly setFiles: readonly { readonly name: string; readonly path: string; readonly said: string }[];
  readonly skipCrds: boolean;
  readonly skipSchemaValidation: boolean;
  readonly kubeVersion: string | undefined;
  readonly apiVersions: readonly string[];
}

export const NO_HELM_OPTIONS: HelmOptions = {
  releaseName: undefined,
  namespace: undefined,
  valueFiles: [],
  ignoreMissingValueFiles: false,
  set: [],
  setFiles: [],
  skipCrds: false,
  skipSchemaValidation: false,
  kubeVersion: undefined,
  apiVersions: [],
};

/** Values themselves, or the file that holds them. */
export type ValuesReference =
  | ValuesFile
  | {
      /** From the chart; from the root of its repository where it begins with `/`; of another source where it begins with `$name/`. */
      readonly file: string;
      /** The field that names it. */
      readonly said: string;
      /** A file of the person's own, where the source has none of this name. */
      readonly local?: ValuesFile | undefined;
    };

/** Other sources of an app, by their names: their trees from the root. */
export type LentTrees = (name: string) => Promise<SourceTree | undefined>;

/** Of one pattern. */
const MAX_FILES = 1000;

/** The files that hold values, read. @param directory of the chart in the tree */
async function valueFilesOf(
  { valueFiles, ignoreMissingValueFiles }: Pick<HelmOptions, 'valueFiles' | 'ignoreMissingValueFiles'>,
  tree: SourceTree,
  directory: string,
  lent: LentTrees = async () => undefined,
): Promise<readonly ValuesFile[]> {
  const files: ValuesFile[] = [];
  for (const one of valueFiles) {
    if ('bytes' in one) {
      files.push(one);
      continue;
    }
    const found = await filesAt(one.file, one.said, tree, directory, lent);
    if (found.length) files.push(...found);
    else if (one.local) files.push(one.local);
    else if (!ignoreMissingValueFiles && !isPattern(one.file))
      throw new ChartError(`there is no file ${one.file}`, {
        said: one.said,
        hint: 'the path begins at the chart; with / at the root of its repository',
      });
  }
  return files;
}

/** Each value that is the text of a file, as a line of values. */
async function setFilesOf(
  { setFiles }: Pick<HelmOptions, 'setFiles'>,
  tree: SourceTree,
  directory: string,
  lent?: LentTrees,
): Promise<readonly SetLine[]> {
  const lines: SetLine[] = [];
  for (const { name, path, said } of setFiles) {
    const [file] = await filesAt(path, said, tree, directory, lent);
    if (!file) throw new ChartError(`there is no file ${path}`, { said });
    lines.push({ kind: 'text', name, text: Buffer.from(file.bytes).toString('utf8'), said });
  }
  return lines;
}

const isPattern = (path: string): boolean => /[*?[]/.test(path);

async function filesAt(
  path: string,
  said: string,
  own: SourceTree,
  directory: string,
  lent: LentTrees = async () => undefined,
): Promise<readonly ValuesFile[]> {
  const [, name, rest] = /^\$([^/]+)\/(.*)$/.exec(path) ?? [];
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path))
    throw new ChartError(`${path} lies elsewhere, and is not fetched`, { said, hint: 'copy it into the repository, and name the copy' });
  const tree = name === undefined ? own : await lent(name);
  if (!tree) throw new ChartError(`no source of the app has the ref ${name}`, { said, hint: `give one of its sources ref: ${name}` });
  const whole = name !== undefined ? rest! : path.startsWith('/') ? path.slice(1) : joined(directory, path);
  const clean = posix.normalize(whole || '.').replace(/\/$/, '');
  if (clean === '..' || clean.startsWith('../') || clean.startsWith('/'))
    throw new ChartError(`${path} leads out of the source`, { said, hint: 'files of values lie in the repository' });
  try {
    const paths = isPattern(clean) ? await matching(tree, clean) : [clean];
    const files: ValuesFile[] = [];
    for (const one of paths) {
      const found = await tree.find(one);
      if (found?.kind === 'file') files.push({ path: fromSource(tree.prefix, one), bytes: await found.file.read() });
    }
    return files;
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    throw new ChartError(`${path}: ${error.message}`, { said, hint: error.hint, cause: error });
  }
}

/** Files that a pattern fits, in the order of their paths. */
async function matching(tree: SourceTree, pattern: string): Promise<readonly string[]> {
  const fits = anyOf([`/${pattern}`]);
  const names = pattern.split('/');
  const fixed = names.slice(0, names.findIndex(isPattern));
  const found: string[] = [];
  const walk = async (directory: string, level: number): Promise<void> => {
    for (const name of await tree.list(directory)) {
      const path = joined(directory, name);
      const kind = (await tree.find(path))?.kind;
      if (kind === 'file' && fits(path) && found.push(path) > MAX_FILES)
        throw new ChartError(`${pattern} fits more than ${MAX_FILES} files`);
      if (kind === 'directory' && (level + 1 < names.length || names.includes('**')) && level < 64) await walk(path, level + 1);
    }
  };
  await walk(fixed.join('/'), fixed.length);
  return found.sort();
}

/** How a chart is used, once the files are read that the options name. Throws a ChartError. */
export async function releaseOf(
  options: HelmOptions,
  { name, namespace, cluster }: { readonly name: string; readonly namespace: string; readonly cluster?: ClusterFacts | undefined },
  tree: SourceTree,
  directory: string,
  lent?: LentTrees,
): Promise<ChartRelease> {
  return {
    name: options.releaseName || name,
    namespace: options.namespace || namespace,
    valueFiles: await valueFilesOf(options, tree, directory, lent),
    set: [...options.set, ...(await setFilesOf(options, tree, directory, lent))],
    skipCrds: options.skipCrds,
    skipSchemaValidation: options.skipSchemaValidation,
    kubeVersion: options.kubeVersion,
    apiVersions: options.apiVersions,
    cluster,
  };
}
