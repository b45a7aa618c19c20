// A preview as a comment on a merge request: what it comes to on one screen, then sections to be opened. The same report gives the same
// bytes, and a hidden first line by which the comment is found and updated. A comment holds so much: what matters least is left out first,
// and is told to be.
import { counted, type Severity } from '../../preview/consequence.ts';
import type { PreviewedApp } from '../../preview/result.ts';
import { objectDifferenceLines, objectText, type Room } from '../difference-text.ts';
import { oneLine, shortened } from '../printable.ts';
import type { ObjectDifference, ReportedError } from '../result.ts';
import { bare, type Line } from '../styled-line.ts';
import { code, escaped, fenced } from './markdown-text.ts';
import { MEANINGS } from './meaning.ts';
import {
  acceptedOf,
  appsToTell,
  commitsOf,
  extent,
  gravity,
  grouped,
  hazardsOf,
  notesOf,
  secondsText,
  toldByApp,
  verdict,
  type PreviewReport,
  type ReportedConsequence,
} from './report.ts';
import { fitted, type Part } from './room.ts';

const ICONS: Readonly<Record<Severity, string>> = { error: '🛑', warning: '⚠️', info: 'ℹ️' };
/** A comment on GitHub holds 65,536 characters; some room is left for what others add. */
const MOST_CHARACTERS = 65_000;
/** On the first screen. */
const MOST_HAZARDS = 8;
const MOST_OF_A_HEADLINE = 220;
const MOST_OF_A_TEXT = 600;
const MOST_OF_A_NAME = 200;
const ROOM: Room = { lines: 40, characters: 300 };

export function previewMarkdown(given: PreviewReport): string {
  const report = toldByApp(given);
  return fitted(top(report), parts(report), MOST_CHARACTERS);
}

/** By which a comment is found again: `<!-- jibe preview: shop -->`. */
export const markerOf = (app: string): string => `<!-- jibe preview: ${app.replace(/[^\w./ -]|--+/g, '_').slice(0, MOST_OF_A_NAME)} -->`;

function top(report: PreviewReport): string {
  const { app } = report;
  const grave = gravity(report);
  const commits = commitsOf(report);
  const over = commits ? `${code(commits.head)} over ${code(commits.base)} · ` : '';
  const lines = [
    markerOf(app),
    `### ${grave === 'info' ? '✅' : ICONS[grave]} Preview of ${escaped(shortened(app, MOST_OF_A_NAME))}: ${verdict(report)}`,
    '',
    `${over}${extent(report).join(' · ')}`,
    '',
  ];
  const told = [...report.errors.map(faultHeadline), ...hazardsOf(report).map(headline)];
  lines.push(...told.slice(0, MOST_HAZARDS));
  if (told.length > MOST_HAZARDS) lines.push(`- … and ${told.length - MOST_HAZARDS} more`);
  const notes = [...grouped(notesOf(report), ({ type }) => type)].map(
    ([, group]) => `${MEANINGS[group[0]!.type].title.toLowerCase()} (${group.length})`,
  );
  if (notes.length) lines.push(...(told.length ? [''] : []), `${ICONS.info} ${notes.join(', ')}`);
  return `${lines.join('\n')}\n`;
}

const placeText = ({ file, line }: { readonly file: string; readonly line: number }): string =>
  file ? ` ${code(`${shortened(file, MOST_OF_A_NAME)}:${line}`)}` : '';

const headline = ({ severity, type, message, origin }: ReportedConsequence): string =>
  `- ${ICONS[severity]} **${MEANINGS[type].title}:** ${escaped(shortened(message, MOST_OF_A_HEADLINE))}${origin ? placeText(origin) : ''}`;

const faultHeadline = (fault: ReportedError): string =>
  `- ${ICONS.error} **Fault in the source:** ${escaped(shortened(faultText(fault), MOST_OF_A_HEADLINE))}${placeText(fault)}`;

const faultText = ({ path, message }: ReportedError): string => (path ? `${path}: ${message}` : message);

/** In the order of the comment; the lower the rank, the longer it stays. */
function parts(report: PreviewReport): Part[] {
  const { changes, moved, rollouts, services, errors, warnings, events, assumed, staleBaseline } = report;
  const [hazards, accepted, notes] = [hazardsOf(report), acceptedOf(report), notesOf(report)];
  const diff = changes.map((change) => `${diffLines(change).join('\n')}\n`);
  const { open, close } = fenced('diff', diff);
  const troubles = events.filter(({ type }) => type === 'Warning');
  const item = (text: string): string => `- ${text}\n`;
  return [
    { ...section(2, `Apps (${appsToTell(report).length})`, appsToTell(report).map(appRow)), before: APP_HEAD },
    section(1, 'Hazards: cause and remedy', [...errors.map(faultItem), ...hazards.map(hazardItem)]),
    { ...section(4, `Changes (${changes.length})`, diff), before: open, after: close, moreAs: (text: string) => `@@ ${text} @@\n` },
    section(
      5,
      `Only in another file (${moved.length})`,
      moved.map(({ from, to, ...id }) => item(`${code(objectText(id))}: ${code(from.file)} → ${code(to.file)}`)),
    ),
    { ...section(2, `Rollouts (${rollouts.length})`, rollouts.map(rolloutRow)), before: ROLLOUT_HEAD },
    { ...section(2, `Services (${services.length})`, services.map(serviceRow)), before: SERVICE_HEAD },
    section(3, `What else follows (${notes.length})`, notes.map(hazardItem)),
    section(3, `Accepted hazards (${accepted.length})`, accepted.map(hazardItem)),
    section(
      6,
      `Accepted, and not there any more (${staleBaseline.length})`,
      staleBaseline.map(({ fingerprint, hazard }) => item(`${code(fingerprint)} ${escaped(hazard)}`)),
    ),
    section(
      6,
      `Warnings about the sources (${warnings.length})`,
      warnings.map((warning) => item(escaped(shortened(faultText(warning), MOST_OF_A_TEXT)) + placeText(warning))),
    ),
    section(
      7,
      `Warning events (${troubles.length})`,
      troubles.map(({ seconds, object, reason, message, count }) => {
        const times = count > 1 ? ` (${count} times)` : '';
        return item(
          `${secondsText(seconds)}: ${code(objectText(object))} ${escaped(reason)}: ${code(shortened(message, MOST_OF_A_TEXT))}${times}`,
        );
      }),
    ),
    section(
      5,
      'What was assumed',
      assumed.map((sentence) => item(escaped(sentence))),
    ),
  ].filter(({ items }) => items.length > 0);
}

