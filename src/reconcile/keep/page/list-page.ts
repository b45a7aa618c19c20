// All apps at a glance: each source as a picture of its apps, then what needs to be looked at with what is wrong, then the others, then what
// happened last.
import { markup } from '../../report/markup.ts';
import type { EventLog, LoggedEvent } from '../event-log.ts';
import { eventLines, levelOf } from '../keep-event.ts';
import { appNames, appStatus, appSummary, sourceStatus, type Kept, type KeptAppSummary, type SourceStatus } from '../kept-status.ts';
import {
  badge,
  counted,
  driftTable,
  faults,
  pathOf,
  revisionText,
  rolloutRows,
  SIGNS,
  statusBadges,
  time,
  told,
  toneOf,
  TONES,
  type Tone,
} from './marks.ts';
import type { Page } from './page.ts';

/** Apps that are shown with what is wrong with them; of more the names are. */
const MOST_CARDS = 60;
/** Of one app. */
const MOST_FAULTS = 5;
const MOST_ROLLOUTS = 6;
const MOST_DRIFT = 5;
/** Events, the last ones first. */
const MOST_EVENTS = 40;
/** Of a source with more apps, the cells are smaller, and have the whole width. */
const MANY_APPS = 120;

interface Shown {
  readonly kept: Kept;
  readonly app: KeptAppSummary;
  readonly tone: Tone;
}

export function listPage(sources: readonly Kept[], log: EventLog): Page {
  const statuses = sources.map(sourceStatus);
  const shown = sources.flatMap((kept) =>
    appNames(kept).flatMap((name): Shown[] => {
      const app = appSummary(kept, name);
      return app ? [{ kept, app, tone: toneOf(app) }] : [];
    }),
  );
  const rank = ({ tone }: Shown): number => TONES.indexOf(tone);
  const wrong = shown.filter(({ tone }) => tone !== 'good' && tone !== 'waiting').sort((a, b) => rank(a) - rank(b));
  const [cards, rest] = [
    wrong.slice(0, MOST_CARDS),
    [...wrong.slice(MOST_CARDS), ...shown.filter(({ tone }) => tone === 'good' || tone === 'waiting')],
  ];
  const isFailing = statuses.some(({ state, errors }) => state === 'failing' || errors.length > 0);
  const isSeveral = sources.length > 1;
  const tone = isFailing ? 'error' : (wrong[0]?.tone ?? 'good');
  const troubles =
    shown.filter((one) => one.tone === 'error' || one.tone === 'warning').length +
    statuses.filter(({ state }) => state === 'failing').length;
  const section = (id: string, title: string, n: number, body: string): string =>
    body ? `<section id="${id}" data-keyed><h2 id="${id}-title">${title}${n ? ` <small>${n}</small>` : ''}</h2>${body}</section>` : '';
  return {
    title: `${troubles ? `(${troubles}) ` : ''}jibe: ${verdict(shown, isFailing)}`,
    tone,
    head: `<div class="top"><h1>${markup(verdict(shown, isFailing))}</h1></div>${tiles(shown)}`,
    body: [
      section(
        'sources',
        'Sources',
        0,
        `<div class="sources" id="source-cards" data-keyed>${statuses.map((status) => sourceCard(status, shown)).join('\n')}</div>`,
      ),
      '<div class="tools" id="tools"></div>',
      section(
        'look',
        'To be looked at',
        wrong.length,
        cards.length ? `<div id="cards" data-keyed>${cards.map((one) => appCard(one, isSeveral)).join('\n')}</div>` : '',
      ),
      section(
        'rest',
        wrong.length ? 'The others' : 'Apps',
        rest.length,
        rest.length
          ? `<div class="card" id="rest-card" data-keyed><ul class="rows" id="rows" data-keyed>${rest.map(({ app }) => appRow(app, isSeveral)).join('\n')}</ul></div>`
          : '',
      ),
      section('events', 'What happened', 0, eventList(log.latest(MOST_EVENTS), isSeveral)),
    ].join('\n'),
  };
}

function verdict(shown: readonly Shown[], isFailing: boolean): string {
  const wrong = shown.filter(({ tone }) => tone === 'error').length;
  const drifted = shown.filter(({ app }) => app.drifted > 0).length;
  const rolling = shown.filter(({ tone }) => tone === 'info').length;
  if (shown.length === 0) return isFailing ? 'no source can be read' : 'reading the sources…';
  const parts = [
    ...(wrong ? [`${counted(wrong, 'app')} in trouble`] : []),
    ...(drifted ? [`${counted(drifted, 'app')} drifted`] : []),
    ...(rolling ? [`${rolling} on the way`] : []),
    ...(isFailing ? ['a source cannot be kept'] : []),
  ];
  return parts.length ? parts.join(', ') : 'everything is as git says';
}

function tiles(shown: readonly Shown[]): string {
  const tile = (tone: Tone | '', n: number, text: string): string => `<li class="${n ? tone : ''}"><b>${n}</b><span>${text}</span></li>`;
  const of = (...tones: readonly Tone[]): number => shown.filter(({ tone }) => tones.includes(tone)).length;
  return `<ul class="tiles">${[
    tile('', shown.length, shown.length === 1 ? 'app' : 'apps'),
    tile('good', of('good'), 'as git says'),
    tile('error', of('error'), 'in trouble'),
    tile('warning', shown.filter(({ app }) => app.drifted > 0).length, 'drifted'),
    tile('info', of('info'), 'on the way'),
    tile('', of('held', 'waiting'), 'held or waiting'),
  ].join('')}</ul>`;
}

