// A repository's objects and refs read by the git program: `git cat-file --batch` answers one request after the other.
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Clock } from '../../../apimachinery/clock.ts';
import { SourceError, tooLarge } from '../source-error.ts';
import type { GitObject, GitObjects } from './objects.ts';
import { runGit, startError, startGit, type GitCommand } from './program.ts';
import type { Refs } from './refs.ts';

/** All refs, however the repository keeps them. */
export async function listRefs(gitDirectory: string, where: string, clock: Clock): Promise<Refs> {
  const listed = await runGit({ gitDirectory, args: ['for-each-ref', '--format=%(objectname) %(refname)'] }, where, clock);
  const refs = new Map<string, string>();
  for (const [, oid, name] of listed.matchAll(/^([0-9a-f]+) (.+)$/gm)) refs.set(name!, oid!);
  // fails where there is no commit yet
  const head = await runGit({ gitDirectory, args: ['rev-parse', '--verify', '--quiet', 'HEAD'] }, where, clock).catch(noCommit);
  if (head) refs.set('HEAD', head.trim());
  return refs;
}

function noCommit(error: unknown): string {
  if (error instanceof SourceError && error.code === 'GitFailed') return '';
  throw error;
}

export class ProgramObjects implements GitObjects {
  private readonly gitDirectory: string;
  private readonly where: string;
  private readonly clock: Clock;
  private readonly protocol: string;
  private contents: Batch | undefined;
  private headers: Batch | undefined;

  /** @param protocol by which a partial clone may fetch what it lacks: `https:ssh`, or `none` */
  constructor(gitDirectory: string, where: string, clock: Clock, protocol: string) {
    this.gitDirectory = gitDirectory;
    this.where = where;
    this.clock = clock;
    this.protocol = protocol;
  }

  async read(oid: string, maxBytes: number): Promise<GitObject | undefined> {
    // the size first: what cat-file has begun to send it sends to the end
    this.headers ??= this.start('--batch-check');
    const header = await this.headers.ask(oid);
    if (header.size === undefined) return undefined;
    if (header.size > maxBytes) throw tooLarge(oid, maxBytes, header.size);
    this.contents ??= this.start('--batch');
    const { type, data } = await this.contents.ask(oid);
    return data && { type: type as GitObject['type'], data };
  }

  private start(mode: '--batch' | '--batch-check'): Batch {
    return new Batch({ gitDirectory: this.gitDirectory, args: ['cat-file', mode], protocol: this.protocol }, this.where);
  }

  async expand(prefix: string): Promise<readonly string[]> {
    const listed = await runGit(
      { gitDirectory: this.gitDirectory, args: ['rev-parse', `--disambiguate=${prefix}`] },
      this.where,
      this.clock,
    );
    return listed.split('\n').filter(Boolean);
  }

  async close(): Promise<void> {
    this.contents?.close();
    this.headers?.close();
    this.contents = this.headers = undefined;
  }
}

interface Answer {
  readonly type?: string;
  /** Undefined: no such object. */
  readonly size?: number;
  readonly data?: Uint8Array;
}

/** One `git cat-file` that answers in the order in which it is asked. */
class Batch {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly withData: boolean;
  private readonly where: string;
  private readonly waiting: { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void }[] = [];
  private received: Buffer[] = [];
  private receivedBytes = 0;
  /** What the answer at hand still needs before it is worth a look. */
  private needed = 1;
  private failed: SourceError | undefined;
  private complaint = '';

  constructor(command: GitCommand, where: string) {
    this.withData = command.args.includes('--batch');
    this.where = where;
    this.child = startGit(command);
    this.child.on('error', (error) => this.fail(startError(error, where)));
    this.child.on('close', () =>
      this.fail(new SourceError('Corrupt', where, `git cat-file ended: ${this.complaint.trim().slice(0, 300)}`, 'run git fsck')),
    );
    this.child.stdin.on('error', () => {});
    this.child.stderr.on('data', (chunk: Buffer) => {
      if (this.complaint.length < 4096) this.complaint += chunk.toString();
    });
    this.child.stdout.on('data', (chunk: Buffer) => this.receive(chunk));
  }

  ask(oid: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.failed) {
        reject(this.failed);
        return;
      }
      this.waiting.push({ resolve, reject });
      this.child.stdin.write(`${oid}\n`);
    });
  }

  private receive(chunk: Buffer): void {
    this.received.push(chunk);
    this.receivedBytes += chunk.length;
    while (this.receivedBytes >= this.needed) {
      const bytes = this.received.length === 1 ? this.received[0]! : Buffer.concat(this.received);
      this.received = [bytes];
      const end = bytes.indexOf(10);
      if (end < 0) {
        this.needed = bytes.length + 1;
        return;
      }
      const answer = this.answer(bytes, end);
      if (!answer) return;
      this.received = [bytes.subarray(answer.length)];
      this.receivedBytes -= answer.length;
      this.needed = 1;
      this.waiting.shift()?.resolve(answer);
    }
  }

  /** Undefined while the answer is not complete. */
  private answer(bytes: Buffer, end: number): (Answer & { readonly length: number }) | undefined {
    const header = /^[0-9a-f]+ (\w+) (\d+)$/.exec(bytes.toString('latin1', 0, end));
    if (!header) return { length: end + 1 };
    const size = Number(header[2]);
    if (!this.withData) return { type: header[1]!, size, length: end + 1 };
    this.needed = end + 1 + size + 1;
    if (bytes.length < this.needed) return undefined;
    // a copy: what arrived with it must not be kept alive
    return { type: header[1]!, size, data: Uint8Array.prototype.slice.call(bytes, end + 1, end + 1 + size), length: this.needed };
  }

  private fail(error: SourceError): void {
    this.failed ??= error;
    for (const { reject } of this.waiting.splice(0)) reject(this.failed);
  }

  close(): void {
    this.failed ??= new SourceError('Unreadable', this.where, 'the source has been closed');
    this.child.stdin.end();
    this.child.kill();
  }
}
