// A preview at a terminal, as a story: what it comes to on one line, what is dangerous with its cause and remedy, what else follows, what
// changes, and how it goes.
import { counted } from '../../preview/consequence.ts';
import { objectDifferenceLines, objectText, type Room } from '../difference-text.ts';
import { oneLine, shortened } from '../printable.ts';
import { painted } from '../styled-line.ts';
import { errorLines, table, type Palette } from '../text.ts';
import {
  acceptedOf,
  appsToTell,
  commitsOf,
  extent,
  gravity,
  hazardsOf,
  notesOf,
  secondsText,
  toldByApp,
  verdict,
  type PreviewReport,
  type ReportedConsequence,
} from './report.ts';

/** JSON has it word for word. */
const MOST_OF_A_TEXT = 400;
const ROOM: Room = { lines: 40, characters: 400 };

/** @param columns of the terminal; elsewhere each thing is told on one line, as programs like it */
export function previewText(given: PreviewReport, palette: Palette, columns = Infinity): string {
  const report = toldByApp(given);
  const { errors, warnings } = report;
  const told = (one: ReportedConsequence): string[] => hazardLines(one, palette, columns);
  const sections = [
    summaryLines(report, palette),
    appLines(report, palette),
    [...errorLines(errors, palette), ...errorLines(warnings, palette, 'warning')],
    section('Hazards', hazardsOf(report), told, palette),
    section('Accepted', acceptedOf(report), told, palette),
    section('What else follows', notesOf(report), told, palette),
    changeLines(report, palette),
    rolloutLines(report, palette),
    serviceLines(report, palette),
    staleLines(report, palette),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function summaryLines(report: PreviewReport, palette: Palette): string[] {
  const colour = { error: palette.red, warning: palette.yellow, info: palette.green }[gravity(report)];
  const commits = commitsOf(report);
  const over = commits ? palette.dim(`  ${commits.head} over ${commits.base}`) : '';
  return [`${palette.bold(oneLine(report.app))}: ${colour(verdict(report))}; ${extent(report).join('; ')}${over}`];
}

function appLines(report: PreviewReport, palette: Palette): string[] {
  const apps = appsToTell(report);
  if (apps.length === 0) return [];
  const rows = apps.map(({ app, change, changes, consequences: { error, warning }, message }) => {
    const grave = [error && palette.red(counted(error, 'error')), warning && palette.yellow(counted(warning, 'warning'))];
    return [
      `  ${oneLine(app)}`,
      change,
      counted(changes, 'object'),
      grave.filter(Boolean).join(', ') || palette.green('no hazards'),
      shortened(oneLine(message), MOST_OF_A_TEXT),
    ];
  });
  return [palette.bold(`Apps (${apps.length})`), ...table(rows)];
}

function section<T>(title: string, items: readonly T[], lines: (item: T) => string[], palette: Palette): string[] {
  return items.length ? [palette.bold(`${title} (${items.length})`), ...items.flatMap(lines)] : [];
}

function hazardLines(hazard: ReportedConsequence, palette: Palette, columns: number): string[] {
  const { cause, message } = hazard;
  return [
    ...headline(hazard, palette, columns),
    // what the message has said already is not said again
    ...said('cause', message.includes(cause) ? '' : cause, palette, columns),
    ...said('remedy', hazard.remedy, palette, columns),
    ...said('accepted', hazard.accepted ?? '', palette, columns),
  ];
}

function headline({ severity, type, message, origin, accepted }: ReportedConsequence, palette: Palette, columns: number): string[] {
  const colour = accepted === null ? { error: palette.red, warning: palette.yellow, info: palette.cyan }[severity] : palette.dim;
  const place = origin ? `${oneLine(origin.file)}:${origin.line}` : '';
  const lines = wrapped(`${type}: ${shortened(oneLine(message), MOST_OF_A_TEXT)}`, columns - 4, severity.length - 1);
  const last = lines.at(-1)!.length + place.length + (lines.length > 1 ? 6 : severity.length + 5) <= columns;
  return [
    `  ${colour(severity)} ${lines[0]!}`,
    ...lines.slice(1).map((line) => `    ${line}`),
    ...(place && !last ? [palette.dim(`    ${place}`)] : []),
  ].map((line, i, all) => (place && last && i === all.length - 1 ? `${line}${palette.dim(`  ${place}`)}` : line));
}

function said(word: string, text: string, palette: Palette, columns: number): string[] {
  if (!text) return [];
  const [first = '', ...rest] = wrapped(shortened(oneLine(text), MOST_OF_A_TEXT), columns - 6, word.length);
  return [`    ${palette.dim(`${word}:`)} ${first}`, ...rest.map((line) => `      ${line}`)];
}

function changeLines({ changes, moved }: PreviewReport, palette: Palette): string[] {
  const lines = changes.flatMap((change) => objectDifferenceLines(change, ROOM).map((line) => painted(line, palette)));
  for (const { from, to, ...id } of moved)
    lines.push(palette.dim(`  ${objectText(id)} stands in ${oneLine(to.file)} now, not in ${oneLine(from.file)}`));
  return [palette.bold(`Changes (${changes.length})`), ...(lines.length ? lines : ['  none'])];
}

function rolloutLines({ rollouts }: PreviewReport, palette: Palette): string[] {
  if (rollouts.length === 0) return [];
  const colour = { complete: palette.green, failed: palette.red, progressing: palette.yellow, paused: palette.yellow };
  const rows = rollouts.map((r) => [
    `  ${objectText(r)}`,
    colour[r.status](r.status),
    secondsText(r.durationSeconds),
    `+${r.podsCreated} -${r.podsDeleted} pods`,
    `at least ${r.minAvailable} of ${r.desired} available`,
    shortened(oneLine(r.message), MOST_OF_A_TEXT),
  ]);
  return [palette.bold('Rollouts'), ...table(rows)];
}

function serviceLines({ services }: PreviewReport, palette: Palette): string[] {
  if (services.length === 0) return [];
  const rows = services.map((s) => [
    `  ${oneLine(`${s.namespace}/${s.name}`)}`,
    `${s.endpointsBefore} → ${s.endpointsAfter} endpoints`,
    s.endpointsAfter === 0
      ? palette.red('none in the end')
      : s.secondsWithoutEndpoints
        ? palette.yellow(`${secondsText(s.secondsWithoutEndpoints)} without any`)
        : '',
  ]);
  return [palette.bold('Services'), ...table(rows)];
}

function staleLines({ staleBaseline }: PreviewReport, palette: Palette): string[] {
  const lines = (entry: PreviewReport['staleBaseline'][number]): string[] => [
    palette.dim(`  ${entry.fingerprint} ${oneLine(entry.hazard)}`.trimEnd()),
  ];
  return section('Accepted, and not there any more: take them out of the baseline', staleBaseline, lines, palette);
}

/** The narrowest that is worth wrapping for. */
const LEAST_COLUMNS = 30;

/** Lines of at most so many columns; words are never split. @param taken columns that the first line needs besides */
function wrapped(text: string, columns: number, taken: number): string[] {
  const room = Math.max(columns, LEAST_COLUMNS);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line && line.length + 1 + word.length + (lines.length ? 0 : taken) > room) {
      lines.push(line);
      line = word;
    } else line += line ? ` ${word}` : word;
  }
  return [...lines, line];
}
