// Commits and tags that are signed, by whom, and those that are not. The programs that sign are those that sign everywhere.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RealClock } from '../../../src/apimachinery/clock.ts';
import { openSource } from '../../../src/reconcile/source/source.ts';

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-signed-'));
const repository = path.join(directory, 'repository');
const home = path.join(directory, 'gpg');
const run = (program: string, ...args: readonly string[]): string =>
  execFileSync(program, args, { env: { ...process.env, GNUPGHOME: home }, stdio: ['ignore', 'pipe', 'ignore'] }).toString();
const git = (settings: readonly string[], ...args: readonly string[]): string => {
  const who = ['user.name=a', 'user.email=a@example.com', 'commit.gpgsign=false', ...settings].flatMap((setting) => ['-c', setting]);
  return run('git', '-C', repository, ...who, ...args);
};
const commit = (branch: string, settings: readonly string[], sign: boolean): void => {
  git([], 'checkout', '-q', '-b', branch);
  fs.writeFileSync(path.join(repository, 'a.yaml'), `# ${branch}\n`);
  git([], 'add', '.');
  git(settings, 'commit', '-q', ...(sign ? ['-S'] : []), '-m', branch);
};
const ssh = (key: string): readonly string[] => ['gpg.format=ssh', `user.signingkey=${directory}/${key}`];

beforeAll(() => {
  fs.mkdirSync(home, { mode: 0o700 });
  fs.mkdirSync(repository);
  for (const key of ['trusted', 'stranger']) {
    run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', key, '-f', `${directory}/${key}`);
    run('gpg', '--batch', '--quiet', '--passphrase', '', '--quick-generate-key', `${key}@example.com`, 'ed25519', 'sign', 'never');
  }
  const [type = '', key = ''] = fs.readFileSync(`${directory}/trusted.pub`, 'utf8').split(' ');
  fs.writeFileSync(`${directory}/signers`, `a@example.com ${type} ${key}\n`);
  fs.writeFileSync(`${directory}/keys.asc`, run('gpg', '--armor', '--export', 'trusted@example.com'));
  git([], 'init', '-q', '-b', 'plain');
  fs.writeFileSync(path.join(repository, 'a.yaml'), '');
  git([], 'add', '.');
  git([], 'commit', '-q', '-m', 'plain');
  git(ssh('trusted'), 'tag', '-s', 'v1', '-m', 'v1');
  git(ssh('stranger'), 'tag', '-s', 'v2', '-m', 'v2');
  git([], 'tag', '-a', 'v3', '-m', 'v3');
  commit('ssh-trusted', ssh('trusted'), true);
  commit('ssh-stranger', ssh('stranger'), true);
  commit('gpg-trusted', ['user.signingkey=trusted@example.com'], true);
  commit('gpg-stranger', ['user.signingkey=stranger@example.com'], true);
  // what was signed is another commit
  const forged = git([], 'cat-file', 'commit', 'gpg-trusted').replace(/\ngpg-trusted/, '\nforged');
  const oid = execFileSync('git', ['-C', repository, 'hash-object', '-t', 'commit', '-w', '--stdin'], { input: forged }).toString().trim();
  git([], 'branch', 'gpg-forged', oid);
}, 60_000);
afterAll(() => {
  execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']);
  fs.rmSync(directory, { recursive: true });
});

async function open(ref: string | undefined, format: 'gpg' | 'ssh', keys = format === 'gpg' ? 'keys.asc' : 'signers'): Promise<string> {
  const deps = { clock: new RealClock(), stdin: process.stdin, cacheDirectory: `${directory}/cache` };
  const signatures = { format, trustedKeys: `${directory}/${keys}` };
  const snapshot = await openSource({ location: repository, ...(ref === undefined ? {} : { ref }) }, { ...deps, signatures });
  await snapshot.close();
  return 'opened';
}

describe('what is signed', () => {
  test.each([
    ['ssh-trusted', 'ssh', 'opened'],
    ['gpg-trusted', 'gpg', 'opened'],
    ['v1', 'ssh', 'opened'],
    ['plain', 'ssh', 'is not signed'],
    ['plain', 'gpg', 'is not signed'],
    ['ssh-stranger', 'ssh', 'is signed with a key that is not trusted'],
    ['gpg-stranger', 'gpg', 'is signed with a key that is not trusted'],
    ['gpg-forged', 'gpg', 'has a signature that is not of what it signs'],
    ['ssh-trusted', 'gpg', 'is signed with a key that is not trusted'],
    ['gpg-trusted', 'ssh', 'is signed with a key that is not trusted'],
    ['v2', 'ssh', 'is signed with a key that is not trusted'],
    ['v3', 'ssh', 'is not signed'],
  ] as const)('%s, %s', async (ref, format, what) => {
    expect(await open(ref, format).catch((error: Error) => error.message)).toContain(what);
  });

  test('is no file on disk', async () => {
    await expect(open(undefined, 'gpg')).rejects.toThrow('files as they lie on disk are signed by nobody');
  });

  test('needs keys', async () => {
    await expect(open('gpg-trusted', 'gpg', 'signers')).rejects.toThrow('gpg finds no public keys');
  });

  test('is judged by the keys that are given, whatever the repository itself says', async () => {
    fs.writeFileSync(`${directory}/all`, `* ${fs.readFileSync(`${directory}/stranger.pub`, 'utf8')}`);
    git([], 'config', 'gpg.ssh.allowedSignersFile', `${directory}/all`);
    git([], 'config', 'gpg.program', 'true');
    await expect(open('ssh-stranger', 'ssh')).rejects.toThrow('not trusted');
    await expect(open('gpg-stranger', 'gpg')).rejects.toThrow('not trusted');
  });
});
