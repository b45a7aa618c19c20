// Lists in pages. Rules of https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
import { expect, test } from 'vitest';
import { httpServer, type HttpServer } from '../apiserver/http/http-server.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

interface Page {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly metadata: { readonly continue?: string; readonly resourceVersion?: string; readonly remainingItemCount?: number };
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

async function filled(): Promise<HttpServer> {
  const server = await httpServer();
  for (const name of ['a', 'b', 'c', 'd', 'e']) await create(server, name);
  return server;
}
const create = (server: HttpServer, name: string) => server.json(CONFIG_MAPS, { method: 'POST', body: { metadata: { name } } });
const page = async (server: HttpServer, query: string): Promise<Page> => (await server.json(`${CONFIG_MAPS}?${query}`)) as unknown as Page;
const next = (server: HttpServer, { metadata }: Page, limit = 2) =>
  page(server, `limit=${limit}&continue=${encodeURIComponent(metadata.continue!)}`);
const names = ({ items }: Page): string => items.map((item) => item.metadata.name).join('');

test('pages are of the size asked for, tell how many are left, and the last has no token', async () => {
  const server = await filled();
  const first = await page(server, 'limit=2');
  const second = await next(server, first);
  const third = await next(server, second);
  expect([first, second, third].map((p) => [names(p), p.metadata.remainingItemCount, Boolean(p.metadata.continue)])).toEqual([
    ['ab', 3, true],
    ['cd', 1, true],
    ['e', undefined, false],
  ]);
});

test('all pages show the state at which the first was taken, with its version', async () => {
  const server = await filled();
  const first = await page(server, 'limit=2');
  await server.json(`${CONFIG_MAPS}/d`, { method: 'DELETE' });
  await create(server, 'bb');
  const second = await next(server, first);
  const third = await next(server, second);
  expect([names(second), names(third)]).toEqual(['cd', 'e']);
  expect([second, third].map((p) => p.metadata.resourceVersion)).toEqual([first.metadata.resourceVersion, first.metadata.resourceVersion]);
});

test('once that state is forgotten: 410, with a token that goes on from now, inconsistently', async () => {
  const server = await filled();
  const first = await page(server, 'limit=2');
  await create(server, 'bb');
  await create(server, 'f');
  server.store.compact(server.store.revision);
  const gone = await next(server, first);
  expect(gone).toMatchObject({ code: 410, reason: 'Expired' });
  expect(gone.message).toContain('The provided continue parameter is too old to display a consistent list result.');
  const rest = await next(server, gone, 10);
  expect(names(rest)).toBe('bbcdef');
  expect(Number(rest.metadata.resourceVersion)).toBeGreaterThan(Number(first.metadata.resourceVersion));
});

test.each([
  {
    rule: 'no number of items left with a selector',
    query: 'limit=2&labelSelector=!x',
    expected: { metadata: { remainingItemCount: undefined } },
  },
  { rule: 'a token and a version do not go together', query: 'limit=2&resourceVersion=1&continue=TOKEN', expected: { code: 400 } },
  {
    rule: 'a token that is none',
    query: 'limit=2&continue=abc',
    expected: { code: 400, message: expect.stringContaining('continue key is not valid') },
  },
  { rule: 'no limit: all', query: 'limit=0', expected: { metadata: {} } },
  {
    rule: 'exactly an old version',
    query: 'resourceVersionMatch=Exact&resourceVersion=VERSION',
    expected: { metadata: { resourceVersion: 'VERSION' } },
  },
  { rule: 'a version is needed to be matched', query: 'resourceVersionMatch=Exact', expected: { code: 422 } },
])('$rule', async ({ query, expected }) => {
  const server = await filled();
  const first = await page(server, 'limit=2');
  await create(server, 'z');
  const fill = (value: string): string =>
    value.replace('TOKEN', encodeURIComponent(first.metadata.continue!)).replace('VERSION', first.metadata.resourceVersion!);
  const filledIn: unknown = JSON.parse(fill(JSON.stringify(expected)), (_, value: unknown) => value);
  const answer = await page(server, fill(query));
  if ('message' in expected) expect(answer).toMatchObject(expected);
  else expect(answer).toMatchObject(filledIn as object);
  if (query.includes('labelSelector')) expect(answer.metadata.remainingItemCount).toBeUndefined();
});
