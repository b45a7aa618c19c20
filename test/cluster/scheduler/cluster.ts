// A scheduler over an API server of its own, on a virtual clock.
import type { Node, Pod } from '#api/core/v1';
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import type { Manifest } from '../../../src/apimachinery/object.ts';
import { Random } from '../../../src/apimachinery/random.ts';
import { Client } from '../../../src/client/client.ts';
import { EventRecorder } from '../../../src/client/event-recorder.ts';
import { Informers } from '../../../src/client/informer.ts';
import { InProcessTransport } from '../../../src/client/in-process.ts';
import { createNamespaces } from '../namespaces.ts';
import { standaloneApiServer } from '../../../src/cluster/apiserver/standalone.ts';
import { WITHOUT_CONTROLLERS } from '../without-controllers.ts';
import { scheduler, type SchedulerOptions } from '../../../src/cluster/scheduler/scheduler.ts';

export async function schedulingCluster(options: SchedulerOptions = {}) {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const random = new Random(1);
  const server = standaloneApiServer({ clock, random, ...WITHOUT_CONTROLLERS });
  const client = new Client(new InProcessTransport(server, { username: 'system:kube-scheduler', groups: [] }, 'kube-scheduler'));
  const informers = new Informers(client, clock);
  const events = new EventRecorder(client, clock, { component: 'default-scheduler' });
  const errors: unknown[] = [];
  const controller = scheduler({ client, informers, clock, random, events, onError: (_c, _k, e) => errors.push(e) }, options);
  await createNamespaces(client);
  await informers.start();
  controller.start();
  const settle = async (): Promise<void> => {
    await clock.settle();
    await events.flushed();
    await clock.settle();
  };
  const told = async (name: string): Promise<string[]> =>
    (await client.list('v1/Event')).items.filter((e) => e.involvedObject.name === name).map((e) => `${e.reason}: ${e.message}`);
  const get = (name: string): Promise<Pod> => client.get('v1/Pod', name, { namespace: 'default' });
  const nodeOf = async (name: string): Promise<string | undefined> => (await get(name)).spec.nodeName;
  return { clock, client, controller, errors, settle, told, nodeOf, get };
}

export const aNode = (
  name: string,
  allocatable: Record<string, string> = { cpu: '4', memory: '8Gi', pods: '110' },
  more: { readonly labels?: Record<string, string>; readonly spec?: Node['spec'] } = {},
): Manifest<Node> => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'kubernetes.io/hostname': name, ...more.labels } },
  spec: more.spec ?? {},
  status: { capacity: allocatable, allocatable },
});

export const aPod = (
  name: string,
  requests: Record<string, string> = {},
  spec: Partial<Pod['spec']> = {},
  labels: Record<string, string> = {},
): Manifest<Pod> => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels },
  spec: { containers: [{ name: 'app', image: 'example.test/app:1', resources: { requests } }], ...spec },
});
