// Follows a source to all the apps that it defines, and those that these define in turn: rendered, each with where it was found. Definitions
// are read, never applied; what is no definition is an object of the app in which it was found.
import { deepEqual } from '../../apimachinery/object.ts';
import { inReadingOrder, type ManifestError } from '../render/manifest-error.ts';
import { FunctionError, TemplateError } from '../../apimachinery/go-template/template-error.ts';
import type { FindFacts } from '../render/helm/capabilities.ts';
import type { ManifestCache } from '../render/manifest-cache.ts';
import type { Manifest, Manifests } from '../render/manifests.ts';
import { locate, type ManifestOrigin } from '../render/origin.ts';
import { redacted } from '../source/git/url.ts';
import { SourceError } from '../source/source-error.ts';
import type { App } from './app.ts';
import { applicationsOf } from './application-set.ts';
import { orderFaults, withWaves } from './app-order.ts';
import { ARGO_NAMESPACE, readApplication } from './argo.ts';
import { readArtifacts, type Artifact } from './artifact-generator.ts';
import {
  definesApps,
  isArgoObject,
  isArtifactGenerator,
  isFluxObject,
  isHelmRelease,
  isKustomization,
  isSourceObject,
} from './definitions.ts';
import type { FieldFault } from './fields.ts';
import { chartOfRelease, helmReleaseId, readHelmRelease } from './helm-release.ts';
import { kustomizationId, readKustomization, readSource, sourceKey, sourceOf, type FluxSource } from './flux.ts';
import { gitWorld, KnownData } from './surroundings.ts';
import { readProject, type Project } from './project.ts';
import { renderApp, type FindData, type RenderedApp } from './render-app.ts';
import type { Repositories } from './repositories.ts';

/** Apps of one source: who makes more is a template gone wild. */
const MAX_APPS = 10_000;

export interface FoundApp {
  readonly app: App;
  /** The id of the app in which it was found; undefined for the source itself. */
  readonly parent: string | undefined;
  readonly rendered: RenderedApp;
}

export interface Discovered {
  readonly apps: readonly FoundApp[];
  /** What the apps have taken: whether a file of the source lies under the path of one. */
  readonly isTaken: (file: string) => boolean;
  readonly projects: ReadonlyMap<string, Project>;
  /** Faults for which nothing can be begun. */
  readonly errors: readonly ManifestError[];
  readonly warnings: readonly ManifestError[];
}

export interface DiscoverParts {
  readonly root: Manifests;
  /** Apps that are known already, of jibe.yaml. */
  readonly apps: readonly App[];
  readonly repositories: Repositories;
  readonly cache: ManifestCache;
  /** What the cluster holds. */
  readonly findData: FindData;
  readonly clusterFacts?: FindFacts | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Never throws for bad input. */
export async function discoverApps(parts: DiscoverParts): Promise<Discovered> {
  const discovery = new Discovery(parts);
  return discovery.run();
}

/** A definition that is not read yet. */
interface Pending {
  readonly manifest: Manifest;
  readonly parent: string | undefined;
  /** Of objects that name no namespace. */
  readonly namespace: string | undefined;
}

interface Waiting {
  readonly app: App;
  readonly parent: string | undefined;
  readonly definition: unknown;
  readonly faults: readonly ManifestError[];
}

class Discovery {
  private readonly parts: DiscoverParts;
  private readonly known: KnownData;
  private readonly sources = new Map<string, FluxSource>();
  /** Sources that are parts of others. */
  private readonly artifacts = new Map<string, Artifact>();
  private readonly projects = new Map<string, Project>();
  private pending: Pending[] = [];
  private readonly waiting: Waiting[] = [];
  private readonly defined = new Map<string, { readonly definition: unknown; readonly place: App['place'] }>();
  private readonly found: FoundApp[] = [];
  private readonly parents = new Map<string, string | undefined>();
  /** Of the opened repository: those that apps read. */
  private readonly paths = new Set<string>();
  private readonly errors: ManifestError[] = [];
  private readonly warnings: ManifestError[] = [];
  /** What is for Flux's own controllers, by kind. */
  private readonly passedOver = new Map<string, App['place'][]>();
  /** Apps whose charts lie elsewhere. */
  private readonly notFetched: App[] = [];

  constructor(parts: DiscoverParts) {
    this.parts = parts;
    this.known = new KnownData(parts.findData);
  }

