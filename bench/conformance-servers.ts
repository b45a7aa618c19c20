// Servers that recorded answers are replayed into, as replay.mjs wants them: a function that sends a request, and opens watches.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { RealClock } from '../src/apimachinery/clock.ts';
import { Random } from '../src/apimachinery/random.ts';
import type { UserInfo } from '../src/apimachinery/api-request.ts';
import { loadKubeconfig } from '../src/client/kubeconfig.ts';
import { bootstrap } from '../src/cluster/apiserver/bootstrap/bootstrap.ts';
import { standaloneApiServer } from '../src/cluster/apiserver/standalone.ts';
import { MemoryStore } from '../src/cluster/storage/memory-store.ts';
import { handleHttp } from '../src/cluster/apiserver/http/http-api.ts';
import { serveCluster } from '../src/cluster/served-cluster.ts';

export interface Server {
  readonly request: unknown;
  stop(): Promise<void>;
}

/** The token of whom the requests come from, unless they say otherwise. */
const TOKEN = 'recorded';
const ADMIN: UserInfo = {
  username: 'admin',
  uid: '11111111-2222-4333-8444-555555555555',
  groups: ['system:masters', 'system:authenticated'],
};

/** Over HTTPS, as `jibe cluster start --components apiserver` serves it. @param data where server.mjs is, which speaks it */
export async function overHttps(disableAdmissionPlugins: readonly string[], data: string): Promise<Server> {
  const { connect } = (await import(pathToFileURL(path.join(data, 'server.mjs')).href)) as { connect(options: object): unknown };
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-conformance-'));
  const tokenAuthFile = path.join(home, 'tokens.csv');
  fs.writeFileSync(tokenAuthFile, `${TOKEN},${ADMIN.username},${ADMIN.uid},system:masters\n`, { mode: 0o600 });
  const served = await serveCluster({
    home,
    name: 'conformance',
    port: 0,
    components: [],
    disableAdmissionPlugins,
    tokenAuthFile,
    onError: (component, key, error) => console.error(component, key, error),
  });
  const ca = path.join(home, 'ca.pem');
  fs.writeFileSync(ca, loadKubeconfig({ env: {}, files: [served.serving.kubeconfig] }).ca!);
  return {
    request: connect({ server: served.serving.url, token: TOKEN, ca }),
    async stop() {
      await served.stop();
      fs.rmSync(home, { recursive: true });
    },
  };
}

/** Into a server of this process, without a network between. */
export function inProcess(disableAdmissionPlugins: readonly string[]): Server {
  const clock = new RealClock();
  const store = new MemoryStore(clock);
  const random = new Random(1);
  const server = standaloneApiServer({
    clock,
    random,
    store,
    disableAdmissionPlugins,
    access: { authorization: 'Node,RBAC', staticTokens: { [TOKEN]: ADMIN } },
  });
  const booted = bootstrap({ store, clock, random });
  const send = async (method: string, url: string, body?: unknown, headers: Record<string, string> = {}): Promise<unknown> => {
    await booted;
    // some answers are those of a store that has been compacted
    if (method === 'POST' && url === '/api/v1/namespaces') store.compact(store.revision);
    const text = body === undefined || typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    const all = {
      'user-agent': 'node',
      ...(text === undefined ? {} : { 'content-type': 'application/json' }),
      accept: 'application/json',
      authorization: `Bearer ${TOKEN}`,
      ...headers,
    };
    const response = await handleHttp(server, {
      method,
      url,
      headers: all,
      body: typeof text === 'string' ? Buffer.from(text) : text,
    });
    if (typeof response.body !== 'string' && !(response.body instanceof Uint8Array)) {
      response.body.cancel();
      return { code: response.code, headers: response.headers, body: '', text: '', bytes: new Uint8Array() };
    }
    const bytes = Buffer.from(response.body);
    const answered = bytes.toString();
    return { code: response.code, headers: response.headers, body: parsed(answered), text: answered, bytes };
  };
  const request = Object.assign(send, {
    watch(url: string, headers: Record<string, string> = {}) {
      const events: unknown[] = [];
      let code = 0;
      let cancel = (): void => {};
      const opened = handleHttp(server, {
        method: 'GET',
        url,
        headers: { authorization: `Bearer ${TOKEN}`, ...headers },
        body: undefined,
      }).then((response) => {
        code = response.code;
        const { body } = response;
        if (typeof body === 'string' || body instanceof Uint8Array) {
          events.push(parsed(Buffer.from(body).toString()));
          return;
        }
        cancel = () => body.cancel();
        void (async () => {
          // a chunk holds whole lines, often several
          for (let chunk = await body.next(); chunk !== undefined; chunk = await body.next())
            for (const line of Buffer.from(chunk).toString().split('\n')) if (line) events.push(JSON.parse(line));
        })();
      });
      return {
        opened,
        async collect() {
          await opened;
          await new Promise((resolve) => setTimeout(resolve, 20));
          return { code, events: events.splice(0) };
        },
        close: () => cancel(),
      };
    },
  });
  return { request, stop: () => Promise.resolve() };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
