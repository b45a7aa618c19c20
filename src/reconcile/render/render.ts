// A source to the objects that it stands for. Directories that a tool builds (Kustomize, Helm) are told from those of plain manifests
// here, and each part goes to its renderer.
//
// A source with a kustomization at its root is what that kustomization builds, and nothing else. Elsewhere, as with Flux, each directory
// with a kustomization is built where it lies, but not those that another kustomization of the source uses, and no components.
// Charts likewise, but no libraries.
import { splitApiVersion } from '../../apimachinery/object.ts';
import type { Snapshot, SourceFile } from '../source/snapshot.ts';
import { SourceError } from '../source/source-error.ts';
import type { SourceTree } from '../source/source-tree.ts';
import type { ChartSettings } from './helm/chart-options.ts';
import { ManifestCache } from './manifest-cache.ts';
import { inReadingOrder, type ManifestError } from './manifest-error.ts';
import { isManifest, isNamed, loadManifests, unreadable, type LoadOptions, type Manifest, type Manifests } from './manifests.ts';

export interface RenderOptions extends LoadOptions {
  /** What is somebody else's: it is not rendered, but what its kustomizations use is still theirs. */
  readonly passOver?: (path: string) => boolean;
  readonly charts?: ChartSettings | undefined;
}

/** Renders a snapshot. Never throws for bad input. */
export async function render(snapshot: Snapshot, options: RenderOptions = {}): Promise<Manifests> {
  const { passOver = () => false } = options;
  const named = isNamed(snapshot);
  const archive = named ? snapshot.files.find(isArchive) : undefined;
  if (archive) return renderArchive(archive, options);
  const builds = named ? [] : findBuilds(snapshot);
  const isOthers = (path: string): boolean => passOver(path) || builds.some((build) => isIn(build.directory, path));
  const plain = snapshot.files.filter((file) => named || (isManifest(file, snapshot) && !isOthers(file.path)));
  const cache = options.cache ?? new ManifestCache();
  const built = await buildAll(
    snapshot,
    builds.filter(({ file }) => !passOver(file)),
    { ...options, cache },
  );
  const loaded = await loadManifests(snapshot, plain, { ...options, cache });
  const refused = snapshot.refused.filter(({ path }) => !isOthers(path));
  const merged = withoutRepeats([...loaded.manifests, ...built.manifests], loaded.manifests.length, options.defaultNamespace ?? 'default');
  const errors = [...loaded.errors, ...refused.map(({ path, error }) => unreadable(path, error)), ...built.errors, ...merged.errors];
  return { manifests: merged.manifests, errors: inReadingOrder(errors), warnings: inReadingOrder([...loaded.warnings, ...built.warnings]) };
}

/** A directory that a tool builds. */
interface Build {
  readonly directory: string;
  /** The file that says so. */
  readonly file: string;
  readonly tool: 'Kustomize' | 'Helm';
}

const BUILD_FILES: ReadonlyMap<string, Build['tool']> = new Map([
  ['kustomization.yaml', 'Kustomize'],
  ['kustomization.yml', 'Kustomize'],
  ['Kustomization', 'Kustomize'],
  ['Chart.yaml', 'Helm'],
]);

/**
 * The outermost directories that tools build. What lies in them is never read as plain manifests: patches, bases without their name
 * prefix, and templates are not what their author wants to be applied.
 */
function findBuilds({ files, path: root }: Snapshot): readonly Build[] {
  const builds: Build[] = [];
  for (const { path } of files) {
    const slash = path.lastIndexOf('/');
    const tool = toolOf(path);
    // what is hidden is no manifest; only a directory that was named itself may be
    if (tool && !/(?:^|\/)\./.test(root ? path.slice(root.length + 1) : path))
      builds.push({ directory: path.slice(0, Math.max(slash, 0)), file: path, tool });
  }
  // a kustomization beside a chart is what somebody makes of it
  const rank = ({ tool }: Build): number => (tool === 'Kustomize' ? 0 : 1);
  builds.sort((a, b) => a.directory.length - b.directory.length || rank(a) - rank(b));
  const outermost: Build[] = [];
  for (const build of builds)
    if (!outermost.some((outer) => outer.directory === build.directory || isIn(outer.directory, build.directory))) outermost.push(build);
  return outermost;
}

const isIn = (directory: string, path: string): boolean => directory === '' || path.startsWith(`${directory}/`);

async function buildAll(
  snapshot: Snapshot,
  builds: readonly Build[],
  options: RenderOptions & { readonly cache: ManifestCache },
): Promise<Manifests> {
  const { tree } = snapshot;
  if (!tree) return { manifests: [], errors: [], warnings: [] };
  const parts: Manifests[] = [];
  for (const directory of await unused(snapshot, builds)) {
    const { buildKustomization } = await import('./kustomize/build.ts');
    parts.push(await buildKustomization(tree, inTree(tree, directory), options.cache, undefined, options.charts));
  }
  for (const directory of await ownCharts(snapshot, builds)) parts.push(await renderOwnChart(tree, snapshot, directory, options));
  return {
    manifests: parts.flatMap(({ manifests }) => manifests),
    errors: parts.flatMap(({ errors }) => errors),
    warnings: parts.flatMap(({ warnings }) => warnings),
  };
}