  async run(): Promise<Discovered> {
    const { root, apps, repositories } = this.parts;
    for (const app of apps) this.add({ app, parent: undefined, definition: app, faults: [] });
    await this.take(root.manifests, undefined, undefined);
    const world = gitWorld(repositories, () => this.known.clusters());
    try {
      for (;;) {
        await this.readPending(world);
        const next = this.nextToRender();
        if (!next) {
          if (this.pending.length === 0) break;
          await this.readPending(world, true);
          continue;
        }
        await this.renderNext(next);
      }
    } finally {
      await world.close();
    }
    return this.result();
  }

  /** Definitions are set aside, and what others may refer to is noted. @returns the rest */
  private async take(
    manifests: readonly Manifest[],
    parent: string | undefined,
    namespace: string | undefined,
  ): Promise<readonly Manifest[]> {
    const rest: Manifest[] = [];
    for (const manifest of manifests) {
      const { object, origin } = manifest;
      if (isSourceObject(manifest)) await this.takeSource(manifest, namespace);
      else if (isArtifactGenerator(manifest)) await this.takeArtifacts(manifest, namespace);
      else if (isArgoObject(manifest) && object.kind === 'AppProject') {
        const faults: FieldFault[] = [];
        this.projects.set(object.metadata.name ?? '', readProject(object, faults));
        this.errors.push(...(await placed(faults, origin)));
      } else if (definesApps(manifest)) this.pending.push({ manifest, parent, namespace });
      else if (isFluxObject(manifest)) this.passedOver.set(object.kind, [...(this.passedOver.get(object.kind) ?? []), placeOf(origin)]);
      else rest.push(manifest);
    }
    // of the source itself only what no app has taken
    this.known.add(rest, namespace, parent === undefined ? (file) => !this.isTaken(file) : undefined);
    return rest;
  }

  private async takeSource(manifest: Manifest, namespace: string | undefined): Promise<void> {
    const { object, origin } = manifest;
    const faults: FieldFault[] = [];
    const own = namespaceOf(manifest, namespace);
    const source = readSource(manifest, own, faults);
    this.errors.push(...(await placed(faults, origin)));
    // what bootstrap writes into a repository says where this very repository is
    if ('url' in source && /(?:^|\/)flux-system\/gotk-sync\.yaml$/.test(origin.file)) this.parts.repositories.addOwn(source.url);
    this.sources.set(sourceKey(object.kind, own, object.metadata.name ?? ''), source);
  }

  private async takeArtifacts(manifest: Manifest, namespace: string | undefined): Promise<void> {
    const faults: FieldFault[] = [];
    for (const [key, part] of readArtifacts(manifest, namespaceOf(manifest, namespace), faults)) this.artifacts.set(key, part);
    this.errors.push(...(await placed(faults, manifest.origin)));
  }

  /** @param all whether nothing else can make it known any more */
  private sourceAt(key: string, all: boolean, origin: ManifestOrigin): FluxSource | undefined {
    const part = this.artifacts.get(key);
    if (!part) return this.sources.get(key) ?? (all ? this.bootstrapped(key, origin) : undefined);
    if ('notRendered' in part) return part;
    const whole = this.sourceAt(part.of, all, origin);
    return whole && 'url' in whole ? { ...whole, root: part.root } : whole;
  }

  /** @param all also those whose source is not known, since nothing else can make it known any more */
  private async readPending(world: Awaited<ReturnType<typeof gitWorld>>, all = false): Promise<void> {
    const pending = this.pending;
    this.pending = [];
    for (const item of pending) {
      const { manifest, parent, namespace } = item;
      const { object, origin } = manifest;
      const faults: FieldFault[] = [];
      if (isKustomization(manifest)) {
        const own = namespaceOf(manifest, namespace);
        const key = sourceOf(manifest, own);
        const source = this.sourceAt(key, all, origin);
        if (!source && !all && !this.defined.has(kustomizationId(own, object.metadata.name ?? ''))) {
          this.pending.push(item);
          continue;
        }
        if (!source)
          faults.push({
            path: 'spec.sourceRef',
            message: `there is no ${key} in the source`,
            hint: 'add its manifest, or correct the name',
          });
        this.add({
          app: readKustomization(manifest, own, source, faults),
          parent,
          definition: object,
          faults: await placed(faults, origin),
        });
      } else if (isHelmRelease(manifest)) {
        const own = namespaceOf(manifest, namespace);
        const chart = chartOfRelease(manifest, own, (key) => this.sourceAt(key, all, origin));
        if ('unknown' in chart && !all && !this.defined.has(helmReleaseId(own, object.metadata.name ?? ''))) {
          this.pending.push(item);
          continue;
        }
        const app = readHelmRelease(manifest, own, chart, faults);
        this.add({ app, parent, definition: object, faults: await placed(faults, origin) });
      } else if (object.kind === 'Application') {
        const app = readApplication(object, origin, faults);
        this.add({ app, parent, definition: object, faults: await placed(faults, origin) });
      } else await this.addSet(manifest, parent, world);
    }
  }

