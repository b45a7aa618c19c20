import { JibeCommand, outputFlags } from './shared/base.ts';
import { chartFlags } from './shared/chart.ts';
import { formatted } from './shared/output.ts';
import { Progress } from './shared/progress.ts';
import { appFlags, createNamespaceFlag, ignoreDifferenceFlag, sourceArg, sourceFlags } from './shared/source.ts';
import { stylesFor } from './shared/styles.ts';
import { targetFlags, withCluster } from './shared/target.ts';

export default class Diff extends JibeCommand {
  static override summary = 'Desired against live: what a sync would change. Changes nothing.';
  static override description =
    'What the server fills in, and what other managers own, makes no difference. Exit code 0: none. 1: differences, or a source that is not sound. 2: it could not be done.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> ./manifests',
    '<%= config.bin %> <%= command.id %> . --ref main --path deploy -o json',
  ];
  static override args = { source: sourceArg };
  static override flags = {
    ...sourceFlags,
    ...chartFlags,
    ...appFlags,
    'create-namespace': createNamespaceFlag,
    'ignore-difference': ignoreDifferenceFlag,
    ...targetFlags,
    ...outputFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Diff);
    await this.ending(async () => {
      const progress = new Progress(process.stderr, stylesFor(process.stderr, flags['no-color']), flags.quiet);
      progress.now('reading the source…');
      const [{ policyOfFlags, prepareFor }, { diff }] = await Promise.all([
        import('./shared/sync-source.ts'),
        import('../reconcile/difference.ts'),
      ]);
      const result = await withCluster(flags, async (engine) => {
        const { plain, tree, only, name } = await engine.clock.hold(prepareFor(engine, args.source, flags));
        const policy = await policyOfFlags(flags, tree);
        const options = {
          namespace: flags.namespace,
          onProgress: (done: number, of: number) => progress.now(`comparing: ${done} of ${of} objects`),
        };
        if (!tree) return diff(engine, plain, { ...options, ...(policy ? { policy } : {}), app: flags.app ?? name });
        const { diffApps } = await import('../reconcile/apps/diff-apps.ts');
        return diffApps(engine, tree, { ...options, name, ...(only === undefined ? {} : { only }) });
      });
      progress.clear();
      const { diffText } = await import('../reconcile/report/text.ts');
      const palette = stylesFor(process.stdout, flags['no-color'] || flags['output-file'] !== undefined);
      this.emit(await formatted(result, flags.output, () => diffText(result, palette)), flags['output-file']);
      return result.differences.length || result.errors.length ? 1 : 0;
    });
  }
}
