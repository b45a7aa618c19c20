// What only the store on disk promises: that it keeps, and how it fails.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { build } from 'esbuild';
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import type { KubernetesObject } from '../../../src/apimachinery/object.ts';
import { DurableStore, openDirectory } from '../../../src/cluster/storage/durable-store.ts';

const START = Date.UTC(2026, 0, 1);
let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-durable-'));
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

const make =
  (data: string) =>
  (revision: number): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'a', uid: 'a', resourceVersion: String(revision), creationTimestamp: '2026-01-01T00:00:00Z' },
    data: { data },
  });
const open = async (options = {}) => {
  const opened = await openDirectory(directory);
  return { opened, store: new DurableStore(directory, opened, new VirtualClock(Math.max(START, opened.timeMs)), options) };
};

test('what was written is there after reopening, with its revisions and the time', async () => {
  const first = await open();
  await first.store.create('/r/a', make('1'));
  await first.store.update('/r/a', 2, make('2'));
  await first.store.close();
  const again = await open();
  expect(again.store.revision).toBe(3);
  expect(await again.store.get('/r/a')).toMatchObject({ createRevision: 2, modRevision: 3, value: { data: { data: '2' } } });
  expect(again.opened.timeMs).toBe(START);
  // what happened before is not remembered
  expect(again.store.watch('/r/', 2, () => {})).toBeUndefined();
  await again.store.close();
});

test('an answered write survives kill -9', async () => {
  const script = path.join(directory, '..', `${path.basename(directory)}.mjs`);
  await build({
    stdin: {
      contents: `
        import { VirtualClock } from './src/apimachinery/clock.ts';
        import { DurableStore, openDirectory } from './src/cluster/storage/durable-store.ts';
        const d = ${JSON.stringify(directory)};
        const store = new DurableStore(d, await openDirectory(d), new VirtualClock(${START}));
        for (let i = 0; ; i++) {
          await store.create('/r/' + i, (r) => ({ apiVersion: 'v1', kind: 'X', metadata: { name: 'x', uid: 'x', resourceVersion: String(r), creationTimestamp: '' } }));
          process.stdout.write(i + '\\n');
        }`,
      resolveDir: process.cwd(),
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['lmdb', 'tinyqueue'],
    outfile: path.join('dist', path.basename(script)),
  });
  const child = spawn(process.execPath, [path.join('dist', path.basename(script))], { stdio: ['ignore', 'pipe', 'inherit'] });
  let answered = '';
  child.stdout.on('data', (chunk: Buffer) => {
    answered += chunk.toString();
    if (answered.split('\n').length > 60) child.kill('SIGKILL');
  });
  await once(child, 'close');
  fs.rmSync(path.join('dist', path.basename(script)), { force: true });
  const last = Number(answered.trim().split('\n').at(-1));
  expect(last).toBeGreaterThan(50);
  // the dead process holds the lock no longer
  const { store } = await open();
  for (let i = 0; i <= last; i++) expect(await store.get(`/r/${i}`), `/r/${i}`).toBeDefined();
  await store.close();
});

test('a second process, or this one again, is refused', async () => {
  const { store } = await open();
  await expect(openDirectory(directory)).rejects.toMatchObject({ reason: 'locked', pid: process.pid });
  await store.close();
  await (await open()).store.close();
});

test.each([
  ['a lock of a process that is gone is taken over', JSON.stringify({ pid: 2 ** 22 + 7, started: '' })],
  ['a lock of another process with the same number is taken over', JSON.stringify({ pid: process.pid, started: '1' })],
  ['a lock that says nothing is taken over', ''],
])('%s', async (_name, content) => {
  fs.writeFileSync(path.join(directory, 'lock'), content);
  const { store } = await open();
  expect(fs.readdirSync(directory).sort()).toEqual(['cluster.json', 'lock', 'store']);
  await store.close();
});

test('a directory with other things in it is left alone', async () => {
  fs.writeFileSync(path.join(directory, 'letter.txt'), 'dear');
  await expect(openDirectory(directory)).rejects.toMatchObject({ reason: 'foreign' });
  expect(fs.readdirSync(directory)).toEqual(['letter.txt']);
});

test.each([
  ['a layout of another version', '{"layout":99}', 'unknownLayout'],
  ['a damaged mark', '{', 'corrupt'],
])('%s is told', async (_name, content, reason) => {
  fs.writeFileSync(path.join(directory, 'cluster.json'), content);
  await expect(openDirectory(directory)).rejects.toMatchObject({ reason });
});

test('when the space is used up the write fails, what was kept stays, and smaller writes go on', async () => {
  const { store } = await open({ maxBytes: 2 ** 20 });
  await store.create('/r/small', make('kept'));
  const big = 'x'.repeat(2 ** 20);
  await expect(store.create('/r/big', make(big))).rejects.toMatchObject({ reason: 'full' });
  expect(await store.get('/r/big')).toBeUndefined();
  expect(await store.create('/r/next', make('fits'))).toMatchObject({ ok: true, entry: { modRevision: 3 } });
  await store.close();
  const again = await open({ maxBytes: 2 ** 20 });
  expect(again.store.revision).toBe(3);
  await again.store.close();
});

test('what is kept is for its owner alone', async () => {
  const { store } = await open();
  await store.create('/r/a', make('secret'));
  for (const file of ['cluster.json', 'lock']) expect(fs.statSync(path.join(directory, file)).mode & 0o077).toBe(0);
  expect(fs.statSync(path.join(directory, 'store')).mode & 0o077).toBe(0);
  await store.close();
});
