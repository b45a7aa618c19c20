// Which charts a chart brings: dependencies under their aliases, those that conditions and tags switch off taken out, and what they export
// to their parents (import-values). Follows Helm's pkg/chartutil/dependencies.go.
import { deepCopy, isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { setKey } from '../../../apimachinery/json/parse.ts';
import type { Chart } from './chart.ts';
import type { ChartDependency } from './chart-yaml.ts';
import { coalesceValues, mergeTables, mergeValues, type Warn } from './coalesce.ts';
import { isInRange } from './version-range.ts';

/** The chart with those of its dependencies that take part. @param values of the user */
export const withDependencies = (chart: Chart, values: JsonObject, warn: Warn): Chart =>
  withImports(enabled(chart, values, '', warn), warn);

/** Whether the charts that it names lie in it; those that are named and do not. */
export const missingIn = ({ metadata, dependencies }: Chart): readonly ChartDependency[] =>
  metadata.dependencies.filter(({ name }) => !dependencies.some((dependency) => dependency.metadata.name === name));

function enabled(chart: Chart, values: JsonObject, path: string, warn: Warn): Chart {
  const wanted = chart.metadata.dependencies;
  if (wanted.length === 0) return chart;
  const fits = ({ metadata }: Chart, { name, version }: ChartDependency): boolean =>
    metadata.name === name && isInRange(metadata.version, version);
  const undeclared = chart.dependencies.filter((found) => !wanted.some((one) => fits(found, one)));
  const declared = wanted.flatMap((one) => {
    const found = chart.dependencies.find((dependency) => fits(dependency, one));
    return found ? [one.alias ? renamed(found, one.alias) : found] : [];
  });
  const named = wanted.map((one) => (one.alias ? { ...one, name: one.alias } : one));
  const all = withCharts(chart, [...undeclared, ...declared], named);
  const coalesced = coalesceValues(all, values, warn);
  const isOff = (one: ChartDependency): boolean => !isEnabled(one, coalesced, path, warn);
  const off = new Set(named.filter(isOff).map(({ name }) => name));
  return withCharts(
    all,
    all.dependencies
      .filter(({ metadata }) => !off.has(metadata.name))
      .map((dependency) => enabled(dependency, coalesced, `${path}${dependency.metadata.name}.`, warn)),
    named.filter(({ name }) => !off.has(name)),
  );
}

const withCharts = (chart: Chart, dependencies: readonly Chart[], declared: readonly ChartDependency[]): Chart => ({
  ...chart,
  dependencies,
  metadata: { ...chart.metadata, dependencies: declared },
});

const renamed = (chart: Chart, name: string): Chart => ({
  ...chart,
  metadata: { ...chart.metadata, name, fields: { ...chart.metadata.fields, name } },
});

/** The first of its conditions that is said decides; without one, its tags. */
export function isEnabled({ name, condition, tags }: ChartDependency, values: JsonObject, path: string, warn: Warn): boolean {
  for (const one of condition.trim().split(',')) {
    const value = one === '' ? undefined : valueAt(values, path + one);
    if (typeof value === 'boolean') return value;
    if (value !== undefined) warn(`Condition path '${one}' for chart ${name} returned non-bool value`);
  }
  const table = values.tags;
  if (!isObject(table)) return true;
  const said = tags.flatMap((tag) => {
    if (!Object.hasOwn(table, tag)) return [];
    if (typeof table[tag] === 'boolean') return [table[tag]];
    warn(`Tag '${tag}' for chart ${name} returned non-bool value`);
    return [];
  });
  return said.length === 0 || said.includes(true);
}

/** What stands at a path of names and dots, if it is no table. */
function valueAt(values: JsonObject, path: string): unknown {
  const names = path.split('.');
  const table = tableAt(values, names.slice(0, -1));
  const last = names.at(-1)!;
  return table && Object.hasOwn(table, last) && !isObject(table[last]) ? table[last] : undefined;
}

function tableAt(values: JsonObject, names: readonly string[]): JsonObject | undefined {
  let table: unknown = values;
  for (const name of names) table = isObject(table) && Object.hasOwn(table, name) ? table[name] : undefined;
  return isObject(table) ? table : undefined;
}

/** Dependencies first: what they import themselves may go further up. */
function withImports(chart: Chart, warn: Warn): Chart {
  const whole = { ...chart, dependencies: chart.dependencies.map((dependency) => withImports(dependency, warn)) };
  if (whole.metadata.dependencies.length === 0) return whole;
  const values = mergeValues(whole, {}, warn);
  const imported: JsonObject = {};
  for (const { name, importValues } of whole.metadata.dependencies)
    for (const one of importValues) {
      const { child, parent } = isObject(one)
        ? { child: String(one.child), parent: String(one.parent) }
        : { child: `exports.${String(one)}`, parent: '.' };
      const table = tableAt(values, [...name.split('.'), ...child.split('.')]);
      if (table) mergeTables(imported, under(parent, deepCopy(table)), '', true, warn);
      else warn(`ImportValues missing table from chart ${name}: ${child}`);
    }
  return { ...whole, values: mergeTables(deepCopy(values), imported, '', true, warn) };
}

/** A table at a path of names and dots. */
function under(path: string, table: JsonObject): JsonObject {
  if (path === '.') return table;
  return path.split('.').reduceRight<JsonObject>((inner, name) => {
    const outer: JsonObject = {};
    setKey(outer, name, inner);
    return outer;
  }, table);
}
