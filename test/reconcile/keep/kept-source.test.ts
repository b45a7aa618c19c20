// Whether a source has changed is asked without rendering it.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RealClock } from '../../../src/apimachinery/clock.ts';
import { prepareSource } from '../../../src/reconcile/apps/prepare-apps.ts';
import { KeptSource } from '../../../src/reconcile/keep/kept-source.ts';
import { SourceError } from '../../../src/reconcile/source/source-error.ts';

let directory: string;
let kept: KeptSource;
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-kept-'));
});
afterEach(async () => {
  await kept.close();
  fs.rmSync(directory, { recursive: true });
});

const write = (name: string, content: string): void => {
  const file = path.join(directory, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
};
const git = (...args: readonly string[]): void => {
  const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.com', '-c', 'commit.gpgsign=false'];
  execFileSync('git', ['-C', directory, ...who, ...args], { stdio: 'ignore' });
};
const open = (spec: { readonly ref?: string; readonly path?: string }): KeptSource =>
  (kept = new KeptSource({ clock: new RealClock(), stdin: process.stdin, cacheDirectory: `${directory}/.cache` }, (deps) =>
    prepareSource({ location: directory, ...spec }, deps, { name: 'shop' }),
  ));
const configMap = (value: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {value: "${value}"}\n`;

test('a directory, and what its kustomization refers to outside of it', async () => {
  write('overlay/kustomization.yaml', 'resources: [../base]\n');
  write('base/kustomization.yaml', 'resources: [a.yaml]\n');
  write('base/a.yaml', configMap('1'));
  write('other/b.yaml', configMap('1'));
  git('init', '-q');
  await open({ path: 'overlay' }).read();
  expect(await kept.changed()).toBe(false);
  write('other/b.yaml', configMap('22'));
  expect(await kept.changed()).toBe(false);
  write('base/a.yaml', configMap('22'));
  expect(await kept.changed()).toBe(true);
});

test('a branch that moves, with changes in the path or elsewhere', async () => {
  write('app/a.yaml', configMap('1'));
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-q', '-m', 'a');
  await open({ ref: 'main', path: 'app' }).read();
  expect(await kept.changed()).toBe(false);
  write('other/b.yaml', configMap('1'));
  git('add', '.');
  git('commit', '-q', '-m', 'b');
  expect(await kept.changed()).toBe(false);
  write('app/a.yaml', configMap('22'));
  git('commit', '-q', '-a', '-m', 'c');
  expect(await kept.changed()).toBe(true);
});

test('what apps of a jibe.yaml read', async () => {
  write('jibe.yaml', 'apps: [{name: a, path: a}]\n');
  write('a/a.yaml', configMap('1'));
  await open({}).read();
  expect(await kept.changed()).toBe(false);
  write('a/a.yaml', configMap('22'));
  expect(await kept.changed()).toBe(true);
});

test('a source that cannot be read once is still asked afterwards', async () => {
  write('app/a.yaml', configMap('1'));
  await open({ path: 'app' }).read();
  fs.renameSync(`${directory}/app`, `${directory}/gone`);
  await expect(kept.read()).rejects.toThrow(SourceError);
  fs.renameSync(`${directory}/gone`, `${directory}/app`);
  expect(await kept.changed()).toBe(false);
});
