// A source of an app that is a chart: of its repository, or of a repository of charts. What the app says of it, and the files that other
// sources of the app lend, go into it.
import { locate } from '../render/origin.ts';
import { NO_HELM_OPTIONS } from '../render/helm/chart-options.ts';
import type { Manifests } from '../render/manifests.ts';
import type { ManifestError, Place } from '../render/manifest-error.ts';
import type { PlaceSaid } from '../render/helm/chart-error.ts';
import type { ValuesSource } from '../render/helm/values.ts';
import type { Snapshot } from '../source/snapshot.ts';
import { SourceError } from '../source/source-error.ts';
import type { SourceTree } from '../source/source-tree.ts';
import type { App, AppSource } from './app.ts';
import type { FindData, RenderParts } from './render-app.ts';

interface OpenedChart {
  readonly tree: SourceTree;
  /** In the tree. */
  readonly directory: string;
  readonly snapshot: Snapshot | undefined;
}

/** @param opened undefined for a chart of a repository of charts */
export async function renderChartOf(app: App, source: AppSource, opened: OpenedChart | undefined, parts: RenderParts): Promise<Manifests> {
  const { repositories, cache, clusterFacts, findData, now } = parts;
  const { origin, place } = app;
  const placeSaid = (field: string): Promise<Place> => (origin ? locate(origin, field) : Promise.resolve(place));
  const faults: ManifestError[] = [];
  const given = await valuesFromData(app, source, findData, placeSaid, faults);
  if (faults.length) return { manifests: [], errors: faults, warnings: [] };
  const chart = opened ?? (await fetchedChart(source, parts));
  const options = source.helm ?? NO_HELM_OPTIONS;
  const lent = new Map<string, Snapshot>();
  // most apps are no charts
  const [{ renderChart }, { postRendered }] = await Promise.all([import('../render/helm/render-chart.ts'), import('./post-render.ts')]);
  try {
    const rendered = await renderChart(
      {
        tree: chart.tree,
        path: chart.directory,
        options: { ...options, valueFiles: [...given, ...options.valueFiles] },
        name: app.name,
        namespace: app.namespace ?? 'default',
        cluster: clusterFacts,
        now,
        placeSaid,
        lent: async (name) => {
          const lender = app.lenders.get(name);
          if (lender && !lent.has(name)) lent.set(name, await repositories.open({ ...lender, path: '' }));
          return lent.get(name)?.tree;
        },
        environment: app.tool === 'argocd' ? buildEnvironment(app, source, chart.snapshot) : undefined,
      },
      cache,
    );
    return await postRendered(rendered, source.postRenderers ?? [], app, cache);
  } finally {
    for (const snapshot of lent.values()) await snapshot.close();
  }
}

/** Values that ConfigMaps and Secrets hold: whole files of them, or single ones. */
async function valuesFromData(
  app: App,
  { valuesFrom = [] }: AppSource,
  findData: FindData,
  placeSaid: PlaceSaid,
  faults: ManifestError[],
): Promise<readonly ValuesSource[]> {
  const values: ValuesSource[] = [];
  for (const { kind, namespace, name, key, targetPath, optional, said } of valuesFrom) {
    const data = await findData(kind, namespace, name);
    const text = data?.get(key);
    if (text === undefined) {
      if (optional) continue;
      const message = data ? `${kind} ${namespace}/${name} has no ${key}` : `there is no ${kind} ${namespace}/${name} to take values from`;
      faults.push({
        ...(await placeSaid(said)),
        path: said,
        message: `${app.id}: ${message}`,
        hint: 'it must be in the source or in the cluster; or say optional: true',
      });
    } else if (targetPath === '') values.push({ path: `${kind}/${namespace}/${name}`, bytes: Buffer.from(text), said });
    else {
      const quoted = /^'.*'$|^".*"$/s.test(text) ? text.replace(/^['"]+|['"]+$/g, '') : undefined;
      values.push({
        kind: quoted === undefined ? 'typed' : 'string',
        line: `${targetPath}=${quoted ?? text}`,
        said,
        isSecret: kind === 'Secret',
      });
    }
  }
  return values;
}

/** A chart of a repository of charts, unpacked. Throws a SourceError. */
async function fetchedChart({ url = '', chart = '', ref = '' }: AppSource, { repositories }: RenderParts): Promise<OpenedChart> {
  const { elsewhere } = repositories;
  if (!elsewhere) throw new SourceError('Unreachable', url, 'nothing is fetched', 'allow it with --allow-remote');
  const { fetchedChartTree } = await import('../render/helm/remote-chart.ts');
  // Argo CD writes registries without their scheme
  const repository = /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : `oci://${url}`;
  const { tree, directory } = await fetchedChartTree({ repository, name: chart, version: ref }, elsewhere);
  return { tree, directory, snapshot: undefined };
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
