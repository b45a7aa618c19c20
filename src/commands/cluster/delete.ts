import { Args } from '@oclif/core';
import { JibeCommand } from '../shared/base.ts';
import { CannotDo } from '../shared/failure.ts';
import { jibeHome } from '../shared/target.ts';

export default class ClusterDelete extends JibeCommand {
  static override summary = 'Delete an embedded cluster and all that it holds.';
  static override args = { name: Args.string({ description: 'The cluster.', required: true }) };

  async run(): Promise<void> {
    const { args } = await this.parse(ClusterDelete);
    await this.ending(async () => {
      const [{ deleteNamedCluster }, { isClusterName }, { findServing }] = await Promise.all([
        import('../../cluster/named-cluster.ts'),
        import('../../cluster/cluster-directory.ts'),
        import('../../cluster/serving.ts'),
      ]);
      if (isClusterName(args.name) && findServing(jibeHome(), args.name))
        throw new CannotDo(`cluster ${args.name} is being served`, `jibe cluster stop --name ${args.name} ends that; then it can go`);
      if (!isClusterName(args.name) || !(await deleteNamedCluster(jibeHome(), args.name)))
        throw new CannotDo(`there is no cluster ${JSON.stringify(args.name)}`, 'jibe cluster list shows which there are');
      this.emit(`deleted ${args.name}`);
      return 0;
    });
  }
}
