// Status pages: what they say, and that nothing of what they show can work in them.
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EventLog } from '../../../src/reconcile/keep/event-log.ts';
import { statusPage } from '../../../src/reconcile/keep/page/page.ts';
import { listHistory } from '../../../src/reconcile/history.ts';
import { Embedded } from '../embedded.ts';
import { Keeping } from './keeping.ts';

const NASTY = '</script><img src=x onerror=alert(1)>\u202e';

let embedded: Embedded;
let keeping: Keeping;
let log: EventLog;
beforeEach(async () => {
  embedded = await Embedded.start();
  log = new EventLog(1);
});
afterEach(async () => {
  await keeping.stop();
  await embedded.stop();
});

const configMap = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {value: "1"}\n`;

async function keep(): Promise<void> {
  embedded.write({
    'jibe.yaml': `apps:
- {name: calm, path: calm}
- {name: drifting, path: drifting}
- {name: faulty, path: faulty}
- {name: night, path: night, policies: {windows: [{kind: allow, schedule: "0 1 1 1 *", duration: 1m}]}}
- {name: stuck, path: stuck}
`,
    'calm/a.yaml': configMap('calm'),
    'drifting/a.yaml': configMap('drifting'),
    'faulty/a.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: faulty}\ndata: {value: 1, ${JSON.stringify(NASTY)}: x}\n`,
    'night/a.yaml': configMap('night'),
    'stuck/a.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: {name: stuck}
spec:
  replicas: 2
  selector: {matchLabels: {app: stuck}}
  template:
    metadata: {labels: {app: stuck}}
    spec: {containers: [{name: a, image: "nginx:1", resources: {requests: {cpu: 1k}}}]}
`,
  });
  const { engine } = embedded;
  keeping = new Keeping(embedded, { timeoutMs: 5000, onEvent: (event) => log.add('shop', event, engine.clock.now()) });
  await keeping.pass(30_000);
  const data = { value: NASTY };
  await engine.client.patch(
    'v1/ConfigMap',
    'drifting',
    { data },
    { type: 'merge', namespace: 'default', fieldManager: NASTY.slice(0, 20) },
  );
  await keeping.pass(5000);
}

async function page(...path: readonly string[]) {
  const { client } = embedded.engine;
  const kept = { ...keeping.kept(), location: `https://git.example/${NASTY}` };
  return (await statusPage(path, { sources: [kept], log, history: (_, app) => listHistory(client, app) }))!;
}

/** The words of a page, one element a line, without style and script. */
const words = (html: string): string =>
  html
    .replaceAll(embedded.directory, '(dir)')
    .replace(/^[\s\S]*<header/, '<header')
    .replace(/<script>[\s\S]*$/, '')
    .replace(/<svg role="img" aria-label="([^"]*)"[\s\S]*?<\/svg>/g, '[bar: $1]')
    .replace(/<\/(?:h\d|p|li|tr|article|dd|div)>/g, '\n')
    .replace(/<[^>]*>/g, ' ')
    .replace(/[ \t]+/g, ' ')
    .replace(/\n\s*/g, '\n')
    .replace(/-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, '-<suffix>')
    .trim();