  /** What bootstrap, or the Flux operator, makes in a cluster need not be in the repository: it is the repository itself. */
  private bootstrapped(key: string, origin: ManifestOrigin): FluxSource | undefined {
    if (!/^GitRepository\/[^/]+\/flux-system$/.test(key)) return undefined;
    const source: FluxSource = { url: '.', ref: undefined, ignore: undefined };
    this.sources.set(key, source);
    this.warnings.push({
      ...placeOf(origin),
      path: 'spec.sourceRef',
      message: `there is no ${key} in the source: it is taken to be this repository`,
      hint: 'nothing has to be done',
    });
    return source;
  }

  private async addSet(
    { object, origin }: Manifest,
    parent: string | undefined,
    world: Awaited<ReturnType<typeof gitWorld>>,
  ): Promise<void> {
    const faults: FieldFault[] = [];
    try {
      const namespace = object.metadata.namespace || ARGO_NAMESPACE;
      for (const application of await applicationsOf(object, namespace, world, faults)) {
        const own: FieldFault[] = [];
        const app = readApplication(application, origin, own);
        const errors = await placed(
          own.map((fault) => ({
            ...fault,
            path: `spec.template.${fault.path}`,
            message: `${application.metadata.name}: ${fault.message}`,
          })),
          origin,
        );
        this.add({ app, parent, definition: application, faults: errors });
      }
    } catch (error) {
      if (error instanceof TemplateError || error instanceof FunctionError)
        faults.push({
          path: 'spec.template',
          message: `a Go template fails: ${error.message}`,
          hint: 'see goTemplate in the documentation of Argo CD',
        });
      else if (error instanceof SourceError)
        faults.push({ path: 'spec.generators', message: `${error.where}: ${error.message}`, ...(error.hint ? { hint: error.hint } : {}) });
      else throw error;
    }
    const errors = await placed(faults, origin);
    this.errors.push(
      ...errors.map((error) => ({ ...error, message: `ApplicationSet ${JSON.stringify(object.metadata.name)}: ${error.message}` })),
    );
  }

  /** The same definition found twice is one app: a directory that was opened may be that of an app, too. */
  private add(waiting: Waiting): void {
    const { app, parent, definition } = waiting;
    const known = this.defined.get(app.id);
    if (known) {
      if (!deepEqual(known.definition, definition))
        this.errors.push({
          ...app.place,
          path: '',
          message: `${app.id} is also at ${known.place.file}:${known.place.line}, and is not the same`,
          hint: 'where a repository holds several clusters, name one with --path (clusters/staging)',
        });
      else if (parent !== undefined && this.parents.get(app.id) === undefined && !this.isAbove(app.id, parent))
        this.parents.set(app.id, parent);
      return;
    }
    if (this.defined.size >= MAX_APPS) {
      if (this.defined.size === MAX_APPS)
        this.errors.push({ ...app.place, path: '', message: `the source defines more than ${MAX_APPS} apps` });
      return;
    }
    this.defined.set(app.id, { definition, place: app.place });
    this.parents.set(app.id, parent);
    const { repositories } = this.parts;
    for (const source of app.sources) if (repositories.isOpened(source)) this.paths.add(source.path.replace(/\/+$/, ''));
    this.waiting.push(waiting);
  }

  private isAbove(id: string, below: string): boolean {
    for (let at: string | undefined = below, i = 0; at !== undefined && i <= MAX_APPS; at = this.parents.get(at), i++)
      if (at === id) return true;
    return false;
  }

