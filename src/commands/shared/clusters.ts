// What the commands on served clusters have in common: which one is meant, and how one is told of.
import { Flags } from '@oclif/core';
import { isClusterName } from '../../cluster/cluster-directory.ts';
import type { Serving } from '../../cluster/serving.ts';
import { CannotDo } from './failure.ts';

export const clusterNameFlag = Flags.string({ summary: 'The cluster.', helpValue: 'NAME', default: 'default' });

export function checkClusterName(name: string): void {
  if (!isClusterName(name))
    throw new CannotDo(`${JSON.stringify(name)} cannot be the name of a cluster`, 'use small letters, digits, dots and dashes');
}

export const servingText = ({ name, url, pid, components, kubeconfig }: Serving): string =>
  [
    `cluster ${name} is served at ${url} (process ${pid}; ${components.join(', ')})`,
    `  kubectl --kubeconfig ${kubeconfig} get nodes`,
    `  jibe cluster kubeconfig --name ${name} --merge    adds the context jibe-${name} to your own file`,
  ].join('\n');
