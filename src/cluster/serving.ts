// How a process finds a cluster that another one serves. What it needs lies beside the cluster's state: `serving.json` says who serves it
// and where, `kubeconfig` opens it for kubectl and any other client.
import fs from 'node:fs';
import path from 'node:path';
import { clusterDirectory } from './cluster-directory.ts';
import { holderOf } from './storage/directory-lock.ts';

export const servingFile = (directory: string): string => path.join(directory, 'serving.json');
export const kubeconfigFile = (directory: string): string => path.join(directory, 'kubeconfig');

/** Context, cluster and user in kubeconfig files. */
export const contextName = (cluster: string): string => `jibe-${cluster}`;

/** How another process reaches a cluster. */
export interface Serving {
  readonly name: string;
  readonly pid: number;
  readonly url: string;
  /** ISO 8601. */
  readonly since: string;
  readonly components: readonly string[];
  readonly kubeconfig: string;
}

/** How a cluster is reached that some process serves; undefined where none does. */
export function findServing(home: string, name: string): Serving | undefined {
  const directory = clusterDirectory(home, name);
  const holder = holderOf(directory);
  if (holder === undefined) return undefined;
  try {
    const serving = JSON.parse(fs.readFileSync(servingFile(directory), 'utf8')) as Serving;
    // what a process left behind that was killed
    return serving.pid === holder ? serving : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether any process has the cluster open. */
export const isInUse = (home: string, name: string): boolean => holderOf(clusterDirectory(home, name)) !== undefined;
