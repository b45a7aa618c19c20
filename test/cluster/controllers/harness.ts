// A cluster for tests of controllers: the server, the controllers, nodes and pods that are ready at once, on a virtual clock.
import type { Node, Pod } from '#api/core/v1';
import type { ReplicaSet } from '#api/apps/v1';
import { testCluster, type TestCluster, type WorldOptions } from '../scenario-world.ts';

export const NAMESPACE = 'default';

/** Started, with the namespace `default` and so many nodes. */
export async function startedCluster(nodes = 2, options: WorldOptions = {}): Promise<TestCluster> {
  const cluster = testCluster(options);
  await cluster.start();
  for (let i = 1; i <= nodes; i++)
    await cluster.client.create('v1/Node', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name: `node-${i}`,
        annotations: { 'kwok.x-k8s.io/node': 'fake' },
        labels: { 'topology.kubernetes.io/zone': `zone-${i}` },
      },
    });
  await cluster.clock.settle();
  return cluster;
}

/** Messages of the events about objects of a kind, in the order in which they were first told. */
export async function told(cluster: TestCluster, kind: string): Promise<string[]> {
  const events = (await cluster.client.list('v1/Event')).items;
  return events.filter((e) => e.involvedObject.kind === kind).map((e) => `${e.reason}: ${e.message}`);
}

export const template = (image = 'example.test/app:1', annotations?: Readonly<Record<string, string>>) => ({
  metadata: { labels: { app: 'web' }, ...(annotations ? { annotations } : {}) },
  spec: { containers: [{ name: 'app', image }] },
});

/** An object as a store would have it: for pure functions. */
export function stored<T>(object: { readonly [K in Exclude<keyof T, 'metadata'>]?: unknown } & { readonly metadata: object }): T {
  const metadata = object.metadata as { readonly name?: string };
  return {
    ...object,
    metadata: {
      namespace: NAMESPACE,
      uid: `uid-of-${metadata.name}`,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...metadata,
    },
  } as unknown as T;
}

export interface PodSketch {
  readonly name: string;
  readonly phase?: string;
  readonly ready?: boolean;
  readonly deleted?: boolean;
  readonly node?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly created?: string;
  readonly ip?: string;
}

export function pod({
  name,
  phase = 'Running',
  ready = phase === 'Running',
  deleted = false,
  node = 'node-1',
  labels,
  annotations,
  created,
  ip,
}: PodSketch): Pod {
  return stored<Pod>({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ...(created ? { creationTimestamp: created } : {}),
      ...(deleted ? { deletionTimestamp: '2026-01-01T00:01:00Z' } : {}),
    },
    spec: { containers: [{ name: 'app', image: 'example.test/app:1' }], ...(node ? { nodeName: node } : {}) },
    status: {
      phase,
      ...(ip ? { podIP: ip, podIPs: [{ ip }] } : {}),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: '2026-01-01T00:00:10Z' }],
    },
  });
}

export const node = (name: string, spec: Node['spec'] = {}, labels: Readonly<Record<string, string>> = {}): Node =>
  stored<Node>({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, spec });

export interface SetSketch {
  readonly name: string;
  readonly replicas: number;
  readonly available?: number;
  readonly image?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly created?: string;
}

export function replicaSet({ name, replicas, available = replicas, image, annotations, created }: SetSketch): ReplicaSet {
  return stored<ReplicaSet>({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name, ...(annotations ? { annotations } : {}), ...(created ? { creationTimestamp: created } : {}) },
    spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template(image) },
    status: { replicas, readyReplicas: available, availableReplicas: available, terminatingReplicas: 0 },
  });
}

/** Milliseconds since 1970 of a time on the day of all tests. */
export const at = (time: string): number => Date.parse(`2026-01-01T${time}Z`);
