import { Args, Flags } from '@oclif/core';
import { JibeCommand, outputFlags } from './shared/base.ts';
import { CannotDo } from './shared/failure.ts';
import { formatted } from './shared/output.ts';
import { stylesFor } from './shared/styles.ts';
import { targetFlags, withCluster } from './shared/target.ts';

export default class Status extends JibeCommand {
  static override summary = "Sync, health, drift and rollouts of a cluster's apps, against what was last synced.";
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> shop --exit-code'];
  static override args = { app: Args.string({ description: 'Only this app.' }) };
  static override flags = {
    namespace: Flags.string({ char: 'n', summary: 'Only apps whose memory is kept in this namespace.', helpValue: 'NAME' }),
    'exit-code': Flags.boolean({ summary: 'Exit with 1 where there is drift, or an app is not healthy.' }),
    ...targetFlags,
    ...outputFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Status);
    await this.ending(async () => {
      const { status } = await import('../reconcile/status.ts');
      const result = await withCluster(flags, (engine) => status(engine, args.app, flags.namespace));
      if (args.app !== undefined && result.apps.length === 0)
        throw new CannotDo(`there is no app ${JSON.stringify(args.app)} in ${result.cluster}`, 'jibe status shows which there are');
      const { statusText } = await import('../reconcile/report/text.ts');
      const palette = stylesFor(process.stdout, flags['no-color'] || flags['output-file'] !== undefined);
      this.emit(await formatted(result, flags.output, () => statusText(result.apps, palette)), flags['output-file']);
      const wrong = result.apps.some(
        ({ sync, health }) => sync === 'OutOfSync' || health === 'Degraded' || health === 'Missing' || health === 'Unknown',
      );
      return flags['exit-code'] && wrong ? 1 : 0;
    });
  }
}
