// The past syncs of an app, kept in the cluster beside its memory: each that changed something, with what was applied. Ten Secrets are used in
// turn, so that no right to delete is needed and the past has an end.
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Secret } from '#api/core/v1';
import type { Manifest } from '../apimachinery/object.ts';
import { isForbidden, isNotFound } from '../apimachinery/status-error.ts';
import type { Client } from '../client/client.ts';
import { retryOnConflict } from '../client/retry-on-conflict.ts';
import type { HealthStatus } from './health/verdict.ts';
import { MAX_REMEMBERED_BYTES, parentName, type ApplySet, type Remembered } from './plan/apply-set.ts';
import { FIELD_MANAGER } from './plan/scratch.ts';
import type { SyncPolicy } from './plan/sync-policy.ts';
import type { DesiredObject } from './render/manifest-document.ts';
import type { ReportedError, ResourceAction, SyncResult, SyncStatus } from './report/result.ts';
import type { SourceInfo } from './source/snapshot.ts';

/** Syncs that are remembered of each app. */
export const MAX_ENTRIES = 10;
/** Of what was applied, compressed: a Secret holds 1 MiB in all. */
const MAX_OBJECT_BYTES = 900_000;

const HISTORY_LABEL = 'jibe.dev/history-of';

/** Who wanted a sync. */
export interface Recorded {
  readonly who: string;
  /** It was made because the source had changed, not because somebody asked for it. */
  readonly automated: boolean;
  /** The sync whose objects it brought back. */
  readonly rolledBackTo?: number;
}

export interface HistoryEntry extends Recorded {
  readonly app: string;
  readonly namespace: string;
  /** Counts up from 1. */
  readonly id: number;
  readonly started: string;
  readonly ended: string;
  readonly source: SourceInfo;
  readonly sync: SyncStatus;
  readonly health: HealthStatus;
  /** How many objects were created, configured, … */
  readonly actions: Readonly<Partial<Record<ResourceAction, number>>>;
  /** What went wrong first; empty where nothing did. */
  readonly message: string;
  /** Where objects went that name no namespace, and under which rules. */
  readonly objectNamespace: string;
  readonly policy: SyncPolicy;
  /** Whether it can be gone back to: what was applied was not too large to be kept. */
  readonly hasObjects: boolean;
}

interface Ended extends Recorded {
  readonly result: SyncResult;
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  readonly endedMs: number;
  readonly remembered: Remembered;
  readonly objectNamespace: string;
  readonly policy: SyncPolicy;
}

/** Resolves with a warning where the user may not keep it. */
export async function recordSync(client: Client, { app, namespace }: ApplySet, ended: Ended): Promise<ReportedError | undefined> {
  try {
    await retryOnConflict(async () => {
      const kept = await secretsOf(client, namespace, app);
      const id = Math.max(0, ...kept.map(({ entry }) => entry.id)) + 1;
      await write(client, secretOf(app, namespace, id, ended));
    });
    return undefined;
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return { file: '', line: 0, column: 0, path: '', message: `the sync is not in the app's history: ${error.message}` };
  }
}

async function write(client: Client, secret: Manifest<Secret>): Promise<void> {
  const { name = '', namespace = '' } = secret.metadata;
  try {
    const old = await client.get('v1/Secret', name, { namespace });
    await client.update('v1/Secret', { ...secret, metadata: { ...old.metadata, ...secret.metadata } } as Secret, {
      fieldManager: FIELD_MANAGER,
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await client.create('v1/Secret', secret, { fieldManager: FIELD_MANAGER });
  }
}

function secretOf(app: string, namespace: string, id: number, ended: Ended): Manifest<Secret> {
  const { result, startedMs, endedMs, remembered, ...rest } = ended;
  const objects = gzipSync(JSON.stringify(remembered.objects));
  const actions: Partial<Record<ResourceAction, number>> = {};
  for (const { action } of result.resources) actions[action] = (actions[action] ?? 0) + 1;
  const failed = result.resources.find(({ action }) => action === 'failed');
  const entry: HistoryEntry = {
    app,
    namespace,
    id,
    started: new Date(startedMs).toISOString(),
    ended: new Date(endedMs).toISOString(),
    source: remembered.source,
    sync: result.sync,
    health: result.health,
    actions,
    message: result.errors[0]?.message ?? failed?.message ?? (result.timedOut ? 'timed out waiting' : ''),
    hasObjects: objects.length <= MAX_OBJECT_BYTES,
    ...rest,
  };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `${parentName(app)}.history.${id % MAX_ENTRIES}`, namespace, labels: { [HISTORY_LABEL]: app } },
    type: 'jibe.dev/history',
    data: {
      entry: Buffer.from(JSON.stringify(entry)).toString('base64'),
      ...(entry.hasObjects ? { manifests: objects.toString('base64') } : {}),
    },
  };
}

interface Kept {
  readonly entry: HistoryEntry;
  readonly secret: Secret;
}

async function secretsOf(client: Client, namespace: string | undefined, app?: string): Promise<readonly Kept[]> {
  const labelSelector = app === undefined ? HISTORY_LABEL : `${HISTORY_LABEL}=${app}`;
  const { items } = await client.list('v1/Secret', { labelSelector, ...(namespace ? { namespace } : {}) });
  return items.flatMap((secret) => {
    const text = secret.data?.['entry'];
    return text ? [{ secret, entry: JSON.parse(Buffer.from(text, 'base64').toString()) as HistoryEntry }] : [];
  });
}

/** Past syncs, by app, the last one first. @param namespace where the apps' memories are kept; all by default */
export async function listHistory(client: Client, app?: string, namespace?: string): Promise<readonly HistoryEntry[]> {
  const entries = (await secretsOf(client, namespace, app)).map(({ entry }) => entry);
  return entries.sort((a, b) => (a.app < b.app ? -1 : a.app > b.app ? 1 : b.id - a.id));
}

/** What a past sync applied; undefined where it is not remembered. */
export async function objectsOf(client: Client, { app, namespace, id }: HistoryEntry): Promise<readonly DesiredObject[] | undefined> {
  const found = (await secretsOf(client, namespace, app)).find(({ entry }) => entry.id === id);
  const manifests = found?.secret.data?.['manifests'];
  if (!manifests) return undefined;
  return JSON.parse(gunzipSync(Buffer.from(manifests, 'base64'), { maxOutputLength: MAX_REMEMBERED_BYTES }).toString()) as DesiredObject[];
}

/** With an app that is no more goes its past. */
export async function forgetHistory(client: Client, { app, namespace }: Pick<ApplySet, 'app' | 'namespace'>): Promise<void> {
  for (const { secret } of await secretsOf(client, namespace, app)) await client.delete('v1/Secret', secret.metadata.name, { namespace });
}
