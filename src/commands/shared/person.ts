// Who runs the command, and whether there is somebody at a terminal who can be asked.
import os from 'node:os';
import readline from 'node:readline/promises';
import type { PrunePolicy } from '../../reconcile/plan/plan.ts';
import { resourceText } from '../../reconcile/plan/resource-id.ts';
import type { SyncOptions } from '../../reconcile/sync.ts';
import { CannotDo } from './failure.ts';
import type { Progress } from './progress.ts';

/** `ada@laptop` */
export function whoAmI(): string {
  const host = os.hostname().split('.')[0] ?? '';
  return `${process.env['USER'] || process.env['LOGNAME'] || String(process.getuid?.() ?? 'somebody')}@${host}`;
}

/** Objects that are shown before the question. */
const SHOWN = 20;

/** Undefined where nobody can be asked. */
export function pruneConfirmer(progress: Progress): SyncOptions['confirmPrune'] {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  return async ({ removals, why }, app) => {
    progress.clear();
    const shown = removals.slice(0, SHOWN).map((id) => `  ${resourceText(id)}`);
    const more = removals.length > SHOWN ? [`  and ${removals.length - SHOWN} more`] : [];
    process.stderr.write([`${app}: no longer in the source (${why}):`, ...shown, ...more, ''].join('\n'));
    const terminal = readline.createInterface({ input: process.stdin, output: process.stderr });
    try {
      return /^y(?:es)?$/i.test(
        (await terminal.question(`delete ${removals.length === 1 ? 'it' : `these ${removals.length}`}? [y/N] `)).trim(),
      );
    } finally {
      terminal.close();
    }
  };
}

/** Throws where `confirm` was asked for and nobody can be asked. */
export function prunePolicy(flag: string, confirmPrune: SyncOptions['confirmPrune']): PrunePolicy {
  if (flag === 'confirm' && !confirmPrune)
    throw new CannotDo(
      '--prune=confirm asks before it deletes, and there is nobody to ask',
      'run it in a terminal, or use --prune=safe, all or none',
    );
  return flag as PrunePolicy;
}
