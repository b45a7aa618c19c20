// What a watch promises. Rules of https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
import { describe, expect, test } from 'vitest';
import { httpServer, text, type HttpServer } from '../apiserver/http/http-server.ts';
import type { ByteStream } from '../../../src/apimachinery/node-api.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

interface Event {
  readonly type: string;
  readonly object: { readonly metadata: { readonly name?: string; readonly annotations?: object }; readonly code?: number };
}

const create = async (server: HttpServer, name: string, labels: object = {}): Promise<string> =>
  version(await server.json(CONFIG_MAPS, { method: 'POST', body: { metadata: { name, labels } } }));
const version = (object: Record<string, unknown>): string => (object['metadata'] as { readonly resourceVersion: string }).resourceVersion;
const patch = (server: HttpServer, name: string, body: object) =>
  server.json(`${CONFIG_MAPS}/${name}`, { method: 'PATCH', headers: { 'content-type': 'application/merge-patch+json' }, body });
const remove = (server: HttpServer, name: string) => server.json(`${CONFIG_MAPS}/${name}`, { method: 'DELETE' });
const listed = async (server: HttpServer): Promise<string> => version(await server.json(CONFIG_MAPS));

class Watching {
  private readonly stream: ByteStream;
  private buffered = '';
  constructor(stream: ByteStream) {
    this.stream = stream;
  }
  async take(count: number): Promise<Event[]> {
    const events: Event[] = [];
    while (events.length < count) {
      const end = this.buffered.indexOf('\n');
      if (end >= 0) {
        events.push(JSON.parse(this.buffered.slice(0, end)) as Event);
        this.buffered = this.buffered.slice(end + 1);
        continue;
      }
      const chunk = await this.stream.next();
      if (chunk === undefined) break;
      this.buffered += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    }
    return events;
  }
  /** `ADDED a`. */
  async brief(count: number): Promise<string[]> {
    return (await this.take(count)).map(({ type, object }) => `${type} ${object.code ?? object.metadata.name ?? ''}`.trim());
  }
  cancel(): void {
    this.stream.cancel();
  }
}

async function watch(server: HttpServer, query: string): Promise<Watching> {
  const response = await server.ask(`${CONFIG_MAPS}?watch=1&${query}`);
  if (response.code !== 200) throw new Error(text(response));
  return new Watching(response.body as ByteStream);
}

