// A whole cluster on a virtual clock: API server, controllers, scheduler and simulated nodes, with short words for what scenarios do.
import type { Event, Pod } from '#api/core/v1';
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import type { KubernetesObject, Manifest, ObjectOf } from '../../../src/apimachinery/object.ts';
import { Random } from '../../../src/apimachinery/random.ts';
import { isConflict } from '../../../src/apimachinery/status-error.ts';
import type { Client } from '../../../src/client/client.ts';
import { Cluster, COMPONENT_NAMES } from '../../../src/cluster/cluster.ts';

export const NAMESPACE = 'default';
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;

export interface World {
  readonly clock: VirtualClock;
  readonly client: Client;
  readonly cluster: Cluster;
  /** What components could not do; that another wrote meanwhile does not count. */
  readonly errors: readonly string[];
  /** `kind` as clients have it: `apps/v1/Deployment`. */
  make<K extends string>(kind: K, name: string, rest: object, metadata?: object): Promise<ObjectOf<K>>;
  get<K extends string>(kind: K, name: string): Promise<ObjectOf<K>>;
  list<K extends string>(kind: K): Promise<readonly ObjectOf<K>[]>;
  patch(kind: string, name: string, patch: object): Promise<void>;
  remove(kind: string, name: string, options?: object): Promise<void>;
  /** The node falls silent, for good. */
  lose(node: string): Promise<void>;
  advance(ms: number): Promise<void>;
  /** Until it holds: time leaps on by seconds, at most so far. */
  until(holds: () => Promise<boolean>, withinMs?: number): Promise<void>;
  /** `reason: message` of the events about objects of a kind, in the order in which they were first told. */
  told(kind: string, name?: string): Promise<string[]>;
}

/** @param startMs when it begins */
export async function scenario(
  run: (world: World) => Promise<void>,
  { nodes = 3, startMs = Date.UTC(2026, 0, 1) }: { readonly nodes?: number; readonly startMs?: number } = {},
): Promise<void> {
  const clock = new VirtualClock(startMs);
  const errors: string[] = [];
  const onError = (component: string, key: string, error: unknown): void => {
    if (!isConflict(error)) errors.push(`${component} ${key}: ${String(error)}`);
  };
  const components = COMPONENT_NAMES.filter((name) => name !== 'nodes');
  const cluster = await Cluster.start({ clock, random: new Random(1), nodes, onError, components });
  const lost = new Set<string>();
  const machines = await cluster.startProcess(['nodes'], { manages: ({ metadata }) => !lost.has(metadata.name) });
  const client = cluster.client();
  const scope = async (kind: string): Promise<{ namespace?: string }> =>
    (await client.resolve(kind))?.namespaced ? { namespace: NAMESPACE } : {};
  const world: World = {
    clock,
    client,
    cluster,
    errors,
    async make(kind, name, rest, metadata = {}) {
      const short = kind.slice(kind.lastIndexOf('/') + 1);
      const apiVersion = kind.slice(0, -short.length - 1);
      const object = { apiVersion, kind: short, ...rest, metadata: { name, ...(await scope(kind)), ...metadata } };
      return client.create(kind, object as Manifest<KubernetesObject>);
    },
    get: async (kind, name) => client.get(kind, name, await scope(kind)),
    list: async (kind) => (await client.list(kind, await scope(kind))).items,
    async patch(kind, name, patch) {
      await client.patch(kind, name, patch, { type: 'strategic', ...(await scope(kind)) });
    },
    async remove(kind, name, options = {}) {
      await client.delete(kind, name, { ...(await scope(kind)), ...options });
    },
    async lose(node) {
      lost.add(node);
      // whoever looks after nodes looks again
      await client.patch('v1/Node', node, { metadata: { labels: { lost: 'true' } } }, { type: 'strategic' });
    },
    advance: (ms) => clock.advance(ms),
    async until(holds, withinMs = 10 * MINUTE) {
      const end = clock.now() + withinMs;
      while (!(await holds())) {
        if (clock.now() >= end) throw new Error(`it did not come to be within ${withinMs / SECOND} s`);
        await clock.advance(SECOND);
      }
    },
    async told(kind, name) {
      const events: readonly Event[] = (await client.list('v1/Event')).items;
      return events
        .filter(({ involvedObject: about }) => about.kind === kind && (name === undefined || about.name === name))
        .map((e) => `${e.reason}: ${e.message}`);
    },
  };
  await clock.advance(5 * SECOND);
  try {
    await run(world);
  } finally {
    await machines.stop();
    await cluster.stop();
  }
}

export const IMAGE = 'example.test/app:1';

export const template = (spec: object = {}, metadata: object = {}) => ({
  metadata: { labels: { app: 'web' }, ...metadata },
  spec: { containers: [{ name: 'app', image: IMAGE }], ...spec },
});

export const selector = { matchLabels: { app: 'web' } };

export const readyOf = (pods: readonly Pod[]): string[] =>
  pods.filter((p) => p.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True')).map((p) => p.metadata.name);

/** Without what changes from run to run. */
export const plain = (texts: readonly string[]): string[] => texts.map((t) => t.replace(/pvc-[0-9a-f-]{36}/g, 'pvc-<uid>'));
