// A chart of the source's tree with all that it depends on: what lies in its charts/, and beside that what Chart.yaml names and nobody
// has put there: charts of the same tree (`file://../common`), and, where it is allowed, charts of repositories elsewhere. Helm wants
// `helm dependency build` before, and Argo CD does that itself; so does this.
import { posix } from 'node:path';
import type { JsonObject } from '../../../apimachinery/object.ts';
import { SourceError } from '../../source/source-error.ts';
import { fromSource, type SourceTree } from '../../source/source-tree.ts';
import { filesOfArchive } from './archive.ts';
import { loadChart, type Chart } from './chart.ts';
import { ChartError } from './chart-error.ts';
import { ChartBudget, filesOfDirectory } from './chart-files.ts';
import type { ChartDependency } from './chart-yaml.ts';
import { coalesceValues, type Warn } from './coalesce.ts';
import { isEnabled, missingIn } from './process-dependencies.ts';
import { isInRange } from './version-range.ts';

/** Charts that depend on charts in the tree. */
const MAX_LEVELS = 32;

/** Throws a ChartError. @param path of a directory or an archive @param values of the user: what they switch off need not be there */
export function openChart(tree: SourceTree, path: string, values: JsonObject, warn: Warn): Promise<Chart> {
  return new Opening(tree, warn).open(path, values, 0);
}

class Opening {
  private readonly tree: SourceTree;
  private readonly warn: Warn;
  private readonly budget = new ChartBudget();

  constructor(tree: SourceTree, warn: Warn) {
    this.tree = tree;
    this.warn = warn;
  }

  async open(path: string, values: JsonObject, level: number): Promise<Chart> {
    const { tree, budget } = this;
    if (level > MAX_LEVELS) throw new ChartError(`charts depend on each other more than ${MAX_LEVELS} levels deep`);
    const shown = fromSource(tree.prefix, path) || '.';
    try {
      const found = await tree.find(path);
      if (!found) throw new ChartError(`${shown}: there is no such chart`, { hint: 'check the path' });
      if (found.kind === 'file') return await loadChart(filesOfArchive(await found.file.read(), shown, budget), shown, budget);
      const chart = await loadChart(await filesOfDirectory(tree, path, budget), shown, budget);
      return await this.complete(chart, path, values, level);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      throw new ChartError(`${error.where}: ${error.message}`, { hint: error.hint, cause: error });
    }
  }

  /** With what it names and does not have. */
  private async complete(chart: Chart, directory: string, values: JsonObject, level: number): Promise<Chart> {
    const { tree, warn } = this;
    const whole = coalesceValues({ ...chart, dependencies: [] }, values, warn);
    const absent = missingIn(chart).filter((one) => isEnabled(one, whole, '', warn));
    if (absent.length === 0) return chart;
    const found: Chart[] = [];
    for (const one of absent)
      if (!found.some(({ metadata }) => metadata.name === one.name && isInRange(metadata.version, one.version)))
        found.push(one.repository.startsWith('file://') ? await this.beside(one, directory, level) : await this.fetched(one, tree));
    return { ...chart, dependencies: [...chart.dependencies, ...found] };
  }

  private async beside(one: ChartDependency, directory: string, level: number): Promise<Chart> {
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
    const chart = await this.open(path === '.' ? '' : path, {}, level + 1);
    if (chart.metadata.name !== one.name)
      throw new ChartError(`the chart at ${one.repository} is called ${chart.metadata.name}, not ${one.name}`, { place });
    if (!isInRange(chart.metadata.version, one.version || '*'))
      throw new ChartError(`${one.name} at ${one.repository} has version ${chart.metadata.version}, and ${one.version} is wanted`, {
        place: { file: one.file, at: [...one.at, 'version'] },
        hint: 'write a range that holds it',
      });
    return chart;
  }

  private async fetched(one: ChartDependency, _tree: SourceTree): Promise<Chart> {
    throw new ChartError(
      `the chart ${one.name} is not in charts/${one.repository ? `, and nothing is fetched from ${one.repository}` : ''}`,
      {
        place: { file: one.file, at: one.at },
        hint: 'run helm dependency build, and add what it puts into charts/ to the repository',
      },
    );
  }
}
