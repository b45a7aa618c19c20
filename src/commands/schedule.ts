import { Args, Flags } from '@oclif/core';
import type { NodeExplanation, PodExplanation } from '../cluster/scheduler/explain.ts';
import { table } from '../reconcile/report/text.ts';
import { JibeCommand, outputFlags } from './shared/base.ts';
import { formatted } from './shared/output.ts';
import { stylesFor, type Styles } from './shared/styles.ts';
import { targetFlags, withCluster } from './shared/target.ts';

export default class Schedule extends JibeCommand {
  static override summary = 'Why a pod goes where it goes: what each node scores, or why it is refused.';
  static override description =
    'As the scheduler would decide now, by its default plugins and weights. A pod that has a node is looked at as if it had none. Changes nothing.\n' +
    'Exit code 0: some node fits. 1: none does.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> web-0 -n shop',
    '<%= config.bin %> <%= command.id %> web-0 --context prod -o json',
  ];
  static override args = { pod: Args.string({ required: true, description: 'Its name.' }) };
  static override flags = {
    namespace: Flags.string({ char: 'n', summary: 'Of the pod.', helpValue: 'NAME', default: 'default' }),
    ...targetFlags,
    ...outputFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Schedule);
    await this.ending(async () => {
      const { explainPod } = await import('../cluster/scheduler/explain.ts');
      const result = await withCluster(flags, ({ client, clock }) => explainPod(client, clock, flags.namespace, args.pod));
      const palette = stylesFor(process.stdout, flags['no-color'] || flags['output-file'] !== undefined);
      this.emit(await formatted(result, flags.output, () => explanationText(result, palette)), flags['output-file']);
      return result.nodes.some(({ refusedBy }) => !refusedBy) ? 0 : 1;
    });
  }
}

function explanationText({ namespace, name, nodeName, nodes }: PodExplanation, palette: Styles): string {
  const fit = nodes.filter(({ refusedBy }) => !refusedBy);
  const best = fit.filter(({ total }) => total === fit[0]?.total).map(({ node }) => node);
  const is = nodeName === undefined ? 'it waits' : `it is on ${nodeName}`;
  const would =
    best.length === 0
      ? 'no node fits'
      : `${best.slice(0, 3).join(' or ')}${best.length > 3 ? ' or another of the best' : ''} would be chosen`;
  const lines = [`Pod ${namespace}/${name}: ${would}; ${is}`, ''];
  if (fit.length) lines.push(...scoreTable(fit), '');
  for (const { node, refusedBy } of nodes)
    if (refusedBy) lines.push(`${palette.red('refused')}  ${node}  ${refusedBy.plugin}: ${refusedBy.reasons.join(', ')}`);
  return `${lines.join('\n').trimEnd()}\n`;
}

function scoreTable(fit: readonly NodeExplanation[]): string[] {
  const head = ['NODE', 'TOTAL', ...fit[0]!.scores.map(({ plugin, weight }) => `${plugin}×${weight}`)];
  return table([head, ...fit.map(({ node, total, scores }) => [node, String(total), ...scores.map(({ score }) => String(score))])]);
}
