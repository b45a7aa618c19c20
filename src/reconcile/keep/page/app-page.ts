// One app with all that is known of it: what has drifted, rollouts, objects, past syncs, and what happened last.
import type { HistoryEntry } from '../../history.ts';
import { markup } from '../../report/markup.ts';
import type { EventLog } from '../event-log.ts';
import type { KeptAppStatus } from '../kept-status.ts';
import {
  badge,
  code,
  driftTable,
  faults,
  objectText,
  revisionText,
  rolloutRows,
  statusBadges,
  table,
  time,
  told,
  toneOf,
} from './marks.ts';
import { eventList } from './list-page.ts';
import type { Page } from './page.ts';

const MOST_EVENTS = 40;

/** @param history the last first */
export function appPage(status: KeptAppStatus, history: readonly HistoryEntry[], log: EventLog): Page {
  const { app, sourceName, drift, rollouts, resources, errors, warnings, message } = status;
  const events = log
    .latest(Infinity)
    .filter(({ event, ...about }) => about.sourceName === sourceName && 'app' in event && event.app === app);
  const section = (id: string, title: string, n: number, body: string): string =>
    body ? `<section id="${id}"><h2>${title}${n ? ` <small>${n}</small>` : ''}</h2>${body}</section>` : '';
  const card = (body: string): string => (body ? `<div class="card">${body}</div>` : '');
  return {
    title: `${app}: ${status.state === 'synced' ? `${status.sync}, ${status.health}` : status.state} · jibe`,
    tone: toneOf(status),
    head: `<p class="back"><a href="/">← all apps</a></p><div class="top"><h1>${markup(app)}</h1></div><p>${statusBadges(status)}</p>${facts(status)}`,
    body: [
      section('errors', 'Faults', errors.length, card(faults(errors) || (message ? `<p>${told(message)}</p>` : ''))),
      section('drift', 'Drift', drift.length, card(driftTable(drift))),
      section('rollouts', 'Rollouts', rollouts.length, card(rolloutRows(rollouts))),
      section('objects', 'Objects', resources.length, card(objectTable(status))),
      section('history', 'Past syncs', 0, card(historyTable(history))),
      section('warnings', 'Warnings', warnings.length, card(faults(warnings))),
      `<section id="events" data-keyed><h2 id="events-title">What happened</h2>${eventList(events.slice(-MOST_EVENTS), false)}</section>`,
    ].join('\n'),
  };
}

function facts({ id, sourceName, source, cluster, namespace, origin, dependsOn, lastSync }: KeptAppStatus): string {
  const row = (term: string, content: string): string => (content ? `<dt>${term}</dt><dd>${content}</dd>` : '');
  const place = source ? `${told([source.location, source.path].filter(Boolean).join(' '))} ${revisionText(source)}` : '';
  return `<dl>${[
    row('App', `${told(id)} of ${told(sourceName)}${origin ? ` <span class="dim">${told(`${origin.file}:${origin.line}`)}</span>` : ''}`),
    row('From', place),
    row('To', `${told(cluster)}${namespace ? `, namespace ${told(namespace)}` : ''}`),
    row('After', dependsOn.map(told).join(', ')),
    row(
      'Last sync',
      lastSync
        ? `${time(lastSync.ended)} <span class="dim">${lastSync.changed} changed in ${(lastSync.durationMs / 1000).toFixed(1)} s</span>`
        : '',
    ),
  ].join('')}</dl>`;
}

function objectTable({ resources }: KeptAppStatus): string {
  const rows = resources.map(({ action, sync, health, message, origin, hook, ...resource }) => {
    const tone =
      health === 'Healthy'
        ? 'good'
        : health === 'Degraded' || health === 'Missing'
          ? 'error'
          : health === 'Progressing'
            ? 'info'
            : 'warning';
    const state = `${badge(sync === 'Synced' ? 'good' : 'warning', sync)}${badge(tone, health)}`;
    return `<tr><td>${objectText(resource)}${hook ? ` <span class="dim">${told(hook)}</span>` : ''}</td><td>${state}</td><td>${told(action)}</td><td>${told(message)}</td><td>${origin ? code(`${origin.file}:${origin.line}`) : ''}</td></tr>`;
  });
  return table(['object', 'is', 'last sync', 'message', 'where'], rows, 'objects');
}

function historyTable(history: readonly HistoryEntry[]): string {
  const rows = history.map(({ id, ended, source, sync, health, actions, who, automated, rolledBackTo, message }) => {
    const changed = Object.entries(actions).filter(([action]) => action !== 'unchanged' && action !== 'skipped');
    const note = rolledBackTo === undefined ? message : `back to ${rolledBackTo}`;
    return `<tr><td class="n">${id}</td><td>${time(ended)}</td><td>${revisionText(source)}</td><td>${badge(sync === 'Synced' ? 'good' : 'error', sync)}${badge(health === 'Healthy' ? 'good' : 'warning', health)}</td><td>${told(changed.map(([action, n]) => `${n} ${action}`).join(', '))}</td><td>${told(automated ? `${who} (kept)` : who)}</td><td>${told(note)}</td></tr>`;
  });
  return table(['no.', 'ended', 'revision', 'result', 'changed', 'who', ''], rows, 'history');
}
