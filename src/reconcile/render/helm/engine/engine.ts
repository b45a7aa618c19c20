// Renders the templates of a chart and of its dependencies, to what `helm template` makes of them. Reads no files and knows no cluster: what
// a chart consists of, its values and the order of what comes out are the caller's. Follows Helm's pkg/engine.
import { execute } from '../../../../apimachinery/go-template/execute.ts';
import { BUILTINS, counted, text, type TemplateFunctions } from '../../../../apimachinery/go-template/functions.ts';
import { parseTemplate, type ParsedTemplate } from '../../../../apimachinery/go-template/parser.ts';
import { SPRIG } from '../../../../apimachinery/go-template/sprig.ts';
import { FunctionError, TemplateError } from '../../../../apimachinery/go-template/template-error.ts';
import { TEMPLATE_BOUNDS } from '../../../../apimachinery/go-template/template.ts';
import type { JsonObject } from '../../../../apimachinery/object.ts';
import { writeYaml } from '../../../../apimachinery/yaml/write.ts';
import { ChartTemplateError } from './chart-template-error.ts';

/** A chart as its templates see it. */
export interface EngineChart {
  readonly name: string;
  /** Chart.yaml as loaded. */
  readonly metadata: JsonObject;
  readonly type: 'application' | 'library';
  /** Path within the chart (`templates/x.yaml`) to text. */
  readonly templates: ReadonlyMap<string, string>;
  /** For `.Files`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /**
   * Coalesced for this chart, with `global`. A number is a float64, as all of a YAML file are; a bigint is an int64, as `--set` makes
   * them. Not changed.
   */
  readonly values: JsonObject;
  readonly dependencies: readonly EngineChart[];
}

export interface Release {
  readonly name: string;
  readonly namespace: string;
  readonly revision: number;
  readonly isInstall: boolean;
  readonly isUpgrade: boolean;
  readonly service: 'Helm';
}

export interface Capabilities {
  /** `v1.36.3` */
  readonly kubeVersion: string;
  /** Groups with their versions, and kinds of these: `apps/v1`, `apps/v1/Deployment`. */
  readonly apiVersions: readonly string[];
  readonly helmVersion: string;
}

export interface RenderedTemplate {
  /** As Helm: `mychart/charts/sub/templates/x.yaml` */
  readonly name: string;
  readonly text: string;
  /** The place in the chart's templates that an offset of the text comes from (the innermost that is known). The line counts from 1. */
  placeAt(offset: number): { readonly template: string; readonly line: number };
}

export interface RenderOptions {
  /** What `now` gives, in milliseconds since 1970. */
  readonly nowMs?: number;
}

/**
 * Renders all templates but partials (names that begin with `_`) in Helm's order. Throws a ChartTemplateError.
 *
 * The same is rendered whenever the chart, its values, the release and the options are the same.
 */
export function renderTemplates(
  chart: EngineChart,
  release: Release,
  capabilities: Capabilities,
  _options: RenderOptions = {},
): readonly RenderedTemplate[] {
  const all = templatesOf(chart, chart.name, true, release, capabilities);
  const names = [...all.keys()].sort(byDepth).reverse();
  const defined = new Map<string, ParsedTemplate['root']>();
  const functions: TemplateFunctions = {
    ...BUILTINS,
    ...SPRIG,
    toYaml: (...args) => writeYaml(counted(args, 1)[0]).replace(/\n$/, ''),
    lookup: () => ({}),
    required: (...args) => {
      const [message, value] = counted(args, 2);
      if (value === undefined || value === null || value === '') throw new FunctionError(text(message));
      return value;
    },
    include: (...args) => {
      const [name, data] = counted(args, 2);
      return run('include', defined.get(text(name)) ?? [], data);
    },
  };
  const run = (source: string, root: ParsedTemplate['root'], data: unknown): string =>
    execute({ source, parsed: { root, defined }, functions, bounds: TEMPLATE_BOUNDS }, data);
  for (const name of names) {
    const parsed = inTemplate(name, () =>
      parseTemplate(all.get(name)!.source, (word) => word === 'and' || word === 'or' || Object.hasOwn(functions, word)),
    );
    for (const [key, nodes] of parsed.defined) defined.set(key, nodes);
    defined.set(name, parsed.root);
  }
  return names
    .filter((name) => !name.slice(name.lastIndexOf('/') + 1).startsWith('_'))
    .map((name) => {
      const { source, data, basePath } = all.get(name)!;
      const output = inTemplate(name, () => run(source, defined.get(name)!, { ...data, Template: { Name: name, BasePath: basePath } }));
      return { name, text: output.replaceAll('<no value>', ''), placeAt: () => ({ template: name, line: 1 }) };
    });
}

function inTemplate<T>(template: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const { reason, line, column } = error;
    throw new ChartTemplateError(`${template}:${line}:${column}: ${reason}`, { template, line, column }, { reason, cause: error });
  }
}

interface Renderable {
  readonly source: string;
  readonly data: JsonObject;
  readonly basePath: string;
}

function templatesOf(
  chart: EngineChart,
  path: string,
  isRoot: boolean,
  release: Release,
  capabilities: Capabilities,
): Map<string, Renderable> {
  const found = new Map<string, Renderable>();
  const data = {
    Chart: {
      ...Object.fromEntries(Object.entries(chart.metadata).map(([key, value]) => [key.charAt(0).toUpperCase() + key.slice(1), value])),
      IsRoot: isRoot,
    },
    Files: {},
    Release: {
      Name: release.name,
      Namespace: release.namespace,
      Revision: release.revision,
      IsInstall: release.isInstall,
      IsUpgrade: release.isUpgrade,
      Service: release.service,
    },
    Capabilities: {
      KubeVersion: { Version: capabilities.kubeVersion },
      APIVersions: {},
      HelmVersion: { Version: capabilities.helmVersion },
    },
    Values: chart.values,
    Subcharts: {},
  };
  for (const child of chart.dependencies)
    for (const entry of templatesOf(child, `${path}/charts/${child.name}`, false, release, capabilities)) found.set(...entry);
  for (const [name, source] of chart.templates)
    if (chart.type !== 'library' || name.slice(name.lastIndexOf('/') + 1).startsWith('_'))
      found.set(`${path}/${name}`, { source, data, basePath: `${path}/templates` });
  return found;
}

const depthOf = (name: string): number => name.split('/').length;

/** Templates that lie deeper come first; their order of names is turned round too. */
const byDepth = (a: string, b: string): number => depthOf(a) - depthOf(b) || (a < b ? -1 : a > b ? 1 : 0);
