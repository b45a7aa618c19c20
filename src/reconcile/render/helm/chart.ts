// A chart as it is loaded: what Chart.yaml says, values, templates and other files, and the charts that lie in its charts/. Follows Helm's
// chart loader.
import type { JsonObject } from '../../../apimachinery/object.ts';
import { filesOfArchive } from './archive.ts';
import { ChartError } from './chart-error.ts';
import type { ChartBudget, ChartFile } from './chart-files.ts';
import type { ValuesFile } from './values.ts';
import { readChartYaml, readMapping, type ChartMetadata } from './chart-yaml.ts';

export interface Chart {
  readonly metadata: ChartMetadata;
  /** Chart.yaml itself. */
  readonly file: ChartFile;
  readonly values: JsonObject;
  readonly valuesFile: ValuesFile | undefined;
  /** values.schema.json */
  readonly schema: ChartFile | undefined;
  readonly templates: readonly ChartFile[];
  /** All that is nothing else: what `.Files` has, and crds/. */
  readonly files: readonly ChartFile[];
  readonly dependencies: readonly Chart[];
}

/** Charts in charts. */
const MAX_CHART_DEPTH = 32;

/** Throws a ChartError. @param files of a chart, those of charts/ among them @param where what is shown for the whole */
export async function loadChart(files: readonly ChartFile[], where: string, budget: ChartBudget, depth = 0): Promise<Chart> {
  if (depth > MAX_CHART_DEPTH) throw new ChartError(`${where}: charts are nested more than ${MAX_CHART_DEPTH} levels deep`);
  const named = (name: string): ChartFile | undefined => files.find((file) => file.name === name);
  const file = named('Chart.yaml');
  if (!file)
    throw new ChartError(`${where}: there is no Chart.yaml in it`, { hint: 'only charts, and packed charts (.tgz), belong into charts/' });
  const requirements = named('requirements.yaml');
  const metadata = await readChartYaml(file, requirements);
  const valuesFile = named('values.yaml');
  const isOld = metadata.fields.apiVersion === 'v1';
  return {
    metadata,
    file,
    values: valuesFile ? await readMapping(valuesFile) : {},
    valuesFile,
    schema: named('values.schema.json'),
    templates: files.filter(({ name }) => name.startsWith('templates/')),
    files: files.filter(({ name }) =>
      name.startsWith('charts/') ? name.endsWith('.prov') : !name.startsWith('templates/') && (isOld || !OLD.has(name)) && !OWN.has(name),
    ),
    dependencies: await chartsIn(files, where, budget, depth),
  };
}

const OWN = new Set(['Chart.yaml', 'Chart.lock', 'values.yaml', 'values.schema.json']);
/** Of charts of the first version, these are files as any other. */
const OLD = new Set(['requirements.yaml', 'requirements.lock']);

/** What lies in charts/: directories and archives. */
async function chartsIn(files: readonly ChartFile[], where: string, budget: ChartBudget, depth: number): Promise<readonly Chart[]> {
  const inside = new Map<string, ChartFile[]>();
  for (const file of files) {
    const [, entry] = /^charts\/([^/]+)/.exec(file.name) ?? [];
    if (entry === undefined || file.name.endsWith('.prov') || /^[_.]/.test(entry)) continue;
    const found = inside.get(entry);
    if (found) found.push(file);
    else inside.set(entry, [file]);
  }
  const charts: Chart[] = [];
  for (const [entry, own] of [...inside].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [only] = own;
    const packed = entry.endsWith('.tgz') && only?.name === `charts/${entry}`;
    const shown = `${where}/charts/${entry}`;
    const prefix = `charts/${entry}/`;
    const parts = packed
      ? filesOfArchive(only.bytes, only.path, budget)
      : own.filter(({ name }) => name.startsWith(prefix)).map((file) => ({ ...file, name: file.name.slice(prefix.length) }));
    charts.push(await loadChart(parts, shown, budget, depth + 1));
  }
  return charts;
}
