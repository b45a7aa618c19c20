// A cluster in this process on a virtual clock, as the recorded scenarios want one: requests as HTTP has them, a mirror of what is
// there, and rest that takes no time.
import type { UserInfo } from '../../src/apimachinery/api-request.ts';
import { VirtualClock } from '../../src/apimachinery/clock.ts';
import type { KubernetesObject } from '../../src/apimachinery/object.ts';
import { Random } from '../../src/apimachinery/random.ts';
import { Client } from '../../src/client/client.ts';
import type { Controller, ControllerDeps } from '../../src/client/controller.ts';
import { EventRecorder } from '../../src/client/event-recorder.ts';
import { Informers } from '../../src/client/informer.ts';
import { InProcessTransport } from '../../src/client/in-process.ts';
import { bootstrap } from '../../src/cluster/apiserver/bootstrap/bootstrap.ts';
import { handleHttp } from '../../src/cluster/apiserver/http/http-api.ts';
import { standaloneApiServer } from '../../src/cluster/apiserver/standalone.ts';
import { controllerSpecs, type ControllerOptions, type ControllerSpec } from '../../src/cluster/controllers/controllers.ts';
import { controllerUser } from '../../src/cluster/identities.ts';
import { kubelets } from '../../src/cluster/kubelet/kubelets.ts';
import { AT_ONCE, traitsOf } from '../../src/cluster/kubelet/runtime/simulated/documents.ts';
import { SimulatedRuntime } from '../../src/cluster/kubelet/runtime/simulated/simulated-runtime.ts';
import { scheduler } from '../../src/cluster/scheduler/scheduler.ts';
import { MemoryStore } from '../../src/cluster/storage/memory-store.ts';
import { ServedKubectl, type KubectlResult } from './served-kubectl.ts';
import { fakeKubelets, fakeNodes, fakeScheduler } from './fake-nodes.ts';

const ADMIN: UserInfo = { username: 'admin', groups: ['system:masters', 'system:authenticated'] };
const ADMIN_TOKEN = 'admin-token';

/** Whatever stands in for scheduler and kubelets. */
export const FAKE_NODES: readonly ControllerSpec[] = [
  { component: 'kwok', make: fakeNodes },
  { component: 'default-scheduler', make: fakeScheduler },
  { component: 'kubelet', make: fakeKubelets },
];

/** The real scheduler, and kubelets as kwok's stages make them, on nodes that carry kwok's annotation. */
export const SIMULATED_NODES: readonly ControllerSpec[] = [
  { component: 'default-scheduler', make: (deps) => scheduler(deps) },
  {
    component: 'kubelet',
    make: (deps) =>
      kubelets(deps, {
        runtime: new SimulatedRuntime(deps.clock, deps.random, AT_ONCE),
        traits: traitsOf(AT_ONCE),
        manages: ({ metadata }) => metadata.annotations?.['kwok.x-k8s.io/node'] === 'fake',
      }),
  },
];

export interface WorldOptions {
  readonly components?: readonly ControllerSpec[] | ((options: ControllerOptions) => readonly ControllerSpec[]);
  readonly seed?: number;
  readonly onError?: ControllerDeps['onError'];
}

interface Answer {
  readonly code: number;
  readonly headers: unknown;
  readonly body: unknown;
  readonly text: string;
}

