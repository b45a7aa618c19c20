// Health, version, metrics and the list of paths.
import { expect, test } from 'vitest';
import { httpServer, text } from './http-server.ts';

const server = await httpServer();

const HEALTH: readonly (readonly [url: string, code: number, answer: string])[] = [
  ['/healthz', 200, 'ok'],
  ['/livez', 200, 'ok'],
  ['/readyz', 200, 'ok'],
  ['/livez/ping', 200, 'ok'],
  ['/readyz/shutdown', 200, 'ok'],
  ['/livez/nosuch', 404, '404 page not found\n'],
  ['/livez?exclude=nosuch', 200, 'ok'],
  ['/healthz?verbose', 200, '[+]ping ok\n[+]log ok\n[+]etcd ok\n[+]poststarthook/crd-informer-synced ok\nhealthz check passed\n'],
  [
    '/livez?verbose&exclude=etcd&exclude=x',
    200,
    '[+]ping ok\n[+]log ok\n[+]etcd excluded: ok\n[+]poststarthook/crd-informer-synced ok\nwarn: some health checks cannot be excluded: no matches for "x"\nlivez check passed\n',
  ],
];

test.each(HEALTH)('%s is answered %i', async (url, code, answer) => {
  const response = await server.ask(url);
  expect([response.code, text(response)]).toEqual([code, answer]);
});

test('health may be asked with any method', async () => {
  expect((await server.ask('/healthz', { method: 'POST', body: {} })).code).toBe(200);
});

test('a server whose store does not answer is not well, and does not say why', async () => {
  const ill = await httpServer();
  ill.store.list = () => Promise.reject(new Error('no disk'));
  const response = await ill.ask('/readyz');
  expect(response.code).toBe(500);
  expect(text(response)).toContain('[-]etcd failed: reason withheld\n');
  expect(text(response)).toMatch(/readyz check failed\n$/);
  expect((await ill.ask('/livez?exclude=etcd')).code).toBe(200);
  expect(text(await ill.ask('/livez/etcd'))).toBe('internal server error: no disk\n');
});

test('the version is that of the Kubernetes that is followed', async () => {
  const version = await server.json('/version');
  expect(version).toMatchObject({ major: '1', minor: '36' });
  expect(version['gitVersion']).toMatch(/^v1\.36\.\d+/);
  expect(await server.json('/version/')).toEqual(version);
});

test('requests are counted by what they asked and how it ended', async () => {
  const own = await httpServer();
  await own.ask('/api/v1/namespaces/default/pods');
  await own.ask('/api/v1/namespaces/default/pods/nosuch');
  await own.ask('/api/v1/namespaces/default/pods/nosuch');
  const metrics = text(await own.ask('/metrics'));
  expect(metrics).toContain(
    'apiserver_request_total{code="200",dry_run="",group="",resource="pods",scope="namespace",subresource="",verb="LIST",version="v1"} 1\n',
  );
  const get = 'group="",resource="pods",scope="resource",subresource="",verb="GET",version="v1"';
  expect(metrics).toContain(`apiserver_request_total{code="404",dry_run="",${get}} 2\n`);
  expect(metrics).toContain(`apiserver_request_duration_seconds_bucket{${get},le="0.005"} 2\n`);
  expect(metrics).toContain(`apiserver_request_duration_seconds_count{${get}} 2\n`);
  expect(metrics).toMatch(/^process_resident_memory_bytes [1-9]\d+$/m);
});

test('made-up resources do not make series without end', async () => {
  const own = await httpServer();
  const lines = async (): Promise<number> => text(await own.ask('/metrics')).split('\n').length;
  await lines();
  await own.ask('/apis/example.com/v1/things');
  const before = await lines();
  for (let i = 0; i < 50; i++) await own.ask(`/apis/example.com/v1/things${i}`);
  expect(await lines()).toBe(before);
});

test('the root lists the paths', async () => {
  const { paths } = await server.json('/');
  expect(paths).toEqual(expect.arrayContaining(['/api', '/apis', '/apis/apps/v1', '/healthz/ping', '/metrics', '/openapi/v3', '/version']));
});
