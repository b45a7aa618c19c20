// A chart of the source's tree with all that it depends on: what lies in its charts/, and beside that what Chart.yaml names and nobody
// has put there: charts of the same tree (`file://../common`), and, where it is allowed, charts of repositories elsewhere. Helm wants
// `helm dependency build` before, and Argo CD does that itself; so does this.
import { posix } from 'node:path';
import { isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { redacted } from '../../source/git/url.ts';
import { SourceError } from '../../source/source-error.ts';
import { fromSource, type SourceTree } from '../../source/source-tree.ts';
import { filesOfArchive } from './archive.ts';
import { loadChart, type Chart } from './chart.ts';
import { ChartError } from './chart-error.ts';
import { ChartBudget, filesOfDirectory, type ChartFile } from './chart-files.ts';
import { readMapping, type ChartDependency } from './chart-yaml.ts';
import { coalesceValues, type Warn } from './coalesce.ts';
import { isEnabled, missingIn } from './process-dependencies.ts';
import { isInRange } from './version-range.ts';

/** Charts that depend on charts in the tree. */
const MAX_LEVELS = 32;

/** Throws a ChartError. @param path of a directory or an archive @param values of the user: what they switch off need not be there */
export function openChart(tree: SourceTree, path: string, values: JsonObject, warn: Warn): Promise<Chart> {
  return new Opening(tree, warn).open(path, values, []);
}

class Opening {
  private readonly tree: SourceTree;
  private readonly warn: Warn;
  private readonly budget = new ChartBudget();
  /** The versions that Chart.lock names, of the chart that is opened. */
  private locked: ReadonlyMap<string, string> = new Map();

  constructor(tree: SourceTree, warn: Warn) {
    this.tree = tree;
    this.warn = warn;
  }

  /** @param above the charts that lead here, each depending on the next */
  async open(path: string, values: JsonObject, above: readonly string[]): Promise<Chart> {
    const { tree, budget } = this;
    if (above.includes(path)) throw new ChartError(`charts depend on each other in a circle: ${[...above, path].join(' → ')}`);
    if (above.length > MAX_LEVELS) throw new ChartError(`charts depend on each other more than ${MAX_LEVELS} levels deep`);
    const shown = fromSource(tree.prefix, path) || '.';
    try {
      const found = await tree.find(path);
      if (!found) throw new ChartError(`${shown}: there is no such chart`, { hint: 'check the path' });
      if (found.kind === 'file') return await loadChart(filesOfArchive(await found.file.read(), shown, budget), shown, budget);
      const files = await filesOfDirectory(tree, path, budget);
      return await this.complete(await loadChart(files, shown, budget), files, path, values, above);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      throw new ChartError(`${error.where}: ${error.message}`, { hint: error.hint, cause: error });
    }
  }

  /** With what it names and does not have. */
  private async complete(
    chart: Chart,
    files: readonly ChartFile[],
    directory: string,
    values: JsonObject,
    above: readonly string[],
  ): Promise<Chart> {
    const { warn } = this;
    const whole = coalesceValues({ ...chart, dependencies: [] }, values, warn);
    const absent = missingIn(chart).filter((one) => isEnabled(one, whole, '', warn));
    if (absent.length === 0) return chart;
    if (above.length === 0) this.locked = await lockedVersions(files);
    const found: Chart[] = [];
    for (const one of absent)
      if (!found.some(({ metadata }) => metadata.name === one.name && isInRange(metadata.version, one.version)))
        found.push(one.repository.startsWith('file://') ? await this.beside(one, directory, above) : await this.fetched(one));
    return { ...chart, dependencies: [...chart.dependencies, ...found] };
  }

  private async beside(one: ChartDependency, directory: string, above: readonly string[]): Promise<Chart> {
    const place = { file: one.file, at: [...one.at, 'repository'] };
    const way = one.repository.slice('file://'.length);
    const path = posix.normalize(posix.join(directory, way)).replace(/\/$/, '');
    if (way.startsWith('/') || path === '..' || path.startsWith('../'))
      throw new ChartError(`${one.repository} leads out of the source`, {
        place,
        hint: 'name the directory that holds both charts, and this one with --path; or put the chart into charts/ (helm dependency build)',
      });
    if ((await this.tree.find(path === '.' ? '' : path)) === undefined)
      throw new ChartError(`there is no chart ${one.name} at ${one.repository}`, {
        place,
        hint: 'check the path: it begins at this chart',
      });
    const chart = await this.open(path === '.' ? '' : path, {}, [...above, directory]);
    if (chart.metadata.name !== one.name)
      throw new ChartError(`the chart at ${one.repository} is called ${chart.metadata.name}, not ${one.name}`, { place });
    if (!isInRange(chart.metadata.version, one.version || '*'))
      throw new ChartError(`${one.name} at ${one.repository} has version ${chart.metadata.version}, and ${one.version} is wanted`, {
        place: { file: one.file, at: [...one.at, 'version'] },
        hint: 'write a range that holds it',
      });
    return chart;
  }

  private async fetched(one: ChartDependency): Promise<Chart> {
    const { elsewhere } = this.tree;
    const { name, repository, version } = one;
    const place = { file: one.file, at: one.at };
    const hint = 'run helm dependency build, and add what it puts into charts/ to the repository';
    if (!/^(?:https?|oci):\/\//.test(repository))
      throw new ChartError(`the chart ${name} is not in charts/${repository ? `, and ${repository} is no address` : ''}`, { place, hint });
    if (!elsewhere)
      throw new ChartError(`the chart ${name} is not in charts/, and nothing is fetched from ${redacted(repository)}`, {
        place,
        hint: `${hint}; or allow it with --allow-remote`,
      });
    const { fetchChart } = await import('./remote-chart.ts');
    const packed = await fetchChart({ repository, name, version: this.locked.get(name) ?? version }, elsewhere).catch((error: unknown) => {
      if (!(error instanceof SourceError)) throw error;
      throw new ChartError(`${error.where}: ${error.message}`, { place, hint: error.hint ?? hint, cause: error });
    });
    const shown = `${one.file.path.replace(/[^/]*$/, '')}charts/${name}-${this.locked.get(name) ?? version}.tgz`;
    return loadChart(filesOfArchive(packed, shown, this.budget), shown, this.budget);
  }
}

async function lockedVersions(files: readonly ChartFile[]): Promise<ReadonlyMap<string, string>> {
  const lock = files.find(({ name }) => name === 'Chart.lock' || name === 'requirements.lock');
  const { dependencies } = lock ? await readMapping(lock) : {};
  return new Map(
    (Array.isArray(dependencies) ? dependencies : []).flatMap((one): [string, string][] =>
      isObject(one) && typeof one.name === 'string' && typeof one.version === 'string' ? [[one.name, one.version]] : [],
    ),
  );
}
