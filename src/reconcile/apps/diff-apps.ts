// What a sync of all apps of a source would change, told and not done. All are tried out in one place, in their order, so that what one
// app brings (namespaces, kinds) is there for those behind it.
import { diff } from '../difference.ts';
import type { Engine } from '../engine.ts';
import type { DiffResult } from '../report/result.ts';
import type { Scratch } from '../plan/scratch.ts';
import type { AppTree, PreparedApp } from './prepare-apps.ts';
import { aboutApp, policyOf } from './sync-apps.ts';
import { withdrawnApps } from './withdrawn.ts';

export interface DiffAppsOptions {
  readonly name: string;
  readonly namespace: string;
  /** Only this one. */
  readonly only?: string;
  readonly onProgress?: (done: number, of: number) => void;
}

export async function diffApps(engine: Engine, tree: AppTree, options: DiffAppsOptions): Promise<DiffResult> {
  let scratch: Promise<Scratch> | undefined;
  const shared: Engine = { ...engine, scratch: () => (scratch ??= engine.scratch()) };
  const chosen = tree.errors.length ? [] : tree.apps.filter(({ name }) => options.only === undefined || name === options.only);
  const parts: { readonly prepared: PreparedApp; readonly result: DiffResult | undefined }[] = [];
  for (const prepared of chosen) {
    const isLeft = prepared.app.suspend || prepared.app.notRendered !== undefined;
    parts.push({ prepared, result: isLeft ? undefined : await diffOne(shared, prepared, tree, options) });
  }
  for (const { set, prepared } of tree.errors.length || options.only !== undefined
    ? []
    : await withdrawnApps(engine, tree, options.namespace))
    parts.push({ prepared, result: set.definedBy?.cascade ? await diffOne(shared, prepared, tree, options) : undefined });
  const results = parts.flatMap(({ result }) => (result ? [result] : []));
  return {
    source: tree.source,
    cluster: engine.cluster,
    app: options.name,
    differences: results.flatMap(({ app, differences }) => differences.map((difference) => ({ ...difference, app }))),
    errors: [...tree.errors, ...results.flatMap(({ errors }) => errors)],
    warnings: [...tree.warnings, ...results.flatMap(({ warnings }) => warnings)],
    apps: parts.map(({ prepared, result }) => {
      const { app, id, origin, parent, dependsOn } = aboutApp(prepared);
      const message = prepared.app.suspend ? 'it is suspended, and left as it is' : (prepared.app.notRendered ?? '');
      return { app, id, origin, parent, dependsOn, message, differences: result?.differences.length ?? 0 };
    }),
  };
}

function diffOne(
  engine: Engine,
  { app, name, prepared }: PreparedApp,
  { served }: AppTree,
  { namespace, onProgress }: DiffAppsOptions,
): Promise<DiffResult> {
  return diff(engine, prepared, {
    app: name,
    namespace,
    objectNamespace: app.namespace ?? 'default',
    policy: policyOf(app),
    prunes: app.prune,
    arriving: served,
    ...(app.id.startsWith('Withdrawn/') ? { isWithdrawn: true } : {}),
    ...(onProgress ? { onProgress } : {}),
  });
}
