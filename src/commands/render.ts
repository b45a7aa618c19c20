import { JibeCommand, outputFlags } from './shared/base.ts';
import { sourceArg, sourceDeps, sourceFlags, sourceSpec } from './shared/source.ts';
import { stylesFor } from './shared/styles.ts';

export default class Render extends JibeCommand {
  static override summary = 'The objects that a source stands for, as YAML. Needs no cluster.';
  static override description =
    'Secrets are written as they are. Exit code 0: rendered. 1: parts of the source are not sound (they are told on standard error). 2: it could not be done.';
  static override args = { source: sourceArg };
  static override flags = { ...sourceFlags, ...outputFlags };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Render);
    await this.ending(async () => {
      const [{ openSource }, { render }, { toYaml }, { errorLines }] = await Promise.all([
        import('../reconcile/source/source.ts'),
        import('../reconcile/render/render.ts'),
        import('../reconcile/report/yaml.ts'),
        import('../reconcile/report/text.ts'),
      ]);
      const snapshot = await openSource(sourceSpec(args.source, flags), sourceDeps());
      try {
        const { manifests, errors, warnings } = await render(snapshot);
        const objects = manifests.map(({ object }) => object);
        const yaml = (): string =>
          manifests.map(({ object, origin }) => `---\n# ${origin.file}:${origin.line}\n${toYaml(object)}`).join('');
        this.emit(flags.output === 'json' ? JSON.stringify(objects, null, 2) : yaml(), flags['output-file']);
        const palette = stylesFor(process.stderr, flags['no-color']);
        const told = [...errorLines(errors, palette), ...errorLines(warnings, palette, 'warning')];
        if (told.length) process.stderr.write(`${told.join('\n')}\n`);
        return errors.length ? 1 : 0;
      } finally {
        await snapshot.close();
      }
    });
  }
}
