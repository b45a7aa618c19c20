// Renders the templates of a chart and of its dependencies, to what `helm template` makes of them. Reads no files and knows no cluster: what
// a chart consists of, its values and the order of what comes out are the caller's. Follows Helm's pkg/engine.
import { execute } from '../../../../apimachinery/go-template/execute.ts';
import { BUILTINS } from '../../../../apimachinery/go-template/functions.ts';
import { parseTemplate } from '../../../../apimachinery/go-template/parser.ts';
import type { TemplateFunctions } from '../../../../apimachinery/go-template/signature.ts';
import { TemplateSource } from '../../../../apimachinery/go-template/source.ts';
import { SPRIG } from '../../../../apimachinery/go-template/sprig.ts';
import { dateFunctions } from '../../../../apimachinery/go-template/sprig/dates.ts';
import { certificateFunctions } from '../../../../apimachinery/go-template/sprig/certificates.ts';
import { passwordFunctions } from '../../../../apimachinery/go-template/sprig/passwords.ts';
import { randomFunctions, SeededRandom } from '../../../../apimachinery/go-template/sprig/random.ts';
import type { TemplateBounds } from '../../../../apimachinery/go-template/template.ts';
import type { JsonObject } from '../../../../apimachinery/object.ts';
import { capabilitiesObject, chartData, releaseObject, valuesObject } from './chart-data.ts';
import { inTemplate } from './chart-template-error.ts';
import {
  CHECKING_FUNCTIONS,
  executionIn,
  isFunction,
  offsetWithNoValue,
  TemplateScope,
  withoutNoValue,
  type Rendering,
} from './helm-functions.ts';
import { YAML_FUNCTIONS } from './yaml-functions.ts';

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
  /** What passwords and keys follow from, besides release and chart: who knows it can foresee them. */
  readonly seed?: string;
}

/** The largest charts need a hundredth of it. */
export const CHART_BOUNDS: TemplateBounds = { output: 64 * 1024 * 1024, steps: 20_000_000, depth: 1000 };

/**
 * Renders all templates but partials (names that begin with `_`) in Helm's order. Throws a ChartTemplateError.
 *
 * The same is rendered whenever the chart, its values, the release and the options are the same.
 */
export function renderTemplates(
  chart: EngineChart,
  release: Release,
  capabilities: Capabilities,
  { nowMs = 0, seed = '' }: RenderOptions = {},
): readonly RenderedTemplate[] {
  const shared = { release: releaseObject(release), capabilities: capabilitiesObject(capabilities) };
  const templates = new Map<string, Renderable>();
  collect(chart, chart.name, true, shared, new Map(), templates);
  const names = [...templates.keys()].sort(byDepth).reverse();
  // each template has its own: what one draws does not depend on what others have drawn
  let random = new SeededRandom(seed);
  const functions: TemplateFunctions = {
    ...BUILTINS,
    ...SPRIG,
    ...dateFunctions(nowMs),
    ...randomFunctions(() => random),
    ...passwordFunctions(() => random),
    ...certificateFunctions(() => random, nowMs),
    ...CHECKING_FUNCTIONS,
    ...YAML_FUNCTIONS,
  };
  const rendering: Rendering = {
    functions,
    bounds: CHART_BOUNDS,
    spent: { output: 0, steps: 0, depth: 0 },
    made: [],
    included: new Map(),
    parsed: new Map(),
  };
  const scope = new TemplateScope();
  for (const name of names)
    scope.add(inTemplate(name, () => parseTemplate(new TemplateSource(name, templates.get(name)!.text), isFunction(functions))));
  const execution = executionIn(scope, rendering);
  return names
    .filter((name) => !isPartial(name))
    .map((name) => {
      const { data, basePath } = templates.get(name)!;
      random = new SeededRandom(JSON.stringify([seed, release.namespace, release.name, name]));
      data.Template = valuesObject({ Name: name, BasePath: basePath });
      const written = inTemplate(name, () => execute(execution, scope.find(name)!, data));
      const text = withoutNoValue(written.text);
      return {
        name,
        text,
        placeAt: (offset) => {
          const { file, line } = written.placeAt(offsetWithNoValue(written.text, offset)) ?? { file: name, line: 1 };
          return { template: file, line };
        },
      };
    });
}

const isPartial = (name: string): boolean => name.slice(name.lastIndexOf('/') + 1).startsWith('_');

interface Renderable {
  readonly text: string;
  /** Shared by the chart's templates. */
  readonly data: JsonObject;
  readonly basePath: string;
}

function collect(
  chart: EngineChart,
  path: string,
  isRoot: boolean,
  shared: { readonly release: JsonObject; readonly capabilities: object },
  memo: Map<object, unknown>,
  found: Map<string, Renderable>,
): JsonObject {
  const data = chartData(chart, isRoot, shared, memo);
  const subcharts = data.Subcharts as JsonObject;
  for (const child of chart.dependencies)
    subcharts[child.name] = collect(child, `${path}/charts/${child.name}`, false, shared, memo, found);
  for (const [name, text] of chart.templates)
    if (chart.type !== 'library' || isPartial(name)) found.set(`${path}/${name}`, { text, data, basePath: `${path}/templates` });
  return data;
}

const depthOf = (name: string): number => name.split('/').length;

/** Templates that lie deeper come first; their order of names is turned round too. */
const byDepth = (a: string, b: string): number => depthOf(a) - depthOf(b) || (a < b ? -1 : a > b ? 1 : 0);
