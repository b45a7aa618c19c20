import { Flags, type Interfaces } from '@oclif/core';
import type { SyncResult } from '../reconcile/report/result.ts';
import { durationFlag, JibeCommand, outputFlags } from './shared/base.ts';
import { chartFlags } from './shared/chart.ts';
import { behaviourFlag } from './shared/behaviour.ts';
import { CannotDo, type ExitCode } from './shared/failure.ts';
import { keepFlags } from './shared/keep.ts';
import { formatted } from './shared/output.ts';
import { Progress } from './shared/progress.ts';
import { appFlags, assumeKindsFlag, createNamespaceFlag, ignoreDifferenceFlag, sourceArg, sourceFlags } from './shared/source.ts';
import { stylesFor } from './shared/styles.ts';
import { targetFlags, withCluster } from './shared/target.ts';

export const syncFlags = {
  prune: Flags.string({
    summary: 'What happens to objects that the source has no longer.',
    description:
      '`safe` leaves namespaces, CRDs, volumes and claims alone, and asks before more than half of an app (and more than ten objects) goes; `all` does neither; `confirm` asks before anything goes; `none` prunes nothing.',
    options: ['safe', 'all', 'confirm', 'none'],
    default: 'safe',
    helpGroup: 'APP',
  }),
  timeout: durationFlag('How long to wait for everything to be healthy, by the time of the cluster.', '5m'),
  behaviour: behaviourFlag({
    description: 'For this command alone: it is not kept with the cluster. Only for an embedded one that is not being served.',
    helpGroup: 'CLUSTER',
  }),
};

/** Not of rollback, which reads no source. */
export const assumeKinds = assumeKindsFlag('Only for an embedded cluster: definitions are made up for them there, and kept.', 'CLUSTER');

export default class Sync extends JibeCommand {
  static override summary = 'Make the cluster agree with a source, follow the rollouts, and report.';
  static override description =
    'Exit code 0: Synced and Healthy. 1: something is not. 2: it could not be done. 3: timed out waiting. 130: interrupted.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> ./manifests',
    '<%= config.bin %> <%= command.id %> https://github.com/acme/shop --ref v1.2.0 --path deploy',
    '<%= config.bin %> <%= command.id %> overlays/prod',
    '<%= config.bin %> <%= command.id %> charts/web --values values-prod.yaml --set image.tag=1.4.2',
  ];
  static override args = { source: sourceArg };
  static override flags = {
    ...sourceFlags,
    ...chartFlags,
    ...appFlags,
    ...syncFlags,
    'assume-kinds': assumeKinds,
    only: Flags.string({
      summary: 'Only these objects: kind/name.',
      description: 'May be given several times. Hooks do not run then.',
      helpValue: 'KIND/NAME',
      multiple: true,
      helpGroup: 'APP',
    }),
    selector: Flags.string({
      char: 'l',
      summary: 'Only objects with these labels. Hooks do not run then.',
      helpValue: 'SELECTOR',
      helpGroup: 'APP',
    }),
    'create-namespace': createNamespaceFlag,
    'ignore-difference': ignoreDifferenceFlag,
    interval: durationFlag('Keep on: look for changes of the source this often, and watch for drift all the time.', '0s'),
    ...keepFlags,
    ...targetFlags,
    ...outputFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Sync);
    await this.ending(async () => {
      if (flags.interval > 0) return this.keepOn(args.source, flags);
      return this.once(args.source, flags);
    });
  }

  private async once(location: string, flags: SyncCommandFlags): Promise<ExitCode> {
    const styles = stylesFor(process.stderr, flags['no-color']);
    const progress = new Progress(process.stderr, styles, flags.quiet);
    const result = await this.sync(location, flags, progress);
    progress.clear();
    const { resultText } = await import('../reconcile/report/apps-text.ts');
    const palette = stylesFor(process.stdout, flags['no-color'] || flags['output-file'] !== undefined);
    this.emit(await formatted(result, flags.output, () => resultText(result, palette)), flags['output-file']);
    return exitCodeOf(result);
  }

  private async sync(location: string, flags: SyncCommandFlags, progress: Progress): Promise<SyncResult> {
    const started = performance.now();
    progress.now('reading the source…');
    const { syncSource } = await import('./shared/sync-source.ts');
    return withCluster(flags, async (engine) => {
      const result = await syncSource(engine, location, flags, { progress, signal: this.interrupt.signal });
      return { ...result, durationMs: Math.round(performance.now() - started) };
    });
  }

  /** Until it is interrupted. The cluster stays open, and its live objects are watched. */
  private async keepOn(location: string, flags: SyncCommandFlags): Promise<ExitCode> {
    if (flags.only || flags.selector !== undefined)
      throw new CannotDo('--interval keeps whole apps', 'leave out --only and --selector, or name an app with --app');
    if (flags['ignore-difference'])
      throw new CannotDo('--ignore-difference is not for sources that are kept', 'define the app in a jibe.yaml, with ignoreDifferences');
    if (flags['create-namespace'])
      throw new CannotDo(
        '--create-namespace is not for sources that are kept',
        'define the app in a jibe.yaml, with the sync option CreateNamespace=true',
      );
    const [{ keepOn }, { resultText }] = await Promise.all([import('./shared/keep.ts'), import('../reconcile/report/apps-text.ts')]);
    const palette = stylesFor(process.stdout, flags['no-color'] || flags['output-file'] !== undefined);
    await keepOn(location, flags, this.interrupt.signal, {
      onResult: (result) => void this.tell(result, flags, () => resultText(result, palette)),
    });
    return 130;
  }

  /** One line a sync, for programs that read along. */
  private async tell(result: SyncResult, flags: SyncCommandFlags, words: () => string): Promise<void> {
    this.emit(flags.output === 'json' ? JSON.stringify(result) : await formatted(result, flags.output, words), flags['output-file']);
  }
}

type SyncCommandFlags = Interfaces.InferredFlags<typeof Sync.flags>;

export function exitCodeOf({
  sync,
  health,
  timedOut,
  interrupted,
}: Pick<SyncResult, 'sync' | 'health' | 'timedOut' | 'interrupted'>): ExitCode {
  if (interrupted) return 130;
  if (timedOut) return 3;
  return sync === 'Synced' && (health === 'Healthy' || health === 'Suspended') ? 0 : 1;
}
