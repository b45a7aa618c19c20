// An API server that nothing else uses, asked over HTTP as values.
import { VirtualClock } from '../../../../src/apimachinery/clock.ts';
import { Random } from '../../../../src/apimachinery/random.ts';
import { handleHttp, type HttpResponse } from '../../../../src/cluster/apiserver/http/http-api.ts';
import { standaloneApiServer } from '../../../../src/cluster/apiserver/standalone.ts';
import { MemoryStore } from '../../../../src/cluster/storage/memory-store.ts';
import { WITHOUT_CONTROLLERS } from '../../without-controllers.ts';

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON unless it is bytes or text. */
  readonly body?: unknown;
}

export interface HttpServer {
  ask(url: string, asked?: Asked): Promise<HttpResponse>;
  /** The body as JSON. */
  json(url: string, asked?: Asked): Promise<Record<string, unknown>>;
  readonly store: MemoryStore;
  readonly clock: VirtualClock;
}

const USER = { username: 'admin', groups: ['system:masters'] };
export const NOW = Date.UTC(2026, 0, 1);

export async function httpServer(): Promise<HttpServer> {
  const clock = new VirtualClock(NOW);
  const store = new MemoryStore(clock);
  const server = standaloneApiServer({ clock, random: new Random(1), store, ...WITHOUT_CONTROLLERS });
  const ask = (url: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<HttpResponse> => {
    const bytes =
      body === undefined || body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    return handleHttp(server, { method, url, headers, body: bytes, user: USER });
  };
  await ask('/api/v1/namespaces', { method: 'POST', body: { metadata: { name: 'default' } } });
  return {
    ask,
    store,
    clock,
    json: async (url, asked) => JSON.parse(text(await ask(url, asked))) as Record<string, unknown>,
  };
}

export function text({ body }: HttpResponse): string {
  if (typeof body === 'string') return body;
  if (body instanceof Uint8Array) return Buffer.from(body).toString();
  throw new Error('a stream');
}

export const gadgets = (versions: readonly string[] = ['v1'], schema: object = { type: 'object' }): object => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'gadgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', shortNames: ['gd'], categories: ['all'] },
    versions: versions.map((name, i) => ({
      name,
      served: true,
      storage: i === 0,
      subresources: { status: {}, scale: { specReplicasPath: '.spec.n', statusReplicasPath: '.status.n' } },
      schema: { openAPIV3Schema: schema },
    })),
  },
});

export const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
