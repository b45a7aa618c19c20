// A request over a connection that is no socket: to a process that the simulated runtime stands for.
import http from 'node:http';
import { Duplex } from 'node:stream';
import type { HttpExchangeRequest, HttpExchangeResponse } from '../../../apimachinery/http-exchange.ts';
import type { PodConnection } from '../../../apimachinery/node-api.ts';
import { streamOf } from './byte-stream.ts';

/** @param host as the request names it */
export function exchangeOver(
  connection: PodConnection,
  host: string,
  { method, url, headers, body }: HttpExchangeRequest,
): Promise<HttpExchangeResponse> {
  return new Promise((resolve, reject) => {
    const request = http.request({
      method,
      path: url,
      headers: { ...(headers as http.OutgoingHttpHeaders), host, connection: 'close' },
      createConnection: () => duplexOf(connection),
    });
    request.on('error', reject);
    request.on('response', (response) => {
      const { statusCode = 502 } = response;
      resolve({ code: statusCode, headers: response.headers as HttpExchangeResponse['headers'], body: streamOf(response) });
    });
    request.end(body);
  });
}

function duplexOf(connection: PodConnection): Duplex {
  const stream = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      connection.write(chunk);
      done();
    },
    final(done) {
      connection.endInput();
      done();
    },
    destroy(error, done) {
      connection.cancel();
      done(error);
    },
  });
  void connection.start((data) => void stream.push(data)).then(() => stream.push(null));
  return stream;
}
