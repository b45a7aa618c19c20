import { JibeCommand, outputFlags } from './shared/base.ts';
import { chartFlags, chartOptions } from './shared/chart.ts';
import { formatted } from './shared/output.ts';
import type { AppTree } from '../reconcile/apps/prepare-apps.ts';
import { appName, assumeKindsFlag, namespaceFlag, onlyAppFlag, sourceArg, sourceDeps, sourceFlags, sourceSpec } from './shared/source.ts';
import { stylesFor } from './shared/styles.ts';

export default class Validate extends JibeCommand {
  static override summary = 'The faults of a source: file, line, column, field, and what to do. Needs no cluster.';
  static override description = 'Exit code 0: valid. 1: it is not. 2: it could not be read.';
  static override args = { source: sourceArg };
  static override flags = {
    ...sourceFlags,
    ...chartFlags,
    app: onlyAppFlag,
    namespace: namespaceFlag,
    'assume-kinds': assumeKindsFlag('Each such kind is a warning.'),
    ...outputFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Validate);
    await this.ending(async () => {
      const [{ prepareSource }, { errorLines, sourceText }, { chosenApp }] = await Promise.all([
        import('../reconcile/apps/prepare-apps.ts'),
        import('../reconcile/report/text.ts'),
        import('./shared/sync-source.ts'),
      ]);
      const { plain, tree } = await prepareSource(sourceSpec(args.source, flags), sourceDeps(flags), {
        name: appName(args.source, flags.path),
        defaultNamespace: flags.namespace,
        chart: await chartOptions(flags),
        ...(flags['assume-kinds'] ? { define: async () => undefined } : {}),
      });
      const { source, manifests, errors, warnings, apps } = tree
        ? allOf(tree, chosenApp(tree.apps, flags.app))
        : { ...plain, apps: undefined };
      const palette = stylesFor(process.stdout, flags['no-color'] || flags['output-file'] !== undefined);
      const result = { source, valid: errors.length === 0, objects: manifests.length, errors, warnings, ...(apps ? { apps } : {}) };
      const text = (): string =>
        [
          ...errorLines(errors, palette),
          ...errorLines(warnings, palette, 'warning'),
          ...(apps ?? []).filter(({ message }) => message).map(({ id, message }) => palette.yellow(`not checked: ${id}: ${message}`)),
          errors.length
            ? palette.red(`${errors.length} ${errors.length === 1 ? 'error' : 'errors'} in ${sourceText(source)}`)
            : palette.green(`valid: ${manifests.length} objects in ${sourceText(source)}`),
        ].join('\n');
      this.emit(await formatted(result, flags.output, text), flags['output-file']);
      return errors.length ? 1 : 0;
    });
  }
}

/** The faults of all apps, and of the tree that they make. */
function allOf({ source, apps, errors, warnings }: AppTree, only: string | undefined) {
  const chosen = apps.filter(({ name }) => only === undefined || name === only);
  return {
    source,
    manifests: chosen.flatMap(({ prepared }) => prepared.manifests),
    errors: [...errors, ...chosen.flatMap(({ prepared }) => prepared.errors)],
    warnings: [...warnings, ...chosen.flatMap(({ prepared }) => prepared.warnings)],
    apps: chosen.map(({ app, name, prepared }) => ({
      app: name,
      id: app.id,
      valid: prepared.errors.length === 0,
      objects: prepared.manifests.length,
      message: app.notRendered ?? '',
    })),
  };
}
