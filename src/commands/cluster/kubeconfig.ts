import os from 'node:os';
import path from 'node:path';
import { Flags } from '@oclif/core';
import { JibeCommand } from '../shared/base.ts';
import { checkClusterName, clusterNameFlag } from '../shared/clusters.ts';
import { CannotDo } from '../shared/failure.ts';
import { jibeHome } from '../shared/target.ts';

export default class ClusterKubeconfig extends JibeCommand {
  static override summary = 'The kubeconfig of a served cluster: printed, written to a file, or merged into your own.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --merge && kubectl --context jibe-default get pods -A',
    '<%= config.bin %> <%= command.id %> --output-file cluster.yaml',
  ];
  static override flags = {
    name: clusterNameFlag,
    'output-file': Flags.string({ summary: 'Write it to a file that only you may read.', helpValue: 'FILE', exclusive: ['merge'] }),
    merge: Flags.boolean({ summary: 'Add it to the first file of $KUBECONFIG, or else to ~/.kube/config.' }),
    use: Flags.boolean({ summary: "Make it that file's current context.", dependsOn: ['merge'] }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ClusterKubeconfig);
    await this.ending(async () => {
      checkClusterName(flags.name);
      const [{ findServing }, { mergeKubeconfig, readText, writePrivate }] = await Promise.all([
        import('../../cluster/serving.ts'),
        import('../../client/kubeconfig-file.ts'),
      ]);
      const serving = findServing(jibeHome(), flags.name);
      if (!serving) throw new CannotDo(`cluster ${flags.name} is not being served`, `jibe cluster start --name ${flags.name} serves it`);
      const text = readText(serving.kubeconfig) ?? '';
      if (flags.merge) {
        const file = process.env['KUBECONFIG']?.split(path.delimiter).find(Boolean) ?? path.join(os.homedir(), '.kube', 'config');
        writePrivate(file, mergeKubeconfig(readText(file) ?? '', text, { file, use: flags.use }));
        this.emit(`the context jibe-${flags.name} is in ${file}`);
      } else if (flags['output-file'] === undefined) this.emit(text);
      else {
        writePrivate(flags['output-file'], text);
        this.emit(`written to ${flags['output-file']}`);
      }
      return 0;
    });
  }
}
