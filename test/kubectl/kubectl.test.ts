// Sessions of kubectl with a served cluster, in every version of it that is here. `vitest run -u` writes down what the newest one really
// saw; the others must end every command alike and print the same, but for what kubectl itself words otherwise from version to version.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parseSession, runSession } from '../scripts/session.ts';

const HERE = import.meta.dirname;
const sessions = fs.readdirSync(HERE).filter((file) => file.endsWith('.txtar'));
const SESSION_TIMEOUT_MS = 240_000;

interface Kubectl {
  readonly version: string;
  readonly file: string;
}

/** What is called kubectl, and its other versions beside it. */
function kubectls(): Kubectl[] {
  const found = spawnSync('bash', ['-c', 'readlink -f "$(command -v kubectl)"'], { encoding: 'utf8' }).stdout.trim();
  if (found === '') return [];
  const directory = path.dirname(found);
  const beside = fs.readdirSync(directory).filter((name) => /^kubectl\.\d+\.\d+$/.test(name));
  const files = beside.length ? beside.map((name) => path.join(directory, name)) : [found];
  return files
    .map((file) => ({ file, version: versionOf(file) }))
    .sort((a, b) => b.version.localeCompare(a.version, undefined, { numeric: true }));
}

function versionOf(file: string): string {
  const text = execFileSync(file, ['version', '--client', '-o', 'json'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return /"gitVersion": "v(\d+\.\d+)/.exec(text)?.[1] ?? '';
}

const [newest, ...others] = kubectls();
/** All of them take long: the oldest tells most. */
const compared = process.env['ALL_KUBECTLS'] ? others : others.slice(-1);

/** `# needs kubectl 1.28` at the top of a session. */
function suits(file: string, { version }: Kubectl): boolean {
  const [, needed = '0.0'] = /^# needs kubectl (\d+\.\d+)/.exec(fs.readFileSync(path.join(HERE, file), 'utf8')) ?? [];
  return version.localeCompare(needed, undefined, { numeric: true }) >= 0;
}

function see(file: string, kubectl: Kubectl): string {
  const directory = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'jibe-kubectl-'));
  const bin = path.join(directory, 'bin');
  fs.mkdirSync(bin);
  fs.symlinkSync(kubectl.file, path.join(bin, 'kubectl'));
  try {
    return runSession(parseSession(fs.readFileSync(path.join(HERE, file), 'utf8')), directory, {
      PATH: `${bin}${path.delimiter}${process.env['PATH']}`,
      KUBECONFIG: path.join(directory, '.jibe/clusters/default/kubeconfig'),
    });
  } finally {
    stopServer(directory);
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

/** A session that fails halfway leaves its server behind. */
function stopServer(directory: string): void {
  const file = path.join(directory, '.jibe/clusters/default/serving.json');
  if (!fs.existsSync(file)) return;
  const { pid } = JSON.parse(fs.readFileSync(file, 'utf8')) as { readonly pid: number };
  process.kill(pid, 'SIGKILL');
}

test.runIf(newest).each(sessions)('%s', { timeout: SESSION_TIMEOUT_MS }, async (file) => {
  await expect(see(file, newest!)).toMatchFileSnapshot(path.join(HERE, file));
});

/** What a script could depend on: commands, their output and their ends, without warnings of the client about itself. */
const essence = (text: string): string[] => text.split('\n').filter((line) => line !== '' && !line.startsWith('! '));

test
  .runIf(compared.length)
  .each(
    sessions.flatMap((file) =>
      compared.filter((kubectl) => suits(file, kubectl)).map((kubectl) => [file, kubectl.version, kubectl] as const),
    ),
  )('%s with kubectl %s', { timeout: SESSION_TIMEOUT_MS }, (file, _, kubectl) => {
  expect(essence(see(file, kubectl))).toEqual(essence(fs.readFileSync(path.join(HERE, file), 'utf8')));
});
