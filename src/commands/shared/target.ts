// Which cluster a command works on, and the engine for it: an embedded one in this process, one that another process serves, or any
// Kubernetes cluster that a kubeconfig names.
import { randomInt } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import { Flags } from '@oclif/core';
import { Random } from '../../apimachinery/random.ts';
import { RealClock } from '../../apimachinery/clock.ts';
import type { Cluster, ClusterOptions } from '../../cluster/cluster.ts';
import type { ConnectionConfig } from '../../client/kubeconfig.ts';
import type { Engine } from '../../reconcile/engine.ts';
import type { Fork } from '../../reconcile/plan/read-only-scratch.ts';
import { readBehaviour } from './behaviour.ts';
import { checkClusterName } from './clusters.ts';
import type { RuleBook } from '../../reconcile/health/known-kinds.ts';
import { CannotDo, isStorageFailure, unsound } from './failure.ts';
import { readTextFile } from './text-file.ts';

export const targetFlags = {
  cluster: Flags.string({
    summary: 'The embedded cluster, kept between commands.',
    helpValue: 'NAME',
    default: 'default',
    helpGroup: 'CLUSTER',
  }),
  ephemeral: Flags.boolean({ summary: 'A new cluster that is kept nowhere.', exclusive: ['cluster'], helpGroup: 'CLUSTER' }),
  context: Flags.string({
    summary: 'A real cluster: a context of a kubeconfig.',
    helpValue: 'NAME',
    exclusive: ['cluster', 'ephemeral'],
    helpGroup: 'CLUSTER',
  }),
  kubeconfig: Flags.string({
    summary: 'Where contexts are defined; by default $KUBECONFIG or ~/.kube/config. Without --context, its current one.',
    helpValue: 'FILE',
    exclusive: ['cluster', 'ephemeral'],
    helpGroup: 'CLUSTER',
  }),
  'health-rules': Flags.string({
    summary: 'How kinds are judged that jibe does not know, or otherwise than it does: rules in YAML.',
    helpValue: 'FILE',
    helpGroup: 'CLUSTER',
  }),
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
  readonly context?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly 'health-rules'?: string | undefined;
  readonly behaviour?: string | undefined;
  readonly 'assume-kinds'?: boolean | undefined;
}

/** Where clusters and fetched repositories are kept. */
export const jibeHome = (): string => path.resolve(process.env['JIBE_HOME'] || '.jibe');

export interface Target {
  readonly engine: Engine;
  /** The cluster is this process's own: its time passes only while work is run. */
  readonly isOwn: boolean;
  /**
   * Waits for the work while the cluster's time goes on; throws what kept the cluster from being stored, if anything did.
   * @param now the world's time, which a cluster of this process catches up with first
   */
  run<T>(work: () => Promise<T>, now?: number): Promise<T>;
  close(): Promise<void>;
}

/** The target must be closed. */
export async function openTarget(flags: TargetFlags): Promise<Target> {
  const file = flags['health-rules'];
  const healthRules = file === undefined ? undefined : await readHealthRules(file);
  const target = await reach(flags);
  return healthRules ? { ...target, engine: { ...target.engine, healthRules } } : target;
}

async function readHealthRules(file: string): Promise<RuleBook> {
  const { readRuleFile } = await import('../../reconcile/health/rule-file.ts');
  const { rules, errors } = await readRuleFile(readTextFile(file), file);
  if (rules) return rules;
  throw unsound(errors, 'docs/health.md describes the file');
}

