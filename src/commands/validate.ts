import { JibeCommand, outputFlags } from './shared/base.ts';
import { formatted } from './shared/output.ts';
import { sourceArg, sourceDeps, sourceFlags, sourceSpec } from './shared/source.ts';
import { stylesFor } from './shared/styles.ts';

export default class Validate extends JibeCommand {
  static override summary = 'The faults of a source: file, line, column, field, and what to do. Needs no cluster.';
  static override description = 'Exit code 0: valid. 1: it is not. 2: it could not be read.';
  static override args = { source: sourceArg };
  static override flags = { ...sourceFlags, ...outputFlags };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Validate);
    await this.ending(async () => {
      const [{ prepare }, { errorLines, sourceText }] = await Promise.all([
        import('../reconcile/prepare.ts'),
        import('../reconcile/report/text.ts'),
      ]);
      const { source, manifests, errors, warnings } = await prepare(sourceSpec(args.source, flags), sourceDeps());
      const palette = stylesFor(process.stdout, flags['no-color'] || flags['output-file'] !== undefined);
      const result = { source, valid: errors.length === 0, objects: manifests.length, errors, warnings };
      const text = (): string =>
        [
          ...errorLines(errors, palette),
          ...errorLines(warnings, palette, 'warning'),
          errors.length
            ? palette.red(`${errors.length} ${errors.length === 1 ? 'error' : 'errors'} in ${sourceText(source)}`)
            : palette.green(`valid: ${manifests.length} objects in ${sourceText(source)}`),
        ].join('\n');
      this.emit(await formatted(result, flags.output, text), flags['output-file']);
      return errors.length ? 1 : 0;
    });
  }
}
