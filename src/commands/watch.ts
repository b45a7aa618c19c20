import { Args, type Interfaces } from '@oclif/core';
import type { SyncResult } from '../reconcile/report/result.ts';
import { JibeCommand, outputFlags } from './shared/base.ts';
import { chartFlags } from './shared/chart.ts';
import { CannotDo } from './shared/failure.ts';
import { formatted } from './shared/output.ts';
import { appFlags, sourceFlags } from './shared/source.ts';
import { stylesFor } from './shared/styles.ts';
import { targetFlags } from './shared/target.ts';
import { assumeKinds, syncFlags } from './sync.ts';

/** What failed is tried again so often, although no file changes. */
const AGAIN_MS = 60_000;

export default class Watch extends JibeCommand {
  static override summary = 'Sync on every change of a folder.';
  static override description =
    'A file that is not sound is told with its place and does not stop the others; as long as there is one, nothing is pruned. Drift is told, and not put right. Ends with Ctrl-C (exit code 130), or when the folder is gone (2).';
  static override args = { directory: Args.string({ description: 'The folder.', required: true }) };
  static override flags = {
    path: sourceFlags.path,
    include: sourceFlags.include,
    exclude: sourceFlags.exclude,
    'allow-remote': sourceFlags['allow-remote'],
    ...chartFlags,
    ...appFlags,
    ...syncFlags,
    'assume-kinds': assumeKinds,
    ...targetFlags,
    ...outputFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Watch);
    await this.ending(async () => {
      await this.watch(args.directory, flags);
      return 130;
    });
  }

  private async watch(directory: string, flags: WatchFlags): Promise<void> {
    const [{ keepOn }, { resultText }] = await Promise.all([import('./shared/keep.ts'), import('../reconcile/report/apps-text.ts')]);
    const palette = stylesFor(process.stdout, flags['no-color']);
    const ended = new AbortController();
    const kept = { ...flags, interval: AGAIN_MS, 'self-heal': false, notify: false, log: 'text' };
    await keepOn(directory, kept, AbortSignal.any([this.interrupt.signal, ended.signal]), {
      partial: true,
      onGone: () => ended.abort(new CannotDo(`${directory}: the folder is gone`)),
      // the result says both
      isTold: ({ type }) => type !== 'source' && type !== 'synced',
      onResult: (result) => void this.tell(result, flags, () => resultText(result, palette)),
    });
    if (ended.signal.aborted) throw ended.signal.reason as Error;
  }

  /** One line a sync, for programs that read along. */
  private async tell(result: SyncResult, flags: WatchFlags, words: () => string): Promise<void> {
    this.emit(flags.output === 'json' ? JSON.stringify(result) : await formatted(result, flags.output, words), flags['output-file']);
  }
}

type WatchFlags = Interfaces.InferredFlags<typeof Watch.flags>;