  /** What depends on nothing that is still to be rendered goes first: its variables may come from there. */
  private nextToRender(): Waiting | undefined {
    const open = new Set(this.waiting.map(({ app }) => app.id));
    const isFree = ({ app }: Waiting): boolean => !app.dependsOn.some((dependency) => open.has(dependency.app));
    const takesData = ({ postBuild, sources }: App): boolean =>
      Boolean(postBuild?.substituteFrom.length) || sources.some(({ valuesFrom = [] }) => valuesFrom.length > 0);
    const needsNothing = (waiting: Waiting): boolean => isFree(waiting) && !takesData(waiting.app);
    const index = [needsNothing, isFree].map((fits) => this.waiting.findIndex(fits)).find((i) => i >= 0) ?? 0;
    return this.waiting.splice(index, 1)[0];
  }

  private async renderNext({ app: given, parent, faults }: Waiting): Promise<void> {
    const app = this.followed(given);
    const rendered: RenderedApp =
      app.notRendered !== undefined || faults.length
        ? { source: undefined, files: 0, manifests: [], errors: [], warnings: [] }
        : await renderApp(app, { ...this.parts, findData: this.known.find });
    const own = await this.take(rendered.manifests, app.id, app.namespace);
    this.found.push({ app, parent, rendered: { ...rendered, manifests: own, errors: inReadingOrder([...faults, ...rendered.errors]) } });
  }

  /** What lies elsewhere, and may not be fetched, is told. */
  private followed(app: App): App {
    const chart = app.sources.find((source) => source.chart !== undefined);
    if (!chart || app.notRendered !== undefined || this.parts.repositories.elsewhere) return app;
    const what = chart.chart ? `the chart ${chart.chart} of ${redacted(chart.url ?? '')}` : `the chart ${redacted(chart.url ?? '')}`;
    const notRendered = `${what} is not fetched: --allow-remote allows it`;
    this.notFetched.push(app);
    return { ...app, notRendered };
  }

  private async result(): Promise<Discovered> {
    const placedApps = this.found.map((found) => ({ ...found, parent: this.parents.get(found.app.id) }));
    const apps = this.known.judgesApplications ? withWaves(placedApps) : placedApps;
    for (const fault of orderFaults(apps)) {
      const { app } = apps.find((found) => found.app.id === fault.app)!;
      const place = fault.place ?? (app.origin ? await locate(app.origin, fault.path) : app.place);
      this.errors.push({ ...place, path: fault.path, message: `${app.id}: ${fault.message}`, hint: fault.hint });
    }
    return {
      apps,
      isTaken: (file) => this.isTaken(file),
      projects: this.projects,
      errors: inReadingOrder(this.errors),
      warnings: inReadingOrder([
        ...this.warnings,
        ...[...this.passedOver].map(([kind, places]) => forFluxItself(kind, places)),
        ...chartsNotFetched(this.notFetched),
      ]),
    };
  }

  /** What lies under the path of an app is the app's, and not the source's own. */
  private isTaken(file: string): boolean {
    const { prefix } = this.parts.repositories.own;
    const whole = prefix ? `${prefix}/${file}` : file;
    return [...this.paths].some((path) => path === '' || whole === path || whole.startsWith(`${path}/`));
  }
}

/** Each app says which chart is its own. */
function chartsNotFetched(apps: readonly App[]): readonly ManifestError[] {
  const [first] = apps;
  if (!first) return [];
  const message =
    apps.length > 1
      ? `the charts of ${apps.length} apps lie elsewhere and are not fetched: ${first.id} and others`
      : `the chart of ${first.id} lies elsewhere and is not fetched`;
  return [{ ...first.place, path: '', message, hint: 'allow it with --allow-remote' }];
}

const forFluxItself = (kind: string, places: readonly App['place'][]): ManifestError => ({
  ...places[0]!,
  path: '',
  message: `${kind}${places.length > 1 ? `s (${places.length} of them)` : ''} ${places.length > 1 ? 'are' : 'is'} for Flux's own controllers, and passed over`,
  hint: 'nothing has to be done',
});

const placeOf = ({ file, line }: ManifestOrigin): App['place'] => ({ file, line, column: 1 });

const namespaceOf = ({ object }: Manifest, byDefault: string | undefined): string =>
  object.metadata.namespace || byDefault || 'flux-system';

/** Faults of fields, each at its place. */
async function placed(faults: readonly FieldFault[], origin: ManifestOrigin): Promise<readonly ManifestError[]> {
  return Promise.all(
    faults.map(async ({ path, message, hint }) => ({ ...(await locate(origin, path)), path, message, ...(hint ? { hint } : {}) })),
  );
}
