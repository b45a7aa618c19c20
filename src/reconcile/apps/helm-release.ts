// Flux's HelmReleases as apps: the chart where its source says, values of its own and of ConfigMaps and Secrets, and what helm-controller
// makes of the rest of its spec. Pure: nothing is fetched or rendered.
import { createHash } from 'node:crypto';
import { isObject, type JsonObject } from '../../apimachinery/object.ts';
import { writeYaml } from '../../apimachinery/yaml/write.ts';
import { NO_HELM_OPTIONS, type FileReference } from '../render/helm/chart-options.ts';
import type { Manifest } from '../render/manifests.ts';
import { NO_METADATA, NO_RETRY, plainApp, type App, type AppSource, type KustomizeOverrides, type ValuesFrom } from './app.ts';
import { Fields, type FieldFault } from './fields.ts';
import { sourceKey, type FluxSource } from './flux.ts';

export const helmReleaseId = (namespace: string, name: string): string => `HelmRelease/${namespace}/${name}`;

/** Where a chart is, or why that is not known. */
export type ReleasedChart =
  | {
      readonly source: Pick<AppSource, 'url' | 'ref' | 'path' | 'chart'>;
      readonly valuesFiles: readonly FileReference[] | undefined;
      readonly ignoreMissing: boolean;
    }
  /** No object of the source says it. */
  | { readonly unknown: string; readonly field: string }
  | { readonly notRendered: string };

type FindSource = (key: string) => FluxSource | undefined;

/** @param namespace of the HelmRelease */
export function chartOfRelease({ object }: Manifest, namespace: string, find: FindSource): ReleasedChart {
  const spec = new Fields(object.spec, 'spec', []);
  if (!spec.has('chartRef')) return chartOfSpec(spec.inner('chart').inner('spec'), namespace, find);
  const ref = spec.inner('chartRef');
  const key = sourceKey(ref.string('kind'), ref.string('namespace') || namespace, ref.string('name'));
  const source = find(key);
  if (!source) return { unknown: key, field: 'spec.chartRef' };
  if ('helmChart' in source) return chartOfSpec(source.helmChart, source.namespace, find);
  if ('ociChart' in source)
    return { source: { url: source.ociChart, ref: source.version, path: '', chart: '' }, valuesFiles: undefined, ignoreMissing: false };
  return { notRendered: 'notRendered' in source ? source.notRendered : `${key} is no chart` };
}

/** @param spec `spec.chart.spec` of a HelmRelease, or the one of a HelmChart */
function chartOfSpec(spec: Fields, namespace: string, find: FindSource): ReleasedChart {
  const ref = spec.inner('sourceRef');
  const key = sourceKey(ref.string('kind'), ref.string('namespace') || namespace, ref.string('name'));
  const source = find(key);
  if (!source) return { unknown: key, field: spec.at('sourceRef') };
  const chart = spec.string('chart');
  const isGit = 'url' in source;
  const files = [...(spec.string('valuesFile') ? [spec.string('valuesFile')] : []), ...spec.strings('valuesFiles')];
  const shared = {
    // of a repository they are seen from its root
    valuesFiles: files.length
      ? files.map((file, i) => ({ file: isGit ? `/${file.replace(/^(?:\.?\/)+/, '')}` : file, said: spec.at(`valuesFiles[${i}]`) }))
      : undefined,
    ignoreMissing: spec.boolean('ignoreMissingValuesFiles'),
  };
  if (isGit) return { source: { url: source.url, ref: source.ref, path: chart.replace(/^(?:\.?\/)+|^\.$/, '') }, ...shared };
  if ('charts' in source) return { source: { url: source.charts, ref: spec.string('version') || '*', path: '', chart }, ...shared };
  return { notRendered: 'notRendered' in source ? source.notRendered : `${key} holds no charts` };
}

