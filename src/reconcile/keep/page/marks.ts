// The pieces that status pages are made of: words and signs for how an app is, times, drift, rollouts. Everything that comes from manifests
// and servers is shown as text.
import type { Rollout } from '../../apply/rollout.ts';
import type { Drift } from '../../plan/drift.ts';
import { resourceText, type ResourceId } from '../../plan/resource-id.ts';
import { markup } from '../../report/markup.ts';
import { oneLine, shortened } from '../../report/printable.ts';
import type { ReportedError } from '../../report/result.ts';
import type { SourceInfo } from '../../source/snapshot.ts';
import type { KeptAppSummary } from '../kept-status.ts';

/** Of one text, in characters; and rows of one table. JSON has all. */
const MOST_OF_A_TEXT = 600;
const MOST_OF_A_VALUE = 200;
const MOST_ROWS = 200;

export type Tone = 'error' | 'warning' | 'info' | 'held' | 'waiting' | 'good';

/** What is worst of an app, with a sign for those who do not see colours. */
export function toneOf({ state, health, drifted }: Pick<KeptAppSummary, 'state' | 'health' | 'drifted'>): Tone {
  if (state === 'failed' || health === 'Degraded' || health === 'Missing') return 'error';
  if (drifted > 0) return 'warning';
  if (state === 'held') return 'held';
  if (state === 'syncing') return 'info';
  if (state === 'waiting') return 'waiting';
  return health === 'Progressing' ? 'info' : health === 'Unknown' ? 'warning' : 'good';
}

export const SIGNS: Readonly<Record<Tone, string>> = { error: '!', warning: '~', info: '›', held: '‖', waiting: '·', good: '' };

/** The gravest first. */
export const TONES: readonly Tone[] = ['error', 'warning', 'info', 'held', 'waiting', 'good'];

export const told = (text: string): string => markup(shortened(oneLine(text), MOST_OF_A_TEXT));
export const code = (text: string): string => `<code>${markup(shortened(oneLine(text), MOST_OF_A_TEXT))}</code>`;
export const counted = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;
export const badge = (tone: string, text: string): string => `<span class="badge ${tone}">${markup(text)}</span>`;

/** A script shows it in the reader's own time. @param iso empty where it is not known */
export const time = (iso: string): string =>
  iso ? `<time datetime="${markup(iso)}">${markup(iso.replace(/\.\d+Z$/, 'Z').replace('T', ' '))}</time>` : '';

export const pathOf = ({ sourceName, app }: Pick<KeptAppSummary, 'sourceName' | 'app'>): string =>
  `/apps/${encodeURIComponent(sourceName)}/${encodeURIComponent(app)}`;

export const statusBadges = ({ state, sync, health, message }: KeptAppSummary): string => {
  if (state === 'held') return badge('held', 'held');
  if (state === 'waiting') return badge('waiting', 'not yet synced');
  if (state === 'syncing') return badge('info', 'syncing');
  const tone =
    health === 'Healthy' ? 'good' : health === 'Degraded' || health === 'Missing' ? 'error' : health === 'Progressing' ? 'info' : 'warning';
  // nobody looked at what was never applied
  return (
    badge(sync === 'Synced' ? 'good' : state === 'failed' ? 'error' : 'warning', sync) +
    (health === 'Unknown' && message ? '' : badge(tone, health))
  );
};

export const revisionText = (source: Pick<SourceInfo, 'revision' | 'dirty'> | null): string =>
  source?.revision ? `<code>${markup(source.revision.slice(0, 12))}${source.dirty ? '+' : ''}</code>` : '';

const value = (given: unknown): string => code(shortened(JSON.stringify(given) ?? '', MOST_OF_A_VALUE));

/** What differs, field by field, and who made it so. */
export function driftTable(drift: readonly Drift[]): string {
  const rows = drift.flatMap(({ type, fields, ...id }): string[] => {
    const object = `<td>${objectText(id)}</td>`;
    if (type !== 'changed')
      return [`<tr>${object}<td colspan="5">${type === 'missing' ? 'is missing' : 'is no longer in the source'}</td></tr>`];
    return fields.map(
      (field) =>
        `<tr>${object}<td data-is="field">${code(field.path)}</td><td data-is="is">${'live' in field ? value(field.live) : 'missing'}</td><td data-is="should be">${'desired' in field ? value(field.desired) : 'not there'}</td><td data-is="by">${told(field.manager)}</td><td data-is="at">${time(field.time)}</td></tr>`,
    );
  });
  return table(['object', 'field', 'is', 'should be', 'by', 'at'], rows, 'drift');
}

/** @param rows as HTML @param name what kind of table it is, for how it looks on narrow screens */
export function table(head: readonly string[], rows: readonly string[], name: string): string {
  if (rows.length === 0) return '';
  const more = rows.length > MOST_ROWS ? `<p class="dim">… and ${rows.length - MOST_ROWS} more; the API has all.</p>` : '';
  return `<div class="scroll"><table class="${name}"><thead><tr>${head.map((title) => `<th scope="col">${title}</th>`).join('')}</tr></thead><tbody>${rows.slice(0, MOST_ROWS).join('\n')}</tbody></table></div>${more}`;
}

export const objectText = (id: ResourceId): string => `<span class="object">${markup(oneLine(resourceText(id)))}</span>`;

const ROLLOUT_TONES = { complete: 'good', progressing: 'info', failed: 'error', paused: 'held' } as const;

export const rolloutRows = (rollouts: readonly Rollout[]): string =>
  rollouts.length ? `<div class="rollouts">${rollouts.slice(0, MOST_ROWS).map(rolloutRow).join('\n')}</div>` : '';

/** A bar: what is available, what is new besides, and what is asked for. */
function rolloutRow({ kind, namespace, name, desired, updated, available, status, message }: Rollout): string {
  const whole = Math.max(desired, updated, available, 1);
  const part = (n: number): string => ((100 * n) / whole).toFixed(2);
  const words = `${available} of ${desired} available, ${updated} up to date`;
  return `<div class="rollout"><div>${badge(ROLLOUT_TONES[status], status)} <b>${markup(oneLine(`${kind} ${namespace}/${name}`))}</b> <span class="dim">${words}</span></div>
<svg role="img" aria-label="${words}" viewBox="0 0 100 8" preserveAspectRatio="none"><rect class="none" width="100" height="8"/><rect class="all" width="${part(updated)}" height="8"/><rect class="ready" width="${part(Math.min(available, updated))}" height="8"/><rect class="old" x="${part(Math.min(available, updated))}" y="5" width="${part(Math.max(available - updated, 0))}" height="3"/></svg>
${message ? `<p class="dim">${told(message)}</p>` : ''}</div>`;
}

export function faults(errors: readonly ReportedError[], most = MOST_ROWS): string {
  if (errors.length === 0) return '';
  const items = errors.slice(0, most).map(({ file, line, column, path, message, hint }) => {
    const place = file ? `${code(`${file}:${line}:${column}`)} ` : '';
    return `<li>${place}${path ? `${code(path)}: ` : ''}${told(message)}${hint ? ` <span class="dim">${told(hint)}</span>` : ''}</li>`;
  });
  const more = errors.length > most ? `<li>and ${errors.length - most} more</li>` : '';
  return `<ul class="plain faults">${items.join('\n')}${more}</ul>`;
}
