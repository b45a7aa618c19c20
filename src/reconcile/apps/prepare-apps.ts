// A source with its apps, ready to be planned: opened, followed to all apps, rendered, validated. A source that defines no apps is
// prepared as it always was.
import type { CustomResourceDefinition } from '#api/apiextensions/v1';
import type { Client } from '../../client/client.ts';
import { splitApiVersion, type Manifest as ObjectManifest } from '../../apimachinery/object.ts';
import { isNotFound } from '../../apimachinery/status-error.ts';
import { infoOf, validated, type Prepared, type PrepareOptions } from '../prepare.ts';
import { ManifestCache } from '../render/manifest-cache.ts';
import { inReadingOrder, type ManifestError } from '../render/manifest-error.ts';
import type { Manifest, Manifests } from '../render/manifests.ts';
import { isChart, render } from '../render/render.ts';
import type { FindFacts } from '../render/helm/capabilities.ts';
import type { HelmOptions } from '../render/helm/chart-options.ts';
import type { Snapshot, SourceInfo } from '../source/snapshot.ts';
import { SourceError } from '../source/source-error.ts';
import { openSource, type SourceDeps, type SourceSpec } from '../source/source.ts';
import { assumedDefinition, assumedKinds, servedWithAssumed, type AssumedKind } from '../validate/assumed-kinds.ts';
import { KnownKinds, type ServedKinds } from '../validate/known-kinds.ts';
import { plainApp, type App } from './app.ts';
import { inAppOrder } from './app-order.ts';
import { definesApps, isDefinition } from './definitions.ts';
import type { Discovered, FoundApp } from './discover.ts';
import { jibeFile, readJibeFile } from './jibe-file.ts';
import type { NotificationTarget } from '../notify/target.ts';
import type { Project } from './project.ts';
import type { FindData, RenderedApp } from './render-app.ts';
import { dataOf } from './surroundings.ts';

export interface PreparedApp {
  readonly app: App;
  /** What the app's objects belong to in the cluster: its name, with its namespace where that alone is not unique. */
  readonly name: string;
  readonly parent: string | undefined;
  readonly prepared: Prepared;
}

export interface AppTree {
  readonly source: SourceInfo;
  /** Tells this source from others of the same name: its repository, wherever it is cloned to, and the path in it. */
  readonly identity: string;
  /** Each behind those that it waits for. */
  readonly apps: readonly PreparedApp[];
  /** Kinds that the cluster serves, and those that the apps bring. */
  readonly served: ServedKinds;
  /** Whom whoever keeps the apps is to tell. */
  readonly notifications: readonly NotificationTarget[];
  /** Faults for which nothing is begun. */
  readonly errors: readonly ManifestError[];
  readonly warnings: readonly ManifestError[];
}

/** One of the two is there. */
export type PreparedSource =
  { readonly plain: Prepared; readonly tree?: undefined } | { readonly plain?: undefined; readonly tree: AppTree };

export interface RenderSourceOptions extends Pick<PrepareOptions, 'cache' | 'defaultNamespace'> {
  /** What the source's own objects are called together. */
  readonly name: string;
  /** Looks in the cluster for ConfigMaps and Secrets that variables come from. */
  readonly findData?: FindData;
  /** What the person says of a source that is a chart. */
  readonly chart?: HelmOptions | undefined;
  /** What charts are told of the cluster; the embedded one where nothing is known. */
  readonly clusterFacts?: FindFacts | undefined;
}

/** Throws a SourceError where the source cannot be opened; what is wrong with its files, and with its apps, is part of the result. */
export async function prepareSource(
  spec: SourceSpec,
  deps: SourceDeps,
  { define, ...options }: PrepareOptions & RenderSourceOptions & { readonly define?: DefineKinds },
): Promise<PreparedSource> {
  const rendered = await renderSource(spec, deps, options);
  if (!define) return prepareRendered(rendered, { ...options, deps });
  const objects = manifestsOf(rendered).map(({ object }) => object);
  const kinds = assumedKinds(objects, KnownKinds.beside(objects, options.served));
  if (kinds.length) await define(kinds.map(assumedDefinition));
  return prepareRendered(withAssumptions(rendered, kinds), { ...options, deps, served: servedWithAssumed(kinds, options.served) });
}

