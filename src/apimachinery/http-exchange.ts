// A request over HTTP and its answer as values: for servers that are reached through another one, be they in this process or elsewhere.
import type { ByteStream } from './node-api.ts';

export type HttpHeaderValues = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface HttpExchangeRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: HttpHeaderValues;
  readonly body: Uint8Array | undefined;
}

export interface HttpExchangeResponse {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** All of it, or a stream of chunks. */
  readonly body: string | Uint8Array | ByteStream;
}

export type HttpHandler = (request: HttpExchangeRequest) => Promise<HttpExchangeResponse>;

/** All of a body. */
export async function bodyText(body: HttpExchangeResponse['body'], maxBytes: number): Promise<string> {
  if (typeof body === 'string') return body;
  if (body instanceof Uint8Array) return Buffer.from(body).toString();
  const chunks: Buffer[] = [];
  let length = 0;
  for (let chunk = await body.next(); chunk !== undefined && length <= maxBytes; chunk = await body.next()) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    length += bytes.length;
  }
  body.cancel();
  if (length > maxBytes) throw new Error(`the answer has more than ${maxBytes} bytes`);
  return Buffer.concat(chunks, length).toString();
}