describe('a page', () => {
  beforeEach(keep);

  test('of all apps shows what is wrong, the gravest first', async () => {
    expect(words((await page()).body)).toMatchInlineSnapshot(`
      "as of when it was asked for
      1 app in trouble, 1 app drifted, 1 on the way
      5 apps 
      1 as git says 
      1 in trouble 
      1 drifted 
      1 on the way 
      1 held or waiting 
      Sources
      shop 5 apps 
      https://git.example/&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;\\u{202e} → embedded:test
      looked at 2026-01-01 00:00:00Z 
      ~ ! ‖ › 
      To be looked at 4 
      OutOfSync faulty 
      faulty/a.yaml:4:8 data.value : must be a string, not a number put it in quotes 
      tried at 2026-01-01 00:00:00Z 
      OutOfSync Healthy drifting 
      object field is should be by at 
      ConfigMap default/drifting data.value &quot;&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;\\u{202e}&quot; &quot;1&quot; &lt;/script&gt;&lt;img src=x 2026-01-01 00:00:30Z 
      synced at 2026-01-01 00:00:00Z 
      Synced Progressing stuck 
      progressing Deployment default/stuck 0 of 2 available, 2 up to date 
      [bar: 0 of 2 available, 2 up to date]
      0 of 2 updated replicas are available; stuck-758d9f8dfd-<suffix>: 0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.
      synced at 2026-01-01 00:00:05Z 
      held night 
      outside of its sync windows: allow 0 1 1 1 * for 1 min (UTC)
      The others 1 
      calm Synced Healthy 2026-01-01 00:00:00Z 
      What happened
      2026-01-01 00:00:30Z [drifting] drift: ConfigMap default/drifting: data.value is &quot;&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;\\u{202e}&quot;, should be &quot;1&quot; (&lt;/script&gt;&lt;img src=x , 2026-01-01T00:00:30Z) 
      2026-01-01 00:00:05Z [stuck] Synced, Progressing: 1 object changed 
      2026-01-01 00:00:00Z [stuck] Deployment default/stuck progressing: 0 of 2 updated replicas are available; stuck-758d9f8dfd-<suffix>: 0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling. 
      2026-01-01 00:00:00Z [drifting] Synced, Healthy: 1 object changed 
      2026-01-01 00:00:00Z [calm] Synced, Healthy: 1 object changed 
      2026-01-01 00:00:00Z [stuck] Deployment default/stuck progressing: waiting for the change to be observed 
      2026-01-01 00:00:00Z [faulty] OutOfSync, Unknown: 0 objects changed: must be a string, not a number 
      2026-01-01 00:00:00Z [night] held: outside of its sync windows: allow 0 1 1 1 * for 1 min (UTC) 
      2026-01-01 00:00:00Z source read: 5 apps"
    `);
  });

  test('of one app shows all that is known of it', async () => {
    expect(words((await page('apps', 'shop', 'drifting')).body)).toMatchInlineSnapshot(`
      "as of when it was asked for
      ← all apps 
      drifting
      OutOfSync Healthy 
      App App/drifting of shop jibe.yaml:3 
      From (dir) drifting 
      To embedded:test, namespace default
      Last sync 2026-01-01 00:00:00Z 1 changed in 0.0 s 
      Drift 1 
      object field is should be by at 
      ConfigMap default/drifting data.value &quot;&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;\\u{202e}&quot; &quot;1&quot; &lt;/script&gt;&lt;img src=x 2026-01-01 00:00:30Z 
      Objects 1 
      object is last sync message where 
      ConfigMap default/drifting OutOfSync Healthy created drifting/a.yaml:1 
      Past syncs
      no. ended revision result changed who 
      1 2026-01-01 00:00:00Z Synced Healthy 1 created ada (kept) 
      What happened
      2026-01-01 00:00:30Z [drifting] drift: ConfigMap default/drifting: data.value is &quot;&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;\\u{202e}&quot;, should be &quot;1&quot; (&lt;/script&gt;&lt;img src=x , 2026-01-01T00:00:30Z) 
      2026-01-01 00:00:00Z [drifting] Synced, Healthy: 1 object changed"
    `);
    expect(words((await page('apps', 'shop', 'stuck')).body)).toContain('[bar: 0 of 2 available, 2 up to date]');
  });

  test('allows its own style and script alone', async () => {
    const { body, headers = {} } = await page();
    const policy = String(headers['content-security-policy']);
    for (const element of ['style', 'script']) {
      const [, text = ''] = new RegExp(`<${element}>([\\s\\S]*?)</${element}>`).exec(body) ?? [];
      expect(policy).toContain(`${element}-src 'sha256-${createHash('sha256').update(text).digest('base64')}'`);
    }
    expect(policy).toMatch(/^default-src 'none';/);
    const markup = body.replace(/<(style|script)>[\s\S]*?<\/\1>/g, '');
    expect(/<[^>]*\s(?:on\w+|style|src)=|javascript:|<base/.exec(markup)?.[0]).toBeUndefined();
  });

  test('shows what comes from elsewhere as text', async () => {
    for (const { body } of [await page(), await page('apps', 'shop', 'drifting')]) {
      expect(body).not.toMatch(/<img|\u202e/);
      expect(body).toContain('&lt;img src=x');
      expect(body.match(/<\/script>/g)).toHaveLength(1);
    }
  });

  test('is there for apps that are there', async () => {
    for (const path of [
      ['apps'],
      ['apps', 'shop'],
      ['apps', 'shop', 'none'],
      ['apps', 'none', 'calm'],
      ['apps', 'shop', 'calm', 'x'],
      ['index.html'],
    ])
      expect(await page(...path)).toBeUndefined();
  });
});

test('before anything is read there is a page that says so', async () => {
  keeping = new Keeping(embedded, { endures: true }, { location: `${embedded.directory}/none` });
  expect(words((await page()).body)).toContain('reading the sources…');
});
