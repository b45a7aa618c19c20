// Notifications as the other side gets them, on a virtual clock.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import type { KeepEvent } from '../../../src/reconcile/keep/keep-event.ts';
import { Notifier } from '../../../src/reconcile/notify/notifier.ts';
import { DEFAULT_TEMPLATE, type NotificationTarget } from '../../../src/reconcile/notify/target.ts';
import { FakeHost } from './fake-host.ts';

let host: FakeHost;
let clock: VirtualClock;
let failures: string[];
beforeEach(async () => {
  host = await FakeHost.start();
  clock = new VirtualClock(0);
  failures = [];
});
afterEach(() => host.stop());

const SHA = 'a'.repeat(40);
const synced = (more: object = {}): KeepEvent =>
  ({
    type: 'synced',
    app: 'web',
    why: 'source',
    sync: 'Synced',
    health: 'Healthy',
    revision: SHA,
    changed: 1,
    message: '',
    durationMs: 1,
    ...more,
  }) as KeepEvent;
const failed = synced({ sync: 'OutOfSync', health: 'Unknown', changed: 0, message: 'no such kind "X"' });
const webhook = (more: object = {}): NotificationTarget =>
  ({
    to: 'webhook',
    name: 'chat',
    template: DEFAULT_TEMPLATE,
    contentType: 'application/json',
    on: [],
    apps: [],
    ...more,
  }) as NotificationTarget;
const git = (to: 'github' | 'gitlab'): NotificationTarget => ({ to, project: 'acme/shop', status: true, comment: true, on: [], apps: [] });

async function notify(
  targets: readonly NotificationTarget[],
  events: readonly KeepEvent[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const all = {
    JIBE_NOTIFY_CHAT: `${host.url}/hook?key=s3cret`,
    JIBE_GITHUB_API: host.url,
    JIBE_GITLAB_API: host.url,
    JIBE_GITHUB_TOKEN: 'hub',
    JIBE_GITLAB_TOKEN: 'lab',
    ...env,
  };
  const notifier = new Notifier(clock, all, 'embedded:test', (message) => void failures.push(message));
  notifier.configure(targets);
  for (const event of events) notifier.observe(event);
  await clock.advance(120_000);
  await notifier.idle();
}
const bodies = (): unknown[] => host.received.map(({ body }) => (body ? JSON.parse(body) : undefined) as unknown);

describe('a webhook', () => {
  test('is told of each change of state, once and in order', async () => {
    const drift: KeepEvent = {
      type: 'drift',
      app: 'web',
      drift: { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name: 'web', type: 'missing', fields: [] },
      heals: false,
    };
    const health = (now: string, was: string): KeepEvent => ({ type: 'health', app: 'web', health: now, was }) as KeepEvent;
    await notify(
      [webhook()],
      [
        synced(),
        synced({ changed: 0 }),
        failed,
        failed,
        synced({ changed: 0 }),
        health('Progressing', 'Healthy'),
        health('Degraded', 'Progressing'),
        health('Healthy', 'Degraded'),
        drift,
        drift,
        { type: 'agreed', app: 'web', id: drift.drift },
      ],
    );
    expect(bodies()).toEqual(
      [
        'web is deployed at aaaaaaaaaaaa',
        'web could not be synced: no such kind "X"',
        'web is as it should be again',
        'web is Degraded',
        'web is as it should be again',
        'web has drifted: Deployment shop/web: is missing',
        'web is as it should be again',
      ].map((text) => ({ text })),
    );
    expect(failures).toEqual([]);
  });

  test('is told in its own words, of what it is there for', async () => {
    const template = '{"title": {{ .app | upper | toJson }}, "at": {{ .revision | trunc 7 | toJson }}, "on": {{ .cluster | toJson }}}';
    await notify([webhook({ template, on: ['failed'] }), webhook({ apps: ['other'] })], [synced(), failed]);
    expect(bodies()).toEqual([{ title: 'WEB', at: 'aaaaaaa', on: 'embedded:test' }]);
  });

  test('that is busy is told again, after pauses that grow', async () => {
    host.answers = [
      [503, {}],
      [429, {}],
    ];
    await notify([webhook()], [failed]);
    expect(host.received).toHaveLength(3);
    expect(failures).toEqual([]);
  });

  test('that refuses is not told again', async () => {
    host.answers = [[404, {}]];
    await notify([webhook()], [failed]);
    expect(host.received).toHaveLength(1);
    expect(failures).toEqual(['webhook chat was not told that web failed: it answered 404']);
  });

  test('that cannot be reached is given up; its address is told to nobody', async () => {
    await notify([webhook()], [failed], { JIBE_NOTIFY_CHAT: 'http://127.0.0.1:1/?key=s3cret' });
    expect(failures).toEqual(['webhook chat was not told that web failed: it cannot be reached']);
  });

  test('that redirects is not followed', async () => {
    host.answers = [[302, {}]];
    await notify([webhook()], [failed]);
    expect(failures).toEqual(['webhook chat was not told that web failed: it answered 302']);
  });

  test.each([
    ['without an address', webhook({ name: 'other-chat' }), '$JIBE_NOTIFY_OTHER_CHAT is not set'],
    ['with words that cannot be made', webhook({ template: '{{ fail "no" }}' }), 'no'],
  ])('%s', async (_, target, why) => {
    await notify([target], [failed]);
    expect(failures[0]).toContain(why);
    expect(host.received).toEqual([]);
  });
});

test('GitHub gets a status of the commit, and a comment on its pull requests', async () => {
  host.answers = [
    [201, {}],
    [200, [{ number: 7 }, { number: 'x' }]],
  ];
  await notify([git('github')], [failed]);
  expect(host.received.map(({ what, headers }) => `${what} ${String(headers['authorization'])}`)).toEqual([
    `POST /repos/acme/shop/statuses/${SHA} Bearer hub`,
    `GET /repos/acme/shop/commits/${SHA}/pulls Bearer hub`,
    'POST /repos/acme/shop/issues/7/comments Bearer hub',
  ]);
  expect(bodies()).toEqual([
    { state: 'failure', context: 'jibe/web', description: 'could not be synced: no such kind "X"' },
    undefined,
    { body: '**web** could not be synced: no such kind "X" (embedded:test)' },
  ]);
});

test('GitLab gets a status of the commit, and a note on its merge requests', async () => {
  host.answers = [
    [201, {}],
    [200, [{ iid: 3 }]],
  ];
  await notify([git('gitlab')], [synced()]);
  expect(host.received.map(({ what, headers }) => `${what} ${String(headers['private-token'])}`)).toEqual([
    `POST /projects/acme%2Fshop/statuses/${SHA} lab`,
    `GET /projects/acme%2Fshop/repository/commits/${SHA}/merge_requests lab`,
    'POST /projects/acme%2Fshop/merge_requests/3/notes lab',
  ]);
  expect(bodies()[0]).toEqual({ state: 'success', name: 'jibe/web', description: 'is deployed at aaaaaaaaaaaa' });
});

test('a git host is told nothing of what is no commit', async () => {
  await notify([git('github'), git('gitlab')], [synced({ revision: null })]);
  expect(host.received).toEqual([]);
});
