// Results for people at a terminal.
import { driftText } from '../plan/drift.ts';
import { objectDifferenceLines } from './difference-text.ts';
import { oneLine, printable } from './printable.ts';
import type { AppStatus, DiffResult, ReportedError, ResourceResult, SyncResult } from './result.ts';
import type { SourceInfo } from '../source/snapshot.ts';
import { painted } from './styled-line.ts';

/** Colours; each may leave the text as it is. */
export interface Palette {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

export function errorLines(errors: readonly ReportedError[], palette: Palette, word: 'error' | 'warning' = 'error'): string[] {
  const colour = word === 'error' ? palette.red : palette.yellow;
  return errors.flatMap(({ file, line, column, path, message, value, hint }) => {
    const where = file ? `${palette.bold(`${oneLine(file)}:${line}:${column}`)}: ` : '';
    const what = printable(path ? `${path}: ${message}` : message);
    const shown = value === undefined || message.includes(value) ? '' : palette.dim(` (it is ${printable(value)})`);
    return [`${where}${colour(word)}: ${what}${shown}`, ...(hint ? [`  ${palette.dim('hint:')} ${printable(hint)}`] : [])];
  });
}

export function sourceText({ type, location, path, revision, dirty }: SourceInfo): string {
  const where = location === '-' ? 'standard input' : path ? `${location} (${path})` : location;
  const at = revision ? ` at ${revision.slice(0, 12)}${dirty ? ' and changes' : ''}` : '';
  return type === 'git' || revision ? `${where}${at}` : where;
}

export function syncText(result: SyncResult, palette: Palette): string {
  const lines = outcomeLines(result, palette);
  if (lines.length) lines.push('');
  lines.push(...errorLines(result.errors, palette), ...errorLines(result.warnings, palette, 'warning'), summaryLine(result, palette));
  return lines.join('\n');
}

/** What happened to each object that did not stay as it was, and how the rollouts went. */
export function outcomeLines({ resources, rollouts }: Pick<SyncResult, 'resources' | 'rollouts'>, palette: Palette): string[] {
  const shown = resources.filter(({ action, health: h, message }) => action !== 'unchanged' || h !== 'Healthy' || message);
  const lines = table(shown.map((resource) => resourceRow(resource, palette)));
  if (rollouts.length && shown.length) {
    lines.push('', palette.bold('Rollouts'));
    lines.push(
      ...table(
        rollouts.map(({ kind, namespace, name, desired, available, revision, status, message }) => [
          status === 'complete' ? palette.green('complete') : status === 'failed' ? palette.red('failed') : palette.yellow(status),
          `${kind} ${namespace}/${name}`,
          `${available}/${desired} available`,
          revision && kind === 'Deployment' ? `revision ${revision}` : '',
          message,
        ]),
      ),
    );
  }
  return lines;
}

export function summaryLine(result: SyncResult, palette: Palette): string {
  const { resources, sync, health } = result;
  const counts = new Map<string, number>();
  for (const { action } of resources) counts.set(action, (counts.get(action) ?? 0) + 1);
  const counted = [...counts].map(([action, n]) => `${n} ${action}`).join(', ') || 'no objects';
  const verdict = sync === 'Synced' && health === 'Healthy' ? palette.green(`${sync}, ${health}`) : palette.red(`${sync}, ${health}`);
  const ended = result.interrupted ? ' (interrupted)' : result.timedOut ? ' (timed out waiting)' : '';
  return `${palette.bold(result.app)} ${verdict}${ended}: ${counted}. ${sourceText(result.source)} → ${result.cluster}`;
}

function resourceRow({ action, kind, namespace, name, health, message }: ResourceResult, palette: Palette): string[] {
  const colour =
    action === 'failed'
      ? palette.red
      : action === 'pruned' || action === 'recreated'
        ? palette.yellow
        : action === 'unchanged'
          ? palette.dim
          : palette.green;
  const state = action === 'pruned' || action === 'skipped' ? '' : healthText(health, palette);
  return [colour(action), `${kind} ${namespace ? `${namespace}/` : ''}${name}`, state, message];
}

export function healthText(health: string, palette: Palette): string {
  if (health === 'Healthy') return palette.green(health);
  return health === 'Progressing' || health === 'Suspended' ? palette.yellow(health) : palette.red(health);
}

export function diffText({ differences, errors, warnings, ...result }: DiffResult, palette: Palette): string {
  const lines = differences.flatMap((difference) => [...objectDifferenceLines(difference).map((line) => painted(line, palette)), '']);
  lines.push(...errorLines(errors, palette), ...errorLines(warnings, palette, 'warning'));
  const summary =
    differences.length === 0 && errors.length === 0 ? palette.green('no differences') : `${differences.length} objects differ`;
  lines.push(`${palette.bold(result.app)}: ${summary}. ${sourceText(result.source)} ↔ ${result.cluster}`);
  return lines.join('\n');
}

export function statusText(apps: readonly AppStatus[], palette: Palette): string {
  if (apps.length === 0) return 'no apps: nothing has been synced into this cluster yet';
  return apps
    .map(({ app, namespace, source, sync, health, resources, rollouts, drift }) => {
      const lines = [
        `${palette.bold(app)} ${sync === 'Synced' ? palette.green(sync) : palette.red(sync)}, ${healthText(health, palette)}  ${palette.dim(source ? sourceText(source) : '')}`,
        ...indent(
          table(
            resources.map((r) => [
              `${r.kind} ${r.namespace ? `${r.namespace}/` : ''}${r.name}`,
              r.sync === 'Synced' ? '' : palette.red(r.sync),
              healthText(r.health, palette),
              r.message,
            ]),
          ),
        ),
      ];
      const going = rollouts.filter(({ status }) => status !== 'complete');
      if (going.length) lines.push('  Rollouts', ...going.map((r) => `    ${r.kind} ${r.namespace}/${r.name} ${r.status}: ${r.message}`));
      if (drift.length) lines.push(`  ${palette.red('Drift')}`, ...drift.flatMap(driftText).map((line) => `    ${line}`));
      return { namespace, text: lines.join('\n') };
    })
    .map(({ text }) => text)
    .join('\n\n');
}

export const indent = (lines: readonly string[]): string[] => lines.map((line) => (line ? `  ${line}` : line));

// eslint-disable-next-line no-control-regex -- colours take no room
const ANSI = /\u001b\[[0-9;]*m/g;
const width = (text: string): number => text.replace(ANSI, '').length;

/** Columns, as wide as their widest cell; the last one is as long as it is. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...rows.map((row) => width(row[i] ?? ''))));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell + ' '.repeat(widths[i]! - width(cell))))
      .join('  ')
      .trimEnd(),
  );
}
