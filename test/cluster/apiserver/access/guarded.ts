// An API server where roles count, with everything it has from the start, and requests to it as HTTP has them.
import { VirtualClock } from '../../../../src/apimachinery/clock.ts';
import { isObject, type JsonObject } from '../../../../src/apimachinery/object.ts';
import { Random } from '../../../../src/apimachinery/random.ts';
import type { AccessOptions } from '../../../../src/cluster/apiserver/access.ts';
import type { ApiServer } from '../../../../src/cluster/apiserver/api-server.ts';
import type { ClientCertificate } from '../../../../src/cluster/apiserver/http/http-message.ts';
import { bootstrap } from '../../../../src/cluster/apiserver/bootstrap/bootstrap.ts';
import { handleHttp } from '../../../../src/cluster/apiserver/http/http-api.ts';
import { standaloneApiServer } from '../../../../src/cluster/apiserver/standalone.ts';
import { MemoryStore } from '../../../../src/cluster/storage/memory-store.ts';

export interface Answer {
  readonly code: number;
  /** Of a refusal. */
  readonly message: string | undefined;
  readonly body: JsonObject;
}

export interface Sent {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly clientCertificate?: ClientCertificate;
}

export interface Guarded {
  readonly server: ApiServer;
  readonly clock: VirtualClock;
  /** As an administrator, unless the headers or a certificate say otherwise. */
  send(method: string, url: string, sent?: Sent): Promise<Answer>;
}

export const ADMIN_TOKEN = 'admin-token';

export async function guarded(access: AccessOptions = {}, disableAdmissionPlugins: readonly string[] = []): Promise<Guarded> {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const random = new Random(1);
  const store = new MemoryStore(clock);
  const staticTokens = { [ADMIN_TOKEN]: { username: 'admin', groups: ['system:masters'] }, ...access.staticTokens };
  const server = standaloneApiServer({
    clock,
    random,
    store,
    disableAdmissionPlugins,
    access: { authorization: 'Node,RBAC', ...access, staticTokens },
  });
  await bootstrap({ store, clock, random });
  return {
    server,
    clock,
    async send(method, url, { body, headers = {}, clientCertificate } = {}) {
      const response = await handleHttp(server, {
        method,
        url,
        headers: {
          'content-type': 'application/json',
          ...(clientCertificate ? {} : { authorization: `Bearer ${ADMIN_TOKEN}` }),
          ...headers,
        },
        body: body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
        clientCertificate,
      });
      const { body: sent } = response;
      if (typeof sent !== 'string' && !(sent instanceof Uint8Array)) throw new Error('a watch was opened');
      const text = typeof sent === 'string' ? sent : Buffer.from(sent).toString();
      const parsed: unknown = text.startsWith('{') ? JSON.parse(text) : {};
      const object = isObject(parsed) ? parsed : {};
      return {
        code: response.code,
        message: object['kind'] === 'Status' ? (object['message'] as string | undefined) : undefined,
        body: object,
      };
    },
  };
}
