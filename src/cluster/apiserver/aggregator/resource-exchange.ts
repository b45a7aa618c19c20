// Requests of clients in this process to servers that speak HTTP alone: written as such, and the answers read back.
import type { ResourceRequest, ResourceResponse, WatchEvent, WatchStream } from '../../../apimachinery/api-request.ts';
import { bodyText, type HttpExchangeResponse } from '../../../apimachinery/http-exchange.ts';
import { encodeJson } from '../../../apimachinery/json/encode.ts';
import type { ByteStream } from '../../../apimachinery/node-api.ts';
import { isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { deleteBody, METHODS, PATCH_TYPES, requestPath, withKinds } from '../../../apimachinery/request-form.ts';
import { StatusError, statusError } from '../../../apimachinery/status-error.ts';
import type { HttpRequest } from '../http/http-message.ts';

const MAX_ANSWER_BYTES = 64 * 2 ** 20;
/** Of an event. */
const LONGEST_LINE = 64 * 2 ** 20;

export function requestOf(request: ResourceRequest): HttpRequest {
  const { verb, body, userAgent, options } = request;
  const type = body?.patchType ? PATCH_TYPES[body.patchType] : 'application/json';
  const deletes = verb === 'delete' || verb === 'deletecollection';
  const sent = deletes ? deleteBody(options) : body?.value;
  return {
    method: METHODS[verb],
    url: requestPath(request),
    headers: { accept: 'application/json', 'user-agent': userAgent, ...(sent === undefined ? {} : { 'content-type': type }) },
    body: sent === undefined ? undefined : Buffer.from(encodeJson(sent)),
  };
}

/** Throws a StatusError where the answer is a refusal. */
export async function responseOf(request: ResourceRequest, { code, body }: HttpExchangeResponse): Promise<ResourceResponse> {
  if (request.verb === 'watch' && code === 200 && typeof body === 'object' && 'next' in body)
    return { is: 'watch', watch: new LineWatch(body), warnings: [] };
  const text = await bodyText(body, MAX_ANSWER_BYTES);
  const value = parsed(text);
  if (code >= 200 && code < 300 && value) return { is: 'object', code, object: withKinds(value), warnings: [] };
  if (value?.['kind'] === 'Status') throw new StatusError({ code, ...value });
  throw refusal(request, code, text.trim());
}

/** Refusals that are no Status are told in the client's own words, as client-go does. */
function refusal({ verb, group, resource }: ResourceRequest, code: number, text: string): StatusError {
  const details = { group, kind: resource };
  const what = `(${verb} ${resource}.${group})`;
  if (code === 503)
    return statusError({
      code,
      reason: 'ServiceUnavailable',
      message: `the server is currently unable to handle the request ${what}`,
      details,
    });
  if (code === 404)
    return statusError({ code, reason: 'NotFound', message: `the server could not find the requested resource ${what}`, details });
  const message = `an error on the server (${JSON.stringify(text || 'unknown')}) has prevented the request from succeeding ${what}`;
  return statusError({ code, reason: 'InternalError', message, details });
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    // plain text: the caller says what that means
    return undefined;
  }
}

/** The events of a watch: a JSON object a line. */
class LineWatch implements WatchStream {
  private readonly body: ByteStream;
  private readonly decoder = new TextDecoder();
  private readonly ready: WatchEvent[] = [];
  private rest = '';

  constructor(body: ByteStream) {
    this.body = body;
  }

  async next(): Promise<WatchEvent | undefined> {
    while (this.ready.length === 0) {
      const chunk = await this.body.next();
      if (chunk === undefined) return undefined;
      this.rest += typeof chunk === 'string' ? chunk : this.decoder.decode(chunk, { stream: true });
      if (this.rest.length > LONGEST_LINE) throw new Error('an event of a watch is too long');
      const lines = this.rest.split('\n');
      this.rest = lines.pop()!;
      for (const line of lines) if (line.trim()) this.ready.push(JSON.parse(line) as WatchEvent);
    }
    return this.ready.shift();
  }

  poll(): WatchEvent | undefined {
    return this.ready.shift();
  }

  cancel(): void {
    this.body.cancel();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<WatchEvent> {
    for (let event = await this.next(); event; event = await this.next()) yield event;
  }
}
