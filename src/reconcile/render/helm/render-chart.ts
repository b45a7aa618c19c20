// Renders a chart to the objects that `helm template --include-crds --skip-tests` prints, in its order, each with the place in the template
// that wrote it. Reads the tree around the source alone, and asks no cluster.
import { isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { fromSource, type SourceTree } from '../../source/source-tree.ts';
import { customKinds } from '../../validate/custom-kind.ts';
import type { ManifestCache } from '../manifest-cache.ts';
import { fieldPath, inReadingOrder, type ManifestError } from '../manifest-error.ts';
import { readManifestFile } from '../manifest-file.ts';
import type { Manifest, Manifests } from '../manifests.ts';
import { ManifestOrigin } from '../origin.ts';
import {
  apiVersionsOf,
  chartTime,
  embeddedFacts,
  HELM_VERSION,
  parseKubeVersion,
  type ClusterFacts,
  type FindFacts,
} from './capabilities.ts';
import type { Chart } from './chart.ts';
import { ChartError, placedError, type PlaceSaid } from './chart-error.ts';
import { joined, type ChartFile } from './chart-files.ts';
import { releaseOf, type HelmOptions, type LentTrees } from './chart-options.ts';
import { coalesceValues, type Warn } from './coalesce.ts';
import { ChartTemplateError } from './engine/chart-template-error.ts';
import { renderTemplates, type EngineChart } from './engine/engine.ts';
import { openChart } from './open-chart.ts';
import { withDependencies } from './process-dependencies.ts';
import { schemaFaults } from './values-schema.ts';
import { lineAsFile, mergedValues, userValues, type SetLine, type ValuesFile, type ValuesSource } from './values.ts';
import { isInRange } from './version-range.ts';
import { writtenObjects } from './written-documents.ts';

/** One use of a chart. */
export interface ChartRelease {
  readonly name: string;
  readonly namespace: string;
  /** The later ones over the earlier ones. */
  readonly values: readonly ValuesSource[];
  /** Those of the chart itself, in place of its values.yaml; undefined where that counts. */
  readonly chartValues?: readonly ValuesFile[] | undefined;
  readonly set: readonly SetLine[];
  /** What lies in crds/ is left out. */
  readonly skipCrds?: boolean;
  readonly skipSchemaValidation?: boolean;
  /** What the chart is told of the cluster, in place of what is known of it. */
  readonly kubeVersion?: string | undefined;
  /** Beside those that the cluster serves. */
  readonly apiVersions?: readonly string[];
  readonly cluster?: ClusterFacts | undefined;
  readonly now?: number | undefined;
  readonly placeSaid?: PlaceSaid | undefined;
}

/** What is used how. */
export interface ChartUse {
  readonly tree: SourceTree;
  /** In the tree: a directory or an archive. */
  readonly path: string;
  readonly options: HelmOptions;
  /** Of the release, where the options name none. */
  readonly name: string;
  readonly namespace: string;
  /** What is known of the cluster that it is for; the embedded one where nothing is. */
  readonly cluster?: FindFacts | undefined;
  /** Milliseconds since 1970. */
  readonly now?: number | undefined;
  /** Where fields stand that options name. */
  readonly placeSaid?: PlaceSaid | undefined;
  readonly lent?: LentTrees | undefined;
  readonly environment?: ReadonlyMap<string, string> | undefined;
}

/** Never throws for bad input. */
export async function renderChart(use: ChartUse, cache: ManifestCache): Promise<Manifests> {
  const { tree, path, placeSaid } = use;
  const shown = fromSource(tree.prefix, joined(path, 'Chart.yaml'));
  const noted = new Set<string>();
  const warn = (message: string): void => void noted.add(message);
  try {
    const release = await releaseOf(use.options, { ...use, cluster: await use.cluster?.() }, { ...use, directory: path });
    const values = await userValues(release.values, release.set);
    const opened = await openChart(tree, path, values, warn);
    const { chartValues } = release;
    const own = chartValues ? { ...opened, values: await mergedValues(chartValues), valuesFile: chartValues.at(-1) } : opened;
    const chart = withDependencies(own, values, warn);
    const rendered = await new Rendering(chart, values, { ...release, placeSaid, now: use.now }, cache, warn).manifests();
    return { ...rendered, warnings: inReadingOrder([...notes(noted, chart.valuesFile?.path ?? shown), ...rendered.warnings]) };
  } catch (error) {
    if (!(error instanceof ChartError)) throw error;
    return { manifests: [], errors: [await placedError(error, shown, placeSaid)], warnings: notes(noted, shown) };
  }
}

const notes = (messages: ReadonlySet<string>, file: string): readonly ManifestError[] =>
  [...messages].map((message) => ({ file, line: 1, column: 1, path: '', message: `values: ${message}` }));

class Rendering {
  private readonly chart: Chart;
  private readonly values: JsonObject;
  private readonly release: ChartRelease;
  private readonly cache: ManifestCache;
  /** Where templates stand, by their names as Helm has them. */
  private readonly paths = new Map<string, string>();
  private readonly warn: Warn;

  /** @param chart with the dependencies that take part @param values of the user */
  constructor(chart: Chart, values: JsonObject, release: ChartRelease, cache: ManifestCache, warn: Warn) {
    this.chart = chart;
    this.values = values;
    this.release = release;
    this.cache = cache;
    this.warn = warn;
  }

  async manifests(): Promise<Manifests> {
    const { chart, release, cache } = this;
    const { name, namespace } = release;
    if (chart.metadata.type === 'library')
      throw new ChartError('library charts are not installable', {
        place: { file: chart.file, at: ['type'] },
        hint: 'it is for other charts to depend on',
      });
    if (name.length > MAX_NAME || !NAME.test(name))
      throw new ChartError(`${JSON.stringify(name)} is no name for a release`, {
        hint: `give another one (releaseName, --release-name): lower-case letters, digits, dots and dashes, at most ${MAX_NAME}`,
      });
    const values = coalesceValues(chart, this.values, this.warn);
    const said = await Promise.all([...release.values, ...release.set].map(lineAsFile));
    const checked = release.skipSchemaValidation ? NOTHING : await schemaFaults(chart, values, said, release.placeSaid);
    if (checked.errors.length) return { manifests: [], errors: inReadingOrder(checked.errors), warnings: checked.warnings };
    const crds = release.skipCrds ? NOTHING : await definitionsOf(chart, cache);
    const capabilities = this.capabilities(crds.manifests);
    const tree = this.engineChart(chart, values, chart.metadata.name);
    try {
      const templates = renderTemplates(
        tree,
        { name, namespace, revision: 1, isInstall: true, isUpgrade: false, service: 'Helm' },
        capabilities,
        { nowMs: chartTime(release.now ?? 0), seed: release.cluster?.seed ?? '' },
      );
      const written = await writtenObjects(templates, (template) => this.pathOf(template), cache);
      return {
        manifests: [...crds.manifests, ...written.manifests],
        errors: inReadingOrder([...crds.errors, ...written.errors]),
        warnings: [...checked.warnings, ...crds.warnings, ...written.warnings],
      };
    } catch (error) {
      if (!(error instanceof ChartTemplateError)) throw error;
      const { template, line, column, reason, hint } = error;
      const fault = { file: this.pathOf(template), line: Math.max(line, 1), column: Math.max(column, 1), path: '', message: reason };
      return { manifests: [], errors: [{ ...fault, ...(hint ? { hint } : {}) }], warnings: checked.warnings };
    }
  }

  private pathOf(template: string): string {
    return this.paths.get(template) ?? this.chart.file.path;
  }

  /** @param brought definitions of kinds that the chart brings: once it is installed, they are served */
  private capabilities(brought: readonly Manifest[]) {
    const { chart, release } = this;
    const { cluster = embeddedFacts(), apiVersions = [] } = release;
    const kubeVersion = release.kubeVersion === undefined ? cluster.kubeVersion : parseKubeVersion(release.kubeVersion);
    if (kubeVersion === undefined)
      throw new ChartError(`${JSON.stringify(release.kubeVersion)} is no version of Kubernetes`, { hint: 'write it as 1.36 or v1.36.3' });
    const wanted = chart.metadata.kubeVersion;
    if (wanted !== '' && !isInRange(kubeVersion, wanted))
      throw new ChartError(`chart requires kubeVersion: ${wanted} which is incompatible with Kubernetes ${kubeVersion}`, {
        place: { file: chart.file, at: ['kubeVersion'] },
        hint: 'take another release of the chart, or say for which Kubernetes it is rendered (kubeVersion, --kube-version)',
      });
    const own = apiVersionsOf(brought.flatMap(({ object }) => customKinds(object)));
    return { kubeVersion, apiVersions: [...cluster.apiVersions, ...own, ...apiVersions], helmVersion: HELM_VERSION };
  }

  /** @param full the chart's name with those of its parents: `web/charts/common` */
  private engineChart(chart: Chart, values: JsonObject, full: string): EngineChart {
    const { name, type, fields, dependencies } = chart.metadata;
    for (const file of chart.templates) this.paths.set(`${full}/${file.name}`, file.path);
    const declared = (fields.dependencies ?? []) as readonly JsonObject[];
    return {
      name,
      type,
      metadata: {
        ...fields,
        dependencies: dependencies.map((one) => ({ ...declared[one.at[1] as number], name: one.name, enabled: true })),
      },
      templates: new Map(chart.templates.map((file) => [file.name, textOf(file)])),
      files: new Map(chart.files.map((file) => [file.name, file.bytes])),
      values,
      dependencies: chart.dependencies.map((dependency) => {
        const own = values[dependency.metadata.name];
        return this.engineChart(dependency, isObject(own) ? own : {}, `${full}/charts/${dependency.metadata.name}`);
      }),
    };
  }
}

/** Of a release, as Helm has it. */
const MAX_NAME = 53;
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

const NOTHING: Manifests = { manifests: [], errors: [], warnings: [] };

const textOf = ({ bytes }: ChartFile): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');

/** What lies in crds/, as it is written; the chart's own first. */
async function definitionsOf(chart: Chart, cache: ManifestCache): Promise<Manifests> {
  const manifests: Manifest[] = [];
  const errors: ManifestError[] = [];
  for (const { name, path, bytes } of chart.files) {
    if (!name.startsWith('crds/') || !/\.(?:ya?ml|json)$/i.test(name)) continue;
    const { documents, faults } = await readManifestFile(bytes, cache);
    errors.push(...faults.map((fault) => ({ file: path, path: '', ...fault })));
    for (const [i, { document, firstLine }] of documents.entries()) {
      for (const { at, position, message, hint, foreign } of document.faults)
        if (!foreign)
          errors.push({
            file: path,
            line: firstLine + position.line - 1,
            column: position.column,
            path: fieldPath(at),
            message,
            ...(hint ? { hint } : {}),
          });
      for (const { object, at, position } of document.entries) {
        const origin = { file: path, document: i + 1, line: firstLine + position.line - 1 };
        manifests.push({ object, origin: new ManifestOrigin(origin, { document, firstLine, at }) });
      }
    }
  }
  const below = await Promise.all(chart.dependencies.map((dependency) => definitionsOf(dependency, cache)));
  return {
    manifests: [...manifests, ...below.flatMap((one) => one.manifests)],
    errors: [...errors, ...below.flatMap((one) => one.errors)],
    warnings: [],
  };
}
