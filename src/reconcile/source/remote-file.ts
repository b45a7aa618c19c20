// One file from a web server: over HTTPS, or from this machine itself; bounded in time and in size. Where a server leads on to another
// place, that must be such a one too.
import type { Clock } from '../../apimachinery/clock.ts';
import { redacted } from './git/url.ts';
import { httpClient } from './git/remote-http.ts';
import { MAX_FILE_BYTES } from './limits.ts';
import { SourceError, tooLarge } from './source-error.ts';
import type { HttpAnswer } from './source-tree.ts';

/** Throws {@link SourceError}. */
export async function fetchFile(url: string, clock: Clock): Promise<Uint8Array> {
  const { status, bytes } = await requestFile(url, clock);
  const where = shown(url);
  if (status === 404) throw new SourceError('NotFound', where, 'there is no such file (HTTP 404)', 'check the address');
  if (status !== 200) throw new SourceError('Unreachable', where, `the server answered HTTP ${status}`);
  return bytes;
}

/** Whatever the server answers. Throws {@link SourceError} where it cannot be reached, or not safely. */
export async function requestFile(url: string, clock: Clock, headers: Readonly<Record<string, string>> = {}): Promise<HttpAnswer> {
  const where = shown(url);
  if (!isTrustworthy(url))
    throw new SourceError(
      'InvalidPath',
      where,
      'files are fetched over https:// alone',
      'anyone on the way can change what http:// brings',
    );
  return clock.hold(read(url, where, clock, headers));
}

const shown = (url: string): string => redacted(url).replace(/\?.*/s, '');

async function read(url: string, where: string, clock: Clock, asked: Readonly<Record<string, string>>): Promise<HttpAnswer> {
  const { statusCode, body, headers = {}, url: led } = await httpClient(where, clock).request({ url, headers: { ...asked } });
  if (!isTrustworthy(led))
    throw new SourceError('InvalidPath', where, `the server leads on to ${new URL(led).host}, which is not https://`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body!) {
    size += chunk.length;
    if (size > MAX_FILE_BYTES) throw tooLarge(where, MAX_FILE_BYTES);
    chunks.push(chunk);
  }
  return { status: statusCode, headers, bytes: Buffer.concat(chunks) };
}

function isTrustworthy(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || (protocol === 'http:' && /^(?:127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(hostname));
}
