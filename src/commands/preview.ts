import fs from 'node:fs';
import { Args, Flags } from '@oclif/core';
import type { RenderedSource } from '../reconcile/apps/prepare-apps.ts';
import { durationFlag, JibeCommand } from './shared/base.ts';
import { chartFlags, chartOptions } from './shared/chart.ts';
import { behaviourFlag, readBehaviour } from './shared/behaviour.ts';
import { CannotDo } from './shared/failure.ts';
import { oldBaseline, previewReportFlags, reportFiles, tellPreview } from './shared/preview-report.ts';
import { Progress } from './shared/progress.ts';
import { appFlags, appName, assumeKindsFlag, sourceDeps, sourceFlags, sourceSpec } from './shared/source.ts';
import { stylesFor } from './shared/styles.ts';
import { chosenApp } from './shared/sync-source.ts';
import { tellSync } from './shared/sync-events.ts';
import { readOthers, readWorld, worldFlags } from './shared/world.ts';

export default class Preview extends JibeCommand {
  static override summary = 'What merging head into base would do: differences, refusals, pods that restart, data at risk.';
  static override description =
    'Base is brought to rest in an embedded cluster on a virtual clock, and head is synced over it. Nothing outside is touched. Exit code 0: no hazard. 1: a hazard (see --fail-on). 2: it could not be done.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --base origin/main --head HEAD',
    '<%= config.bin %> <%= command.id %> . --base v1.0.0 --head v1.1.0 --path deploy -o markdown',
    '<%= config.bin %> <%= command.id %> --base ./before --head ./after',
  ];
  static override args = { repository: Args.string({ description: 'A git repository or URL.', default: '.' }) };
  static override flags = {
    base: Flags.string({ summary: 'What there is: a branch, tag or commit, or a directory.', helpValue: 'REF', required: true }),
    head: Flags.string({
      summary: 'What is to be merged: likewise. By default the files as they lie on disk; of a URL its HEAD.',
      helpValue: 'REF',
    }),
    merge: Flags.boolean({ summary: 'Compare base with what merging head into it makes.', exclusive: ['direct'] }),
    direct: Flags.boolean({ summary: 'Compare the two as they are, and not head with the commit where it parted from base.' }),
    ...worldFlags,
    behaviour: behaviourFlag(),
    meanwhile: Flags.string({
      summary: 'What others do to the cluster once base is there: a list of patches, each with its manager (docs/preview.md).',
      helpValue: 'FILE',
    }),
    'assume-kinds': assumeKindsFlag('Those that base has are taken so in any case.'),
    'kubernetes-version': Flags.string({
      summary: 'The release that is to take head: API versions that it does not serve are errors.',
      helpValue: '1.36',
    }),
    timeout: durationFlag('How long it may take, in real time. Exit code 3 after that.', '5m'),
    seed: Flags.integer({ summary: 'The same seed tells the same story.', default: 1 }),
    path: sourceFlags.path,
    include: sourceFlags.include,
    exclude: sourceFlags.exclude,
    'allow-remote': sourceFlags['allow-remote'],
    ...chartFlags,
    ...appFlags,
    ...previewReportFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Preview);
    await this.ending(async () => {
      const progress = new Progress(process.stderr, stylesFor(process.stderr, flags['no-color']), flags.quiet);
      progress.now('reading base and head…');
      reportFiles(flags);
      const baseline = await oldBaseline(flags);
      const timeout = AbortSignal.timeout(flags.timeout);
      const [{ previewSource }, { renderSides }, { ManifestValidator }, { embeddedFacts }] = await Promise.all([
        import('../reconcile/preview/preview-source.ts'),
        import('../reconcile/preview/render-sides.ts'),
        import('../reconcile/validate/validate.ts'),
        import('../reconcile/render/helm/capabilities.ts'),
      ]);
      const { sidesOf } = await import('../reconcile/source/compare.ts');
      const { repository: location } = args;
      const how = flags.merge ? 'merge' : flags.direct ? 'direct' : 'pull';
      // both sides have most of their objects in common
      const deps = { ...sourceDeps(flags), gitCache: {} };
      const world = await readWorld(flags);
      const meanwhile = flags.meanwhile === undefined ? undefined : await readOthers(flags.meanwhile);
      const sides = await sidesOf({ location, base: flags.base, head: flags.head, how }, deps);
      const name = appName(location, flags.path);
      const wanted = flags['kubernetes-version'];
      const rendering = {
        name,
        defaultNamespace: flags.namespace,
        chart: await chartOptions(flags),
        ...(wanted === undefined ? {} : { clusterFacts: async () => ({ ...embeddedFacts(), kubeVersion: `v${release(wanted)}.0` }) }),
      };
      const { base, head, about } = await renderedSides(sides, () => renderSides(sides, sourceSpec('', flags), deps, rendering));
      if (isEmpty(base) && isEmpty(head))
        throw new CannotDo('neither base nor head has any manifests', 'check --path, --include and --exclude');
      const { RealClock } = await import('../apimachinery/clock.ts');
      const result = await previewSource(base, head, {
        name,
        only: chosenApp(appNames(base, head), flags.app),
        preparing: { defaultNamespace: flags.namespace, judge: 'server', validator: new ManifestValidator() },
        namespace: flags.namespace,
        now: new RealClock().now(),
        seed: flags.seed,
        assumeKinds: flags['assume-kinds'],
        signal: AbortSignal.any([this.interrupt.signal, timeout]),
        ...world,
        assumed: [sides.about, about, meanwhile?.about].filter((text) => text !== undefined),
        ...(meanwhile ? { meanwhile: meanwhile.patch } : {}),
        ...(flags['kubernetes-version'] === undefined ? {} : { kubernetesVersion: release(flags['kubernetes-version']) }),
        ...(flags.behaviour === undefined ? {} : { behaviour: await readBehaviour(flags.behaviour) }),
        onProgress: (which, event) => (event.type === 'applied' ? progress.now(`${which}: applying`) : tellSync(event, progress)),
      }).catch((error: unknown) => {
        if (!timeout.aborted || this.interrupt.signal.aborted) throw error;
        progress.clear();
        const seconds = flags.timeout / 1000;
        throw new CannotDo(
          `the preview took longer than ${seconds} s, and nothing can be told`,
          'see --timeout, --app and --path',
          error,
          3,
        );
      });
      progress.clear();
      const hazard = await tellPreview(result, flags, {
        repository: args.repository,
        head: flags.head ?? location,
        headIsDirectory: isDirectory(flags.head ?? location),
        baseline,
        emit: (text, file) => this.emit(text, file),
      });
      return hazard ? 1 : 0;
    });
  }
}

const isDirectory = (ref: string): boolean => fs.statSync(ref, { throwIfNoEntry: false })?.isDirectory() === true;

/** What was made for the comparison is there until both sides are rendered. */
async function renderedSides<T>({ close }: { close(): Promise<void> }, render: () => Promise<T>): Promise<T> {
  try {
    return await render();
  } finally {
    await close();
  }
}

const isEmpty = ({ plain, apps, errors = [] }: RenderedSource): boolean =>
  plain ? plain.manifests.length + plain.errors.length === 0 : apps!.length + errors.length === 0;

/** Of both sides; undefined where neither defines any. */
function appNames({ apps: before }: RenderedSource, { apps: after }: RenderedSource): readonly { readonly name: string }[] | undefined {
  if (!before && !after) return undefined;
  return [...new Set([...(before ?? []), ...(after ?? [])].map(({ name }) => name))].map((name) => ({ name }));
}

/** `1.36` of `v1.36.3`. */
function release(text: string): string {
  const [, found] = /^v?(\d+\.\d+)(?:\.\d+)?$/.exec(text) ?? [];
  if (found === undefined) throw new CannotDo(`--kubernetes-version ${text} is no release`, 'write it as 1.36');
  return found;
}