export function readHelmRelease({ object, origin }: Manifest, namespace: string, chart: ReleasedChart, faults: FieldFault[]): App {
  const spec = new Fields(object.spec, 'spec', faults);
  const name = object.metadata.name ?? '';
  const install = spec.inner('install');
  const interval = spec.duration('interval') ?? 60_000;
  const metadata = spec.inner('commonMetadata');
  if ('unknown' in chart)
    faults.push({
      path: chart.field,
      message: `there is no ${chart.unknown} in the source`,
      hint: 'add its manifest, or correct the name',
    });
  return {
    ...plainApp,
    id: helmReleaseId(namespace, name),
    name,
    tool: 'flux',
    origin,
    place: { file: origin.file, line: origin.line, column: 1 },
    sources: 'source' in chart ? [chartSource(spec, chart, name, namespace, origin.file)] : [],
    namespace: spec.string('targetNamespace') || namespace,
    dependsOn: spec.inners('dependsOn').map((item, i) => ({
      app: helmReleaseId(item.string('namespace') || namespace, item.required('name')),
      field: `spec.dependsOn[${i}]`,
    })),
    prune: true,
    cascade: true,
    wait: !install.boolean('disableWait'),
    suspend: spec.boolean('suspend'),
    // drift is put right only where that is asked for
    selfHeal: spec.inner('driftDetection').string('mode') === 'enabled',
    retry: { ...NO_RETRY, limit: MAX_RETRIES, firstMs: interval, maxMs: interval },
    timeoutMs: spec.duration('timeout') ?? 300_000,
    syncOptions: install.boolean('createNamespace') ? ['CreateNamespace=true'] : [],
    commonMetadata: spec.has('commonMetadata')
      ? { labels: metadata.stringMap('labels'), annotations: metadata.stringMap('annotations') }
      : NO_METADATA,
    notRendered:
      'notRendered' in chart ? chart.notRendered : spec.has('kubeConfig') ? 'it goes to another cluster (spec.kubeConfig)' : undefined,
  };
}

const MAX_RETRIES = 100;

function chartSource(
  spec: Fields,
  { source, valuesFiles, ignoreMissing }: Extract<ReleasedChart, { readonly source: unknown }>,
  name: string,
  namespace: string,
  file: string,
): AppSource {
  const install = spec.inner('install');
  const values = spec.has('values') ? spec.inner('values').value : undefined;
  return {
    ...source,
    include: [],
    exclude: [],
    render: { as: 'chart' },
    valuesFrom: spec.inners('valuesFrom').map((item, i) => valuesFrom(item, namespace, `spec.valuesFrom[${i}]`)),
    postRenderers: spec.inners('postRenderers').map((item) => overridesOf(item.inner('kustomize'))),
    helm: {
      ...NO_HELM_OPTIONS,
      releaseName: releaseName(spec, name),
      valueFiles: values ? [{ path: file, bytes: Buffer.from(writeYaml(values)), said: 'spec.values' }] : [],
      chartValueFiles: valuesFiles,
      ignoreMissingValueFiles: ignoreMissing,
      skipCrds: install.string('crds') === 'Skip' || install.boolean('skipCRDs'),
      skipSchemaValidation: install.boolean('disableSchemaValidation'),
    },
  };
}

/** With its namespace before it where it is not that of the HelmRelease; shortened as helm-controller shortens. */
function releaseName(spec: Fields, name: string): string {
  const target = spec.string('targetNamespace');
  const whole = spec.string('releaseName') || (target ? `${target}-${name}` : name);
  return whole.length <= 53 ? whole : `${whole.slice(0, 40)}-${createHash('sha256').update(whole).digest('hex').slice(0, 12)}`;
}

const valuesFrom = (item: Fields, namespace: string, said: string): ValuesFrom => ({
  kind: item.required('kind'),
  namespace,
  name: item.required('name'),
  key: item.string('valuesKey') || 'values.yaml',
  targetPath: item.string('targetPath'),
  optional: item.boolean('optional'),
  said,
});

/** What is an object here is text in a kustomization. */
const AS_TEXT: Readonly<Record<string, (item: unknown) => unknown>> = {
  patchesStrategicMerge: (item) => (isObject(item) ? writeYaml(item) : item),
  patchesJson6902: (item) => (isObject(item) && Array.isArray(item.patch) ? { ...item, patch: writeYaml(item.patch) } : item),
};

/** What a post-renderer has of a kustomization. */
function overridesOf(kustomize: Fields): KustomizeOverrides {
  const append: Record<string, readonly unknown[]> = {};
  for (const field of ['patches', 'images', 'patchesStrategicMerge', 'patchesJson6902'])
    if (kustomize.list(field).length)
      append[field] = kustomize.list(field).map((item) => (field in AS_TEXT ? AS_TEXT[field]!(item) : item));
  const replace: JsonObject = {};
  return { replace, append, said: Object.fromEntries(Object.keys(append).map((field) => [field, kustomize.at(field)])) };
}
