// A preview as one HTML file to look at: hazards, how the rollouts go as pictures, what changes, and what was assumed. It needs no network
// and no scripts, allows neither, and shows everything from manifests as text.
import { createHash } from 'node:crypto';
import { objectDifferenceLines, objectText, noteOf, type Room } from '../difference-text.ts';
import { markup } from '../markup.ts';
import { oneLine, shortened } from '../printable.ts';
import type { ObjectDifference, ReportedError } from '../result.ts';
import type { Line } from '../styled-line.ts';
import { counted } from '../../preview/consequence.ts';
import type { PreviewedApp } from '../../preview/result.ts';
import { workloadKey } from '../../preview/workloads.ts';
import { SCRIPT, STYLE } from './html-style.ts';
import { ENDPOINTS_LEGEND, PODS_LEGEND, serviceCard, wholeSpan, workloadCard } from './html-timeline.ts';
import { MEANINGS } from './meaning.ts';
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

/** Of each sort of thing; a page of more than that is not looked at. JSON has all. */
const MOST = { hazards: 500, notes: 500, charts: 100, changes: 500, moved: 200, events: 500 };
/** More changes than that are folded to begin with. */
const MOST_UNFOLDED = 25;
const MOST_OF_A_TEXT = 2000;
const ROOM: Room = { lines: 120, characters: 1000 };

const sha256 = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

