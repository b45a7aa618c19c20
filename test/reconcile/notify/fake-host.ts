// A git host, or a chat, on this machine: it notes what it is asked and answers as it is told to.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly what: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

export class FakeHost {
  readonly received: Received[] = [];
  /** Status and JSON for the next requests, in their order; then 200 and an empty list. */
  answers: (readonly [number, unknown])[] = [];
  private readonly server: Server;
  url = '';

  private constructor() {
    this.server = createServer((request, response) => {
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => {
        this.received.push({ what: `${request.method} ${request.url}`, headers: request.headers, body });
        const [status, answer] = this.answers.shift() ?? [200, []];
        response.writeHead(status, { connection: 'close' }).end(JSON.stringify(answer));
      });
    });
  }

  static async start(): Promise<FakeHost> {
    const host = new FakeHost();
    await new Promise<void>((resolve) => host.server.listen(0, '127.0.0.1', resolve));
    host.url = `http://127.0.0.1:${(host.server.address() as AddressInfo).port}`;
    return host;
  }

  async stop(): Promise<void> {
    await new Promise((resolve) => this.server.close(resolve));
  }
}