function sourceCard(
  { name, cluster, location, ref, path, state, message, source, errors, lookedAt, nextLookAt }: SourceStatus,
  all: readonly Shown[],
): string {
  const apps = all.filter(({ kept }) => kept.name === name);
  const cells = apps.map(
    ({ app, tone }) =>
      `<a class="${tone}" id="cell-${markup(app.app)}" tabindex="-1" href="${pathOf(app)}" title="${markup(`${app.app}: ${app.state === 'synced' ? `${app.sync}, ${app.health}` : app.state}`)}">${SIGNS[tone]}</a>`,
  );
  const isFailing = state === 'failing' || errors.length > 0;
  const when = state === 'failing' && nextLookAt ? `tried again at ${time(nextLookAt)}` : lookedAt ? `looked at ${time(lookedAt)}` : '';
  const badges =
    state === 'starting'
      ? badge('waiting', 'starting')
      : isFailing
        ? badge('error', state === 'failing' ? 'cannot be kept' : 'not sound')
        : '';
  return `<article class="card source${isFailing ? ' failing' : ''}${apps.length > MANY_APPS ? ' wide' : ''}" id="source-${markup(name)}"><h3>${badges}${markup(name)} <small>${counted(apps.length, 'app')}</small></h3>
<p class="dim">${told([location, path].filter(Boolean).join(' '))}${ref ? ` @ ${told(ref)}` : ''} → ${told(cluster)}</p>
<p class="meta">${[revisionText(source), `<span>${when}</span>`].filter(Boolean).join(' ')}</p>
${message ? `<p class="red">${told(message)}</p>` : ''}${faults(errors)}<div class="cells${apps.length > MANY_APPS ? ' many' : ''}" aria-hidden="true">${cells.join('')}</div></article>`;
}

const nameOf = ({ app, sourceName }: KeptAppSummary, isSeveral: boolean): string =>
  isSeveral && sourceName !== app ? `<span class="of">${markup(sourceName)} /</span> ${markup(app)}` : markup(app);
const idOf = ({ app, sourceName }: KeptAppSummary): string => `app-${markup(sourceName)}/${markup(app)}`;
const searchable = ({ app, sourceName }: KeptAppSummary): string => markup(`${sourceName}/${app}`.toLowerCase());

function appCard({ kept, app, tone }: Shown, isSeveral: boolean): string {
  const { drift = [], rollouts = [], errors = [], resources = [] } = appStatus(kept, app.app) ?? {};
  const moving = rollouts.filter(({ status }) => status !== 'complete');
  const sick = resources.filter(
    ({ health, message }) =>
      (health === 'Degraded' || health === 'Missing') && message && !moving.some((one) => message && one.message.includes(message)),
  );
  const why = errors.length ? '' : app.message ? `<p>${told(app.message)}</p>` : '';
  const { lastSync, source } = app;
  return `<article class="card app ${tone}" id="${idOf(app)}" data-name="${searchable(app)}"><h3>${statusBadges(app)} <a href="${pathOf(app)}">${nameOf(app, isSeveral)}</a></h3>
${why}${faults(errors, MOST_FAULTS)}${
    sick.length && !errors.length
      ? `<ul class="plain">${sick
          .slice(0, MOST_FAULTS)
          .map(({ kind, name, message }) => `<li>${told(`${kind} ${name}: ${message}`)}</li>`)
          .join('')}</ul>`
      : ''
  }${rolloutRows(moving.slice(0, MOST_ROLLOUTS))}${driftTable(drift.slice(0, MOST_DRIFT))}
<p class="meta">${[revisionText(source), lastSync ? `<span>${app.state === 'failed' ? 'tried' : 'synced'} at ${time(lastSync.ended)}</span>` : ''].filter(Boolean).join(' ')}</p></article>`;
}

const appRow = (app: KeptAppSummary, isSeveral: boolean): string =>
  `<li id="${idOf(app)}" data-name="${searchable(app)}"><a href="${pathOf(app)}">${nameOf(app, isSeveral)}</a><span>${statusBadges(app)}</span><span class="rev">${revisionText(app.source)}</span><span class="at">${time(app.lastSync?.ended ?? '')}</span></li>`;

/** The last ones first. */
export function eventList(events: readonly LoggedEvent[], isSeveral: boolean): string {
  if (events.length === 0) return '';
  const items = [...events]
    .reverse()
    .flatMap(({ id, at, event, sourceName }) =>
      eventLines(event, isSeveral ? sourceName : undefined).map(
        (line, i) =>
          `<li class="${levelOf(event)}" id="event-${id}-${i}">${time(new Date(at).toISOString())}<span>${told(line)}</span></li>`,
      ),
    );
  return `<div class="card" id="event-card" data-keyed><ul class="log" id="log" data-keyed>${items.slice(0, MOST_EVENTS).join('\n')}</ul></div>`;
}