export function previewHtml(given: PreviewReport): string {
  const report = toldByApp(given);
  const title = markup(`Preview of ${oneLine(report.app)}: ${verdict(report)}`);
  // places of ticks are style attributes
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src ${sha256(SCRIPT)}; base-uri 'none'; form-action 'none'`;
  const sections = sectionsOf(report).filter(({ body }) => body !== '');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
${header(report, sections)}
<main>
${sections.map(({ id, title: heading, body, folds }) => `<section id="${id}"${folds ? ' data-folds' : ''}><h2>${heading}</h2>\n${body}\n</section>`).join('\n')}
<footer>Made by jibe preview. Nothing was applied to any real cluster.</footer>
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

interface Section {
  readonly id: string;
  readonly title: string;
  /** Empty where there is nothing to say. */
  readonly body: string;
  readonly folds?: boolean;
}

function header(report: PreviewReport, sections: readonly Section[]): string {
  const grave = gravity(report);
  const commits = commitsOf(report);
  const over = commits ? `<code>${markup(commits.head)}</code> over <code>${markup(commits.base)}</code> · ` : '';
  const links = sections.map(({ id, title }) => `<a href="#${id}">${title.replace(/ <small>.*/, '')}</a>`);
  return `<header class="${grave}"><div>
<h1>Preview of ${markup(oneLine(report.app))}</h1>
<p class="over">${over}${extent(report).map(markup).join(' · ')}</p>
${tiles(report)}
<nav aria-label="Sections">${links.join('')}</nav>
</div></header>`;
}

function tiles(report: PreviewReport): string {
  const hazards = hazardsOf(report);
  const errors = report.errors.length + hazards.filter(({ severity }) => severity === 'error').length;
  const warnings = hazards.filter(({ severity }) => severity === 'warning').length;
  const pods = report.workloads.reduce((sum, { podsCreated }) => sum + podsCreated, 0);
  const tile = (tone: string, value: string | number, text: string): string =>
    `<li class="${tone}"><b>${value}</b><span>${text}</span></li>`;
  const accepted = acceptedOf(report).length;
  return `<ul class="tiles">${[
    tile(errors ? 'error' : 'good', errors, errors === 1 ? 'error' : 'errors'),
    tile(warnings ? 'warning' : 'good', warnings, warnings === 1 ? 'warning' : 'warnings'),
    ...(accepted ? [tile('', accepted, 'accepted')] : []),
    tile('', report.changes.length, report.changes.length === 1 ? 'object changes' : 'objects change'),
    tile('', pods, pods === 1 ? 'new pod' : 'new pods'),
    tile('', secondsText(report.durationSeconds), 'until at rest'),
  ].join('')}</ul>`;
}

function sectionsOf(report: PreviewReport): Section[] {
  const { errors, warnings, workloads, services, changes, moved, events, assumed, staleBaseline } = report;
  const [hazards, accepted, notes] = [hazardsOf(report), acceptedOf(report), notesOf(report)];
  const apps = appsToTell(report);
  const rollouts = new Map(report.rollouts.map((rollout) => [workloadKey(rollout), rollout]));
  const whole = wholeSpan(report);
  const titled = (title: string, n: number): string => (n ? `${title} <small>${n}</small>` : title);
  const charts = (legend: string, cards: readonly string[], all: number): string =>
    cards.length ? `${legend}<div class="charts">${cards.join('\n')}</div>${more(all - cards.length)}` : '';
  return [
    { id: 'apps', title: titled('Apps', apps.length), body: appTable(apps) },
    {
      id: 'hazards',
      title: titled('Hazards', errors.length + hazards.length),
      body: listed([...errors.map(faultCard), ...hazards.map(hazardCard)], MOST.hazards) || NO_HAZARDS,
    },
    { id: 'accepted', title: titled('Accepted hazards', accepted.length), body: listed(accepted.map(hazardCard), MOST.hazards) },
    {
      id: 'rollouts',
      title: titled('Rollouts', workloads.length),
      body: charts(
        PODS_LEGEND,
        workloads.slice(0, MOST.charts).map((workload) => workloadCard(workload, rollouts.get(workloadKey(workload)), whole)),
        workloads.length,
      ),
    },
    {
      id: 'services',
      title: titled('Services', services.length),
      body: charts(
        ENDPOINTS_LEGEND,
        services.slice(0, MOST.charts).map((service) => serviceCard(service, whole)),
        services.length,
      ),
    },
    {
      id: 'changes',
      title: titled('Changes', changes.length),
      body:
        listed(
          changes.map((change) => changeCard(change, changes.length <= MOST_UNFOLDED)),
          MOST.changes,
        ) || '<p class="card dim">No object changes.</p>',
      folds: true,
    },
    {
      id: 'moved',
      title: titled('Only in another file', moved.length),
      body: bullets(
        moved.map(({ from, to, ...id }) => `${code(objectText(id))}: ${code(from.file)} → ${code(to.file)}`),
        MOST.moved,
      ),
    },
    { id: 'notes', title: titled('What else follows', notes.length), body: bullets(notes.map(note), MOST.notes) },
    { id: 'events', title: titled('Events', events.length), body: eventTable(report) },
    {
      id: 'warnings',
      title: titled('Warnings about the sources', warnings.length),
      body: bullets(
        warnings.map((warning) => `${placed(warning)} ${markup(faultText(warning))}`),
        MOST.notes,
      ),
    },
    {
      id: 'stale',
      title: titled('Accepted, and not there any more', staleBaseline.length),
      body: bullets(
        staleBaseline.map(({ fingerprint, hazard }) => `${code(fingerprint)} ${markup(oneLine(hazard))}`),
        MOST.notes,
      ),
    },
    {
      id: 'assumed',
      title: 'What was assumed',
      body: bullets(
        assumed.map((sentence) => markup(oneLine(sentence))),
        MOST.notes,
      ),
    },
  ];
}

function appTable(apps: readonly PreviewedApp[]): string {
  if (apps.length === 0) return '';
  const rows = apps.slice(0, MOST.notes).map(({ app, change, changes, consequences: { error, warning }, message }) => {
    const grave = [
      error && `<span class="badge error">${counted(error, 'error')}</span>`,
      warning && `<span class="badge warning">${counted(warning, 'warning')}</span>`,
    ].filter(Boolean);
    return `<tr><td>${code(app)}</td><td>${change}</td><td>${counted(changes, 'object')}</td><td>${message ? told(message) : grave.join(' ') || 'no hazards'}</td></tr>`;
  });
  return `<div class="card scroll"><table><thead><tr><th>app</th><th></th><th>changes</th><th>hazards</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>${more(apps.length - MOST.notes)}`;
}

const NO_HAZARDS = '<p class="card good-news">No hazards: nothing is refused, lost, or away for a while.</p>';

const more = (n: number): string => (n > 0 ? `<p class="dim">… and ${n} more; <code>-o json</code> has all.</p>` : '');

const listed = (cards: readonly string[], most: number): string => cards.slice(0, most).join('\n') + more(cards.length - most);

const bullets = (items: readonly string[], most: number): string =>
  items.length === 0
    ? ''
    : `<div class="card"><ul class="plain">${items
        .slice(0, most)
        .map((item) => `<li>${item}</li>`)
        .join('\n')}</ul></div>${more(items.length - most)}`;

const code = (text: string): string => `<code>${markup(oneLine(text))}</code>`;
const told = (text: string): string => markup(shortened(oneLine(text), MOST_OF_A_TEXT));

function hazardCard({ severity, type, reason, message, cause, remedy, origin, accepted }: ReportedConsequence): string {
  const { title, means } = MEANINGS[type];
  const rows = [
    row('Cause', cause && !message.includes(cause) ? `<code>${told(cause)}</code>` : ''),
    row('Remedy', told(remedy)),
    row('Accepted', told(accepted ?? '')),
    row('Where', origin ? code(`${origin.file}:${origin.line}`) : ''),
  ].join('');
  const tone = accepted === null ? severity : 'accepted';
  return `<article class="card hazard ${tone}"><h3><span class="badge ${tone}">${severity}</span> ${title} <small title="${markup(means)}">${type} · ${markup(reason)}</small></h3>
<p>${told(message)}</p>${rows ? `<dl>${rows}</dl>` : ''}</article>`;
}

const row = (term: string, content: string): string => (content ? `<dt>${term}</dt><dd>${content}</dd>` : '');

const faultText = ({ path, message }: ReportedError): string => shortened(oneLine(path ? `${path}: ${message}` : message), MOST_OF_A_TEXT);

const placed = ({ file, line, column }: ReportedError): string => (file ? code(`${file}:${line}:${column}`) : '');

function faultCard(fault: ReportedError): string {
  const { value, hint } = fault;
  const rows =
    row('It is', value === undefined || fault.message.includes(value) ? '' : code(value)) +
    row('Hint', told(hint ?? '')) +
    row('Where', placed(fault));
  return `<article class="card hazard error"><h3><span class="badge error">error</span> Fault in the source</h3><p>${markup(faultText(fault))}</p>${rows ? `<dl>${rows}</dl>` : ''}</article>`;
}

function note({ type, message, remedy, origin }: ReportedConsequence): string {
  const place = origin ? ` <span class="dim">${markup(oneLine(origin.file))}:${origin.line}</span>` : '';
  return `<span class="badge info">${type}</span> ${told(message)}${place}${remedy ? `<br><span class="dim">${told(remedy)}</span>` : ''}`;
}

const TONES = { added: 'good', modified: 'info', deleted: 'error' } as const;

function changeCard(change: ObjectDifference, open: boolean): string {
  const [, ...fields] = objectDifferenceLines(change, ROOM);
  const place = change.origin ? ` <span class="dim">${markup(oneLine(change.origin.file))}:${change.origin.line}</span>` : '';
  const heading = `<span class="badge ${TONES[change.change]}">${change.change}</span> <b>${markup(objectText(change))}</b>${markup(noteOf(change))}${place}`;
  if (fields.length === 0) return `<div class="card change"><div>${heading}</div></div>`;
  return `<details class="card change"${open ? ' open' : ''}><summary>${heading}</summary><pre>${fields.map(htmlLine).join('\n')}</pre></details>`;
}

/** Two of the columns that lines begin with are for terminals. */
const htmlLine = (line: Line): string =>
  line
    .map((span, i) => {
      const [tone, text] = typeof span === 'string' ? ['', span] : span;
      const shown = markup(i === 0 ? text.replace(/^ {2}/, '') : text);
      return tone ? `<span class="${tone}">${shown}</span>` : shown;
    })
    .join('');

function eventTable({ events }: PreviewReport): string {
  if (events.length === 0) return '';
  const troubles = events.filter(({ type }) => type === 'Warning').length;
  const rows = events.slice(0, MOST.events).map(({ seconds, type, reason, message, object, count }) => {
    const times = count > 1 ? ` <span class="dim">× ${count}</span>` : '';
    const tone = type === 'Warning' ? ' class="yellow"' : '';
    return `<tr><td class="n">${secondsText(seconds)}</td><td${tone}>${markup(oneLine(reason))}</td><td>${markup(objectText(object))}</td><td>${told(message)}${times}</td></tr>`;
  });
  const head = '<thead><tr><th class="n">at</th><th>reason</th><th>object</th><th>message</th></tr></thead>';
  const summary = `${counted(events.length, 'event')}${troubles ? `, of them ${counted(troubles, 'warning')}` : ''}`;
  return `<details class="card events"><summary>${summary}</summary><div class="scroll"><table>${head}<tbody>${rows.join('')}</tbody></table></div>${more(events.length - MOST.events)}</details>`;
}