/** A running cluster, and what tests need of it. */
export interface TestCluster {
  readonly clock: VirtualClock;
  readonly client: Client;
  readonly informers: Informers;
  /** Failures that controllers reported, and will have mended by themselves. */
  readonly errors: readonly { readonly controller: string; readonly key: string; readonly error: unknown }[];
  /** Runs kubectl, where there is one. */
  kubectl(args: readonly string[], namespace: string): Promise<KubectlResult>;
  request(method: string, url: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Adds informers before all start. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function testCluster({ components, seed = 1, onError }: WorldOptions = {}): TestCluster {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1, 12, 0, 20));
  const random = new Random(seed);
  const store = new MemoryStore(clock);
  const server = standaloneApiServer({
    clock,
    random,
    store,
    access: { authorization: 'Node,RBAC', staticTokens: { [ADMIN_TOKEN]: ADMIN } },
  });
  const clientOf = (name: string, user: UserInfo): Client => new Client(new InProcessTransport(server, user, name));
  const client = clientOf('informers', ADMIN);
  const informers = new Informers(client, clock);
  let served: ServedKubectl | undefined;
  const errors: { controller: string; key: string; error: unknown }[] = [];
  const issueToken: ControllerOptions['issueToken'] = (...about) => server.access.serviceAccountTokens.issueForSecret(...about);
  const given = { rootCA: 'ca', issueToken };
  const specs = typeof components === 'function' ? components(given) : (components ?? [...controllerSpecs(given), ...FAKE_NODES]);
  const controllers: Controller[] = specs.map(({ component, serviceAccount, make }) => {
    const own = clientOf(component, controllerUser(serviceAccount ?? component));
    const report = (name: string, key: string, error: unknown): void => {
      errors.push({ controller: name, key, error });
      onError?.(name, key, error);
    };
    return make({
      client: own,
      informers,
      clock,
      random: random.fork(),
      events: new EventRecorder(own, clock, { component }),
      onError: report,
    });
  });
  return {
    clock,
    client,
    informers,
    errors,
    async request(method, url, body, headers = {}) {
      const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
      const all = { ...(text === undefined ? {} : { 'content-type': 'application/json' }), accept: 'application/json', ...headers };
      const response = await handleHttp(server, {
        method,
        url,
        headers: all,
        body: text === undefined ? undefined : Buffer.from(text),
        user: ADMIN,
      });
      const { body: answered } = response;
      if (typeof answered !== 'string' && !(answered instanceof Uint8Array)) throw new Error('scenarios open no watches');
      const answer = typeof answered === 'string' ? answered : Buffer.from(answered).toString();
      return { code: response.code, headers: response.headers, body: parsed(answer), text: answer };
    },
    kubectl: (args, namespace) => (served ??= new ServedKubectl(server, ADMIN_TOKEN)).run(args, namespace),
    async start() {
      await bootstrap({ store, clock, random });
      await informers.start();
      for (const controller of controllers) controller.start();
      await clock.settle();
    },
    async stop() {
      await served?.close();
      await Promise.all(controllers.map((c) => c.stop()));
      await informers.stop();
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What the scenarios' replay asks of a control plane. */
export interface ScenarioWorld {
  request: TestCluster['request'];
  objects(kind: string, namespace?: string): readonly KubernetesObject[];
  seen(namespace: string): readonly KubernetesObject[];
  settle(namespace: string, quietMs: number, withinSeconds: number, also: readonly string[]): Promise<void>;
  sleep(ms: number): Promise<void>;
  kubectl: TestCluster['kubectl'];
  close(): Promise<void>;
}

interface Seen {
  readonly order: number;
  object: KubernetesObject;
  live: boolean;
}

/** @param kinds kind → its apiVersion: what is mirrored */
export async function scenarioWorld(kinds: Readonly<Record<string, string>>, options: WorldOptions = {}): Promise<ScenarioWorld> {
  const cluster = testCluster({ components: (given) => [...controllerSpecs(given), ...SIMULATED_NODES], ...options });
  const { clock } = cluster;
  const seen = new Map<string, Seen>();
  const written = new Map<string, number>();
  const touch = ({ kind, metadata: { namespace, name } }: KubernetesObject): void => {
    written.set(namespace ?? `${kind}/${name}`, clock.now());
  };
  const put = (object: KubernetesObject): void => {
    const known = seen.get(object.metadata.uid);
    if (known) Object.assign(known, { object, live: true });
    else seen.set(object.metadata.uid, { order: seen.size, object, live: true });
    touch(object);
  };
  for (const [kind, apiVersion] of Object.entries(kinds)) {
    const informer = cluster.informers.of(`${apiVersion}/${kind}` as 'example.test/v1/Any');
    informer.addHandler({
      added: put,
      updated: put,
      deleted(object) {
        const known = seen.get(object.metadata.uid);
        if (known) known.live = false;
        touch(object);
      },
    });
  }
  await cluster.start();
  const sorted = (rows: Iterable<Seen>): readonly KubernetesObject[] => [...rows].sort((a, b) => a.order - b.order).map((r) => r.object);
  return {
    request: cluster.request,
    objects: (kind, namespace) =>
      sorted([...seen.values()].filter((r) => r.live && r.object.kind === kind && r.object.metadata.namespace === namespace)),
    seen: (namespace) => sorted([...seen.values()].filter((r) => r.object.metadata.namespace === namespace)),
    async settle(namespace, quietMs, withinSeconds, also) {
      const started = clock.now();
      for (;;) {
        await clock.settle();
        const last = Math.max(started, ...[namespace, ...also].map((k) => written.get(k) ?? 0));
        if (clock.now() >= last + quietMs) return;
        if (clock.now() > started + withinSeconds * 1000) throw new Error(`no rest within ${withinSeconds} s`);
        await clock.advance(last + quietMs - clock.now());
      }
    },
    sleep: (ms) => clock.advance(ms),
    kubectl: cluster.kubectl,
    close: () => cluster.stop(),
  };
}
