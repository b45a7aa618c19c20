// Status pages for people: all apps at a glance, and one app with all that is known of it. Whole in themselves: nothing is loaded from
// elsewhere, and nothing but their own style and script is allowed to work in them.
import { createHash } from 'node:crypto';
import { markup } from '../../report/markup.ts';
import { type Answer } from '../answer.ts';
import type { EventLog } from '../event-log.ts';
import type { HistoryEntry } from '../../history.ts';
import { appStatus, type Kept } from '../kept-status.ts';
import { appPage } from './app-page.ts';
import { listPage } from './list-page.ts';
import type { Tone } from './marks.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

/** What a page shows, as HTML. */
export interface Page {
  readonly title: string;
  readonly tone: Tone;
  readonly head: string;
  readonly body: string;
}

export interface PageOptions {
  readonly sources: readonly Kept[];
  readonly log: EventLog;
  readonly history: (source: Kept, app: string) => Promise<readonly HistoryEntry[]>;
}

/** Undefined where there is no such page. @param path its parts */
export async function statusPage(path: readonly string[], { sources, log, history }: PageOptions): Promise<Answer | undefined> {
  if (path.length === 0) return whole(listPage(sources, log), log.last);
  const [first, sourceName, app, ...more] = path;
  const source = sources.find(({ name }) => name === sourceName);
  if (first !== 'apps' || !source || app === undefined || more.length > 0) return undefined;
  const status = appStatus(source, app);
  // what is told meanwhile is told by the stream
  const { last } = log;
  return status && whole(appPage(status, await history(source, app), log), last);
}

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const POLICY = `default-src 'none'; style-src ${hash(STYLE)}; script-src ${hash(SCRIPT)}; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

function whole({ title, tone, head, body }: Page, last: string): Answer {
  return {
    status: 200,
    type: 'text/html; charset=utf-8',
    headers: { 'content-security-policy': POLICY },
    body: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<noscript><meta http-equiv="refresh" content="15"></noscript>
<title>${markup(title)}</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='${ICON[tone]}'/%3E%3C/svg%3E">
<style>${STYLE}</style>
</head>
<body data-last="${last}">
<header class="${tone}"><div>
<p id="live" role="status">as of when it was asked for</p>
<div id="head">${head}</div>
</div></header>
<main data-keyed>
${body}
</main>
<script>${SCRIPT}</script>
</body>
</html>
`,
  };
}

const ICON: Readonly<Record<Tone, string>> = {
  error: '%23b42318',
  warning: '%23c47f00',
  info: '%231f5fbf',
  held: '%235d6670',
  waiting: '%235d6670',
  good: '%2317703a',
};
