// Prepares what SOURCE names for a cluster, with all apps that it defines; and syncs it.
import type { Engine } from '../../reconcile/engine.ts';
import type { PreparedSource } from '../../reconcile/apps/prepare-apps.ts';
import type { ManifestCache } from '../../reconcile/render/manifest-cache.ts';
import type { SyncPolicy } from '../../reconcile/plan/sync-policy.ts';
import type { Selection } from '../../reconcile/plan/selection.ts';
import type { SyncResult } from '../../reconcile/report/result.ts';
import type { SourceDeps } from '../../reconcile/source/source.ts';
import type { ManifestValidator } from '../../reconcile/validate/validate.ts';
import { closest } from '../../reconcile/closest.ts';
import { chartOptions } from './chart.ts';
import { CannotDo } from './failure.ts';
import { pruneConfirmer, prunePolicy, whoAmI } from './person.ts';
import type { Progress } from './progress.ts';
import { appName, sourceDeps, sourceSpec, type SourceFlags } from './source.ts';
import { tellSync } from './sync-events.ts';

export interface AppFlags extends SourceFlags {
  /** What the source as a whole is called; by default after what was named. */
  readonly name?: string | undefined;
  readonly app?: string | undefined;
  readonly namespace: string;
  readonly 'assume-kinds'?: boolean | undefined;
}

/** What is kept from one reading to the next, and with what it is read. */
interface Kept {
  readonly cache?: ManifestCache;
  readonly validator?: ManifestValidator;
  readonly deps?: SourceDeps;
}

/** `only` is the one app that was asked for, where there are several. */
export type PreparedFor = PreparedSource & { readonly name: string; readonly only: string | undefined };

/** The cluster's time does not stand still meanwhile: whoever runs on it holds its clock. */
export async function prepareFor(engine: Engine, location: string, flags: AppFlags, kept: Kept = {}): Promise<PreparedFor> {
  const [{ dataInCluster, prepareSource }, { servedKinds }, { defineKinds }, { factsOf }] = await Promise.all([
    import('../../reconcile/apps/prepare-apps.ts'),
    import('../../reconcile/prepare.ts'),
    import('../../reconcile/define-kinds.ts'),
    import('../../reconcile/render/helm/capabilities.ts'),
  ]);
  const { deps = sourceDeps(flags), cache, validator } = kept;
  const name = flags.name ?? appName(location, flags.path);
  const prepared = await prepareSource(sourceSpec(location, flags), deps, {
    name,
    served: await servedKinds(engine.client),
    defaultNamespace: flags.namespace,
    findData: dataInCluster(engine.client),
    clusterFacts: factsOf(engine.client),
    chart: await chartOptions(flags),
    ...(flags['assume-kinds'] ? { define: (definitions) => defineKinds(engine.client, definitions) } : {}),
    ...(cache ? { cache } : {}),
    ...(validator ? { validator } : {}),
  });
  return { ...prepared, name, only: chosenApp(prepared.tree?.apps, flags.app) };
}

/** Where a source defines several apps, --app names one of them. */
export function chosenApp(apps: readonly { readonly name: string }[] | undefined, wanted: string | undefined): string | undefined {
  if (!apps || wanted === undefined) return undefined;
  const names = apps.map(({ name }) => name);
  if (names.includes(wanted)) return wanted;
  const similar = closest(wanted, names);
  throw new CannotDo(
    `the source defines no app ${JSON.stringify(wanted)}`,
    similar ? `did you mean ${similar}?` : names.length ? `it defines ${names.slice(0, 20).join(', ')}` : 'it defines none',
  );
}

