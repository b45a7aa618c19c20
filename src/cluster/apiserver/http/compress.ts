// Large answers are compressed where the client takes that, as Kubernetes does: from 128 KiB on, at the least effort.
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { header, type HttpRequest, type HttpResponse } from './http-message.ts';

const THRESHOLD_BYTES = 128 * 1024;
const zip = promisify(gzip);

export async function compressed(request: HttpRequest, response: HttpResponse): Promise<HttpResponse> {
  const { body } = response;
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) return response;
  // what another server has encoded stays as it is
  if (response.headers['content-encoding'] !== undefined) return response;
  // text of that many characters has at least as many bytes
  if (body.length < THRESHOLD_BYTES || !takesGzip(request)) return response;
  const { vary } = response.headers;
  const headers = {
    ...response.headers,
    'content-encoding': 'gzip',
    vary: vary === undefined ? 'Accept-Encoding' : `${String(vary)}, Accept-Encoding`,
  };
  return { ...response, headers, body: await zip(body, { level: 1 }) };
}

const takesGzip = (request: HttpRequest): boolean =>
  (header(request, 'accept-encoding') ?? '').split(',').some((part) => part.split(';')[0]!.trim() === 'gzip');
