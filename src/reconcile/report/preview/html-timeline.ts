// Pictures of how a change goes: the pods of a workload and the endpoints of a Service over time, as inline SVG that stretches to any width.
// Words and numbers stand beside it in HTML, so that they keep their size.
import { counted } from '../../preview/consequence.ts';
import { objectText } from '../difference-text.ts';
import { markup } from '../markup.ts';
import { oneLine, shortened } from '../printable.ts';
import { secondsText, type PreviewReport } from './report.ts';

/** From each moment on, until the next; the first is how it was before. */
interface State {
  readonly seconds: number;
  /** Ready pods, or endpoints. */
  readonly ready: number;
  readonly total: number;
}

interface Chart {
  readonly timeline: readonly State[];
  /** How many pods are asked for; null where nobody asks. */
  readonly asked: number | null;
  /** In words, for those who do not see it. */
  readonly label: string;
  readonly unit: string;
}

const WIDTH = 1000;
const HEIGHT = 100;
/** Of the width: how it was before. */
const LEAD = 45;
/** Rows of a table of numbers. */
const MOST_STATES = 200;
const MOST_OF_A_TEXT = 400;

export const PODS_LEGEND = legend([
  ['r', 'ready'],
  ['a', 'all pods'],
  ['d', 'asked for'],
  ['g', 'none ready'],
]);

export const ENDPOINTS_LEGEND = legend([
  ['r', 'ready endpoints'],
  ['g', 'none: connections fail'],
]);

function legend(entries: readonly (readonly [sign: string, text: string])[]): string {
  return `<ul class="legend">${entries.map(([sign, text]) => `<li><i class="${sign}"></i>${text}</li>`).join('')}</ul>`;
}

type Workload = PreviewReport['workloads'][number];

export function workloadCard(workload: Workload, rollout: PreviewReport['rollouts'][number] | undefined, whole: number): string {
  const { timeline, podsBefore, podsAfter, podsCreated, podsDeleted, readyBefore, readyAfter, minReady } = workload;
  const status = rollout ? ` <span class="badge ${rollout.status}">${rollout.status}</span>` : '';
  const facts = [
    `${fromTo(podsBefore, podsAfter, 'pod')}, +${podsCreated} −${podsDeleted}`,
    readyBefore === 0 && minReady === 0 ? `${readyAfter} ready in the end` : `at least ${minReady} ready`,
    `done after ${secondsText(workload.lastChangeSeconds)}`,
  ];
  const message = rollout?.message ? `<p class="dim">${markup(shortened(oneLine(rollout.message), MOST_OF_A_TEXT))}</p>` : '';
  const label = `${objectText(workload)}: ready pods ${readyBefore} before, at least ${minReady}, ${readyAfter} in the end`;
  const chart = { timeline, asked: rollout?.desired ?? null, label, unit: 'ready of all' };
  return `<article class="card"><h3>${markup(objectText(workload))}${status}</h3><p class="dim">${facts.join(' · ')}</p>${message}${plot(chart, whole)}</article>`;
}

export function serviceCard(service: PreviewReport['services'][number], whole: number): string {
  const { namespace, name, endpointsBefore, endpointsAfter, secondsWithoutEndpoints } = service;
  const without = secondsWithoutEndpoints > 0 || endpointsAfter === 0;
  const told = endpointsAfter === 0 ? 'none in the end' : `${secondsText(secondsWithoutEndpoints)} without any`;
  const badge = without ? ` <span class="badge ${endpointsAfter === 0 ? 'error' : 'warning'}">${told}</span>` : '';
  const counts = fromTo(endpointsBefore, endpointsAfter, 'endpoint');
  const timeline = service.timeline.map(({ seconds, endpoints }) => ({ seconds, ready: endpoints, total: endpoints }));
  const title = oneLine(`Service ${namespace}/${name}`);
  const chart = { timeline, asked: null, label: `${title}: ${counts}${without ? `, ${told}` : ''}`, unit: 'endpoints' };
  return `<article class="card"><h3>${markup(title)}${badge}</h3><p class="dim">${counts}</p>${plot(chart, whole)}</article>`;
}

/** `3 pods`, `1 → 2 pods`. */
const fromTo = (before: number, after: number, what: string): string => (before === after ? '' : `${before} → `) + counted(after, what);

/** When the last of all things that are drawn happens. */
export const wholeSpan = ({ workloads, services }: PreviewReport): number =>
  Math.max(0, ...[...workloads, ...services].map(({ timeline }) => lastOf(timeline)));