describe('where a watch begins', () => {
  const ROWS: readonly {
    readonly rule: string;
    readonly query: (versions: readonly string[]) => string;
    readonly expected: readonly string[];
  }[] = [
    {
      rule: 'without a version: what is there, in any order, then what comes',
      query: () => '',
      expected: ['ADDED a', 'ADDED c', 'ADDED later'],
    },
    { rule: 'from 0: likewise', query: () => 'resourceVersion=0', expected: ['ADDED a', 'ADDED c', 'ADDED later'] },
    {
      rule: 'from a given version: all that has happened since, also what is gone',
      query: ([first]) => `resourceVersion=${first}`,
      expected: ['ADDED b', 'MODIFIED b', 'DELETED b', 'ADDED c', 'ADDED later'],
    },
    {
      rule: 'from the version of the last event seen: what follows it',
      query: (versions) => `resourceVersion=${versions.at(-1)}`,
      expected: ['ADDED later'],
    },
    {
      rule: 'with sendInitialEvents: what is there, a bookmark that says so, then what comes',
      query: () => 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
      expected: ['ADDED a', 'ADDED c', 'BOOKMARK', 'ADDED later'],
    },
    {
      rule: 'with sendInitialEvents=false: only what comes',
      query: () => 'sendInitialEvents=false&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
      expected: ['ADDED later'],
    },
    { rule: 'of one object by its name', query: () => 'fieldSelector=metadata.name%3Dc', expected: ['ADDED c'] },
  ];
  test.each(ROWS)('$rule', async ({ query, expected }) => {
    const server = await httpServer();
    const first = await create(server, 'a');
    await create(server, 'b');
    await patch(server, 'b', { data: { x: 'y' } });
    await remove(server, 'b');
    const last = await create(server, 'c');
    const watching = await watch(server, query([first, last]));
    await create(server, 'later');
    expect(await watching.brief(expected.length)).toEqual(expected);
    watching.cancel();
  });

  test('the bookmark that ends the initial events is marked as such', async () => {
    const server = await httpServer();
    const watching = await watch(server, 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true');
    const [bookmark] = await watching.take(1);
    expect(bookmark?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    watching.cancel();
  });

  test.each([
    { rule: 'sendInitialEvents needs resourceVersionMatch', query: 'sendInitialEvents=true', code: 422 },
    {
      rule: 'sendInitialEvents takes no other match',
      query: 'sendInitialEvents=true&resourceVersionMatch=Exact&resourceVersion=1',
      code: 422,
    },
    { rule: 'resourceVersionMatch needs sendInitialEvents', query: 'resourceVersionMatch=NotOlderThan&resourceVersion=1', code: 422 },
    { rule: 'a version that is no number is the server.s failure, as in Kubernetes', query: 'resourceVersion=abc', code: 500 },
  ])('$rule', async ({ query, code }) => {
    const server = await httpServer();
    expect((await server.ask(`${CONFIG_MAPS}?watch=1&${query}`)).code).toBe(code);
  });
});

describe('selections', () => {
  const ROWS: readonly { readonly rule: string; readonly change: (server: HttpServer) => Promise<unknown>; readonly expected: string }[] = [
    {
      rule: 'what enters the selection is ADDED, though it was there before',
      change: (s) => patch(s, 'other', { metadata: { labels: { in: 'yes' } } }),
      expected: 'ADDED other',
    },
    {
      rule: 'what leaves it is DELETED, though it stays',
      change: (s) => patch(s, 'chosen', { metadata: { labels: null } }),
      expected: 'DELETED chosen',
    },
    { rule: 'what stays in it is MODIFIED', change: (s) => patch(s, 'chosen', { data: { a: 'b' } }), expected: 'MODIFIED chosen' },
    { rule: 'what is deleted is DELETED', change: (s) => remove(s, 'chosen'), expected: 'DELETED chosen' },
    {
      rule: 'what never was in it is not seen',
      change: async (s) => {
        await patch(s, 'other', { data: { a: 'b' } });
        await remove(s, 'other');
        await create(s, 'mark', { in: 'yes' });
      },
      expected: 'ADDED mark',
    },
  ];
  test.each(ROWS)('$rule', async ({ change, expected }) => {
    const server = await httpServer();
    await create(server, 'chosen', { in: 'yes' });
    await create(server, 'other');
    const watching = await watch(server, `labelSelector=in&resourceVersion=${await listed(server)}`);
    await change(server);
    expect(await watching.brief(1)).toEqual([expected]);
    watching.cancel();
  });

  test('an object that leaves the selection is told as it was when it was in it, with the version of the change', async () => {
    const server = await httpServer();
    await create(server, 'chosen', { in: 'yes' });
    const watching = await watch(server, `labelSelector=in&resourceVersion=${await listed(server)}`);
    const changed = await patch(server, 'chosen', { metadata: { labels: null } });
    const [event] = await watching.take(1);
    expect(event?.object).toMatchObject({ metadata: { labels: { in: 'yes' }, resourceVersion: version(changed) } });
    watching.cancel();
  });
});

test('all watchers see one order', async () => {
  const server = await httpServer();
  const from = await listed(server);
  const watchers = await Promise.all(Array.from({ length: 20 }, () => watch(server, `resourceVersion=${from}`)));
  await Promise.all(
    Array.from({ length: 10 }, async (_, i) => {
      await create(server, `n${i}`);
      await patch(server, `n${i}`, { data: { i: String(i) } });
      await remove(server, `n${i}`);
    }),
  );
  const all = await Promise.all(watchers.map((watching) => watching.take(30)));
  const orders = all.map((events) => events.map(({ object }) => version(object as never)).join());
  expect(new Set(orders).size).toBe(1);
  const versions = orders[0]!.split(',').map(Number);
  expect(versions).toEqual([...versions].sort((a, b) => a - b));
  for (const watching of watchers) watching.cancel();
});

test('from a version that is forgotten: an ERROR with 410, and the watch ends', async () => {
  const server = await httpServer();
  const old = await listed(server);
  await create(server, 'a');
  server.store.compact(server.store.revision);
  const watching = await watch(server, `resourceVersion=${old}`);
  expect(await watching.brief(2)).toEqual(['ERROR 410']);
});

test('bookmarks come to those who asked for them, with a version to go on from', async () => {
  const server = await httpServer();
  const watching = await watch(server, `allowWatchBookmarks=true&resourceVersion=${await listed(server)}`);
  const other = '/api/v1/namespaces/default/secrets';
  const made = await server.json(other, { method: 'POST', body: { metadata: { name: 's' } } });
  const taken = watching.take(1);
  await server.clock.advance(120_000);
  const [bookmark] = await taken;
  expect(bookmark?.type).toBe('BOOKMARK');
  expect(Number(version(bookmark!.object as never))).toBeGreaterThanOrEqual(Number(version(made)));
  watching.cancel();
});