/** What --ignore-difference and --create-namespace ask for; undefined where nothing is. @param tree of a source that defines apps */
export async function policyOfFlags(
  {
    'ignore-difference': rules = [],
    'create-namespace': createNamespace = false,
  }: { readonly 'ignore-difference'?: readonly string[] | undefined; readonly 'create-namespace'?: boolean | undefined },
  tree: unknown,
): Promise<SyncPolicy | undefined> {
  if (rules.length === 0 && !createNamespace) return undefined;
  if (tree && rules.length)
    throw new CannotDo('--ignore-difference is not for sources that define apps', 'write ignoreDifferences into the definition of the app');
  if (tree)
    throw new CannotDo(
      '--create-namespace is not for sources that define apps',
      'write it into the definition of the app: the sync option CreateNamespace=true',
    );
  const [{ parseIgnoreDifference }, { NO_POLICY }] = await Promise.all([
    import('../../reconcile/apps/ignore-difference.ts'),
    import('../../reconcile/plan/sync-policy.ts'),
  ]);
  const ignoreDifferences = rules.map((text) => {
    const rule = parseIgnoreDifference(text);
    if (rule) return rule;
    throw new CannotDo(
      `--ignore-difference: ${JSON.stringify(text)} names no fields`,
      'write Deployment/web:/spec/replicas, Secret:.data.token or *:manager=NAME',
    );
  });
  const options = [...(rules.length ? ['RespectIgnoreDifferences=true'] : []), ...(createNamespace ? ['CreateNamespace=true'] : [])];
  return { ...NO_POLICY, options, ignoreDifferences };
}

export interface SyncSourceOptions {
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

interface SyncSourceFlags {
  readonly 'create-namespace'?: boolean | undefined;
  readonly 'ignore-difference'?: readonly string[] | undefined;
  readonly prune: string;
  readonly timeout: number;
  readonly only?: readonly string[] | undefined;
  readonly selector?: string | undefined;
}

/** Undefined where all objects are meant. */
async function selectionOf({ only = [], selector }: SyncSourceFlags): Promise<Selection | undefined> {
  if (only.length === 0 && selector === undefined) return undefined;
  const [{ isSelectable, selection }, { SelectorError }] = await Promise.all([
    import('../../reconcile/plan/selection.ts'),
    import('../../apimachinery/label-selector.ts'),
  ]);
  const wrong = only.find((text) => !isSelectable(text));
  if (wrong !== undefined) throw new CannotDo(`--only: ${JSON.stringify(wrong)} names no object`, 'write kind/name: deployment/web');
  try {
    return selection(only, selector);
  } catch (error) {
    if (error instanceof SelectorError) throw new CannotDo(`--selector: ${error.message}`, 'write app=web, or tier in (front,back)', error);
    throw error;
  }
}

export async function syncSource(
  engine: Engine,
  location: string,
  flags: AppFlags & SyncSourceFlags,
  { progress, signal }: SyncSourceOptions,
): Promise<SyncResult> {
  const selects = await selectionOf(flags);
  const confirmPrune = pruneConfirmer(progress);
  const { plain, tree, name, only } = await engine.clock.hold(prepareFor(engine, location, flags));
  const policy = await policyOfFlags(flags, tree);
  const shared = {
    namespace: flags.namespace,
    prune: prunePolicy(flags.prune, confirmPrune),
    timeoutMs: flags.timeout,
    signal,
    record: { who: whoAmI(), automated: false },
    ...(confirmPrune ? { confirmPrune } : {}),
    ...(selects ? { selects } : {}),
  };
  const found = (result: SyncResult): SyncResult => {
    if (selects && result.resources.length === 0 && result.errors.length === 0)
      throw new CannotDo(`${location}: no object is what --only and --selector ask for`, 'jibe render shows which there are');
    return result;
  };
  if (tree) {
    const { syncApps } = await import('../../reconcile/apps/sync-apps.ts');
    const result = await syncApps(engine, tree, {
      ...shared,
      name,
      ...(only === undefined ? {} : { only }),
      onProgress: (event, app) => tellSync(event, progress, app),
    });
    return found(result);
  }
  if (isEmpty(plain)) throw new CannotDo(`${location}: ${NO_MANIFESTS[0]}`, NO_MANIFESTS[1]);
  const { sync } = await import('../../reconcile/sync.ts');
  return found(
    await sync(engine, plain, {
      ...shared,
      ...(policy ? { policy } : {}),
      app: flags.app ?? name,
      onProgress: (event) => tellSync(event, progress),
    }),
  );
}

/** A directory without manifests is a mistake, not a wish to have nothing. */
export const isEmpty = ({ manifests, errors }: { readonly manifests: readonly unknown[]; readonly errors: readonly unknown[] }): boolean =>
  manifests.length + errors.length === 0;

export const NO_MANIFESTS = [
  'no manifests were found',
  'an empty source never removes anything; check the directory, --path, --include and --exclude',
] as const;
