// Kustomize overlays of a source that defines no apps: the kustomizations that no other uses (`overlays/dev`, `overlays/prod`), each an app
// of its own, and what lies beside them. They are variants of each other as often as not, so nobody may take them for one whole.
import { ManifestCache } from '../render/manifest-cache.ts';
import { overlaysIn, render } from '../render/render.ts';
import { infoOf } from '../prepare.ts';
import { openSource, type SourceDeps, type SourceSpec } from '../source/source.ts';
import { inAppOrder } from './app-order.ts';
import { rootApp, type RenderedNamed, type RenderSourceOptions, type RenderedSource } from './prepare-apps.ts';

/** Undefined where there are fewer than `least`. Throws a SourceError where the source cannot be opened. */
export async function renderOverlays(
  spec: SourceSpec,
  deps: SourceDeps,
  options: RenderSourceOptions,
  least = 2,
): Promise<RenderedSource | undefined> {
  const { cache = new ManifestCache(), defaultNamespace, name } = options;
  const snapshot = await openSource(spec, deps);
  try {
    const overlays = await overlaysIn(snapshot);
    if (overlays.length < least) return undefined;
    const read = { source: infoOf(snapshot), files: snapshot.files.length };
    const loading = { cache, ...(defaultNamespace ? { defaultNamespace } : {}) };
    const appFor = (called: string, directory: string): RenderedNamed['app'] => ({
      ...rootApp(called, defaultNamespace),
      id: `Overlay/${directory || '.'}`,
    });
    const charts = { name, options: options.chart, cluster: options.clusterFacts, now: deps.clock.now() };
    const apps: RenderedNamed[] = [];
    const { buildKustomization } = await import('../render/kustomize/build.ts');
    const { tree } = snapshot;
    for (const directory of overlays) {
      const built = await buildKustomization(tree!, [tree!.prefix, directory].filter(Boolean).join('/'), cache, undefined, charts);
      apps.push({ app: appFor(directory, directory), name: directory, parent: undefined, rendered: { ...built, ...read } });
    }
    const isOverlay = (path: string): boolean => overlays.some((directory) => path.startsWith(`${directory}/`));
    const rest = await render(snapshot, { ...loading, charts, passOver: isOverlay });
    if (rest.manifests.length + rest.errors.length)
      apps.unshift({ app: appFor(name, ''), name, parent: undefined, rendered: { ...rest, ...read } });
    return {
      ...read,
      areVariants: true,
      identity: '',
      apps: inAppOrder(apps),
      projects: new Map(),
      notifications: [],
      errors: [],
      warnings: [],
    };
  } finally {
    await snapshot.close();
  }
}
