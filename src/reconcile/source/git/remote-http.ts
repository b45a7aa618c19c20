// The HTTP requests that isomorphic-git makes to a remote: bounded in time and in size.
import type { HttpClient } from 'isomorphic-git';
import type { ProxyAgent } from 'undici';
import type { Clock } from '../../../apimachinery/clock.ts';
import { proxyFromEnvironment } from '../../../client/environment-proxy.ts';
import { MAX_FETCH_BYTES, REMOTE_TIMEOUT_MS } from '../limits.ts';
import { megabytes, SourceError } from '../source-error.ts';

/** @param where the remote's name for errors */
export function httpClient(where: string, clock: Clock): HttpClient {
  return {
    async request({ url, method = 'GET', headers = {}, body }) {
      const abort = new AbortController();
      const timer = clock.schedule(REMOTE_TIMEOUT_MS, () => abort.abort(), { background: true });
      try {
        const sent = body && Buffer.concat(await collect(body));
        const response = await fetchThrough(url, { method, headers, signal: abort.signal, ...(sent ? { body: sent } : {}) });
        return {
          url: response.url,
          method,
          statusCode: response.status,
          statusMessage: response.statusText,
          headers: Object.fromEntries(response.headers),
          body: bounded(response.body ?? [], where, () => timer.cancel()),
        };
      } catch (error) {
        timer.cancel();
        throw unreachable(error, where);
      }
    },
  };
}

/** Through the proxy that the environment names, as git itself. */
async function fetchThrough(url: string, init: RequestInit): Promise<Response> {
  const proxy = proxyFromEnvironment(url, process.env);
  if (proxy === undefined) return fetch(url, init);
  const { fetch: fetchBy, ProxyAgent } = await import('undici');
  const agent = agents.get(proxy) ?? new ProxyAgent(proxy);
  agents.set(proxy, agent);
  // the same standard, declared twice
  return (await fetchBy(url, { ...init, dispatcher: agent } as Parameters<typeof fetchBy>[1])) as unknown as Response;
}

/** By the proxy's URL. */
const agents = new Map<string, ProxyAgent>();

async function collect(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Uint8Array[]> {
  const out: Uint8Array[] = [];
  for await (const chunk of chunks) out.push(chunk);
  return out;
}

async function* bounded(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  where: string,
  done: () => void,
): AsyncGenerator<Uint8Array, void> {
  let size = 0;
  try {
    for await (const chunk of body) {
      size += chunk.length;
      if (size > MAX_FETCH_BYTES) {
        throw new SourceError(
          'TooLarge',
          where,
          `the remote sends more than ${megabytes(MAX_FETCH_BYTES)}`,
          'clone the repository with git, and give its path',
        );
      }
      yield chunk;
    }
  } catch (error) {
    throw unreachable(error, where);
  } finally {
    done();
  }
}

/** What went wrong below HTTP. */
function unreachable(error: unknown, where: string): SourceError {
  if (error instanceof SourceError) return error;
  if ((error as Error).name === 'AbortError')
    return new SourceError('Unreachable', where, `the remote took more than ${REMOTE_TIMEOUT_MS / 1000} s`);
  const cause = (error as Error).cause as NodeJS.ErrnoException | undefined;
  const why = cause?.code ?? cause?.message ?? (error as Error).message;
  return new SourceError('Unreachable', where, `the remote cannot be reached (${why})`, 'check the address and the network', error);
}
