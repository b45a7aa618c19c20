import { JibeCommand, outputFlags } from '../shared/base.ts';
import { formatted } from '../shared/output.ts';
import { jibeHome } from '../shared/target.ts';

export default class ClusterList extends JibeCommand {
  static override summary = 'The embedded clusters that are kept here.';
  static override flags = { ...outputFlags };

  async run(): Promise<void> {
    const { flags } = await this.parse(ClusterList);
    await this.ending(async () => {
      const [{ listNamedClusters }, { findServing }, { table }] = await Promise.all([
        import('../../cluster/named-cluster.ts'),
        import('../../cluster/serving.ts'),
        import('../../reconcile/report/text.ts'),
      ]);
      const clusters = listNamedClusters(jibeHome()).map(({ name, directory, size, changedMs }) => ({
        name,
        directory,
        url: findServing(jibeHome(), name)?.url ?? null,
        bytes: size,
        changed: new Date(changedMs).toISOString(),
      }));
      const text = (): string =>
        clusters.length === 0
          ? 'no clusters: the first sync makes one'
          : table([
              ['NAME', 'SERVED AT', 'SIZE', 'CHANGED', 'DIRECTORY'],
              ...clusters.map(({ name, url, bytes, changed, directory }) => [
                name,
                url ?? '-',
                `${Math.round(bytes / 1024)} KiB`,
                changed,
                directory,
              ]),
            ]).join('\n');
      this.emit(await formatted({ clusters }, flags.output, text), flags['output-file']);
      return 0;
    });
  }
}
