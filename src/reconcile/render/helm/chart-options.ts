// What whoever uses a chart says of it: the definition of an app, or the command line; in the shape of an Argo CD Application's `helm`. The
// files that it names are looked for here: beside the chart, at the root of its repository, in another source of the app.
import { posix } from 'node:path';
import { SourceError } from '../../source/source-error.ts';
import { anyOf } from '../../source/glob.ts';
import { fromSource, type SourceTree } from '../../source/source-tree.ts';
import { ChartError } from './chart-error.ts';
import { joined } from './chart-files.ts';
import type { ClusterFacts, FindFacts } from './capabilities.ts';
import type { ChartRelease } from './render-chart.ts';
import type { SetLine, ValuesFile, ValuesSource } from './values.ts';

export interface HelmOptions {
  /** After the app where nothing is said. */
  readonly releaseName: string | undefined;
  readonly namespace: string | undefined;
  readonly valueFiles: readonly (ValuesReference | SetLine)[];
  /** Those of the chart itself, in place of its values.yaml. */
  readonly chartValueFiles: readonly FileReference[] | undefined;
  /** Files that are not there are passed over. */
  readonly ignoreMissingValueFiles: boolean;
  readonly set: readonly SetLine[];
  /** Single values over those of the files. */
  readonly parameters: readonly HelmParameter[];
  /** The text of a file is a value. */
  readonly setFiles: readonly { readonly name: string; readonly path: string; readonly said: string }[];
  readonly skipCrds: boolean;
  readonly skipSchemaValidation: boolean;
  readonly kubeVersion: string | undefined;
  readonly apiVersions: readonly string[];
}

/** How charts are rendered that a source holds. */
export interface ChartSettings {
  /** Of the release of a source that is a chart itself, where no path in it is; all others are called after their directories. */
  readonly name?: string;
  /** What the person says of such a chart. */
  readonly options?: HelmOptions | undefined;
  /** What is known of the cluster that all is for. */
  readonly cluster?: FindFacts | undefined;
  /** Milliseconds since 1970. */
  readonly now?: number | undefined;
}

export interface HelmParameter {
  readonly name: string;
  readonly value: string;
  /** It is text, whatever it looks like. */
  readonly forceString: boolean;
  readonly said: string;
}

export const NO_HELM_OPTIONS: HelmOptions = {
  releaseName: undefined,
  namespace: undefined,
  valueFiles: [],
  chartValueFiles: undefined,
  ignoreMissingValueFiles: false,
  set: [],
  parameters: [],
  setFiles: [],
  skipCrds: false,
  skipSchemaValidation: false,
  kubeVersion: undefined,
  apiVersions: [],
};

/** Values themselves, or the file that holds them. */
export type ValuesReference = ValuesFile | FileReference;

export interface FileReference {
  /** From the chart; from the root of its repository where it begins with `/`; of another source where it begins with `$name/`. */
  readonly file: string;
  /** The field that names it. */
  readonly said: string;
  /** How it is told, where that is another path. */
  readonly shown?: string;
  /** It was named on the command line: it may lie anywhere in the source; else it is a file of the person's own. */
  readonly byPerson?: { readonly local: ValuesFile | undefined };
}

/** Other sources of an app, by their names: their trees from the root. */
export type LentTrees = (name: string) => Promise<SourceTree | undefined>;

/** Of one pattern. */
const MAX_FILES = 1000;

/** What a chart's options are read with. */
export interface OptionsContext {
  readonly tree: SourceTree;
  /** Of the chart in the tree. */
  readonly directory: string;
  readonly lent?: LentTrees | undefined;
  /** What `$name` stands for in paths and parameters; it is text where there is none. */
  readonly environment?: ReadonlyMap<string, string> | undefined;
}

/** How a chart is used, once the files are read that the options name. Throws a ChartError. */
export async function releaseOf(
  options: HelmOptions,
  { name, namespace, cluster }: { readonly name: string; readonly namespace: string; readonly cluster?: ClusterFacts | undefined },
  context: OptionsContext,
): Promise<ChartRelease> {
  const { environment } = context;
  const parameters = options.parameters.map((parameter): SetLine => ({
    kind: parameter.forceString ? 'string' : 'typed',
    line: `${parameter.name}=${escapedValue(withVariables(parameter.value, environment))}`,
    said: parameter.said,
  }));
  return {
    name: options.releaseName || name,
    namespace: options.namespace || namespace,
    values: await valuesOf(options, context),
    chartValues: options.chartValueFiles && (await chartValuesOf(options.chartValueFiles, options, context)),
    set: [...options.set, ...parameters, ...(await setFilesOf(options, context))],
    skipCrds: options.skipCrds,
    skipSchemaValidation: options.skipSchemaValidation,
    kubeVersion: options.kubeVersion,
    apiVersions: options.apiVersions,
    cluster,
  };
}

