import fs from 'node:fs';
import { Args, Flags } from '@oclif/core';
import type { Prepared } from '../reconcile/prepare.ts';
import { JibeCommand } from './shared/base.ts';
import { readBehaviour } from './shared/behaviour.ts';
import { CannotDo } from './shared/failure.ts';
import { oldBaseline, previewReportFlags, reportFiles, tellPreview } from './shared/preview-report.ts';
import { Progress } from './shared/progress.ts';
import { appFlags, sourceDeps, sourceFlags, sourceSpec } from './shared/source.ts';
import { stylesFor } from './shared/styles.ts';
import { tellSync } from './shared/sync-events.ts';
import { targetFlags } from './shared/target.ts';

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
    head: Flags.string({ summary: 'What is to be merged: likewise.', helpValue: 'REF', required: true }),
    world: Flags.string({ summary: 'Manifests that the cluster holds besides: quotas, classes, policies.', helpValue: 'FILE' }),
    behaviour: Flags.string({
      summary: 'How images start, fail and stop: a behaviour document, or kwok Stages (docs/node.md).',
      helpValue: 'FILE',
    }),
    'kubernetes-version': Flags.string({
      summary: 'The release that is to take head: API versions that it does not serve are errors.',
      helpValue: '1.36',
    }),
    seed: Flags.integer({ summary: 'The same seed tells the same story.', default: 1 }),
    path: sourceFlags.path,
    include: sourceFlags.include,
    exclude: sourceFlags.exclude,
    namespace: appFlags.namespace,
    nodes: targetFlags.nodes,
    ...previewReportFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Preview);
    await this.ending(async () => {
      const progress = new Progress(process.stderr, stylesFor(process.stderr, flags['no-color']), flags.quiet);
      progress.now('reading base and head…');
      reportFiles(flags);
      const baseline = await oldBaseline(flags);
      const [{ prepare }, { preview }] = await Promise.all([import('../reconcile/prepare.ts'), import('../reconcile/preview/preview.ts')]);
      const side = (ref: string): Promise<Prepared> => {
        const spec = isDirectory(ref) ? sourceSpec(ref, flags) : sourceSpec(args.repository, { ...flags, ref });
        return prepare(spec, sourceDeps(), { defaultNamespace: flags.namespace, judge: 'server' });
      };
      const [base, head, world] = await Promise.all([
        side(flags.base),
        side(flags.head),
        flags.world === undefined ? undefined : prepare(sourceSpec(flags.world, {}), sourceDeps()),
      ]);
      if (world?.errors.length) throw new CannotDo(`${flags.world}: ${world.errors[0]!.message}`, world.errors[0]!.hint);
      if (base.manifests.length + head.manifests.length + base.errors.length + head.errors.length === 0)
        throw new CannotDo('neither base nor head has any manifests', 'check --path, --include and --exclude');
      const { RealClock } = await import('../apimachinery/clock.ts');
      const result = await preview(base, head, {
        namespace: flags.namespace,
        nodes: flags.nodes,
        now: new RealClock().now(),
        seed: flags.seed,
        signal: this.interrupt.signal,
        ...(world ? { world } : {}),
        ...(flags['kubernetes-version'] === undefined ? {} : { kubernetesVersion: release(flags['kubernetes-version']) }),
        ...(flags.behaviour === undefined ? {} : { behaviour: await readBehaviour(flags.behaviour) }),
        onProgress: (which, event) => (event.type === 'applied' ? progress.now(`${which}: applying`) : tellSync(event, progress)),
      });
      progress.clear();
      const hazard = await tellPreview(result, flags, {
        repository: args.repository,
        head: flags.head,
        headIsDirectory: isDirectory(flags.head),
        assumed: assumptions(flags),
        baseline,
        emit: (text, file) => this.emit(text, file),
      });
      return hazard ? 1 : 0;
    });
  }
}

const isDirectory = (ref: string): boolean => fs.statSync(ref, { throwIfNoEntry: false })?.isDirectory() === true;

/** What a preview takes for granted, in plain words. */
function assumptions(flags: {
  readonly nodes: number;
  readonly seed: number;
  readonly world?: string | undefined;
  readonly behaviour?: string | undefined;
  readonly 'kubernetes-version'?: string | undefined;
}): string[] {
  const { nodes, seed, world, behaviour, 'kubernetes-version': version } = flags;
  return [
    `The cluster is a simulated one with ${nodes} ${nodes === 1 ? 'node' : 'nodes'}${world ? `, and holds what ${world} describes` : ' and holds nothing but base'}.`,
    behaviour
      ? `Images start, fail and stop as ${behaviour} says.`
      : 'Every image exists, is pulled in a second and starts in half a second; probes succeed then.',
    ...(version ? [`Head is to run on Kubernetes ${version}.`] : []),
    `Time and chance are simulated: with seed ${seed} the same change always tells the same story.`,
    'Load, operators, ingress controllers and everything outside the cluster take no part.',
  ];
}

/** `1.36` of `v1.36.3`. */
function release(text: string): string {
  const [, found] = /^v?(\d+\.\d+)(?:\.\d+)?$/.exec(text) ?? [];
  if (found === undefined) throw new CannotDo(`--kubernetes-version ${text} is no release`, 'write it as 1.36');
  return found;
}
