// The result of a sync for people at a terminal, app by app where the source defines apps.
import type { AppResult, SyncResult } from './result.ts';
import { errorLines, healthText, indent, outcomeLines, summaryLine, syncText, type Palette } from './text.ts';

export function resultText(result: SyncResult, palette: Palette): string {
  const { apps } = result;
  if (!apps) return syncText(result, palette);
  const own = new Set(apps.flatMap(({ errors, warnings }) => [...errors, ...warnings]));
  const lines = apps.flatMap((app) => [...appLines(app, palette), '']);
  lines.push(
    ...errorLines(
      result.errors.filter((error) => !own.has(error)),
      palette,
    ),
    ...errorLines(
      result.warnings.filter((warning) => !own.has(warning)),
      palette,
      'warning',
    ),
    summaryLine(result, palette),
  );
  return lines.join('\n');
}

function appLines(app: AppResult, palette: Palette): string[] {
  const { state, health, message, attempts, errors, warnings } = app;
  const word = state === 'synced' ? `${palette.green('Synced')}, ${healthText(health, palette)}` : stateText(state, palette);
  const tries = attempts > 1 ? ` after ${attempts} attempts` : '';
  return [
    `${palette.bold(app.app)} ${word}${tries}${message && errors.length === 0 ? `: ${message}` : ''}  ${palette.dim(app.id)}`,
    ...indent([...outcomeLines(app, palette), ...errorLines(errors, palette), ...errorLines(warnings, palette, 'warning')]),
  ];
}

function stateText(state: AppResult['state'], palette: Palette): string {
  switch (state) {
    case 'suspended':
      return palette.yellow('Suspended');
    case 'heldBack':
      return palette.red('Held back');
    case 'withdrawn':
      return palette.yellow('Withdrawn');
    case 'notRendered':
      return palette.yellow('Not rendered');
    default:
      return palette.red('Failed');
  }
}
