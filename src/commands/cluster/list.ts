import { JibeCommand, outputFlags } from '../shared/base.ts';
import { formatted } from '../shared/output.ts';
import { jibeHome } from '../shared/target.ts';

export default class ClusterList extends JibeCommand {
  static override summary = 'The embedded clusters that are kept here.';
  static override flags = { ...outputFlags };

  async run(): Promise<void> {
    const { flags } = await this.parse(ClusterList);
    await this.ending(async () => {
      const [{ listNamedClusters }, { table }] = await Promise.all([
        import('../../cluster/named-cluster.ts'),
        import('../../reconcile/report/text.ts'),
      ]);
      const clusters = listNamedClusters(jibeHome()).map(({ name, directory, size, changedMs }) => ({
        name,
        directory,
        bytes: size,
        changed: new Date(changedMs).toISOString(),
      }));
      const text = (): string =>
        clusters.length === 0
          ? 'no clusters: the first sync makes one'
          : table([
              ['NAME', 'SIZE', 'CHANGED', 'DIRECTORY'],
              ...clusters.map(({ name, bytes, changed, directory }) => [name, `${Math.round(bytes / 1024)} KiB`, changed, directory]),
            ]).join('\n');
      this.emit(await formatted({ clusters }, flags.output, text), flags['output-file']);
      return 0;
    });
  }
}
