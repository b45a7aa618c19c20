// Where named clusters are kept: each in a directory of its own below jibe's home.
import path from 'node:path';

/** What a cluster may be called: it becomes the name of a directory, and part of a context's name. */
const NAME = /^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/;

export const isClusterName = (name: string): boolean => NAME.test(name);

export const clustersIn = (home: string): string => path.join(home, 'clusters');

export const clusterDirectory = (home: string, name: string): string => path.join(clustersIn(home), name);
