import path from 'node:path';
import { Args, type Interfaces } from '@oclif/core';
import type { Engine } from '../reconcile/engine.ts';
import { JibeCommand, outputFlags } from './shared/base.ts';
import { CannotDo } from './shared/failure.ts';
import { formatted } from './shared/output.ts';
import { Progress } from './shared/progress.ts';
import { appFlags, sourceFlags } from './shared/source.ts';
import { stylesFor } from './shared/styles.ts';
import { openTarget, targetFlags } from './shared/target.ts';
import { syncFlags } from './sync.ts';

/** Editors write a file in several steps: so long nothing must change before it is read. */
const QUIET_MS = 100;

export default class Watch extends JibeCommand {
  static override summary = 'Sync on every change of a folder.';
  static override description =
    'A file that is not sound is told with its place and does not stop the others; as long as there is one, nothing is pruned. Ends with Ctrl-C (exit code 130), or when the folder is gone (2).';
  static override args = { directory: Args.string({ description: 'The folder.', required: true }) };
  static override flags = {
    path: sourceFlags.path,
    include: sourceFlags.include,
    exclude: sourceFlags.exclude,
    'allow-remote': sourceFlags['allow-remote'],
    ...appFlags,
    ...syncFlags,
    ...targetFlags,
    ...outputFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Watch);
    await this.ending(async () => {
      const [{ watchFolder }, { RealClock }] = await Promise.all([
        import('../reconcile/source/watch-folder.ts'),
        import('../apimachinery/clock.ts'),
      ]);
      const round = await this.rounds(args.directory, flags);
      const real = new RealClock();
      const changes = await watchFolder(path.resolve(args.directory), QUIET_MS, real, this.interrupt.signal);
      const target = await openTarget(flags);
      try {
        for (let change: 'changed' | 'gone' | 'stopped' = 'changed'; change !== 'stopped'; change = await changes.next()) {
          if (change === 'gone') throw new CannotDo(`${args.directory}: the folder is gone`);
          await target.run(() => round(target.engine), real.now());
        }
      } finally {
        await changes.close();
        await target.close();
      }
      return 130;
    });
  }

  /** What is done at each change. What has been read and checked once is kept from one to the next. */
  private async rounds(location: string, flags: WatchFlags): Promise<(engine: Engine) => Promise<void>> {
    const [{ ManifestCache }, { ManifestValidator }, { resultText }, { syncSource }] = await Promise.all([
      import('../reconcile/render/manifest-cache.ts'),
      import('../reconcile/validate/validate.ts'),
      import('../reconcile/report/apps-text.ts'),
      import('./shared/sync-source.ts'),
    ]);
    const kept = { cache: new ManifestCache(), validator: new ManifestValidator() };
    const progress = new Progress(process.stderr, stylesFor(process.stderr, flags['no-color']), flags.quiet);
    const palette = stylesFor(process.stdout, flags['no-color']);
    return async (engine) => {
      const started = performance.now();
      const synced = await syncSource(engine, location, flags, { progress, signal: this.interrupt.signal, isWatched: true, ...kept });
      const result = { ...synced, durationMs: Math.round(performance.now() - started) };
      progress.clear();
      // one line a round, for programs that read along
      this.emit(
        flags.output === 'json' ? JSON.stringify(result) : await formatted(result, flags.output, () => resultText(result, palette)),
        flags['output-file'],
      );
      progress.now(`watching ${location}…`);
    };
  }
}

type WatchFlags = Interfaces.InferredFlags<typeof Watch.flags>;
