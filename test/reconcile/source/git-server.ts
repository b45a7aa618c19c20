// A git server over HTTP for tests: git's own http-backend behind node:http.
import { execFileSync, spawn } from 'node:child_process';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { onTestFinished } from 'vitest';

const BACKEND = path.join(execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim(), 'git-http-backend');

export interface GitServer {
  /** Of the server's root: repositories lie below it. */
  readonly url: string;
  /** Packs that were asked for. */
  fetches: number;
}

export interface ServerOptions {
  /** `user:password` that is wanted. */
  readonly credentials?: string;
}

/** Serves the repositories below a directory for the length of a test. */
export async function serve(root: string, { credentials }: ServerOptions = {}): Promise<GitServer> {
  const state = { url: '', fetches: 0 };
  const server = http.createServer((request, response) => {
    if (credentials && request.headers.authorization !== `Basic ${Buffer.from(credentials).toString('base64')}`) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      if (/(?:^|\n)?[0-9a-f]{4}want /.test(body.toString('latin1'))) state.fetches++;
      answer(root, request, body, response);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return state;
}

function answer(root: string, request: http.IncomingMessage, body: Buffer, response: http.ServerResponse): void {
  const url = new URL(request.url!, 'http://localhost');
  const backend = spawn(BACKEND, {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method!,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      CONTENT_LENGTH: String(body.length),
    },
  });
  const output: Buffer[] = [];
  backend.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  backend.on('close', () => {
    const text = Buffer.concat(output);
    const end = text.indexOf('\r\n\r\n');
    const headers = text.toString('latin1', 0, end).split('\r\n');
    const status = headers.find((header) => header.startsWith('Status:'));
    response.statusCode = status ? Number(status.slice('Status:'.length).trim().split(' ')[0]) : 200;
    for (const header of headers) {
      const [name, value] = [header.slice(0, header.indexOf(':')), header.slice(header.indexOf(':') + 1).trim()];
      if (name && name !== 'Status') response.setHeader(name, value);
    }
    response.end(text.subarray(end + 4));
  });
  // it need not read what it has no use for
  backend.stdin.on('error', () => {});
  backend.stdin.end(body);
}