const lastOf = (timeline: readonly { readonly seconds: number }[]): number => timeline.at(-1)?.seconds ?? 0;

/** What is over so much sooner than the rest gets a scale of its own. */
const SQUEEZED = 25;
/** Some of the time at rest is shown too. */
const REST = 1.12;

function plot({ timeline, asked, label, unit }: Chart, whole: number): string {
  const last = lastOf(timeline);
  const alone = last > 0 && last * SQUEEZED < whole;
  const span = Math.max(1, (alone ? last : whole) * REST);
  const most = Math.max(1, asked ?? 0, ...timeline.map(({ total }) => total));
  const x = (seconds: number): number => round(LEAD + (Math.min(seconds, span) / span) * (WIDTH - LEAD));
  const y = (count: number): number => round(HEIGHT - (count / (most * 1.08)) * HEIGHT);
  const ticks = ticksOf(span);
  const shapes = [
    ...ticks.map((tick) => vertical(x(tick), tick === 0 ? 'axis' : 'grid')),
    area(timeline, 'all', ({ total }) => y(total), x),
    area(timeline, 'ready', ({ ready }) => y(ready), x),
    ...gaps(timeline, x),
    asked === null ? '' : `<line class="asked" x1="0" x2="${WIDTH}" y1="${y(asked)}" y2="${y(asked)}"/>`,
  ];
  const svg = `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${markup(label)}">${shapes.join('')}</svg>`;
  const times = ticks.map((tick) => {
    const left = round(x(tick) / (WIDTH / 100));
    return `<span${left > RIGHT ? ' class="end"' : ''} style="left:${left}%">${tick === 0 ? '0' : secondsText(tick)}</span>`;
  });
  return `<div class="plot"><div class="y"><span>${most}</span><span>0</span></div>${svg}<div class="x">${times.join('')}</div></div>${numbers(timeline, unit, alone ? ' (the picture has a scale of its own)' : '')}`;
}

/** A label further right, in percent, would stand out over the edge. */
const RIGHT = 94;

const round = (n: number): number => Math.round(n * 10) / 10;

const vertical = (at: number, of: string): string => `<line class="${of}" x1="${at}" x2="${at}" y1="0" y2="${HEIGHT}"/>`;

function area(timeline: readonly State[], of: string, height: (state: State) => number, x: (seconds: number) => number): string {
  if (timeline.length === 0) return '';
  const steps = timeline.map((state, i) => `${i === 0 ? '' : `H${x(state.seconds)}`}V${height(state)}`);
  return `<path class="${of}" d="M0 ${HEIGHT}${steps.join('')}H${WIDTH}V${HEIGHT}Z"/>`;
}

/** Where nothing is ready that was, or will be. */
function gaps(timeline: readonly State[], x: (seconds: number) => number): string[] {
  return timeline.flatMap(({ seconds, ready }, i) => {
    const before = timeline.slice(0, i).some((state) => state.ready > 0);
    if (ready > 0 || !before) return [];
    const [from, to] = [x(seconds), timeline[i + 1] ? x(timeline[i + 1]!.seconds) : WIDTH];
    if (to <= from) return [];
    return [
      `<rect class="gap" x="${from}" y="0" width="${round(to - from)}" height="${HEIGHT}"/>`,
      `<line class="gap-line" x1="${from}" x2="${to}" y1="${HEIGHT}" y2="${HEIGHT}"/>`,
    ];
  });
}

const STEPS: readonly number[] = [0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600];
const MOST_TICKS = 5;

function ticksOf(span: number): number[] {
  const step = STEPS.find((one) => span / one <= MOST_TICKS) ?? span;
  return Array.from({ length: Math.floor(span / step) + 1 }, (_, i) => round(i * step));
}

function numbers(timeline: readonly State[], unit: string, scale: string): string {
  const text = ({ ready, total }: State): string => (unit === 'endpoints' ? `${ready}` : `${ready} of ${total}`);
  const rows = timeline
    .slice(0, MOST_STATES)
    .map((state, i) => `<tr><td>${i === 0 ? 'before' : secondsText(state.seconds)}</td><td>${text(state)}</td></tr>`);
  const more = timeline.length > MOST_STATES ? `<p>… and ${timeline.length - MOST_STATES} more</p>` : '';
  return `<details class="numbers"><summary>As numbers${scale}</summary><table><thead><tr><th>from</th><th>${unit}</th></tr></thead><tbody>${rows.join('')}</tbody></table>${more}</details>`;
}
