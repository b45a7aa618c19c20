import path from 'node:path';
import { Flags, type Interfaces } from '@oclif/core';
import type { ServeOptions } from '../../cluster/served-cluster.ts';
import type { Serving } from '../../cluster/serving.ts';
import { JibeCommand, outputFlags } from '../shared/base.ts';
import { clusterNameFlag, checkClusterName, servingText } from '../shared/clusters.ts';
import { CannotDo, type ExitCode } from '../shared/failure.ts';
import { formatted } from '../shared/output.ts';
import { behaviourFlag, readBehaviour } from '../shared/behaviour.ts';
import type { ServerOptions } from '../shared/serve.ts';
import { jibeHome } from '../shared/target.ts';

const COMPONENTS = ['apiserver', 'controllers', 'scheduler', 'nodes', 'metrics-server'];

export default class ClusterStart extends JibeCommand {
  static override summary = 'Serve an embedded cluster over HTTPS, for kubectl and any other client.';
  static override description =
    'It goes on in the background until `jibe cluster stop`; what it holds is kept. Other jibe commands find it and talk to it.\n' +
    'It listens on the loopback address only.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --name test --components apiserver --foreground',
    'KUBECONFIG=$(<%= config.bin %> cluster status -o json | jq -r .kubeconfig) kubectl get nodes',
  ];
  static override flags = {
    name: clusterNameFlag,
    nodes: Flags.integer({ summary: 'How many nodes a new cluster has.', helpValue: 'N', default: 3, min: 0, max: 5000 }),
    port: Flags.integer({ summary: 'Where it listens; by default where it did before, or any port that is free.', min: 1, max: 65535 }),
    components: Flags.string({
      summary: 'What runs of the cluster, with commas.',
      description: '`apiserver` alone is an API server in which nothing changes by itself.',
      helpValue: COMPONENTS.join(','),
      default: COMPONENTS.join(','),
    }),
    'audit-log': Flags.string({
      summary: 'A file to which every request is told, a line of JSON for each.',
      description: 'Events of audit.k8s.io/v1. The file is readable by its owner only.',
      helpValue: 'FILE',
    }),
    'audit-policy': Flags.string({
      summary: 'Which requests are told, and how much of them: a Policy of audit.k8s.io/v1.',
      description: 'By default who did what to which object, and nothing of what objects hold.',
      helpValue: 'FILE',
      dependsOn: ['audit-log'],
    }),
    'enable-admission-plugins': Flags.string({ summary: 'Those that are off by default, with commas.', helpValue: 'NAMES' }),
    'disable-admission-plugins': Flags.string({ summary: 'Those that are on by default, with commas.', helpValue: 'NAMES' }),
    'static-pods': Flags.string({
      summary: 'Pods that nodes run whatever the API server says: a folder with a folder of manifests for each node.',
      description: 'Read at the start. Mirror pods show them; what deletes a mirror does not end its pod.',
      helpValue: 'DIR',
    }),
    behaviour: behaviourFlag({ description: 'Read at each start; it is not kept with the cluster.' }),
    'token-auth-file': Flags.string({
      summary: 'Who comes with which token: lines of `token,user,uid,"group,group"`.',
      helpValue: 'FILE',
    }),
    foreground: Flags.boolean({ summary: 'Stay in this process until it is interrupted.' }),
    ...outputFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ClusterStart);
    await this.ending(async () => {
      checkClusterName(flags.name);
      const components = componentsOf(flags.components);
      const { findServing } = await import('../../cluster/serving.ts');
      const running = findServing(jibeHome(), flags.name);
      if (running) {
        if (flags.port !== undefined && !running.url.endsWith(`:${flags.port}`))
          throw new CannotDo(`cluster ${flags.name} is served at ${running.url} already`, `jibe cluster stop --name ${flags.name} ends it`);
        return this.tell(running, flags);
      }
      const { name, nodes, port = 0, behaviour, 'token-auth-file': tokens } = flags;
      // what is wrong with it is told here, under the name that was given
      if (behaviour !== undefined) await readBehaviour(behaviour);
      const options = {
        home: jibeHome(),
        name,
        nodes,
        port,
        components,
        enableAdmissionPlugins: listOf(flags['enable-admission-plugins']),
        disableAdmissionPlugins: listOf(flags['disable-admission-plugins']),
        ...(tokens === undefined ? {} : { tokenAuthFile: path.resolve(tokens) }),
        ...(flags['static-pods'] === undefined ? {} : { staticPods: path.resolve(flags['static-pods']) }),
        ...(behaviour === undefined ? {} : { behaviour: path.resolve(behaviour) }),
        ...auditOf(flags),
      };
      return flags.foreground ? this.serve(options, flags) : this.spawn(options, flags);
    });
  }

  /** Until the process is told to end. */
  private async serve(options: ServerOptions, flags: StartFlags): Promise<ExitCode> {
    const { serveUntil } = await import('../shared/serve.ts');
    await serveUntil(options, this.interrupt.signal, (serving) => void this.tell(serving, flags));
    return 0;
  }

  /** In a process of its own, which this one leaves behind as soon as it answers. */
  private async spawn(options: ServerOptions, flags: StartFlags): Promise<ExitCode> {
    const { spawnServer } = await import('../shared/spawn-server.ts');
    return this.tell(await spawnServer(options), flags);
  }

  private async tell(serving: Serving, flags: StartFlags): Promise<ExitCode> {
    this.emit(await formatted(serving, flags.output, () => servingText(serving)), flags['output-file']);
    return 0;
  }
}

type StartFlags = Interfaces.InferredFlags<typeof ClusterStart.flags>;

/** The process that serves has a folder of its own. */
function auditOf({ 'audit-log': log, 'audit-policy': policy }: StartFlags): Pick<ServeOptions, 'audit'> {
  if (log === undefined) return {};
  return { audit: { log: path.resolve(log), ...(policy === undefined ? {} : { policy: path.resolve(policy) }) } };
}
const listOf = (text = ''): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);

function componentsOf(text: string): NonNullable<ServeOptions['components']> {
  const names = listOf(text);
  const unknown = names.find((name) => !COMPONENTS.includes(name));
  if (unknown !== undefined)
    throw new CannotDo(`--components: ${JSON.stringify(unknown)} is no component`, `there are ${COMPONENTS.join(', ')}`);
  return names.filter((name) => name !== 'apiserver') as NonNullable<ServeOptions['components']>;
}