/** Directories with a chart that is rendered for its own sake: no libraries, and none that another one of the source depends on. */
async function ownCharts(snapshot: Snapshot, builds: readonly Build[]): Promise<readonly string[]> {
  const charts = builds.filter(({ tool }) => tool === 'Helm');
  if (charts.length === 0) return [];
  const { partsOfOthers } = await import('./helm/parts-of-others.ts');
  const parts = await partsOfOthers(snapshot.files.filter(({ path }) => toolOf(path) === 'Helm'));
  return charts
    .map(({ directory }) => directory)
    .filter((directory) => directory === snapshot.path || !parts.has(directory))
    .sort();
}

async function renderOwnChart(
  tree: SourceTree,
  snapshot: Snapshot,
  directory: string,
  { cache, charts, defaultNamespace = 'default' }: RenderOptions & { readonly cache: ManifestCache },
): Promise<Manifests> {
  const [{ renderChart }, { NO_HELM_OPTIONS }] = await Promise.all([import('./helm/render-chart.ts'), import('./helm/chart-options.ts')]);
  const isWhole = directory === snapshot.path;
  const name = releaseName(lastName(directory) || charts?.name || lastName(inTree(tree, directory)));
  const options = (isWhole ? charts?.options : undefined) ?? NO_HELM_OPTIONS;
  const use = {
    tree,
    path: inTree(tree, directory),
    options,
    name,
    namespace: defaultNamespace,
    cluster: charts?.cluster,
    now: charts?.now,
  };
  return renderChart(use, cache);
}

/** Directories with a kustomization that is built for its own sake: the outermost ones that no other uses, in order; and always the root. */
async function unused(snapshot: Snapshot, builds: readonly Build[]): Promise<readonly string[]> {
  const directories = builds.flatMap(({ tool, directory }) => (tool === 'Kustomize' ? [directory] : []));
  if (directories.length === 0) return [];
  const files = snapshot.files.filter(isKustomization);
  const { usedByOthers } = await import('./kustomize/used-by-others.ts');
  const used = files.length > 1 ? await usedByOthers(files) : new Set<string>();
  // whoever names a component wants to see it
  return directories.filter((directory) => directory === snapshot.path || !used.has(directory)).sort();
}

/** The kustomizations of a source that are built for their own sake: overlays; of a source that is one itself, its root alone. */
export const overlaysIn = (snapshot: Snapshot): Promise<readonly string[]> =>
  isNamed(snapshot) || !snapshot.tree ? Promise.resolve([]) : unused(snapshot, findBuilds(snapshot));

/** A packed chart, where it was named itself. */
const isArchive = ({ path }: SourceFile): boolean => path.endsWith('.tgz');

async function renderArchive(
  file: SourceFile,
  { cache = new ManifestCache(), charts, defaultNamespace }: RenderOptions,
): Promise<Manifests> {
  const [{ unpackedChart }, { renderChart }, { NO_HELM_OPTIONS }] = await Promise.all([
    import('./helm/unpacked-chart.ts'),
    import('./helm/render-chart.ts'),
    import('./helm/chart-options.ts'),
  ]);
  try {
    const { tree, directory, name } = await unpackedChart(await file.read(), file.path);
    const options = charts?.options ?? NO_HELM_OPTIONS;
    const shared = { name: releaseName(name), namespace: defaultNamespace ?? 'default', cluster: charts?.cluster, now: charts?.now };
    return await renderChart({ tree, path: directory, options, ...shared }, cache);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return { manifests: [], errors: [unreadable(file.path, error)], warnings: [] };
  }
}

const lastName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** What directories are called need not be what releases may be called. */
const releaseName = (directory: string): string =>
  directory
    .toLowerCase()
    .slice(0, 53)
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '') || 'release-name';

/** Whether a source is a chart itself. */
export const isChart = (snapshot: Snapshot): boolean =>
  isNamed(snapshot)
    ? snapshot.files.some(isArchive)
    : findBuilds(snapshot).some(({ tool, directory }) => tool === 'Helm' && directory === snapshot.path);

const toolOf = (path: string): Build['tool'] | undefined => BUILD_FILES.get(path.slice(path.lastIndexOf('/') + 1));

const isKustomization = ({ path }: SourceFile): boolean => toolOf(path) === 'Kustomize';

const inTree = ({ prefix }: SourceTree, directory: string): string => [prefix, directory].filter(Boolean).join('/');

/** Several kustomizations, or one and plain manifests, may give the same object: the first of them counts, the others are told. */
function withoutRepeats(
  all: readonly Manifest[],
  plain: number,
  defaultNamespace: string,
): { readonly manifests: readonly Manifest[]; readonly errors: readonly ManifestError[] } {
  const first = new Map<string, Manifest>();
  const manifests: Manifest[] = [];
  const errors: ManifestError[] = [];
  for (const [i, manifest] of all.entries()) {
    const { apiVersion, kind, metadata } = manifest.object;
    const { name, namespace } = metadata;
    const key = [splitApiVersion(apiVersion).group, kind, namespace || defaultNamespace, name].join('\0');
    const known = name && i >= plain ? first.get(key) : undefined;
    if (known) {
      const { file, line } = manifest.origin;
      const message = `${kind} ${JSON.stringify(name)}${namespace ? ` in namespace ${JSON.stringify(namespace)}` : ''} is also at ${known.origin.file}:${known.origin.line}`;
      errors.push({ file, line, column: 1, path: '', message, hint: 'build one of the overlays alone: name its directory with --path' });
      continue;
    }
    if (name) first.set(key, manifest);
    manifests.push(manifest);
  }
  return { manifests, errors };
}