async function reach(flags: TargetFlags): Promise<Target> {
  if (flags.context !== undefined || flags.kubeconfig !== undefined) {
    if (flags.behaviour !== undefined)
      throw new CannotDo('--behaviour: what runs on a real cluster is not simulated', 'leave it out, or sync into an embedded cluster');
    if (flags['assume-kinds'])
      throw new CannotDo(
        '--assume-kinds: a real cluster knows its kinds',
        'install what defines them first, or add their CustomResourceDefinitions to the source',
      );
    const { loadKubeconfig } = await import('../../client/kubeconfig.ts');
    const { kubeconfig, context } = flags;
    const config = loadKubeconfig({
      env: process.env,
      ...(kubeconfig === undefined ? {} : { files: [kubeconfig] }),
      ...(context === undefined ? {} : { context }),
    });
    return connect(config, `context:${config.context}`);
  }
  if (flags.ephemeral) return embed(flags, '(ephemeral)');
  checkClusterName(flags.cluster);
  const { findServing } = await import('../../cluster/serving.ts');
  const serving = findServing(jibeHome(), flags.cluster);
  if (!serving) return embed(flags, flags.cluster);
  if (flags.behaviour !== undefined)
    throw new CannotDo(
      `--behaviour: cluster ${flags.cluster} is being served, and took its behaviour at the start`,
      `jibe cluster stop --name ${flags.cluster}, then jibe cluster start --name ${flags.cluster} --behaviour ${flags.behaviour}`,
    );
  const { loadKubeconfig } = await import('../../client/kubeconfig.ts');
  return connect(loadKubeconfig({ env: {}, files: [serving.kubeconfig] }), `embedded:${flags.cluster}`);
}

/** Opens the target, does the work while the cluster's time goes on, and closes it, whatever happens. */
export async function withCluster<T>(flags: TargetFlags, work: (engine: Engine) => Promise<T>): Promise<T> {
  const target = await openTarget(flags);
  try {
    return await target.run(() => work(target.engine));
  } finally {
    await target.close();
  }
}

async function connect(config: ConnectionConfig, name: string): Promise<Target> {
  const [{ HttpTransport }, { Client }, { permittedScratch }] = await Promise.all([
    import('../../client/http-transport.ts'),
    import('../../client/client.ts'),
    import('../../reconcile/plan/read-only-scratch.ts'),
  ]);
  const clock = new RealClock();
  const transport = new HttpTransport(config, clock, 'jibe');
  const client = new Client(transport);
  return {
    isOwn: false,
    engine: {
      client,
      clock,
      cluster: name,
      asksPermissions: true,
      locking: { identity: `${os.hostname()}_${process.pid}_${randomInt(1 << 30).toString(36)}`, random: new Random(randomInt(1 << 30)) },
      scratch: async () => permittedScratch(client, () => emptyFork(clock.now())),
    },
    run: (work) => work(),
    close: () => transport.close(),
  };
}

/** An API server of this process, to try out on it what a real one may only be read for. */
async function emptyFork(now: number): Promise<Fork> {
  const [{ Cluster }, { VirtualClock }] = await Promise.all([import('../../cluster/cluster.ts'), import('../../apimachinery/clock.ts')]);
  const fork = await Cluster.start({ clock: new VirtualClock(now), random: new Random(now), components: [] });
  return {
    client: fork.client(),
    adopt: async (object) => (await fork.adopt([object])).length === 0,
  };
}

async function embed(flags: TargetFlags, name: string): Promise<Target> {
  let failure: unknown;
  // components go on trying; people must know that it is in vain
  const cluster = await open(flags, (_component, _key, error) => {
    if (isStorageFailure(error)) failure ??= error;
  });
  const { copyScratch } = await import('../../reconcile/plan/scratch.ts');
  return {
    isOwn: true,
    engine: {
      client: cluster.client(),
      clock: cluster.clock,
      cluster: `embedded:${name}`,
      withoutOperators: true,
      scratch: async () => copyScratch((await cluster.scratch()).client()),
    },
    async run(work, now) {
      if (now !== undefined) await cluster.catchUp(now);
      const result = await cluster.run(work());
      if (failure !== undefined) throw failure;
      return result;
    },
    close: () => cluster.stop(),
  };
}

async function open(flags: TargetFlags, onError: NonNullable<ClusterOptions['onError']>): Promise<Cluster> {
  const { openEphemeralCluster, openNamedCluster } = await import('../../cluster/named-cluster.ts');
  const now = new RealClock().now();
  const behaviour = flags.behaviour === undefined ? {} : { behaviour: await readBehaviour(flags.behaviour) };
  const options = { nodes: flags.nodes, onError, ...behaviour };
  if (flags.ephemeral) return openEphemeralCluster(now, options);
  return openNamedCluster(jibeHome(), flags.cluster, now, options);
}
