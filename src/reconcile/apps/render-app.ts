// An app to the objects that it stands for, as its own tool would render it. Where its source cannot be opened, or something in it is
// wrong, that is told and the other apps go on.
import { isObject, splitApiVersion } from '../../apimachinery/object.ts';
import { readYaml } from '../../apimachinery/yaml/read.ts';
import { writeYaml } from '../../apimachinery/yaml/write.ts';
import type { ManifestCache } from '../render/manifest-cache.ts';
import type { DesiredObject } from '../render/manifest-document.ts';
import { inReadingOrder, type ManifestError } from '../render/manifest-error.ts';
import { isManifest, loadManifests, unreadable, type Manifest, type Manifests } from '../render/manifests.ts';
import type { FindFacts } from '../render/helm/capabilities.ts';
import { isChart, render } from '../render/render.ts';
import { anyOf } from '../source/glob.ts';
import type { Snapshot, SourceInfo } from '../source/snapshot.ts';
import { SourceError } from '../source/source-error.ts';
import type { App, AppSource, CommonMetadata, PostBuild } from './app.ts';
import { withApp } from './app-origins.ts';
import { buildGenerated, buildWith, kustomizationFile } from './kustomize-source.ts';
import { renderChartOf } from './chart-source.ts';
import { JIBE_FILE } from './jibe-file.ts';
import type { Repositories } from './repositories.ts';
import { substitute, SubstitutionError, VARIABLE_NAME } from './substitute.ts';

export interface RenderedApp extends Manifests {
  /** Of several sources, the first. */
  readonly source: SourceInfo | undefined;
  readonly files: number;
}

/** The `data` of a ConfigMap or Secret, decoded; undefined where there is none. */
export type FindData = (kind: string, namespace: string, name: string) => Promise<ReadonlyMap<string, string> | undefined>;

