// What a service tells of sources that are kept, on the virtual clock of their cluster.
import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Answer, Asked, Streaming } from '../../../src/reconcile/keep/answer.ts';
import { EventLog } from '../../../src/reconcile/keep/event-log.ts';
import { KeepService, MAX_STREAMS } from '../../../src/reconcile/keep/keep-service.ts';
import type { KeptAppStatus, KeptAppSummary, SourceStatus } from '../../../src/reconcile/keep/kept-status.ts';
import type { KeeperOptions } from '../../../src/reconcile/keep/keeper-options.ts';
import { KeepMetrics } from '../../../src/reconcile/keep/metrics.ts';
import { listHistory } from '../../../src/reconcile/history.ts';
import { Embedded } from '../embedded.ts';
import { Keeping } from './keeping.ts';

let embedded: Embedded;
let keeping: Keeping;
let service: KeepService;
beforeEach(async () => {
  embedded = await Embedded.start();
});
afterEach(async () => {
  await keeping.stop();
  await embedded.stop();
});

const FILES = {
  'jibe.yaml': 'apps:\n- {name: db, path: db}\n- {name: web, path: web, dependsOn: [db]}\n',
  'db/db.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: hunter2}\n',
  'web/web.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1"}]}
`,
};

async function serve(options: Partial<KeeperOptions> = {}): Promise<void> {
  const { engine } = embedded;
  const log = new EventLog(1);
  const metrics = new KeepMetrics();
  keeping = new Keeping(embedded, {
    onEvent(event) {
      log.add('shop', event, engine.clock.now());
      metrics.observe(event, 'shop');
    },
    ...options,
  });
  service = new KeepService({
    sources: [keeping.kept()],
    log,
    metrics,
    clock: engine.clock,
    webhookSecret: 's',
    history: (_, app) => listHistory(engine.client, app),
  });
  await keeping.pass(30_000);
}

const ask = (path: string, more: Partial<Asked> = {}): Promise<Answer | Streaming> => {
  const [before = '', query = ''] = path.split('?');
  return service.handle({ method: 'GET', path: before, query: new URLSearchParams(query), headers: {}, body: new Uint8Array(), ...more });
};
const answer = async (path: string, more: Partial<Asked> = {}): Promise<Answer> => (await ask(path, more)) as Answer;
const get = async <T>(path: string): Promise<T> => JSON.parse((await answer(path)).body) as T;
const list = () => get<{ readonly sources: readonly SourceStatus[]; readonly apps: readonly KeptAppSummary[] }>('/api/v1/apps');
const scale = (replicas: number): Promise<unknown> =>
  embedded.engine.client.patch(
    'apps/v1/Deployment',
    'web',
    { spec: { replicas } },
    { type: 'merge', namespace: 'default', fieldManager: 'kubectl' },
  );

describe('apps', () => {
  test('are listed with how they are', async () => {
    embedded.write(FILES);
    await serve();
    const { sources, apps } = await list();
    expect(sources).toMatchObject([{ name: 'shop', state: 'kept', message: '', failures: 0 }]);
    expect(apps.map(({ app, state, sync, health, drifted }) => [app, state, sync, health, drifted])).toEqual([
      ['db', 'synced', 'Synced', 'Healthy', 0],
      ['web', 'synced', 'Synced', 'Healthy', 0],
    ]);
  });

  test('are shown with their objects, rollouts, and what has drifted, as they are now', async () => {
    embedded.write(FILES);
    await serve();
    await scale(5);
    await keeping.pass(30_000);
    const web = await get<KeptAppStatus>('/api/v1/apps/shop/web');
    expect(web).toMatchObject({
      sync: 'OutOfSync',
      health: 'Healthy',
      origin: { file: 'jibe.yaml', line: 3 },
      dependsOn: ['App/db'],
      resources: [
        {
          kind: 'Deployment',
          name: 'web',
          action: 'created',
          sync: 'OutOfSync',
          health: 'Healthy',
          origin: { file: 'web/web.yaml', line: 1 },
        },
      ],
      rollouts: [{ name: 'web', desired: 5, available: 5, status: 'complete' }],
      drift: [{ name: 'web', type: 'changed', fields: [{ path: 'spec.replicas', live: 5, desired: 2, manager: 'kubectl' }] }],
    });
  });

  test('of a source that is one are called after it', async () => {
    embedded.write({ 'a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n' });
    await serve();
    expect((await list()).apps).toMatchObject([{ app: 'shop', id: 'Source/shop', state: 'synced' }]);
    expect(await get('/api/v1/apps/shop/shop')).toMatchObject({ resources: [{ name: 'a' }] });
  });

  test('that fail say why, and with which place', async () => {
    embedded.write({ ...FILES, 'web/web.yaml': 'kind: Deployment\nmetadata: {name: web}\n' });
    await serve();
    const web = await get<KeptAppStatus>('/api/v1/apps/shop/web');
    expect(web).toMatchObject({
      state: 'failed',
      sync: 'OutOfSync',
      health: 'Unknown',
      errors: [{ file: 'web/web.yaml', line: 1, column: 1 }],
    });
    expect(web.message).not.toBe('');
  });

  test('have a history', async () => {
    embedded.write(FILES);
    await serve();
    expect(await get('/api/v1/apps/shop/web/history')).toMatchObject({ syncs: [{ app: 'web', id: 1, automated: true }] });
  });
});

test('no secret is told, whatever happens to it', async () => {
  embedded.write(FILES);
  await serve();
  const stringData = { password: 'correct-horse' };
  await embedded.engine.client.patch('v1/Secret', 'db', { stringData }, { type: 'merge', namespace: 'default', fieldManager: 'kubectl' });
  await keeping.pass(5000);
  expect((await get<KeptAppStatus>('/api/v1/apps/shop/db')).drift).toMatchObject([
    { fields: [{ path: 'data.password', manager: 'kubectl' }] },
  ]);
  const told: string[] = [];
  ((await ask('/api/v1/events?lastEventId=1-0')) as Streaming)((part) => void told.push(part), new AbortController().signal);
  for (const path of ['/api/v1/apps', '/api/v1/apps/shop/db', '/api/v1/apps/shop/db/history', '/metrics'])
    told.push((await answer(path)).body);
  expect(told.join('')).toContain('data.password');
  for (const secret of ['hunter2', 'correct-horse'].flatMap((plain) => [plain, Buffer.from(plain).toString('base64')]))
    expect(told.join('')).not.toContain(secret);
});

describe('a source that cannot be read', () => {
  const location = (): string => `${embedded.directory}/later`;

  test('is said to fail, is asked less and less often, and is kept once it is there', async () => {
    keeping = new Keeping(embedded, { endures: true }, { location: location() });
    service = new KeepService({
      sources: [keeping.kept()],
      log: new EventLog(1),
      metrics: new KeepMetrics(),
      clock: embedded.engine.clock,
      webhookSecret: undefined,
      history: async () => [],
    });
    expect((await answer('/readyz')).status).toBe(503);
    await keeping.pass(1000);
    expect(await list()).toMatchObject({ sources: [{ state: 'failing', failures: 1 }], apps: [] });
    expect((await answer('/readyz')).status).toBe(200);
    expect(await keeping.pass(58_000)).toHaveLength(0);
    expect(await keeping.pass(2000)).toHaveLength(1);
    expect(await keeping.pass(3_600_000)).toHaveLength(7);
    embedded.write({ 'later/a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n' });
    expect(await keeping.pass(600_000)).toEqual([
      'source read: 1 app',
      '[shop] Synced, Healthy: 1 object changed',
      'what failed before works again',
    ]);
    expect((await list()).sources).toMatchObject([{ state: 'kept', message: '', failures: 0 }]);
  });

  test('does not keep drift from being told, and put right', async () => {
    embedded.write({ 'later/web.yaml': FILES['web/web.yaml'] });
    keeping = new Keeping(embedded, { selfHeal: true }, { location: location() });
    await keeping.pass(30_000);
    embedded.remove('later');
    await keeping.pass(60_000);
    await scale(5);
    expect(await keeping.pass(1000)).toContain('[shop] putting right Deployment default/web');
  });
});

test('an app that another source has is left to it', async () => {
  embedded.write(FILES);
  await serve({ disowns: (app) => (app === 'db' ? 'another has it' : undefined) });
  expect((await list()).apps).toMatchObject([
    { app: 'db', state: 'held', message: 'another has it', health: 'Suspended' },
    { app: 'web', state: 'synced' },
  ]);
  await expect(embedded.engine.client.get('v1/Secret', 'db', { namespace: 'default' })).rejects.toThrow('not found');
});

describe('requests', () => {
  beforeEach(async () => {
    embedded.write(FILES);
    await serve();
  });

  test.each<[what: string, path: string, more: Partial<Asked>, status: number, says: string]>([
    ['an unknown path', '/api/v2', {}, 404, '/api/v1/apps'],
    ['an unknown source', '/api/v1/apps/shopp/web', {}, 404, 'no source is called \\"shopp\\"'],
    ['an unknown app', '/api/v1/apps/shop/wep', {}, 404, 'has no app \\"wep\\"'],
    ['a name of another sort', '/api/v1/apps/shop/__proto__', {}, 404, 'has no app'],
    ['what is below an app', '/api/v1/apps/shop/web/secrets', {}, 404, 'nothing at'],
    ['a path that is not encoded', '/api/v1/apps/%E0%A4%A', {}, 400, 'no path'],
    ['a write', '/api/v1/apps', { method: 'DELETE' }, 405, 'only be read'],
    ['a write to nothing', '/x', { method: 'POST' }, 405, 'only be read'],
    ['a webhook that is read', '/webhook', {}, 405, 'POST'],
    ['a webhook without a signature', '/webhook', { method: 'POST' }, 401, 'no signature'],
    ['a webhook for an unknown source', '/webhook/x', { method: 'POST', headers: { 'x-gitlab-token': 's' } }, 404, 'no source'],
  ])('%s', async (_, path, more, status, says) => {
    const { status: found, body } = await answer(path, more);
    expect([found, body]).toEqual([status, expect.stringContaining(says)]);
    expect(JSON.parse(body)).toMatchObject({
      error: { status, reason: expect.any(String), message: expect.any(String), hint: expect.any(String) },
    });
  });

  test('a git host that knows the secret has the source asked at once', async () => {
    embedded.write({ 'web/web.yaml': FILES['web/web.yaml'].replace('replicas: 2', 'replicas: 3') });
    const body = new TextEncoder().encode('{}');
    const signature = createHmac('sha256', 's').update(body).digest('hex');
    const { status } = await answer('/webhook/shop', { method: 'POST', body, headers: { 'x-hub-signature-256': `sha256=${signature}` } });
    expect(status).toBe(202);
    await keeping.pass(1000);
    expect(keeping.reads).toBe(2);
  });

  test('streams have an end to their number, and make room when they end', async () => {
    const ends: AbortController[] = [];
    for (let i = 0; i < MAX_STREAMS; i++) {
      const end = new AbortController();
      ((await ask('/api/v1/events')) as Streaming)(() => undefined, end.signal);
      ends.push(end);
    }
    expect((await answer('/api/v1/events')).status).toBe(503);
    for (const end of ends) end.abort();
    expect(typeof (await ask('/api/v1/events'))).toBe('function');
  });

  test('metrics name the source', async () => {
    expect((await answer('/metrics')).body).toContain('jibe_app_info{source="shop",app="web",sync="Synced",health="Healthy"} 1');
  });
});