const section = (rank: number, title: string, items: readonly string[]): Part => ({ rank, title, items, before: '', after: '' });

function hazardItem({ severity, type, message, cause, remedy, origin, accepted }: ReportedConsequence): string {
  const lines = [`- ${ICONS[severity]} **${type}** ${escaped(shortened(message, MOST_OF_A_TEXT))}${origin ? placeText(origin) : ''}`];
  if (cause && !message.includes(cause)) lines.push(`  - cause: ${code(shortened(oneLine(cause), MOST_OF_A_TEXT))}`);
  if (remedy) lines.push(`  - remedy: ${escaped(shortened(remedy, MOST_OF_A_TEXT))}`);
  if (accepted !== null) lines.push(`  - accepted: ${escaped(shortened(accepted, MOST_OF_A_TEXT))}`);
  return `${lines.join('\n')}\n`;
}

function faultItem(fault: ReportedError): string {
  const { value, hint } = fault;
  const lines = [`- ${ICONS.error} ${escaped(shortened(faultText(fault), MOST_OF_A_TEXT))}${placeText(fault)}`];
  if (value !== undefined && !fault.message.includes(value)) lines.push(`  - it is ${code(shortened(value, MOST_OF_A_TEXT))}`);
  if (hint) lines.push(`  - hint: ${escaped(shortened(hint, MOST_OF_A_TEXT))}`);
  return `${lines.join('\n')}\n`;
}

const SIGNS: Readonly<Record<ObjectDifference['change'], string>> = { added: '+', modified: '@@', deleted: '-' };

/** Lines that begin as those of a diff, so that they are coloured as such. */
function diffLines(change: ObjectDifference): string[] {
  const [first = [], ...fields] = objectDifferenceLines(change, ROOM);
  const title = bare(first).replace(/^[+~-] /, '');
  return [`${SIGNS[change.change]} ${title}${change.change === 'modified' ? ' @@' : ''}`, ...fields.map(diffLine)];
}

function diffLine(line: Line): string {
  const text = bare(line);
  const [, space = '', sign, rest = ''] =
    (line.some((span) => typeof span !== 'string' && span[0] !== 'dim') && /^( +)([+-])(.*)$/.exec(text)) || [];
  if (sign) return `${sign} ${space.slice(2)}${rest.trimStart() === rest ? rest : rest.slice(1)}`;
  return line.some((span) => typeof span !== 'string' && span[0] === 'red') ? `! ${text.slice(2)}` : `  ${text.slice(2)}`;
}

const ROLLOUT_HEAD = '| workload | result | takes | pods | lowest available |\n|---|---|---|---|---|\n';

function rolloutRow(rollout: PreviewReport['rollouts'][number]): string {
  const { status, durationSeconds, podsCreated, podsDeleted, minAvailable, desired } = rollout;
  const pods = `+${podsCreated} −${podsDeleted}`;
  return `| ${code(objectText(rollout))} | ${status === 'failed' ? `${ICONS.error} ` : ''}${status} | ${secondsText(durationSeconds)} | ${pods} | ${minAvailable} of ${desired} |\n`;
}

const APP_HEAD = '| App | | objects | hazards |\n|---|---|---|---|\n';

function appRow({ app, change, changes, consequences: { error, warning }, message }: PreviewedApp): string {
  const grave = [error && counted(error, 'error'), warning && counted(warning, 'warning')].filter(Boolean).join(', ');
  const told = message ? code(shortened(message, MOST_OF_A_TEXT)) : grave || 'none';
  return `| ${code(shortened(app, MOST_OF_A_NAME))} | ${change} | ${changes} | ${told} |\n`;
}

const SERVICE_HEAD = '| Service | endpoints | without any |\n|---|---|---|\n';

function serviceRow({
  namespace,
  name,
  endpointsBefore,
  endpointsAfter,
  secondsWithoutEndpoints,
}: PreviewReport['services'][number]): string {
  const without = endpointsAfter === 0 ? 'in the end' : secondsWithoutEndpoints ? secondsText(secondsWithoutEndpoints) : '';
  return `| ${code(`${namespace}/${name}`)} | ${endpointsBefore} → ${endpointsAfter} | ${without} |\n`;
}
