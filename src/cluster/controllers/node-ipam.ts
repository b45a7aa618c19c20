// Gives every node a range of pod addresses of its own. Follows pkg/controller/nodeipam/ipam (range_allocator.go) of
// kube-controller-manager.
import type { Node } from '#api/core/v1';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';

/** The cluster's pod addresses, and how large a node's share is: by default 256 nodes of 254 pods. */
export interface PodRange {
  /** IPv4, in CIDR notation. */
  readonly clusterCIDR: string;
  /** Bits of the network part of a node's range. */
  readonly nodeMaskSize: number;
}

export const DEFAULT_POD_RANGE: PodRange = { clusterCIDR: '10.244.0.0/16', nodeMaskSize: 24 };

/** Which ranges are taken. */
export class RangeAllocator {
  private readonly base: number;
  private readonly size: number;
  private readonly count: number;
  private readonly nodeMaskSize: number;
  private readonly taken = new Set<number>();
  private next = 0;

  constructor({ clusterCIDR, nodeMaskSize }: PodRange) {
    const [address = '', bits = ''] = clusterCIDR.split('/');
    this.nodeMaskSize = nodeMaskSize;
    this.size = 2 ** (32 - nodeMaskSize);
    this.count = 2 ** (nodeMaskSize - Number(bits));
    this.base = toNumber(address);
  }

  /** Undefined where all are taken. */
  allocate(): string | undefined {
    for (let tried = 0; tried < this.count; tried++) {
      const index = (this.next + tried) % this.count;
      if (this.taken.has(index)) continue;
      this.taken.add(index);
      this.next = (index + 1) % this.count;
      return `${toText(this.base + index * this.size)}/${this.nodeMaskSize}`;
    }
    return undefined;
  }

  occupy(cidr: string): void {
    const index = this.indexOf(cidr);
    if (index !== undefined) this.taken.add(index);
  }

  release(cidr: string): void {
    const index = this.indexOf(cidr);
    if (index !== undefined) this.taken.delete(index);
  }

  private indexOf(cidr: string): number | undefined {
    const index = (toNumber(cidr.split('/')[0] ?? '') - this.base) / this.size;
    return Number.isInteger(index) && index >= 0 && index < this.count ? index : undefined;
  }
}

const toNumber = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const toText = (n: number): string => [24, 16, 8, 0].map((shift) => Math.floor(n / 2 ** shift) % 256).join('.');

export function nodeIpamController(deps: ControllerDeps, range: PodRange = DEFAULT_POD_RANGE): Controller {
  const { client, informers, events } = deps;
  const nodes = informers.of('v1/Node');
  const ranges = new RangeAllocator(range);

  return controller({
    name: 'node-ipam-controller',
    deps,
    // one after the other: a node's range is chosen by what is taken
    workers: 1,
    watch(queue) {
      const seen = (node: Node): void => {
        for (const cidr of cidrsOf(node)) ranges.occupy(cidr);
        if (cidrsOf(node).length === 0 && !node.metadata.deletionTimestamp) queue.add(node.metadata.name);
      };
      nodes.addHandler({
        added: seen,
        updated: seen,
        deleted(node) {
          for (const cidr of cidrsOf(node)) ranges.release(cidr);
        },
      });
    },
    async reconcile(name) {
      const node = nodes.get('', name);
      if (!node || cidrsOf(node).length > 0 || node.metadata.deletionTimestamp) return;
      const podCIDR = ranges.allocate();
      if (podCIDR === undefined) {
        events.event(node, 'Normal', 'CIDRNotAvailable', `Node ${name} status is now: CIDRNotAvailable`);
        throw new Error(`no range of pod addresses is left for node ${name}`);
      }
      try {
        await client.patch('v1/Node', name, { spec: { podCIDR, podCIDRs: [podCIDR] } }, { type: 'strategic' });
      } catch (error) {
        ranges.release(podCIDR);
        throw error;
      }
    },
  });
}

const cidrsOf = ({ spec }: Node): readonly string[] => spec?.podCIDRs ?? (spec?.podCIDR ? [spec.podCIDR] : []);