/** Has kinds that nothing defines defined, so that their objects are taken as they stand. */
export type DefineKinds = (definitions: readonly ObjectManifest<CustomResourceDefinition>[]) => Promise<void>;

/** A warning for each kind, where its first object is. */
function withAssumptions(rendered: RenderedSource, kinds: readonly AssumedKind[]): RenderedSource {
  const left = new Map(kinds.map((one) => [`${one.group}/${one.kind}`, one]));
  const warned = <T extends Manifests>(manifests: T): T => {
    const warnings = manifests.manifests.flatMap(({ object: { apiVersion, kind }, origin: { file, line } }) => {
      const key = `${splitApiVersion(apiVersion).group}/${kind}`;
      if (!left.delete(key)) return [];
      const message = `nothing defines ${kind} (${apiVersion}): its objects are taken as they stand`;
      return [{ file, line, column: 1, path: 'kind', message, hint: 'add its CustomResourceDefinition to have them checked' }];
    });
    return warnings.length ? { ...manifests, warnings: inReadingOrder([...manifests.warnings, ...warnings]) } : manifests;
  };
  if (rendered.plain) return { ...rendered, plain: warned(rendered.plain) };
  return { ...rendered, apps: rendered.apps.map((app) => ({ ...app, rendered: warned(app.rendered) })) };
}

/** What was rendered, validated. Signatures that apps require are looked for where it was read by `deps`. @param chosen of the apps; all by default */
export async function prepareRendered(
  { source, files, ...rendered }: RenderedSource,
  { deps, ...options }: PrepareOptions & { readonly deps?: SourceDeps },
  chosen: (app: RenderedNamed) => boolean = () => true,
): Promise<PreparedSource> {
  if (!rendered.apps) return { plain: await validated(rendered.plain, { source, files }, options) };
  const { identity, apps, projects, notifications, errors, warnings } = rendered;
  // kinds that any of the apps adds are known to all of them
  const { served } = KnownKinds.beside(
    apps.flatMap((app) => app.rendered.manifests.map(({ object }) => object)),
    options.served,
  );
  const prepared: PreparedApp[] = [];
  for (const { rendered: manifests, ...app } of apps.filter(chosen)) {
    const read = { source: manifests.source ?? source, files: manifests.files };
    const faults = [
      ...(await projectErrors(app.app, manifests.manifests, projects, served)),
      ...homeless(app.app, manifests.manifests, served),
      ...(deps ? unverified(app.app, deps) : []),
    ];
    const all = { ...manifests, errors: [...manifests.errors, ...faults] };
    prepared.push({ ...app, app: withWindows(app.app, projects), prepared: await validated(all, read, { ...options, served }) });
  }
  return { tree: { source, identity, apps: prepared, served, notifications, errors, warnings } };
}

/** Everything that a source renders to, of all its apps. */
export const manifestsOf = ({ plain, apps }: RenderedSource): readonly Manifest[] =>
  plain ? plain.manifests : apps.flatMap(({ rendered }) => rendered.manifests);

export interface RenderedNamed extends Omit<PreparedApp, 'prepared'> {
  readonly rendered: RenderedApp;
}

export type RenderedSource = { readonly source: SourceInfo; readonly files: number } & (
  | { readonly plain: Manifests; readonly apps?: undefined; readonly errors?: undefined; readonly warnings?: undefined }
  | {
      readonly plain?: undefined;
      /** Each behind those that it waits for. */
      readonly apps: readonly RenderedNamed[];
      /** They are variants of each other, and never meant for one cluster. */
      readonly areVariants?: true;
      readonly identity: string;
      readonly projects: ReadonlyMap<string, Project>;
      readonly notifications: readonly NotificationTarget[];
      readonly errors: readonly ManifestError[];
      readonly warnings: readonly ManifestError[];
    }
);

