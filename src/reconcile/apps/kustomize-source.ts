// A directory as Flux and Argo CD build it: its kustomization with overrides put in, and for Flux also one that is made up where there is
// none, of all manifests and kustomizations below.
import { isObject, type JsonObject } from '../../apimachinery/object.ts';
import { readYaml } from '../../apimachinery/yaml/read.ts';
import { writeYaml } from '../../apimachinery/yaml/write.ts';
import { buildKustomization } from '../render/kustomize/build.ts';
import { KUSTOMIZATION_NAMES } from '../render/kustomize/target.ts';
import type { ChartSettings } from '../render/helm/chart-options.ts';
import type { ManifestCache } from '../render/manifest-cache.ts';
import { ManifestDocument } from '../render/manifest-document.ts';
import type { Manifests } from '../render/manifests.ts';
import { documentOrigin } from '../render/origin.ts';
import { decodeText } from '../render/text.ts';
import { anyOf } from '../source/glob.ts';
import type { Snapshot } from '../source/snapshot.ts';
import type { SourceTree } from '../source/source-tree.ts';
import type { App, KustomizeOverrides } from './app.ts';
import { overriddenSources } from './app-origins.ts';
import { overlaid } from './overlaid-tree.ts';

/** The kustomization file of the snapshot's own directory; undefined where it has none. */
export async function kustomizationFile(tree: SourceTree, directory: string): Promise<string | undefined> {
  for (const name of KUSTOMIZATION_NAMES) {
    const path = directory ? `${directory}/${name}` : name;
    if ((await tree.find(path))?.kind === 'file') return path;
  }
  return undefined;
}

/** Builds a directory of the tree with overrides. @param file its kustomization @param app says the overrides */
export async function buildWith(
  tree: SourceTree,
  directory: string,
  file: string,
  overrides: KustomizeOverrides,
  cache: ManifestCache,
  app: App,
  charts: ChartSettings,
): Promise<Manifests> {
  if (Object.keys(overrides.replace).length + Object.keys(overrides.append).length === 0)
    return buildKustomization(tree, directory, cache, undefined, charts);
  const found = await tree.find(file);
  const shown = found?.kind === 'file' ? found.file.path : file;
  const decoded = found?.kind === 'file' ? decodeText(await found.file.read()) : { text: '' };
  const given = decoded.fault ? undefined : decoded.text;
  const read = given === undefined ? undefined : await readYaml(given);
  // what cannot be read is told by the build itself
  if (!read || read.faults || !isObject(read.value)) return buildKustomization(tree, directory, cache, undefined, charts);
  const { value } = read;
  const text = writeYaml(overridden(value, overrides));
  const own = documentOrigin(shown, 1, { document: ManifestDocument.ofText(given!), firstLine: 1 });
  const sources = overriddenSources({ file, own }, (field) => keptOf(value, field, overrides.append[field]!), overrides, app);
  return buildKustomization(overlaid(tree, new Map([[file, text]])), directory, cache, sources, charts);
}

/** Builds all manifests and kustomizations of a directory, as if a kustomization named them. */
export async function buildGenerated(
  tree: SourceTree,
  directory: string,
  snapshot: Snapshot,
  overrides: KustomizeOverrides,
  exclude: readonly string[],
  cache: ManifestCache,
  app: App,
  charts: ChartSettings,
): Promise<Manifests> {
  const resources = generatedResources(snapshot, exclude);
  if (resources.length === 0) return { manifests: [], errors: [], warnings: [] };
  const file = directory ? `${directory}/${KUSTOMIZATION_NAMES[0]}` : KUSTOMIZATION_NAMES[0];
  const generated = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources };
  const text = writeYaml(overridden(generated, overrides));
  const sources = overriddenSources({ file, own: app.origin }, () => [], overrides, app);
  return buildKustomization(overlaid(tree, new Map([[file, text]])), directory, cache, sources, charts);
}

/** What Flux leaves out of a repository unless it is told otherwise. */
const IGNORED = [
  '.git*',
  '.github',
  '.circleci',
  '.travis.yml',
  '.gitlab-ci.yml',
  'appveyor.yml',
  '.drone.yml',
  'cloudbuild.yaml',
  'codeship-services.yml',
  'codeship-steps.yml',
  '.goreleaser.yml',
  '.sops.yaml',
  '.flux.yaml',
];

/** Files of manifests, and directories with a kustomization instead of what is in them; relative, in the order of a walk. */
function generatedResources({ files, path: root }: Snapshot, exclude: readonly string[]): readonly string[] {
  const ignored = anyOf(exclude.length ? exclude : IGNORED);
  const relative = files.filter(({ path }) => !ignored(path)).map(({ path }) => (root ? path.slice(root.length + 1) : path));
  const built = relative
    .filter((path) => path.includes('/') && (KUSTOMIZATION_NAMES as readonly string[]).includes(path.slice(path.lastIndexOf('/') + 1)))
    .map((path) => path.slice(0, path.lastIndexOf('/')));
  const outermost = built.filter((directory) => !built.some((other) => directory.startsWith(`${other}/`)));
  const plain = relative.filter((path) => /\.ya?ml$/.test(path) && !outermost.some((directory) => path.startsWith(`${directory}/`)));
  return [...new Set([...plain, ...outermost])].sort().map((path) => `./${path}`);
}

/** Which of its own items of a list a file keeps: their indices. */
function keptOf(kustomization: JsonObject, field: string, items: readonly unknown[]): readonly number[] {
  const own = Array.isArray(kustomization[field]) ? (kustomization[field] as readonly unknown[]) : [];
  const named = new Set(NAMED.has(field) ? items.map(nameOf) : []);
  return [...own.keys()].filter((i) => !named.has(nameOf(own[i])));
}

function overridden(kustomization: JsonObject, { replace, append }: KustomizeOverrides): JsonObject {
  const out: JsonObject = { ...kustomization, ...replace };
  for (const [field, items] of Object.entries(append)) {
    const own = Array.isArray(kustomization[field]) ? (kustomization[field] as readonly unknown[]) : [];
    out[field] = [...keptOf(kustomization, field, items).map((i) => own[i]), ...items];
  }
  return out;
}

/** Of these an override takes the place of the one with the same name. */
const NAMED = new Set(['images', 'replicas']);

const nameOf = (item: unknown): unknown => (isObject(item) ? item.name : undefined);
