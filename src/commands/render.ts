import { Flags } from '@oclif/core';
import { JibeCommand, outputFlags } from './shared/base.ts';
import { chartFlags, chartOptions } from './shared/chart.ts';
import { appName, namespaceFlag, onlyAppFlag, sourceArg, sourceDeps, sourceFlags, sourceSpec } from './shared/source.ts';
import { stylesFor } from './shared/styles.ts';

const originsFlag = Flags.boolean({
  summary: 'Also tell which fields overlays, patches and generators set, and where.',
  description: 'As comments above each object; with -o json as a list of {object, origin, fields}.',
  helpGroup: 'OUTPUT',
});

export default class Render extends JibeCommand {
  static override summary = 'The objects that a source stands for, as YAML. Needs no cluster.';
  static override description =
    'Secrets are written as they are. Exit code 0: rendered. 1: parts of the source are not sound (they are told on standard error). 2: it could not be done.';
  static override args = { source: sourceArg };
  static override flags = {
    ...sourceFlags,
    ...chartFlags,
    app: onlyAppFlag,
    namespace: namespaceFlag,
    origins: originsFlag,
    ...outputFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Render);
    await this.ending(async () => {
      const [{ renderSource }, { renderedJson, renderedYaml }, { errorLines }, { chosenApp }, { ManifestCache }] = await Promise.all([
        import('../reconcile/apps/prepare-apps.ts'),
        import('../reconcile/report/rendered.ts'),
        import('../reconcile/report/text.ts'),
        import('./shared/sync-source.ts'),
        import('../reconcile/render/manifest-cache.ts'),
      ]);
      const name = appName(args.source, flags.path);
      const rendered = await renderSource(sourceSpec(args.source, flags), sourceDeps(flags), {
        name,
        defaultNamespace: flags.namespace,
        chart: await chartOptions(flags),
        // nothing that is secret is written down
        cache: new ManifestCache('leave encrypted'),
      });
      const only = chosenApp(rendered.apps, flags.app);
      const parts = rendered.apps
        ? rendered.apps.filter((app) => only === undefined || app.name === only).map((app) => ({ app: app.name, ...app.rendered }))
        : [{ app: '', ...rendered.plain }];
      const written = flags.output === 'json' ? renderedJson : renderedYaml;
      this.emit(await written(parts, flags.origins), flags['output-file']);
      const errors = [...(rendered.errors ?? []), ...parts.flatMap((part) => part.errors)];
      const warnings = [...(rendered.warnings ?? []), ...parts.flatMap((part) => part.warnings)];
      const palette = stylesFor(process.stderr, flags['no-color']);
      const told = [...errorLines(errors, palette), ...errorLines(warnings, palette, 'warning')];
      if (told.length) process.stderr.write(`${told.join('\n')}\n`);
      return errors.length ? 1 : 0;
    });
  }
}
