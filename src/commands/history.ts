import { Args, Flags } from '@oclif/core';
import type { HistoryEntry } from '../reconcile/history.ts';
import { table } from '../reconcile/report/text.ts';
import { JibeCommand, outputFlags } from './shared/base.ts';
import { CannotDo } from './shared/failure.ts';
import { formatted } from './shared/output.ts';
import { targetFlags, withCluster } from './shared/target.ts';

export default class History extends JibeCommand {
  static override summary = 'Past syncs that changed something, the last ones first.';
  static override description = 'The last ten of each app are remembered, in the cluster itself. `jibe rollback` brings one of them back.';
  static override args = { app: Args.string({ description: 'Only of this app.' }) };
  static override flags = {
    namespace: Flags.string({ char: 'n', summary: 'Only apps whose memory is kept in this namespace.', helpValue: 'NAME' }),
    ...targetFlags,
    ...outputFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(History);
    await this.ending(async () => {
      const { listHistory } = await import('../reconcile/history.ts');
      const history = await withCluster(flags, async ({ client, cluster }) => ({
        cluster,
        syncs: await listHistory(client, args.app, flags.namespace),
      }));
      if (args.app !== undefined && history.syncs.length === 0)
        throw new CannotDo(
          `no sync of app ${JSON.stringify(args.app)} is remembered in ${history.cluster}`,
          'jibe status shows which apps there are',
        );
      this.emit(await formatted(history, flags.output, () => historyText(history.syncs)), flags['output-file']);
      return 0;
    });
  }
}

function historyText(entries: readonly HistoryEntry[]): string {
  if (entries.length === 0) return 'no syncs are remembered';
  return table([['APP', 'ID', 'ENDED', 'REVISION', 'RESULT', 'CHANGED', 'WHO', ''], ...entries.map(row)]).join('\n');
}

function row({ app, id, ended, source, sync, health, actions, who, automated, rolledBackTo, message }: HistoryEntry): string[] {
  const changed = Object.entries(actions).filter(([action]) => action !== 'unchanged' && action !== 'skipped');
  const note = rolledBackTo === undefined ? message : `back to ${rolledBackTo}`;
  return [
    app,
    String(id),
    ended.replace(/\.\d+Z$/, 'Z'),
    source.revision ? `${source.revision.slice(0, 12)}${source.dirty ? '+' : ''}` : '-',
    `${sync}, ${health}`,
    changed.map(([action, n]) => `${n} ${action}`).join(', ') || '-',
    automated ? `${who} (kept)` : who,
    note,
  ];
}