/** A parameter is one value: its commas are its own, but for those of a list in braces. */
const escapedValue = (value: string): string => (/^\{.*\}$/s.test(value) ? value : value.replace(/([^\\]),/g, '$1\\,'));

/** `$name` and `${name}`, as Argo CD puts them in: those that are not known are empty, `$$` is a dollar. */
function withVariables(text: string, variables: ReadonlyMap<string, string> | undefined): string {
  if (!variables) return text;
  return text.replace(/\$(?:\{([^}]*)\}|([*#$@!?\-0-9])|([A-Za-z_]\w*))/g, (_, braced?: string, special?: string, name?: string) =>
    special === '$' ? '$' : (variables.get(braced ?? name ?? '') ?? ''),
  );
}

async function valuesOf(options: HelmOptions, context: OptionsContext): Promise<readonly ValuesSource[]> {
  const values: ValuesSource[] = [];
  for (const one of options.valueFiles) {
    if ('file' in one) values.push(...(await filesOf(one, options, context)));
    else values.push(one);
  }
  return values;
}

async function chartValuesOf(
  files: readonly FileReference[],
  options: HelmOptions,
  context: OptionsContext,
): Promise<readonly ValuesFile[]> {
  return (await Promise.all(files.map((one) => filesOf(one, options, context)))).flat();
}

async function filesOf(
  one: FileReference,
  { ignoreMissingValueFiles }: HelmOptions,
  context: OptionsContext,
): Promise<readonly ValuesFile[]> {
  const found = one.byPerson ? await filesForPerson(one.file, context) : await filesAt(one.file, one.said, context);
  if (found.length) return found;
  if (one.byPerson?.local) return [one.byPerson.local];
  if (ignoreMissingValueFiles || isPattern(one.file)) return [];
  throw new ChartError(`there is no file ${one.shown ?? one.file}`, {
    said: one.said,
    hint: one.byPerson
      ? 'it is neither in the source nor on this machine'
      : 'the path begins at the chart; with / at the root of its repository',
  });
}

/** Each value that is the text of a file, as a line of values. */
async function setFilesOf({ setFiles }: HelmOptions, context: OptionsContext): Promise<readonly SetLine[]> {
  const lines: SetLine[] = [];
  for (const { name, path, said } of setFiles) {
    const [file] = await filesAt(path, said, context);
    if (!file) throw new ChartError(`there is no file ${path}`, { said });
    lines.push({ kind: 'text', name, text: Buffer.from(file.bytes).toString('utf8'), said });
  }
  return lines;
}

/** As it is seen from the chart, from what was opened, or from the root of its repository. */
async function filesForPerson(file: string, { tree, directory }: OptionsContext): Promise<readonly ValuesFile[]> {
  if (file.startsWith('/')) return [];
  for (const from of new Set([directory, tree.prefix, ''])) {
    const path = posix.normalize(joined(from, file));
    const found = path.startsWith('..') ? [] : await readAt(tree, path, '--values');
    if (found.length) return found;
  }
  return [];
}

const isPattern = (path: string): boolean => /[*?[]/.test(path);

async function filesAt(path: string, said: string, context: OptionsContext): Promise<readonly ValuesFile[]> {
  const { tree: own, directory, lent = async () => undefined, environment } = context;
  const [, name, rest] = /^\$([^/]+)\/(.*)$/.exec(path) ?? [];
  const isEnvironment = name !== undefined && environment?.has(name.replace(/^\{(.*)\}$/, '$1'));
  const isLent = name !== undefined && !isEnvironment;
  const tree = isLent ? await lent(name) : own;
  if (!tree) throw new ChartError(`no source of the app has the ref ${name}`, { said, hint: `give one of its sources ref: ${name}` });
  const inside = withVariables(isLent ? rest! : path, environment);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(inside))
    throw new ChartError(`${inside} lies elsewhere, and is not fetched`, { said, hint: 'copy it into the repository, and name the copy' });
  const whole = isLent ? inside : inside.startsWith('/') ? inside.slice(1) : joined(directory, inside);
  const clean = posix.normalize(whole || '.').replace(/\/$/, '');
  if (clean === '..' || clean.startsWith('../') || clean.startsWith('/'))
    throw new ChartError(`${path} leads out of the source`, { said, hint: 'files of values lie in the repository' });
  return readAt(tree, clean, said);
}

async function readAt(tree: SourceTree, path: string, said: string): Promise<readonly ValuesFile[]> {
  try {
    const files: ValuesFile[] = [];
    for (const one of isPattern(path) ? await matching(tree, path) : [path]) {
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
