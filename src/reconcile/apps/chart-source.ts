// A source of an app that is a chart: of its repository, or of a repository of charts. What the app says of it, and the files that other
// sources of the app lend, go into it.
import { locate } from '../render/origin.ts';
import { NO_HELM_OPTIONS } from '../render/helm/chart-options.ts';
import { renderChart } from '../render/helm/render-chart.ts';
import type { Manifests } from '../render/manifests.ts';
import type { Place } from '../render/manifest-error.ts';
import type { Snapshot } from '../source/snapshot.ts';
import { SourceError } from '../source/source-error.ts';
import type { SourceTree } from '../source/source-tree.ts';
import type { App, AppSource } from './app.ts';
import type { RenderParts } from './render-app.ts';

interface OpenedChart {
  readonly tree: SourceTree;
  /** In the tree. */
  readonly directory: string;
  readonly snapshot: Snapshot | undefined;
}

/** @param opened undefined for a chart of a repository of charts */
export async function renderChartOf(app: App, source: AppSource, opened: OpenedChart | undefined, parts: RenderParts): Promise<Manifests> {
  const { repositories, cache, clusterFacts } = parts;
  const chart = opened ?? { ...(await fetchedChart(app, source, parts)), snapshot: undefined };
  const lent = new Map<string, Snapshot>();
  const { origin, place } = app;
  try {
    return await renderChart(
      {
        tree: chart.tree,
        path: chart.directory,
        options: source.helm ?? NO_HELM_OPTIONS,
        name: app.name,
        namespace: app.namespace ?? 'default',
        cluster: clusterFacts,
        placeSaid: (field): Promise<Place> => (origin ? locate(origin, field) : Promise.resolve(place)),
        lent: async (name) => {
          const lender = app.lenders.get(name);
          if (lender && !lent.has(name)) lent.set(name, await repositories.open({ ...lender, path: '' }));
          return lent.get(name)?.tree;
        },
        environment: app.tool === 'argocd' ? buildEnvironment(app, source, chart.snapshot) : undefined,
      },
      cache,
    );
  } finally {
    for (const snapshot of lent.values()) await snapshot.close();
  }
}

async function fetchedChart(
  _app: App,
  { url = '', chart = '' }: AppSource,
  _parts: RenderParts,
): Promise<{ readonly tree: SourceTree; readonly directory: string }> {
  throw new SourceError('Unreachable', url, `the chart ${chart} lies elsewhere, and nothing is fetched`, 'allow it with --allow-remote');
}

/** What Argo CD lets paths and parameters refer to. */
function buildEnvironment(
  { name, namespace, project }: App,
  source: AppSource,
  snapshot: Snapshot | undefined,
): ReadonlyMap<string, string> {
  const revision = snapshot?.revision ?? source.ref ?? '';
  return new Map([
    ['ARGOCD_APP_NAME', name],
    ['ARGOCD_APP_NAMESPACE', namespace ?? ''],
    ['ARGOCD_APP_PROJECT_NAME', project ?? ''],
    ['ARGOCD_APP_REVISION', revision],
    ['ARGOCD_APP_REVISION_SHORT', revision.slice(0, 7)],
    ['ARGOCD_APP_REVISION_SHORT_8', revision.slice(0, 8)],
    ['ARGOCD_APP_SOURCE_REPO_URL', source.url ?? ''],
    ['ARGOCD_APP_SOURCE_PATH', source.path],
    ['ARGOCD_APP_SOURCE_TARGET_REVISION', source.ref ?? ''],
  ]);
}
