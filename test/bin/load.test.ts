// What a run leaves of its compilation for the next one (bin/load.cjs): only its owner may have written it, and nothing depends on it.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let directory: string;
beforeEach(() => void (directory = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-load-'))));
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

const MANIFEST = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n';

function render(env: Readonly<Record<string, string>> = {}): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, [path.resolve('bin/jibe.js'), 'render', '-'], {
    input: MANIFEST,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: directory, NODE_COMPILE_CACHE: directory, ...env },
  });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout;
}

const caches = (): readonly string[] => {
  const inside = path.join(directory, 'jibe');
  return fs.existsSync(inside) ? fs.readdirSync(inside).map((file) => path.join(inside, file)) : [];
};
const ofCommand = (): string => caches().find((file) => path.basename(file).startsWith('render-'))!;

function flip(file: string, at: number): void {
  const content = fs.readFileSync(file);
  content[at]! ^= 0xff;
  fs.writeFileSync(file, content);
}

describe('what a run leaves of its compilation', () => {
  it('lies where NODE_COMPILE_CACHE says, for its owner alone, and is taken by the next run', () => {
    const first = render();
    expect(caches().map((file) => fs.statSync(file).mode & 0o777)).toEqual([0o600, 0o600]);
    expect(fs.statSync(path.join(directory, 'jibe')).mode & 0o777).toBe(0o700);
    const { ino } = fs.statSync(ofCommand());
    expect(render()).toBe(first);
    expect(fs.statSync(ofCommand()).ino).toBe(ino);
  });

  it('lies in the cache of the user by default', () => {
    render({ NODE_COMPILE_CACHE: '', XDG_CACHE_HOME: path.join(directory, 'own') });
    expect(fs.readdirSync(path.join(directory, 'own/jibe'))).toHaveLength(2);
  });

  it('is not there for a user without a home', () => {
    expect(render({ NODE_COMPILE_CACHE: '', HOME: '', XDG_CACHE_HOME: '' })).toContain('name: a');
    expect(fs.readdirSync(directory)).toEqual([]);
  });

  it('is not there where NODE_DISABLE_COMPILE_CACHE is set', () => {
    render({ NODE_DISABLE_COMPILE_CACHE: '1' });
    expect(caches()).toEqual([]);
  });

  it.each([
    { situation: 'of another version of V8', spoil: (file: string) => fs.writeFileSync(file, Buffer.alloc(4096, 7)) },
    { situation: 'cut off', spoil: (file: string) => fs.truncateSync(file, 3) },
    { situation: 'damaged', spoil: (file: string) => flip(file, 200_000) },
    { situation: 'written by others', spoil: (file: string) => fs.chmodSync(file, 0o666) },
  ])('is made anew where it is $situation', ({ spoil }) => {
    const first = render();
    spoil(ofCommand());
    expect(render()).toBe(first);
    expect(fs.statSync(ofCommand()).mode & 0o777).toBe(0o600);
    expect(fs.statSync(ofCommand()).size).toBeGreaterThan(100_000);
  });

  it('is not missed where nothing can be written', () => {
    fs.writeFileSync(path.join(directory, 'jibe'), 'a file where a directory should be');
    expect(render()).toContain('name: a');
  });

  it('is dropped after a month', () => {
    render();
    const old = path.join(directory, 'jibe', 'render-of-long-ago');
    fs.writeFileSync(old, '');
    fs.utimesSync(old, 0, 0);
    fs.rmSync(ofCommand());
    render();
    expect(fs.existsSync(old)).toBe(false);
  });
});

it('says so where nothing is built', () => {
  fs.cpSync('bin', path.join(directory, 'bin'), { recursive: true });
  const { stderr, status } = spawnSync(process.execPath, [path.join(directory, 'bin/jibe.js'), '--help'], { encoding: 'utf8' });
  expect({ stderr, status }).toEqual({
    stderr: 'error: jibe has not been built\n  hint: npm ci builds it, and so does npm run build\n',
    status: 2,
  });
});
