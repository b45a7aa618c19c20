// Kubelets over a simulated runtime and an API server of their own, on a virtual clock.
import type { Pod } from '#api/core/v1';
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
import { kubelets } from '../../../src/cluster/kubelet/kubelets.ts';
import type { BehaviourDocument } from '../../../src/cluster/kubelet/runtime/simulated/behaviour.ts';
import { REALISTIC, traitsOf } from '../../../src/cluster/kubelet/runtime/simulated/documents.ts';
import { SimulatedRuntime } from '../../../src/cluster/kubelet/runtime/simulated/simulated-runtime.ts';
import { Link } from '../../../src/cluster/simulation/link.ts';

export const START = Date.UTC(2026, 0, 1);

/** `link` is the kubelets' way to the API server. */
export async function kubeletCluster(document: BehaviourDocument = REALISTIC, staticPods: readonly Manifest<Pod>[] = []) {
  const clock = new VirtualClock(START);
  const random = new Random(1);
  const server = standaloneApiServer({ clock, random, ...WITHOUT_CONTROLLERS });
  const transport = new InProcessTransport(server, { username: 'system:node:a', groups: [] }, 'kubelet');
  const client = new Client(transport);
  const link = new Link(clock, random);
  const kubeletClient = new Client(link.over(transport));
  const events = new EventRecorder(client, clock, { component: 'kubelet' });
  const errors: unknown[] = [];
  const begin = async (manifests = staticPods) => {
    const informers = new Informers(kubeletClient, clock);
    const runtime = new SimulatedRuntime(clock, random, document);
    const controller = kubelets(
      { client: kubeletClient, informers, clock, random, events, onError: (_c, _k, e) => errors.push(e) },
      {
        runtime,
        traits: traitsOf(document),
        stages: document.stages ?? [],
        staticPods: () => manifests,
        register: [{ apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' }, spec: {} }],
        manages: ({ metadata }) => metadata.annotations?.['lost'] === undefined,
      },
    );
    await informers.start();
    controller.start();
    await clock.settle();
    return { runtime, controller };
  };
  await createNamespaces(client);
  const { runtime, controller } = await begin();
  let last = controller;
  const get = (name: string): Promise<Pod> => client.get('v1/Pod', name, { namespace: 'default' });
  const create = (pod: Manifest<Pod>): Promise<Pod> => client.create('v1/Pod', pod);
  const told = async (kind = 'Pod'): Promise<string[]> => {
    await clock.settle();
    return (await client.list('v1/Event')).items.filter((e) => e.involvedObject.kind === kind).map((e) => `${e.reason}: ${e.message}`);
  };
  /** What a pod shows after each stretch of time, in short. */
  const watch = async (name: string, ...seconds: number[]): Promise<string[]> => {
    const seen: string[] = [];
    for (const s of seconds) {
      await clock.advance(START + s * 1000 - clock.now());
      const pod = (await client.list('v1/Pod')).items.find((p) => p.metadata.name === name);
      seen.push(`${s}s ${pod ? summary(pod) : 'gone'}`);
    }
    return seen;
  };
  /** As after a restart of the process: nothing is known but what is stored. */
  const restart = async (manifests = staticPods): Promise<void> => {
    await last.stop();
    ({ controller: last } = await begin(manifests));
  };
  return { clock, client, link, runtime, errors, restart, get, create, told, watch };
}

/** `Running ready=True app:running/0` */
export function summary({ status }: Pod): string {
  const ready = status?.conditions?.find((c) => c.type === 'Ready')?.status ?? '-';
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].map((c) => {
    const { waiting, running, terminated } = c.state ?? {};
    const state = waiting?.reason ?? (running ? 'running' : `${terminated?.reason}(${terminated?.exitCode})`);
    return `${c.name}:${state}/${c.restartCount}`;
  });
  return [status?.phase ?? 'Pending', `ready=${ready}`, ...containers].join(' ');
}

export const podOn = (name: string, spec: Partial<Pod['spec']> = {}, metadata: Partial<Manifest<Pod>['metadata']> = {}): Manifest<Pod> => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', ...metadata },
  spec: { containers: [{ name: 'app', image: 'example.test/app:1' }], nodeName: 'a', ...spec },
});
