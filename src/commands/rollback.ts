import { Args, Flags } from '@oclif/core';
import { JibeCommand, outputFlags } from './shared/base.ts';
import { CannotDo } from './shared/failure.ts';
import { formatted } from './shared/output.ts';
import { pruneConfirmer, prunePolicy, whoAmI } from './shared/person.ts';
import { Progress } from './shared/progress.ts';
import { stylesFor } from './shared/styles.ts';
import { tellSync } from './shared/sync-events.ts';
import { targetFlags, withCluster } from './shared/target.ts';
import { exitCodeOf, syncFlags } from './sync.ts';

export default class Rollback extends JibeCommand {
  static override summary = 'Bring back what a past sync of an app applied.';
  static override description =
    'What came since is pruned. The app is suspended then, so that whoever keeps it does not undo that: see jibe resume. Exit codes as of sync.';
  static override examples = ['<%= config.bin %> <%= command.id %> shop', '<%= config.bin %> <%= command.id %> shop 7'];
  static override args = {
    app: Args.string({ description: 'The app.', required: true }),
    id: Args.integer({ description: 'Of the sync, as jibe history shows it; by default the one before the last.', min: 1 }),
  };
  static override flags = {
    namespace: Flags.string({ char: 'n', summary: "Where the app's memory is kept.", helpValue: 'NAME', default: 'default' }),
    ...syncFlags,
    ...targetFlags,
    ...outputFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Rollback);
    await this.ending(async () => {
      const { rollback, rollbackTarget } = await import('../reconcile/rollback.ts');
      const progress = new Progress(process.stderr, stylesFor(process.stderr, flags['no-color']), flags.quiet);
      const confirmPrune = pruneConfirmer(progress);
      const prune = prunePolicy(flags.prune, confirmPrune);
      const result = await withCluster(flags, async (engine) => {
        const target = await rollbackTarget(engine, args.app, flags.namespace, args.id);
        if (target.is === 'none') throw new CannotDo(target.why, target.hint);
        return rollback(engine, target.entry, {
          who: whoAmI(),
          prune,
          timeoutMs: flags.timeout,
          signal: this.interrupt.signal,
          ...(confirmPrune ? { confirmPrune } : {}),
          onProgress: (event) => tellSync(event, progress),
        });
      });
      progress.line(`${args.app} is suspended: jibe resume ${args.app} lets it be kept again`);
      const { resultText } = await import('../reconcile/report/apps-text.ts');
      const palette = stylesFor(process.stdout, flags['no-color'] || flags['output-file'] !== undefined);
      this.emit(await formatted(result, flags.output, () => resultText(result, palette)), flags['output-file']);
      return exitCodeOf(result);
    });
  }
}
