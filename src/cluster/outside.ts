// The way out of this process, to servers that a served cluster's API server passes requests on to: HTTP over real connections, with
// failures in the words of Go's HTTP client.
import http from 'node:http';
import https from 'node:https';
import { RealClock, type Timer } from '../apimachinery/clock.ts';
import type { HttpExchangeResponse } from '../apimachinery/http-exchange.ts';
import type { Dial, Tls } from './apiserver/aggregator/backends.ts';
import { streamOf } from './apiserver/aggregator/byte-stream.ts';

const CONNECT_TIMEOUT_MS = 30_000;

/** The world's clock: connections know no other. */
const clock = new RealClock();

/** A connection for each request: there are few, and who answers may change. */
export const dialOutside: Dial = ({ host, port, tls }, { method, url, headers, body }, { timeoutMs }) =>
  new Promise((resolve, reject) => {
    const name = tls?.serverName ?? host;
    const options: https.RequestOptions = {
      host,
      port,
      method,
      path: url,
      agent: false,
      headers: { ...(headers as http.OutgoingHttpHeaders), host: port === (tls ? 443 : 80) ? name : `${name}:${port}` },
      ...(tls ? tlsOptions(tls) : {}),
    };
    const request = tls ? https.request(options) : http.request(options);
    const giveUp = (afterMs: number, words: string): Timer => clock.schedule(afterMs, () => request.destroy(new TimeoutError(words)));
    const connecting = giveUp(CONNECT_TIMEOUT_MS, `dial tcp ${host}:${port}: i/o timeout`);
    const waiting = timeoutMs === undefined ? undefined : giveUp(timeoutMs, 'context deadline exceeded');
    request.on('socket', (socket) => socket.once(tls ? 'secureConnect' : 'connect', () => connecting.cancel()));
    request.on('error', (error) => {
      connecting.cancel();
      waiting?.cancel();
      reject(new Error(reasonOf(error, host, port), { cause: error }));
    });
    request.on('response', (response) => {
      connecting.cancel();
      waiting?.cancel();
      // a peer that hangs up ends the body; whoever reads it sees that
      response.on('error', () => undefined);
      const { statusCode = 502 } = response;
      resolve({ code: statusCode, headers: response.headers as HttpExchangeResponse['headers'], body: streamOf(response) });
    });
    request.end(body);
  });

class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

function tlsOptions({ serverName, caBundle, insecureSkipVerify, client }: Tls): https.RequestOptions {
  return {
    // an address is no name that could be asked for
    servername: /^[\d.:]+$/.test(serverName) ? '' : serverName,
    rejectUnauthorized: !insecureSkipVerify,
    ...(caBundle ? { ca: Buffer.from(caBundle, 'base64').toString() } : {}),
    ...client,
  };
}

function reasonOf(error: Error, host: string, port: number): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (error instanceof TimeoutError) return message;
  if (code === 'ECONNREFUSED') return `dial tcp ${host}:${port}: connect: connection refused`;
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return `dial tcp ${host}:${port}: connect: no route to host`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${host}: no such host`;
  if (code === 'ECONNRESET') return 'EOF';
  if (/CERT|SIGNATURE|ISSUER/.test(code)) return `tls: failed to verify certificate: x509: ${message}`;
  if (code === 'EPROTO') return 'http: server gave HTTP response to HTTPS client';
  return message;
}