/** As {@link prepareSource}, and nothing is validated. */
export async function renderSource(spec: SourceSpec, deps: SourceDeps, options: RenderSourceOptions): Promise<RenderedSource> {
  const { defaultNamespace, cache = new ManifestCache() } = options;
  const charts = { name: options.name, options: options.chart, cluster: options.clusterFacts, now: deps.clock.now() };
  const rendering = { cache, charts, ...(defaultNamespace ? { defaultNamespace } : {}) };
  const snapshot = await openSource(spec, deps);
  try {
    const read = { source: infoOf(snapshot), files: snapshot.files.length };
    if (options.chart && !isChart(snapshot))
      throw new SourceError(
        'WrongType',
        spec.location,
        'it is no chart: values and the name of a release are for charts',
        'name the directory of the chart (--path); where the source defines apps, these say the values',
      );
    const named = jibeFile(snapshot);
    const file = named && (await readJibeFile(named));
    const clusters = fluxClusters(snapshot);
    if (clusters.length > 1)
      return { ...read, identity: '', apps: [], projects: new Map(), notifications: [], errors: [severalClusters(clusters)], warnings: [] };
    const rendered = file ? NOTHING : await render(snapshot, rendering);
    if (!file && !rendered.manifests.some(definesApps)) return { ...read, plain: rendered };
    // most sources define none
    const [{ discoverApps }, { ownRepository, Repositories }] = await Promise.all([import('./discover.ts'), import('./repositories.ts')]);
    const repository = await ownRepository(spec, snapshot);
    const discovered = await discoverApps({
      root: rendered,
      apps: file?.apps ?? [],
      repositories: new Repositories(repository, deps),
      cache,
      findData: options.findData ?? (async () => undefined),
      clusterFacts: options.clusterFacts,
      now: deps.clock.now(),
    });
    const whole = file ? NOTHING : await render(snapshot, { ...rendering, passOver: discovered.isTaken });
    const own = { ...whole, manifests: whole.manifests.filter((manifest) => !isDefinition(manifest)) };
    return {
      ...read,
      identity: `${[...repository.urls][0] ?? repository.location ?? '-'}#${[repository.prefix, snapshot.path].filter(Boolean).join('/')}`,
      apps: inAppOrder(namedApps(own, discovered, read, options)),
      projects: discovered.projects,
      notifications: file?.notifications ?? [],
      errors: inReadingOrder([...(file?.errors ?? []), ...discovered.errors]),
      warnings: discovered.warnings,
    };
  } finally {
    await snapshot.close();
  }
}

/** Directories to which Flux was bootstrapped: each is the way into the repository for one cluster. */
function fluxClusters({ files, path: root }: Snapshot): readonly string[] {
  const directories = files.flatMap(({ path }) => /^(.*?)\/?flux-system\/gotk-sync\.yaml$/.exec(path)?.[1] ?? []);
  return directories.map((directory) => (root ? directory.slice(root.length + 1) : directory)).sort();
}

const severalClusters = (clusters: readonly string[]): ManifestError => ({
  file: `${clusters[1]}/flux-system/gotk-sync.yaml`,
  line: 1,
  column: 1,
  path: '',
  message: `the source holds several clusters: ${clusters.join(', ')}`,
  hint: `name one of them: --path ${clusters[0]}`,
});

const NOTHING: Manifests = { manifests: [], errors: [], warnings: [] };

/** The apps with their names; before them the source itself, where it holds more than definitions. */
function namedApps(
  own: Manifests,
  { apps }: Discovered,
  read: Pick<RenderedApp, 'files' | 'source'>,
  options: RenderSourceOptions,
): readonly RenderedNamed[] {
  const hasOwn = own.manifests.length + own.errors.length > 0;
  const root: RenderedNamed = {
    app: rootApp(options.name, options.defaultNamespace),
    name: options.name,
    parent: undefined,
    rendered: { ...own, ...read },
  };
  const nameOf = namesFor(apps, hasOwn ? options.name : undefined);
  const named = apps.map(({ app, parent, rendered }) => ({
    app,
    name: nameOf(app),
    parent: parent ?? (hasOwn ? root.app.id : undefined),
    rendered,
  }));
  return hasOwn ? [root, ...named] : named;
}

