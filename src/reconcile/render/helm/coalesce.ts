// How the values of a chart come together: what its user says over what the chart says, tables merged, everything else replaced, the parts of
// dependencies under their names, and `global` in all of them. Follows Helm's pkg/chartutil/coalesce.go, with its order of things and its
// treatment of null: it takes a default away, where values are coalesced; where they are only merged it stays.
import { deepCopy, isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { setKey } from '../../../apimachinery/json/parse.ts';
import type { Chart } from './chart.ts';
import { ChartError } from './chart-error.ts';

/** Told of values that are passed over. */
export type Warn = (message: string) => void;

/** What a chart needs for it. */
export type ValuedChart = Pick<Chart, 'metadata' | 'values'> & { readonly dependencies: readonly ValuedChart[] };

/** @param values of the user; not changed */
export const coalesceValues = (chart: ValuedChart, values: JsonObject, warn: Warn): JsonObject =>
  coalesce(chart, deepCopy(values), '', false, warn);

/** As {@link coalesceValues}, and what is null stays. */
export const mergeValues = (chart: ValuedChart, values: JsonObject, warn: Warn): JsonObject =>
  coalesce(chart, deepCopy(values), '', true, warn);

const nested = (prefix: string, name: string): string => (prefix === '' ? name : `${prefix}.${name}`);

function coalesce(chart: ValuedChart, into: JsonObject, prefix: string, merge: boolean, warn: Warn): JsonObject {
  ownValues(chart, into, prefix, merge, warn);
  for (const dependency of chart.dependencies) {
    const { name } = dependency.metadata;
    const known = Object.hasOwn(into, name) ? into[name] : {};
    if (!isObject(known))
      throw new ChartError(`type mismatch on ${name}: the values of a dependency are a mapping`, {
        hint: `${name} is a chart in charts/: what stands under its name are its values`,
      });
    const below = nested(prefix, chart.metadata.name);
    globals(known, into, below, warn);
    setKey(into, name, coalesce(dependency, known, below, merge, warn));
  }
  return into;
}

/** The chart's own defaults, where nothing else is said. */
function ownValues(chart: ValuedChart, into: JsonObject, prefix: string, merge: boolean, warn: Warn): void {
  const below = nested(prefix, chart.metadata.name);
  const isChart = (key: string): boolean => chart.dependencies.some(({ metadata }) => metadata.name === key);
  for (const [key, byDefault] of Object.entries(deepCopy(chart.values))) {
    if (!Object.hasOwn(into, key)) {
      setKey(into, key, byDefault);
      continue;
    }
    const value = into[key];
    if (value === null && !merge) delete into[key];
    else if (!isObject(value)) continue;
    else if (isObject(byDefault)) mergeTables(value, byDefault, nested(below, key), isChart(key) || merge, warn);
    else if (byDefault !== null) warn(`skipped value for ${below}.${key}: Not a table.`);
  }
}

/** `global` goes down to a dependency. */
function globals(into: JsonObject, from: JsonObject, prefix: string, warn: Warn): void {
  const own = Object.hasOwn(into, 'global') ? into.global : {};
  if (!isObject(own)) return warn('skipping globals because destination global is not a table.');
  const above = Object.hasOwn(from, 'global') ? from.global : {};
  if (!isObject(above)) return warn('skipping globals because source global is not a table.');
  for (const [key, value] of Object.entries(above)) {
    const there = Object.hasOwn(own, key) ? own[key] : undefined;
    if (!isObject(value)) {
      if (isObject(there)) warn(`key ${key} is table. Skipping`);
      else setKey(own, key, value);
    } else if (there === undefined) setKey(own, key, { ...value });
    else if (isObject(there)) setKey(own, key, mergeTables({ ...value }, there, nested(prefix, key), true, warn));
    else warn(`Conflict: cannot merge map onto non-map for ${JSON.stringify(key)}. Skipping.`);
  }
  into.global = own;
}

/** Puts into a table what is only in the other one. Changes it, and returns it. @param merge what is null stays */
export function mergeTables(into: JsonObject, from: JsonObject, prefix: string, merge: boolean, warn: Warn): JsonObject {
  for (const [key, value] of Object.entries(from)) {
    const full = nested(prefix, key);
    if (!Object.hasOwn(into, key)) {
      setKey(into, key, value);
      continue;
    }
    const there = into[key];
    if (there === null && !merge) delete into[key];
    else if (isObject(value)) {
      if (isObject(there)) mergeTables(there, value, full, merge, warn);
      else warn(`cannot overwrite table with non table for ${full}`);
    } else if (isObject(there) && value !== null) warn(`destination for ${full} is a table. Ignoring non-table value`);
  }
  return into;
}
