// Which cluster a command works on, and the engine for it.
import path from 'node:path';
import { Flags } from '@oclif/core';
import { RealClock } from '../../apimachinery/clock.ts';
import type { Cluster, ClusterOptions } from '../../cluster/cluster.ts';
import type { Engine } from '../../reconcile/engine.ts';
import { CannotDo, isStorageFailure } from './failure.ts';

export const targetFlags = {
  cluster: Flags.string({
    summary: 'The embedded cluster, kept between commands.',
    helpValue: 'NAME',
    default: 'default',
    helpGroup: 'CLUSTER',
  }),
  ephemeral: Flags.boolean({ summary: 'A new cluster that is kept nowhere.', exclusive: ['cluster'], helpGroup: 'CLUSTER' }),
  nodes: Flags.integer({
    summary: 'How many nodes a new cluster has.',
    helpValue: 'N',
    default: 3,
    min: 0,
    max: 5000,
    helpGroup: 'CLUSTER',
  }),
};

export interface TargetFlags {
  readonly cluster: string;
  readonly ephemeral: boolean;
  readonly nodes: number;
}

/** Where clusters and fetched repositories are kept. */
export const jibeHome = (): string => path.resolve(process.env['JIBE_HOME'] || '.jibe');

export interface Target {
  readonly engine: Engine;
  readonly cluster: Cluster;
  /** Throws what kept the cluster from being stored, if anything did while it ran. */
  check(): void;
}

/** The cluster must be stopped. */
export async function openTarget(flags: TargetFlags): Promise<Target> {
  let failure: unknown;
  // components go on trying; people must know that it is in vain
  const cluster = await open(flags, (_component, _key, error) => {
    if (isStorageFailure(error)) failure ??= error;
  });
  return {
    cluster,
    engine: await engineFor(cluster, flags.ephemeral ? 'embedded:(ephemeral)' : `embedded:${flags.cluster}`),
    check() {
      if (failure !== undefined) throw failure;
    },
  };
}

/** Opens the cluster, does the work while its time goes on, and closes it, whatever happens. */
export async function withCluster<T>(flags: TargetFlags, work: (engine: Engine) => Promise<T>): Promise<T> {
  const { engine, cluster, check } = await openTarget(flags);
  try {
    const result = await cluster.run(work(engine));
    check();
    return result;
  } finally {
    await cluster.stop();
  }
}

async function open(flags: TargetFlags, onError: NonNullable<ClusterOptions['onError']>): Promise<Cluster> {
  const { isClusterName, openEphemeralCluster, openNamedCluster } = await import('../../cluster/named-cluster.ts');
  const now = new RealClock().now();
  if (flags.ephemeral) return openEphemeralCluster(now, { nodes: flags.nodes, onError });
  if (!isClusterName(flags.cluster))
    throw new CannotDo(`${JSON.stringify(flags.cluster)} cannot be the name of a cluster`, 'use small letters, digits, dots and dashes');
  return openNamedCluster(jibeHome(), flags.cluster, now, { nodes: flags.nodes, onError });
}

async function engineFor(cluster: Cluster, name: string): Promise<Engine> {
  const { copyScratch } = await import('../../reconcile/plan/scratch.ts');
  return {
    client: cluster.client(),
    clock: cluster.clock,
    cluster: name,
    scratch: async () => copyScratch((await cluster.scratch()).client()),
  };
}