/** The source itself, where it holds more than definitions. */
export const rootApp = (name: string, namespace = 'default'): App => ({
  ...plainApp,
  id: `Source/${name}`,
  name,
  tool: 'jibe',
  origin: undefined,
  place: { file: '', line: 0, column: 0 },
  sources: [],
  namespace,
});

function namesFor(apps: readonly FoundApp[], root: string | undefined): (app: App) => string {
  const counts = new Map<string, number>(root === undefined ? [] : [[root, 1]]);
  for (const { app } of apps) counts.set(app.name, (counts.get(app.name) ?? 0) + 1);
  return ({ id, name }) => {
    if (counts.get(name) === 1) return name;
    const [kind = '', namespace = ''] = id.split('/');
    const sameNamespace = apps.filter(({ app }) => app.name === name && app.id.split('/')[1] === namespace).length;
    return sameNamespace > 1 ? `${kind.toLowerCase()}.${namespace}.${name}` : `${namespace}.${name}`;
  };
}

/** An app may ask for signatures that nobody has looked at. */
function unverified({ id, verify, place }: App, { signatures }: SourceDeps): readonly ManifestError[] {
  if (verify === undefined || signatures?.format === verify) return [];
  const message = `${id} is to be read only where it is signed (${verify}), and no keys were given`;
  return [{ ...place, path: 'policies.verify', message, hint: `sync it with --verify ${verify} --trusted-keys FILE` }];
}

/** With those of its project. */
function withWindows(app: App, projects: ReadonlyMap<string, Project>): App {
  const windows = (projects.get(app.project ?? '')?.windows ?? []).filter(({ isFor }) => isFor(app));
  return windows.length ? { ...app, windows: [...app.windows, ...windows.map(({ window }) => window)] } : app;
}

/** Flux knows no namespace that objects go to which name none. */
function homeless({ tool, namespace }: App, manifests: readonly Manifest[], served: ServedKinds): readonly ManifestError[] {
  if (tool !== 'flux' || namespace !== undefined) return [];
  return manifests
    .filter(({ object }) => !object.metadata.namespace && served(object.apiVersion, object.kind)?.namespaced)
    .map(({ object: { kind, metadata }, origin: { file, line } }) => ({
      file,
      line,
      column: 1,
      path: 'metadata.namespace',
      message: `${kind} ${JSON.stringify(metadata.name)}: namespace not specified`,
      hint: 'name it in the manifest, or give the Kustomization a targetNamespace',
    }));
}

async function projectErrors(
  app: App,
  manifests: readonly Manifest[],
  projects: ReadonlyMap<string, Project>,
  served: ServedKinds,
): Promise<readonly ManifestError[]> {
  const project = app.project === undefined ? undefined : projects.get(app.project);
  if (!project || app.notRendered !== undefined) return [];
  const { appFaults, objectFault } = await import('./project.ts');
  const hint = `see the AppProject ${project.name}`;
  const errors: ManifestError[] = appFaults(app, project).map((fault) => ({
    ...app.place,
    hint,
    ...fault,
    message: `${app.id}: ${fault.message}`,
  }));
  for (const manifest of manifests) {
    const { object, origin } = manifest;
    const namespaced = served(object.apiVersion, object.kind)?.namespaced ?? true;
    const message = objectFault(manifest, namespaced, object.metadata.namespace || (app.namespace ?? ''), project);
    if (message !== undefined) errors.push({ file: origin.file, line: origin.line, column: 1, path: 'kind', message, hint });
  }
  return errors;
}

/** The data of a cluster's ConfigMaps and Secrets. */
export const dataInCluster =
  (client: Client): FindData =>
  async (kind, namespace, name) => {
    if (kind !== 'ConfigMap' && kind !== 'Secret') return undefined;
    try {
      return dataOf(kind, { ...(await client.get(`v1/${kind}`, name, { namespace })) });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };
