// Sessions of kubectl with a served cluster, in versions of it that are here. `vitest run -u` writes down what one of them really saw; the
// others must print the same and end every command alike, but for what kubectl says of itself. Where there is none, nothing is shown.
// Sessions mostly wait, each for a cluster of its own, so several run at once.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'vitest';
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

/** Debian's. Kubernetes promises nothing for it, but what it does here it does on a real server too. */
const OLDEST = '1.20';
/** Whose words the sessions hold. */
const REFERENCE = '1.33';

const compare = (a: string, b: string): number => a.localeCompare(b, undefined, { numeric: true });

/** `# needs kubectl 1.28` or `# needs openssl` at the top of a session. */
function suits(file: string, { version }: Kubectl): boolean {
  const text = fs.readFileSync(path.join(HERE, file), 'utf8');
  return [...text.matchAll(/^# needs (\S+)(?: (\d+\.\d+))?/gm)].every(([, program = '', needed = OLDEST]) =>
    program === 'kubectl' ? compare(version, needed) >= 0 : spawnSync('which', [program]).status === 0,
  );
}

async function see(file: string, kubectl: Kubectl): Promise<string> {
  const directory = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'jibe-kubectl-'));
  const bin = path.join(directory, 'bin');
  fs.mkdirSync(bin);
  fs.symlinkSync(kubectl.file, path.join(bin, 'kubectl'));
  try {
    return await runSession(parseSession(fs.readFileSync(path.join(HERE, file), 'utf8')), directory, {
      PATH: `${bin}${path.delimiter}${process.env['PATH']}`,
      KUBECONFIG: path.join(directory, '.jibe/clusters/default/kubeconfig'),
    });
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

/** What a script could depend on: commands, their output and their ends, without what clients say of themselves. */
const essence = (text: string): string[] => text.split('\n').filter((line) => line !== '' && !line.startsWith('! '));

const usable = kubectls().filter(({ version }) => compare(version, OLDEST) >= 0);
/** All of them take long: the newest and the oldest tell most. */
const chosen = process.env['ALL_KUBECTLS'] ? usable : usable.filter((_, i) => i === 0 || i === usable.length - 1);
const cases = sessions.flatMap((file) =>
  chosen.filter((kubectl) => suits(file, kubectl)).map((kubectl) => [file, kubectl.version, kubectl] as const),
);

test.runIf(cases.length).concurrent.for(cases.length ? cases : [['none', '', { version: '', file: '' }] as const])(
  '%s with kubectl %s',
  { timeout: SESSION_TIMEOUT_MS },
  async ([file, version, kubectl], { expect }) => {
    const golden = path.join(HERE, file);
    const seen = await see(file, kubectl);
    if (version === REFERENCE) await expect(seen).toMatchFileSnapshot(golden);
    else expect(essence(seen)).toEqual(essence(fs.readFileSync(golden, 'utf8')));
  },
);
