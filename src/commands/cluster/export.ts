import { Flags } from '@oclif/core';
import { JibeCommand, outputFlags } from '../shared/base.ts';
import { checkClusterName } from '../shared/clusters.ts';
import { CannotDo } from '../shared/failure.ts';
import { jibeHome, targetFlags } from '../shared/target.ts';
import { exported } from '../shared/world.ts';

export default class ClusterExport extends JibeCommand {
  static override summary = 'A snapshot of a cluster, for previews: its objects as they live.';
  static override description =
    'Nodes, namespaces, definitions, quotas, policies, classes, roles, workloads, services, claims and all else that somebody wants. Only lists are asked for. Values of Secrets are masked; events, leases and pods that have a controller are left out.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --context prod -o snapshot.yaml',
    '<%= config.bin %> preview --base main --head HEAD --world snapshot.yaml',
  ];
  static override flags = {
    cluster: targetFlags.cluster,
    context: targetFlags.context,
    kubeconfig: targetFlags.kubeconfig,
    output: Flags.string({ char: 'o', summary: 'The file to write; standard output by default.', helpValue: 'FILE' }),
    'no-color': outputFlags['no-color'],
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ClusterExport);
    await this.ending(async () => {
      const { cluster, context, kubeconfig } = flags;
      if (context === undefined && kubeconfig === undefined) await this.mustExist(cluster);
      const snapshot = await exported({ cluster, context, kubeconfig, ephemeral: false, nodes: 0 });
      const { snapshotText } = await import('../../reconcile/preview/cluster-snapshot.ts');
      this.emit(snapshotText(snapshot), flags.output);
      return 0;
    });
  }

  /** Reading a cluster makes none. */
  private async mustExist(name: string): Promise<void> {
    checkClusterName(name);
    const [{ listNamedClusters }, { findServing }] = await Promise.all([
      import('../../cluster/named-cluster.ts'),
      import('../../cluster/serving.ts'),
    ]);
    if (findServing(jibeHome(), name) || listNamedClusters(jibeHome()).some((known) => known.name === name)) return;
    throw new CannotDo(`there is no cluster ${name}`, 'jibe cluster list shows those that are kept here');
  }
}
