// What Flux does to the objects of a chart once it is rendered: post-renderers, each a kustomization over all of them. Where the objects come
// from is kept, and what was changed points at the definition of the app.
import { writeYaml } from '../../apimachinery/yaml/write.ts';
import { buildKustomization } from '../render/kustomize/build.ts';
import type { ManifestCache } from '../render/manifest-cache.ts';
import type { Manifests } from '../render/manifests.ts';
import type { ManifestError } from '../render/manifest-error.ts';
import { locate, ManifestOrigin } from '../render/origin.ts';
import { memoryTree } from '../source/memory-tree.ts';
import type { App, KustomizeOverrides } from './app.ts';
import { overriddenSources } from './app-origins.ts';

const FILE = 'kustomization.yaml';
const OBJECTS = 'objects.yaml';

/** Faults of what is rendered end it. */
export async function postRendered(
  rendered: Manifests,
  renderers: readonly KustomizeOverrides[],
  app: App,
  cache: ManifestCache,
): Promise<Manifests> {
  let now = rendered;
  for (const overrides of renderers) {
    if (now.errors.length || now.manifests.length === 0 || Object.keys(overrides.append).length === 0) continue;
    const { manifests } = now;
    const kustomization = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: [OBJECTS],
      ...overrides.append,
    };
    const tree = memoryTree(
      new Map([
        [FILE, Buffer.from(writeYaml(kustomization))],
        [OBJECTS, Buffer.from(manifests.map(({ object }) => writeYaml(object)).join('---\n'))],
      ]),
    );
    const built = await buildKustomization(
      tree,
      '',
      cache,
      overriddenSources({ file: FILE, own: app.origin }, () => [], overrides, app),
    );
    now = {
      manifests: built.manifests.map(({ object, origin: { document, layers } }) => {
        const { origin } = manifests[document - 1]!;
        return { object, origin: new ManifestOrigin(origin, origin.source, [...origin.layers, ...layers]) };
      }),
      errors: await Promise.all(built.errors.map((error) => saidByApp(error, overrides, app))),
      warnings: now.warnings,
    };
  }
  return now;
}

/** The files are none of anybody's: what is wrong with them is said by the app. */
async function saidByApp(error: ManifestError, { said }: KustomizeOverrides, { id, origin, place }: App): Promise<ManifestError> {
  const [, field = '', rest = ''] = /^(\w*)(.*)$/s.exec(error.path) ?? [];
  const path = error.file === FILE && Object.hasOwn(said, field) ? `${said[field]!}${rest}` : '';
  return { ...error, ...(origin && path ? await locate(origin, path) : place), path, message: `${id}: ${error.message}` };
}
