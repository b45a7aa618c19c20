// A preview of all apps of a source. Only those that the change touches are run, with what they need beside them: apps for one cluster
// together, variants of each other (Kustomize overlays) each in a cluster of its own. The results are told by app and as a whole.
import { prepareRendered, rootApp, type AppTree, type PreparedApp, type RenderedNamed, type RenderedSource } from '../apps/prepare-apps.ts';
import type { Prepared, PrepareOptions } from '../prepare.ts';
import { inReadingOrder } from '../render/manifest-error.ts';
import type { Manifest } from '../render/manifests.ts';
import { KnownKinds } from '../validate/known-kinds.ts';
import { bySeverity, counted, type Severity } from './consequence.ts';
import { preview, type PreviewOptions } from './preview.ts';
import { NOTHING_HAPPENED, type PreviewedApp, type PreviewResult } from './result.ts';
import { neededFor, touchedApps, type TouchedApp } from './touched.ts';
import { isWebhookConfiguration } from './world.ts';

export interface PreviewSourceOptions extends Omit<PreviewOptions, 'apps' | 'others'> {
  /** Of the source's own objects together. */
  readonly name: string;
  /** How both sides are validated. */
  readonly preparing: PrepareOptions;
  /** Only this app, where there are several. */
  readonly only?: string | undefined;
}

type RenderedApps = Extract<RenderedSource, { readonly apps: readonly RenderedNamed[] }>;

/** Of two that are rendered. Apps of one side that is a single one on the other are told from it. */
export async function previewSource(base: RenderedSource, head: RenderedSource, options: PreviewSourceOptions): Promise<PreviewResult> {
  const { name, only } = options;
  const preparing = inWorld(options);
  if (!base.apps && !head.apps) {
    const [before, after] = [await prepareRendered(base, preparing), await prepareRendered(head, preparing)];
    return preview(before.plain!, after.plain!, options);
  }
  const [before, after] = [asApps(base, name, options.namespace), asApps(head, name, options.namespace)];
  const all = touchedApps(before.apps, after.apps);
  const touched = only === undefined ? all : all.filter((app) => app.name === only);
  const others = new Set([...before.apps, ...after.apps].map(({ app }) => app.id)).size - touched.length;
  const about = [
    ...(options.assumed ?? []),
    ...(others
      ? [
          `${counted(others, 'app')} of the source ${others === 1 ? 'is' : 'are'} not changed${only === undefined ? '' : ', or not asked for'}.`,
        ]
      : []),
  ];
  const faults = touched.length === 0 && before.errors!.length + after.errors!.length > 0;
  if (touched.length === 0 && !faults) return { ...NOTHING_HAPPENED, ...revisions(before, after), assumed: about, apps: [] };
  const told = { ...options, preparing, assumed: about };
  return before.areVariants || after.areVariants ? each(before, after, touched, told) : together(before, after, touched, told);
}

/** Kinds that the world defines are known to both sides. */
function inWorld({ preparing, world, snapshot }: PreviewSourceOptions): PrepareOptions {
  const objects = [...(snapshot?.objects ?? []), ...(world?.manifests ?? []).map(({ object }) => object)];
  return { ...preparing, served: KnownKinds.beside(objects, preparing.served).served };
}

const revisions = (base: RenderedSource, head: RenderedSource) => ({ base: base.source.revision, head: head.source.revision });

/** A source that is one set of manifests is one app, where the other side has several. */
function asApps(side: RenderedSource, name: string, namespace: string): RenderedApps {
  if (side.apps) return side;
  const { source, files, plain } = side;
  const root: RenderedNamed = { app: rootApp(name, namespace), name, parent: undefined, rendered: { ...plain, source, files } };
  return { source, files, apps: [root], identity: '', projects: new Map(), notifications: [], errors: [], warnings: [] };
}

async function together(
  before: RenderedApps,
  after: RenderedApps,
  touched: readonly TouchedApp[],
  options: PreviewSourceOptions,
): Promise<PreviewResult> {
  const needed = neededFor(touched, [...before.apps, ...after.apps]);
  const chosen = ({ app }: RenderedNamed): boolean => needed.has(app.id);
  const tree = async (side: RenderedApps): Promise<AppTree> => (await prepareRendered(side, options.preparing, chosen)).tree!;
  const base = await tree(before);
  // the same source, wherever the two were read from
  const head: AppTree = { ...(await tree(after)), identity: base.identity };
  const left = before.apps.filter((app) => !chosen(app));
  const others = left
    .flatMap(({ rendered }) => rendered.manifests)
    .filter(({ object: { apiVersion, kind } }) => {
      const isGlobal = base.served(apiVersion, kind)?.namespaced === false;
      // nothing would be in their namespaces
      return isGlobal && kind !== 'Namespace' && !isWebhookConfiguration({ apiVersion, kind });
    });
  const beside = needed.size - touched.length;
  const result = await preview(flattened(base), flattened(head), {
    ...options,
    apps: { base, head },
    others,
    assumed: [
      ...(options.assumed ?? []),
      ...(beside > 0 ? [`${counted(beside, 'app')} that they need, or share a namespace with, run beside them.`] : []),
      ...(left.length ? [`Of ${counted(left.length, 'app')} more only what lies in no namespace is in the cluster.`] : []),
    ],
  });
  return { ...result, apps: touched.map((app) => summary(app, result, reasonOf(app, head))) };
}

