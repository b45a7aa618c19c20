// Back to a past sync of an app: its objects are applied again, what came since is pruned, and the app is suspended, so that whoever keeps it
// does not undo that. The source has no part in it.
import type { Engine } from './engine.ts';
import { listHistory, objectsOf, type HistoryEntry } from './history.ts';
import { suspendApp } from './plan/apply-set.ts';
import type { SyncResult } from './report/result.ts';
import { sync, type SyncOptions } from './sync.ts';

export type RollbackTarget =
  { readonly is: 'entry'; readonly entry: HistoryEntry } | { readonly is: 'none'; readonly why: string; readonly hint: string };

/** @param id of a past sync; without it the one before the last. @param namespace where the app's memory is kept */
export async function rollbackTarget({ client }: Engine, app: string, namespace: string, id: number | undefined): Promise<RollbackTarget> {
  const entries = await listHistory(client, app, namespace);
  const hint = 'jibe history shows which there are';
  if (entries.length === 0) return { is: 'none', why: `no sync of app ${JSON.stringify(app)} is remembered`, hint };
  const entry = id === undefined ? entries[1] : entries.find((candidate) => candidate.id === id);
  if (!entry)
    return id === undefined
      ? { is: 'none', why: `there is no sync before the last one of ${app}`, hint }
      : { is: 'none', why: `sync ${id} of ${app} is not remembered`, hint };
  if (!entry.hasObjects) return { is: 'none', why: `what sync ${entry.id} of ${app} applied was too large to be remembered`, hint };
  return { is: 'entry', entry };
}

export type RollbackOptions = Pick<SyncOptions, 'prune' | 'timeoutMs' | 'signal' | 'confirmPrune' | 'onProgress'> & {
  readonly who: string;
};

/** Resolves with the result also where it is a failure. Throws where the cluster cannot be reached. */
export async function rollback(engine: Engine, entry: HistoryEntry, { who, ...options }: RollbackOptions): Promise<SyncResult> {
  const { app, namespace, id, source, objectNamespace, policy } = entry;
  const objects = (await objectsOf(engine.client, entry)) ?? [];
  await suspendApp(engine.client, entry, `rolled back to sync ${id} by ${who}`);
  const prepared = { source, manifests: objects.map((object) => ({ object, origin: undefined })), errors: [], warnings: [] };
  return sync(engine, prepared, {
    ...options,
    app,
    namespace,
    objectNamespace,
    policy,
    record: { who, automated: false, rolledBackTo: id },
  });
}
