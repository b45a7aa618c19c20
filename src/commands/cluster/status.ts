import { JibeCommand, outputFlags } from '../shared/base.ts';
import { checkClusterName, clusterNameFlag, servingText } from '../shared/clusters.ts';
import { formatted } from '../shared/output.ts';
import { jibeHome } from '../shared/target.ts';

export default class ClusterStatus extends JibeCommand {
  static override summary = 'Whether a cluster is being served, and where.';
  static override description = 'Exit code 0: it is. 1: it is not.';
  static override flags = { name: clusterNameFlag, ...outputFlags };

  async run(): Promise<void> {
    const { flags } = await this.parse(ClusterStatus);
    await this.ending(async () => {
      checkClusterName(flags.name);
      const { findServing } = await import('../../cluster/serving.ts');
      const serving = findServing(jibeHome(), flags.name);
      const text = (): string => (serving ? servingText(serving) : `cluster ${flags.name} is not being served`);
      this.emit(await formatted(serving ?? { name: flags.name, url: null }, flags.output, text), flags['output-file']);
      return serving ? 0 : 1;
    });
  }
}
