// What outlives the processes that run on it: the containers of all nodes, and the network between them. Simulated.
import type { Clock } from '../apimachinery/clock.ts';
import type { Random } from '../apimachinery/random.ts';
import type { Informers } from '../client/informer.ts';
import type { BehaviourDocument } from './kubelet/runtime/simulated/behaviour.ts';
import { REALISTIC, traitsOf } from './kubelet/runtime/simulated/documents.ts';
import { SimulatedRuntime } from './kubelet/runtime/simulated/simulated-runtime.ts';
import type { KubeletTraits } from './kubelet/traits.ts';
import { SimulatedNetwork } from './proxy/simulated-network.ts';

const BY_ADDRESS = 'address';

export class Machines {
  readonly runtime: SimulatedRuntime;
  /** What the kubelets of these machines do. */
  readonly traits: KubeletTraits;
  /** What tells how some of their pods, and they themselves, live. */
  readonly stages: readonly unknown[];
  /** Where a connection to an address of a Service goes. */
  readonly network: SimulatedNetwork;
  private isNodeIP: (ip: string) => boolean = () => false;

  /** Throws a BehaviourError where the document does not make sense. */
  constructor(clock: Clock, random: Random, document: BehaviourDocument = REALISTIC) {
    this.runtime = new SimulatedRuntime(clock, random, document);
    this.traits = traitsOf(document);
    this.stages = document.stages ?? [];
    this.network = new SimulatedNetwork(clock, random, (ip) => this.isNodeIP(ip));
  }

  /** Addresses of nodes are those that these informers know. */
  know(informers: Informers): void {
    const nodes = informers.of('v1/Node');
    nodes.addIndex(BY_ADDRESS, ({ status }) => (status?.addresses ?? []).map(({ address }) => address));
    this.isNodeIP = (ip) => [...nodes.byIndex(BY_ADDRESS, ip)].length > 0;
  }
}
