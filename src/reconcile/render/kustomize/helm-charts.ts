// What a kustomization makes of Helm charts (`helmCharts`): each rendered as by `helm template` with the values that the entry says, as if it
// were a generator. Charts lie below chartHome, or are fetched where that is allowed. DEVIATION: kustomize wants --enable-helm, since it runs
// helm; here nothing is run. What is for `helm test` alone is left out.
import { deepCopy, isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { writeYaml } from '../../../apimachinery/yaml/write.ts';
import { SourceError } from '../../source/source-error.ts';
import type { SourceTree } from '../../source/source-tree.ts';
import type { PlaceSaid } from '../helm/chart-error.ts';
import type { HelmOptions, ValuesReference } from '../helm/chart-options.ts';
import { joined, type BuildFiles } from './files.ts';
import { KustomizeError } from './kustomize-error.ts';
import type { HelmChartArgs, HelmGlobals } from './kustomization.ts';
import { MOUNT } from './remotes.ts';
import { Resource } from './resource.ts';
import type { Build } from './shared-build.ts';

/** The objects of one entry. Throws {@link KustomizeError}. @param directory of the kustomization @param file its file, as it is shown @param placeSaid where fields of the entry stand */
export async function chartResources(
  build: Build,
  directory: string,
  file: string,
  args: HelmChartArgs,
  globals: HelmGlobals,
  placeSaid: PlaceSaid,
): Promise<readonly Resource[]> {
  if (args.name === '') throw new KustomizeError('chart name cannot be empty', { at: ['name'] });
  if (!['', 'override', 'merge', 'replace'].includes(args.valuesMerge))
    throw new KustomizeError('valuesMerge must be one of override, merge, replace', { at: ['valuesMerge'] });
  const { renderChart } = await import('../helm/render-chart.ts');
  const { tree, path } = await chartOf(build.files, directory, args, globals);
  const { manifests, errors, warnings } = await renderChart(
    {
      tree,
      path,
      options: await optionsOf(args, directory, file),
      name: args.releaseName || 'release-name',
      namespace: args.namespace || 'default',
      cluster: build.charts?.cluster,
      now: build.charts?.now,
      placeSaid,
      lent: async () => build.files.tree,
    },
    build.cache,
  );
  build.warnings.push(...warnings);
  const [fault] = errors;
  if (fault) {
    const { line, column } = fault;
    const where = { position: { line, column }, ...(fault.hint ? { hint: fault.hint } : {}) };
    throw new KustomizeError(fault.path ? `${fault.path}: ${fault.message}` : fault.message, { file: fault.file, ...where });
  }
  build.countResources(manifests.length);
  return manifests
    .filter(({ object }) => !args.skipHooks || object.metadata.annotations?.['helm.sh/hook'] === undefined)
    .map(({ object, origin }) => new Resource(deepCopy<JsonObject>({ ...object }), origin));
}

/** Values of the chart's own file under those of the entry, unless it says otherwise. */
async function optionsOf(args: HelmChartArgs, directory: string, file: string): Promise<HelmOptions> {
  const { NO_HELM_OPTIONS } = await import('../helm/chart-options.ts');
  // files of values are those of the kustomization, wherever the chart lies
  const own = (path: string, said: string): ValuesReference => ({ file: `$own/${joined(directory, path)}`, said, shown: path });
  const given = args.valuesFile ? own(args.valuesFile, 'valuesFile') : { file: 'values.yaml', said: 'valuesFile' };
  const isSaid = isObject(args.valuesInline) && Object.keys(args.valuesInline).length > 0;
  const inline: ValuesReference[] = isSaid ? [{ path: file, bytes: Buffer.from(writeYaml(args.valuesInline)), said: 'valuesInline' }] : [];
  const order = !isSaid
    ? [given]
    : args.valuesMerge === 'merge'
      ? [...inline, given]
      : args.valuesMerge === 'replace'
        ? inline
        : [given, ...inline];
  return {
    ...NO_HELM_OPTIONS,
    valueFiles: [...order, ...args.additionalValuesFiles.map((path, i) => own(path, `additionalValuesFiles[${i}]`))],
    // a chart without values has no file of them
    ignoreMissingValueFiles: !args.valuesFile,
    skipCrds: !args.includeCRDs,
    kubeVersion: args.kubeVersion || undefined,
    apiVersions: args.apiVersions,
  };
}

async function chartOf(
  files: BuildFiles,
  directory: string,
  { name, version, repo }: HelmChartArgs,
  { chartHome }: HelmGlobals,
): Promise<{ readonly tree: SourceTree; readonly path: string }> {
  if (MOUNT.test(directory)) throw new KustomizeError('charts of a repository elsewhere are not rendered');
  const { tree } = files;
  const home = joined(directory, chartHome || 'charts');
  const path = [home, ...(version && repo ? [`${name}-${version}`] : []), name].join('/');
  if ((await files.find('', path))?.kind === 'directory') return { tree, path };
  if (repo === '')
    throw new KustomizeError(`there is no chart at ${files.shown(path)}`, { at: ['name'], hint: 'put it there, or name its repo' });
  const { elsewhere } = tree;
  if (!elsewhere)
    throw new KustomizeError(`there is no chart at ${files.shown(path)}, and nothing is fetched from ${repo}`, {
      at: ['repo'],
      hint: 'put it there (helm pull --untar), or allow it with --allow-remote',
    });
  try {
    const { fetchedChartTree } = await import('../helm/remote-chart.ts');
    const fetched = await fetchedChartTree({ repository: repo, name, version }, elsewhere);
    return { tree: fetched.tree, path: fetched.directory };
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    throw new KustomizeError(`${error.where}: ${error.message}`, {
      at: ['repo'],
      ...(error.hint ? { hint: error.hint } : {}),
      cause: error,
    });
  }
}
