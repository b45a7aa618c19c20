// Chart.yaml, and the requirements.yaml of older charts: what a chart says of itself. Checked as Helm checks it when it loads a chart.
import { isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { splitYaml } from '../../../apimachinery/yaml/documents.ts';
import { readYaml } from '../../../apimachinery/yaml/read.ts';
import { Lines } from '../positions.ts';
import { decodeText } from '../text.ts';
import { ChartError } from './chart-error.ts';
import type { ChartFile } from './chart-files.ts';
import type { ValuesFile } from './values.ts';
import { isVersion } from './version-range.ts';

/** A chart that another one depends on. */
export interface ChartDependency {
  readonly name: string;
  readonly version: string;
  readonly repository: string;
  readonly condition: string;
  readonly tags: readonly string[];
  readonly alias: string;
  /** Names of exports, or `{child, parent}`. */
  readonly importValues: readonly unknown[];
  /** Where it is said. */
  readonly file: ChartFile;
  readonly at: readonly (string | number)[];
}

export interface ChartMetadata {
  readonly name: string;
  readonly version: string;
  readonly type: 'application' | 'library';
  readonly kubeVersion: string;
  readonly dependencies: readonly ChartDependency[];
  /** All of it, as templates see it. */
  readonly fields: JsonObject;
}

/** Scalars that are texts, however they are written. */
const TEXTS = ['name', 'home', 'version', 'description', 'icon', 'apiVersion', 'condition', 'tags', 'appVersion', 'kubeVersion', 'type'];
const LISTS_OF_TEXTS = ['sources', 'keywords'];
const DEPENDENCY_TEXTS = ['name', 'version', 'repository', 'condition', 'alias'];

/** @param requirements of a chart that has them in a file of their own */
export async function readChartYaml(file: ChartFile, requirements: ChartFile | undefined): Promise<ChartMetadata> {
  const own = typed(await readMapping(file), file);
  const others = requirements ? typed(await readMapping(requirements), requirements) : {};
  const fields: JsonObject = { ...own, ...others };
  const text = (field: string): string => (fields[field] as string | undefined) ?? '';
  const refuse = (field: string, message: string, hint?: string): ChartError =>
    new ChartError(message, { place: { file, at: [field] }, hint });
  if (text('apiVersion') === '') fields.apiVersion = 'v1';
  if (text('name') === '') throw refuse('name', 'is required', 'a chart has a name');
  if (text('name').includes('/') || text('name') === '..')
    throw refuse('name', `chart.metadata.name ${JSON.stringify(text('name'))} is invalid`);
  if (text('version') === '') throw refuse('version', 'is required', 'a chart has a version: 0.1.0');
  if (!isVersion(text('version'))) throw refuse('version', `${JSON.stringify(text('version'))} is no version`, 'write it as 1.2.3');
  if (!['', 'application', 'library'].includes(text('type'))) throw refuse('type', 'must be application or library');
  const dependencies = dependenciesIn(fields.dependencies, others.dependencies === undefined ? file : requirements!);
  return {
    name: text('name'),
    version: text('version'),
    type: text('type') === 'library' ? 'library' : 'application',
    kubeVersion: text('kubeVersion'),
    dependencies,
    fields,
  };
}

/** Values of texts that are written as numbers or otherwise become texts, as in Go. */
function typed(mapping: JsonObject, file: ChartFile): JsonObject {
  const out: JsonObject = { ...mapping };
  const at = (...way: readonly (string | number)[]) => ({ place: { file, at: way } });
  for (const field of TEXTS) if (field in out) out[field] = textOf(out[field], at(field));
  for (const field of LISTS_OF_TEXTS)
    if (field in out) out[field] = listOf(out[field], at(field)).map((item, i) => textOf(item, at(field, i)));
  if (out.annotations !== undefined && out.annotations !== null) {
    if (!isObject(out.annotations)) throw new ChartError('must be a mapping', at('annotations'));
    out.annotations = Object.fromEntries(
      Object.entries(out.annotations).map(([key, value]) => [key, textOf(value, at('annotations', key))]),
    );
  }
  if (out.dependencies !== undefined)
    out.dependencies = listOf(out.dependencies, at('dependencies')).map((item, i) => {
      if (!isObject(item)) throw new ChartError('must be a mapping', at('dependencies', i));
      const dependency: JsonObject = { ...item };
      for (const field of DEPENDENCY_TEXTS)
        if (field in dependency) dependency[field] = textOf(dependency[field], at('dependencies', i, field));
      for (const field of ['tags', 'import-values']) listOf(dependency[field], at('dependencies', i, field));
      return dependency;
    });
  return out;
}

type Where = ConstructorParameters<typeof ChartError>[1];

function textOf(value: unknown, where: Where): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'object') throw new ChartError('must be a text', where);
  return typeof value === 'string' ? value : String(value as number | bigint | boolean);
}

function listOf(value: unknown, where: Where): readonly unknown[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw new ChartError('must be a list', where);
  return value;
}

/** Names and aliases of dependencies are those of directories and of keys of values. */
function dependenciesIn(list: unknown, file: ChartFile): readonly ChartDependency[] {
  const taken = new Set<string>();
  return ((list ?? []) as readonly JsonObject[]).map((item, i) => {
    const place = { file, at: ['dependencies', i] };
    const text = (field: string): string => (item[field] as string | undefined) ?? '';
    const [name, alias] = [text('name'), text('alias')];
    if (alias !== '' && !/^[a-zA-Z0-9_-]+$/.test(alias))
      throw new ChartError(`dependency ${JSON.stringify(name)} has disallowed characters in the alias`, { place });
    const key = alias || name;
    if (taken.has(key))
      throw new ChartError(`more than one dependency with name or alias ${JSON.stringify(key)}`, {
        place,
        hint: 'give one of them an alias',
      });
    taken.add(key);
    return {
      name,
      version: text('version'),
      repository: text('repository'),
      condition: text('condition'),
      tags: ((item.tags ?? []) as readonly unknown[]).map(String),
      alias,
      importValues: (item['import-values'] ?? []) as readonly unknown[],
      file,
      at: place.at,
    };
  });
}

/** The mapping that a file of YAML holds: of its first document, as Go's reader has it. Of keys given twice the last counts. */
export async function readMapping(file: ValuesFile): Promise<JsonObject> {
  const decoded = decodeText(file.bytes);
  if (decoded.fault) throw new ChartError(decoded.fault.message, { place: { file }, position: decoded.fault, hint: decoded.fault.hint });
  for (const part of splitYaml(decoded.text, 2)) {
    const result = await readYaml(part.text);
    if (result.faults && !result.lastWins) {
      const { offset, message, hint } = result.faults[0]!;
      const { line, column } = new Lines(part.text).at(offset);
      throw new ChartError(message, { place: { file }, position: { line: part.line + line - 1, column }, hint });
    }
    const value = result.faults ? result.lastWins!.value : result.value;
    // comments before the first dashes are no document
    if (value === null) continue;
    if (!isObject(value)) throw new ChartError('must be a mapping', { place: { file } });
    return value;
  }
  return {};
}