/** With what apps are rendered. */
export interface RenderParts {
  readonly repositories: Repositories;
  readonly cache: ManifestCache;
  readonly findData: FindData;
  /** What charts are told of the cluster; the embedded one where nothing is known. */
  readonly clusterFacts?: FindFacts | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Never throws for bad input. */
export async function renderApp(app: App, parts: RenderParts): Promise<RenderedApp> {
  const { repositories, findData } = parts;
  const rendered: Manifests[] = [];
  const errors: ManifestError[] = [];
  let info: SourceInfo | undefined;
  let files = 0;
  for (const source of app.sources) {
    try {
      if (source.chart !== undefined) {
        rendered.push(await renderChartOf(app, source, undefined, parts));
        continue;
      }
      const snapshot = await repositories.open(source, globsOf(source));
      try {
        const { type, location, path, revision, dirty } = snapshot;
        info ??= { type, location, path, revision, dirty };
        files += snapshot.files.length;
        rendered.push(await renderSource(app, source, snapshot, parts));
      } finally {
        await snapshot.close();
      }
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      const { hint } = error;
      errors.push({ ...app.place, path: '', message: `${app.id}: ${error.where}: ${error.message}`, ...(hint ? { hint } : {}) });
    }
  }
  const finished = await finish(
    app,
    rendered.flatMap(({ manifests }) => manifests),
    findData,
  );
  return {
    source: info,
    files,
    manifests: app.tool === 'argocd' && app.sources.length > 1 ? lastOfEach(finished.manifests, app.namespace) : finished.manifests,
    errors: inReadingOrder([...errors, ...rendered.flatMap((part) => part.errors), ...finished.errors]),
    warnings: inReadingOrder(rendered.flatMap((part) => part.warnings)),
  };
}

/** What other tools choose from their directory, they choose after it is known how it is built. */
const globsOf = ({
  render: { as },
  include,
  exclude,
}: AppSource): { readonly include?: readonly string[]; readonly exclude?: readonly string[] } =>
  as === 'source' ? { include, exclude } : {};

async function renderSource(app: App, source: AppSource, snapshot: Snapshot, parts: RenderParts): Promise<Manifests> {
  const { tree, path } = snapshot;
  const { cache } = parts;
  const charts = { cluster: parts.clusterFacts, now: parts.now };
  const { render: how, exclude } = source;
  const directory = tree && [tree.prefix, path].filter(Boolean).join('/');
  if (tree && how.as !== 'flux' && isChart(snapshot)) return renderChartOf(app, source, { tree, directory: directory!, snapshot }, parts);
  if (how.as === 'source' || !tree) {
    const passOver = (name: string): boolean => name === JIBE_FILE;
    return render(snapshot, { cache, passOver, defaultNamespace: app.namespace ?? 'default', charts });
  }
  if (how.as === 'chart') {
    const message = `there is no Chart.yaml in ${path || 'the root of the source'}`;
    return { manifests: [], errors: [{ ...app.place, path: '', message: `${app.id}: ${message}`, hint: 'check the path' }], warnings: [] };
  }
  const file = await kustomizationFile(tree, directory!);
  if (file !== undefined) return buildWith(tree, directory!, file, how.overrides, cache, app, charts);
  if (how.as === 'flux') return buildGenerated(tree, directory!, snapshot, how.overrides, exclude, cache, app, charts);
  return renderDirectory(source, how.recurse, snapshot, cache);
}

/** Files of one directory, as Argo CD takes them. */
async function renderDirectory(
  { include, exclude }: AppSource,
  recurse: boolean,
  snapshot: Snapshot,
  cache: ManifestCache,
): Promise<Manifests> {
  const { path: root } = snapshot;
  const [included, excluded] = [include.length ? anyOf(include) : () => true, anyOf(exclude)];
  const relative = (path: string): string => (root && path !== root ? path.slice(root.length + 1) : path);
  const chosen = (path: string): boolean => {
    const inside = relative(path);
    return (recurse || !inside.includes('/')) && included(inside) && !excluded(inside);
  };
  const loaded = await loadManifests(
    snapshot,
    snapshot.files.filter((file) => isManifest(file, snapshot) && chosen(file.path)),
    { cache },
  );
  const refused = snapshot.refused.filter(({ path }) => chosen(path)).map(({ path, error }) => unreadable(path, error));
  return { ...loaded, errors: inReadingOrder([...loaded.errors, ...refused]) };
}

/** What comes after the build: metadata for all, and variables. */
async function finish(app: App, manifests: readonly Manifest[], findData: FindData): Promise<Pick<Manifests, 'manifests' | 'errors'>> {
  const errors: ManifestError[] = [];
  const variables = app.postBuild ? await variablesOf(app, app.postBuild, findData, errors) : new Map<string, string>();
  if (errors.length) return { manifests: [], errors };
  const out: Manifest[] = [];
  for (const { object, origin } of manifests) {
    if (app.tool === 'flux' && isObject(object.sops)) {
      const hint = 'decrypt it before it is synced, or make the Secret in the cluster and keep it out of the app';
      errors.push({
        file: origin.file,
        line: origin.line,
        column: 1,
        path: 'sops',
        message: `${object.kind} ${JSON.stringify(object.metadata.name)} is encrypted with SOPS, and nothing is decrypted here`,
        hint,
      });
      continue;
    }
    const common = withMetadata(object, app.commonMetadata);
    const result = variables.size ? await substituted(common, variables, app.postBuild!.strict) : { object: common };
    if ('fault' in result)
      errors.push({
        file: origin.file,
        line: origin.line,
        column: 1,
        path: '',
        message: `${object.kind} ${JSON.stringify(object.metadata.name)}: ${result.fault}`,
        hint: `see postBuild of ${app.id}`,
      });
    else out.push({ object: result.object, origin: withApp(app, object, result.object, origin) });
  }
  return { manifests: out, errors };
}

function withMetadata(object: DesiredObject, { labels, annotations }: CommonMetadata): DesiredObject {
  if (Object.keys(labels).length + Object.keys(annotations).length === 0) return object;
  const { metadata } = object;
  const merged = {
    ...metadata,
    ...(Object.keys(labels).length ? { labels: { ...metadata.labels, ...labels } } : {}),
    ...(Object.keys(annotations).length ? { annotations: { ...metadata.annotations, ...annotations } } : {}),
  };
  return { ...object, metadata: merged };
}

async function variablesOf(
  app: App,
  { substitute: own, substituteFrom, namespace }: PostBuild,
  findData: FindData,
  errors: ManifestError[],
): Promise<ReadonlyMap<string, string>> {
  const variables = new Map<string, string>();
  const fault = (path: string, message: string, hint: string): void =>
    void errors.push({ ...app.place, path, message: `${app.id}: ${message}`, hint });
  for (const [i, { kind, name, optional }] of substituteFrom.entries()) {
    const data = await findData(kind, namespace, name);
    for (const [key, value] of data ?? []) variables.set(key, value.replaceAll('\n', ''));
    if (!data && !optional)
      fault(
        `spec.postBuild.substituteFrom[${i}]`,
        `there is no ${kind} ${namespace}/${name} to take variables from`,
        'it must be in the source or in the cluster; or say optional: true',
      );
  }
  for (const [key, value] of Object.entries(own)) variables.set(key, value.replaceAll('\n', ''));
  for (const key of variables.keys())
    if (!VARIABLE_NAME.test(key))
      fault(
        'spec.postBuild',
        `'${key}' var name is invalid, must match '^[_[:alpha:]][_[:alpha:][:digit:]]*$'`,
        'rename it: letters, digits and underscores',
      );
  return variables;
}

const SUBSTITUTE = 'kustomize.toolkit.fluxcd.io/substitute';

/** In the text of an object, as Flux does: what quotes protected before the build, they protect no longer. */
async function substituted(
  object: DesiredObject,
  variables: ReadonlyMap<string, string>,
  strict: boolean,
): Promise<{ readonly object: DesiredObject } | { readonly fault: string }> {
  const { labels = {}, annotations = {} } = object.metadata;
  if (labels[SUBSTITUTE] === 'disabled' || annotations[SUBSTITUTE] === 'disabled') return { object };
  const text = writeYaml(object);
  if (!text.includes('$')) return { object };
  try {
    const result = await readYaml(substitute(text, variables, strict));
    if (result.faults) return { fault: `is no YAML any longer once variables are put in: ${result.faults[0]!.message}` };
    return isObject(result.value)
      ? { object: result.value as DesiredObject }
      : { fault: 'is no object any longer once variables are put in' };
  } catch (error) {
    if (error instanceof SubstitutionError) return { fault: `variable substitution failed: ${error.message}` };
    throw error;
  }
}

/** Of objects that several sources give, Argo CD takes the last one's. */
function lastOfEach(manifests: readonly Manifest[], namespace = 'default'): readonly Manifest[] {
  const last = new Map<string, Manifest>();
  for (const manifest of manifests) {
    const { apiVersion, kind, metadata } = manifest.object;
    last.set(
      [splitApiVersion(apiVersion).group, kind, metadata.namespace || namespace, metadata.name || manifest.origin.line].join('\0'),
      manifest,
    );
  }
  return [...last.values()];
}