const reasonOf = ({ id }: TouchedApp, { apps }: AppTree): string => {
  const app = apps.find((one) => one.app.id === id)?.app;
  return app?.notRendered ?? (app?.suspend ? 'it is suspended, and left as it is' : '');
};

/** All objects of a tree as one set. */
function flattened({ source, apps, errors, warnings }: AppTree): Prepared {
  const all = apps.map(({ prepared }) => prepared);
  return {
    source,
    manifests: all.flatMap(({ manifests }) => manifests),
    errors: inReadingOrder([...errors, ...all.flatMap((one) => one.errors)]),
    doubts: new Map(all.flatMap(({ doubts }) => [...doubts])),
    warnings: inReadingOrder([...warnings, ...all.flatMap((one) => one.warnings)]),
    files: all.reduce((sum, { files }) => sum + files, 0),
  };
}

async function each(
  before: RenderedApps,
  after: RenderedApps,
  touched: readonly TouchedApp[],
  options: PreviewSourceOptions,
): Promise<PreviewResult> {
  const ids = new Set(touched.map(({ id }) => id));
  const chosen = ({ app }: RenderedNamed): boolean => ids.has(app.id);
  const [base, head] = [await prepareRendered(before, options.preparing, chosen), await prepareRendered(after, options.preparing, chosen)];
  const results: { readonly app: TouchedApp; readonly result: PreviewResult }[] = [];
  for (const app of touched) {
    const of = ({ apps }: AppTree): PreparedApp | undefined => apps.find((one) => one.app.id === app.id);
    const [was, is] = [of(base.tree!), of(head.tree!)];
    const result = await preview(was?.prepared ?? empty(base.tree!), is?.prepared ?? empty(head.tree!), {
      ...options,
      others: besideOverlays(before, app),
    });
    results.push({ app, result: tagged(result, app.name) });
  }
  return combined(results);
}

const empty = ({ source }: AppTree): Prepared => ({ source, manifests: [], errors: [], doubts: new Map(), warnings: [], files: 0 });

/** What lies beside the overlays is there for each of them. */
const besideOverlays = ({ apps }: RenderedApps, { id }: TouchedApp): readonly Manifest[] =>
  apps.filter(({ app }) => app.id === 'Overlay/.' && app.id !== id).flatMap(({ rendered }) => rendered.manifests);

const tagged = (result: PreviewResult, app: string): PreviewResult => ({
  ...result,
  changes: result.changes.map((change) => ({ ...change, app })),
  consequences: result.consequences.map((consequence) => ({ ...consequence, app })),
  rollouts: result.rollouts.map((rollout) => ({ ...rollout, app })),
  services: result.services.map((service) => ({ ...service, app })),
  workloads: result.workloads.map((workload) => ({ ...workload, app })),
  events: result.events.map((event) => ({ ...event, app })),
});

function combined(results: readonly { readonly app: TouchedApp; readonly result: PreviewResult }[]): PreviewResult {
  const all = results.map(({ result }) => result);
  const [first = NOTHING_HAPPENED] = all;
  return {
    ...first,
    changes: all.flatMap(({ changes }) => changes),
    moved: all.flatMap(({ moved }) => moved),
    consequences: bySeverity(all.flatMap(({ consequences }) => consequences)),
    rollouts: all.flatMap(({ rollouts }) => rollouts),
    services: all.flatMap(({ services }) => services),
    workloads: all.flatMap(({ workloads }) => workloads),
    events: all.flatMap(({ events }) => events),
    durationSeconds: Math.max(...all.map(({ durationSeconds }) => durationSeconds)),
    errors: all.flatMap(({ errors }) => errors),
    warnings: all.flatMap(({ warnings }) => warnings),
    assumed: ['Each overlay is run in a cluster of its own.', ...new Set(all.flatMap(({ assumed }) => assumed))],
    apps: results.map(({ app, result }) => summary(app, result, '')),
  };
}

function summary({ name, id, change }: TouchedApp, { changes, consequences }: PreviewResult, message: string): PreviewedApp {
  const own = consequences.filter(({ app }) => app === name);
  const of = (severity: Severity): number => own.filter((consequence) => consequence.severity === severity).length;
  return {
    app: name,
    id,
    change,
    changes: changes.filter(({ app }) => app === name).length,
    consequences: { error: of('error'), warning: of('warning'), info: of('info') },
    message,
  };
}
