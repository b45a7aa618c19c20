// Whether a commit, or the tag that named it, is signed with a key that is trusted. The git program judges, with gpg or ssh-keygen; only the keys
// that were given count, none of the user's own, and no program that a repository's configuration names.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os, { devNull } from 'node:os';
import path from 'node:path';
import type { Clock } from '../../../apimachinery/clock.ts';
import { REMOTE_TIMEOUT_MS } from '../limits.ts';
import { SourceError } from '../source-error.ts';
import { startError, startGit } from './program.ts';

export interface SignaturePolicy {
  readonly format: 'gpg' | 'ssh';
  /** Public keys as gpg exports them, or for ssh a file of allowed signers (ssh-keygen(1)). */
  readonly trustedKeys: string;
}

export interface Signed {
  readonly gitDirectory: string;
  readonly commit: string;
  /** What was asked for: where it names a tag, a signature of that tag will do. */
  readonly ref: string | undefined;
  /** The repository's name for errors. */
  readonly where: string;
}

/** Throws a SourceError where neither is signed as the policy wants it. */
export async function verifySignature(signed: Signed, policy: SignaturePolicy, clock: Clock): Promise<void> {
  const home = await mkdtemp(path.join(os.tmpdir(), 'jibe-gpg-'));
  try {
    if (policy.format === 'gpg') await importKeys(policy.trustedKeys, home, signed.where, clock);
    const check = (verb: string, oid: string): Promise<Ended> => gitVerify(verb, oid, signed, policy, home, clock);
    const commit = await check('verify-commit', signed.commit);
    if (isGood(commit, policy)) return;
    const tag = await tagOf(signed, clock);
    const judged = tag === undefined ? undefined : await check('verify-tag', tag);
    if (judged && isGood(judged, policy)) return;
    throw new SourceError(
      'Unverified',
      signed.where,
      `the commit ${signed.commit.slice(0, 12)} ${whyNot(commit, judged)}`,
      `sign it with a key that --trusted-keys holds (git commit -S)`,
    );
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** The object of the tag that was asked for, if it is one and leads to the commit; undefined otherwise. */
async function tagOf({ gitDirectory, ref, commit, where }: Signed, clock: Clock): Promise<string | undefined> {
  if (ref === undefined) return undefined;
  const name = ref.startsWith('refs/tags/') ? ref : `refs/tags/${ref}`;
  const ask = async (what: string): Promise<string> =>
    (
      await ended(startGit({ gitDirectory, args: ['rev-parse', '--verify', '--quiet', '--end-of-options', what] }), where, clock)
    ).stdout.trim();
  const tag = await ask(name);
  return /^[0-9a-f]{40,64}$/.test(tag) && (await ask(`${tag}^{commit}`)) === commit ? tag : undefined;
}

function gitVerify(verb: string, oid: string, { gitDirectory, where }: Signed, policy: SignaturePolicy, home: string, clock: Clock) {
  const signers = policy.format === 'ssh' ? path.resolve(policy.trustedKeys) : devNull;
  const settings = {
    'gpg.program': 'gpg',
    'gpg.openpgp.program': 'gpg',
    'gpg.x509.program': 'false',
    'gpg.ssh.program': 'ssh-keygen',
    'gpg.ssh.allowedSignersFile': signers,
    'gpg.ssh.revocationFile': '',
    'gpg.minTrustLevel': 'undefined',
  };
  const args = [...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]), verb, '--raw', oid];
  return ended(startGit({ gitDirectory, args, env: { GNUPGHOME: home } }), where, clock);
}

/** A format that was not asked for does not count, whoever trusts it. */
function isGood({ code, stderr }: Ended, { format }: SignaturePolicy): boolean {
  const said = format === 'gpg' ? /^\[GNUPG:\] VALIDSIG /m : /^Good "git" signature for \S+ with /m;
  return code === 0 && said.test(stderr) && (format === 'ssh' || /^\[GNUPG:\] GOODSIG /m.test(stderr));
}

function whyNot(commit: Ended, tag: Ended | undefined): string {
  const said = `${commit.stderr}\n${tag?.stderr ?? ''}`;
  if (/REVKEYSIG/.test(said)) return 'is signed with a key that was revoked';
  if (/EXPKEYSIG|EXPSIG/.test(said)) return 'has a signature, or a key, that is out of date';
  if (/BADSIG|incorrect signature|Signature verification failed/.test(said)) return 'has a signature that is not of what it signs';
  if (/cannot run|No such file or directory/.test(said)) return 'cannot be verified: gpg or ssh-keygen was not found';
  if (/NO_PUBKEY|ERRSIG|No principal matched|VALIDSIG|Good "git" signature/.test(said)) return 'is signed with a key that is not trusted';
  return 'is not signed';
}

async function importKeys(file: string, home: string, where: string, clock: Clock): Promise<void> {
  const args = ['--homedir', home, '--batch', '--quiet', '--no-autostart', '--import', path.resolve(file)];
  const { code } = await ended(spawn('gpg', args, { stdio: 'pipe', env: { PATH: process.env['PATH'], LC_ALL: 'C' } }), where, clock, 'gpg');
  if (code !== 0)
    throw new SourceError('Unverified', where, `gpg finds no public keys in ${file}`, 'export them with gpg --armor --export');
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Of what a program prints. */
const MAX_OUTPUT = 64 * 1024;

function ended(child: ReturnType<typeof startGit>, where: string, clock: Clock, program = 'git'): Promise<Ended> {
  return clock.hold(
    new Promise((resolve, reject) => {
      const timer = clock.schedule(REMOTE_TIMEOUT_MS, () => child.kill('SIGKILL'), { background: true });
      let stdout = '';
      let stderr = '';
      child.stdin.end();
      child.stdout.on('data', (part: Buffer) => (stdout = (stdout + part.toString()).slice(0, MAX_OUTPUT)));
      child.stderr.on('data', (part: Buffer) => (stderr = (stderr + part.toString()).slice(0, MAX_OUTPUT)));
      child.on('error', (error) => {
        timer.cancel();
        reject(program === 'git' ? startError(error, where) : missing(program, where, error));
      });
      child.on('close', (code) => {
        timer.cancel();
        resolve({ code, stdout, stderr });
      });
    }),
  );
}

const missing = (program: string, where: string, error: Error): SourceError =>
  new SourceError(
    'GitMissing',
    where,
    `signatures are verified by ${program}, and it was not found`,
    `install ${program}, or put it on the PATH`,
    error,
  );
