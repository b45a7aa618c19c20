// What simulated containers answer to those who connect: to `attach` what they print, to a connection on a port that they declare an HTTP
// answer which says who they are.
import type { Pod } from '#api/core/v1';
import type { ExecEnd, ExecSession, OutputName, PodConnection } from '../../../../apimachinery/node-api.ts';
import type { LogLine } from '../runtime.ts';

/** @param follow tells of each line that is printed from now on, and `undefined` when the container has exited */
export function attachSession(follow: (told: (line: LogLine | undefined) => void) => () => void, exitCode: () => number): ExecSession {
  let stop: (() => void) | undefined;
  let ended: ((end: ExecEnd) => void) | undefined;
  return {
    write: () => undefined,
    endInput: () => undefined,
    resize: () => undefined,
    start(output: (name: OutputName, data: Uint8Array) => void) {
      return new Promise((resolve) => {
        ended = resolve;
        stop = follow((line) => {
          if (line) output(line.stream, Buffer.from(`${line.text}\n`));
          else resolve({ exitCode: exitCode() });
        });
      });
    },
    cancel() {
      stop?.();
      ended?.({ exitCode: 0 });
    },
  };
}

const MAX_HEAD = 64 * 1024;

/** Answers HTTP requests, one after the other, and closes when it is asked to. */
export class SimulatedServer implements PodConnection {
  private readonly pod: Pod;
  private readonly port: number;
  private head = '';
  /** Of the request's body, in bytes. */
  private bodyLeft = 0;
  private output: (data: Uint8Array) => void = () => undefined;
  private close: (() => void) | undefined;

  constructor(pod: Pod, port: number) {
    this.pod = pod;
    this.port = port;
  }

  start(output: (data: Uint8Array) => void): Promise<void> {
    this.output = output;
    return new Promise((resolve) => (this.close = resolve));
  }

  write(data: Uint8Array): void {
    this.head += this.withoutBody(Buffer.from(data).toString('latin1'));
    for (let end = this.head.indexOf('\r\n\r\n'); end >= 0; end = this.head.indexOf('\r\n\r\n')) {
      const head = this.head.slice(0, end);
      this.bodyLeft = Number(/\r\ncontent-length:\s*(\d+)/i.exec(head)?.[1] ?? 0);
      this.head = this.withoutBody(this.head.slice(end + 4));
      this.answer(head);
    }
    if (this.head.length > MAX_HEAD) this.cancel();
  }

  /** What belongs to the request before is of no interest. */
  private withoutBody(text: string): string {
    const skipped = Math.min(this.bodyLeft, text.length);
    this.bodyLeft -= skipped;
    return text.slice(skipped);
  }

  private answer(head: string): void {
    const [line = ''] = head.split('\r\n');
    const { name, namespace } = this.pod.metadata;
    const body = `${line}\nanswered by pod ${namespace}/${name} on port ${this.port} (simulated)\n`;
    const closes = /\r\nconnection:\s*close/i.test(head) || line.endsWith('HTTP/1.0');
    const headers = [
      'HTTP/1.1 200 OK',
      'content-type: text/plain; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      ...(closes ? ['connection: close'] : []),
    ];
    this.output(Buffer.from(`${headers.join('\r\n')}\r\n\r\n${line.startsWith('HEAD ') ? '' : body}`));
    if (closes) this.cancel();
  }

  endInput(): void {
    this.cancel();
  }

  cancel(): void {
    this.close?.();
  }
}
