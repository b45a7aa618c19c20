// Named clusters: each a directory below jibe's home, kept between commands. Opening one takes it for this process alone. Its time goes
// on where it stood, or from now where that is later.
import fs from 'node:fs';
import path from 'node:path';
import { VirtualClock } from '../apimachinery/clock.ts';
import { Random } from '../apimachinery/random.ts';
import { clusterDirectory, clustersIn, isClusterName } from './cluster-directory.ts';
import { Cluster, type ClusterOptions } from './cluster.ts';
import { DurableStore, openDirectory } from './storage/durable-store.ts';
import { isStorageError, type StorageErrorReason } from './storage/storage-error.ts';

export type NamedClusterOptions = Pick<ClusterOptions, 'nodes' | 'behaviour' | 'onError'>;

/**
 * Opens a named cluster, and makes it where there is none. Throws a StorageError where it is in use, damaged, or cannot be kept.
 * @param now milliseconds since 1970
 */
export async function openNamedCluster(home: string, name: string, now: number, options: NamedClusterOptions = {}): Promise<Cluster> {
  const directory = clusterDirectory(home, name);
  const opened = await openDirectory(directory);
  const clock = new VirtualClock(Math.max(now, opened.timeMs));
  const store = new DurableStore(directory, opened, clock);
  try {
    return await Cluster.start({ ...options, clock, random: Random.unpredictable(), store });
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** A cluster that is kept nowhere. */
export function openEphemeralCluster(now: number, options: NamedClusterOptions = {}): Promise<Cluster> {
  return Cluster.start({ ...options, clock: new VirtualClock(now), random: Random.unpredictable() });
}

export interface NamedCluster {
  readonly name: string;
  readonly directory: string;
  /** In bytes, on disk. */
  readonly size: number;
  /** Of the last change, in milliseconds since 1970. */
  readonly changedMs: number;
}

export function listNamedClusters(home: string): NamedCluster[] {
  const root = clustersIn(home);
  if (!fs.existsSync(root)) return [];
  return fs
    .readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && isClusterName(entry.name))
    .map(({ name }) => {
      const directory = path.join(root, name);
      const data = path.join(directory, 'store', 'data.mdb');
      const stats = fs.existsSync(data) ? fs.statSync(data) : fs.statSync(directory);
      return { name, directory, size: stats.isFile() ? stats.size : 0, changedMs: stats.mtimeMs };
    });
}

/** Of a cluster that can be opened no more, and that nobody has open. */
const UNREADABLE: readonly StorageErrorReason[] = ['corrupt', 'unknownLayout', 'key'];

/** Deletes a cluster and all that it holds; false where there is none. Throws a StorageError where it is in use, or is no cluster. */
export async function deleteNamedCluster(home: string, name: string): Promise<boolean> {
  const directory = clusterDirectory(home, name);
  if (!fs.existsSync(directory)) return false;
  // only who holds it may take it away; a damaged one can still go
  const opened = await openDirectory(directory).catch((error: unknown) => {
    if (isStorageError(error) && UNREADABLE.includes(error.reason)) return undefined;
    throw error;
  });
  await opened?.root.close();
  fs.rmSync(directory, { recursive: true });
  opened?.lock.release();
  return true;
}
