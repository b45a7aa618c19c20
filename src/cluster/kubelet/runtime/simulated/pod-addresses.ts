// Addresses of simulated pods: from the node's podCIDR where it has one, else from a range that is made up for the node.

interface Range {
  readonly base: number;
  readonly size: number;
  next: number;
}

export class PodAddresses {
  private readonly ranges = new Map<string, Range>();
  private readonly taken = new Map<number, string>();
  private readonly byPod = new Map<string, number>();

  /** The same pod keeps its address. */
  allocate(podUid: string, node: string, podCIDR: string | undefined): string {
    const range = this.rangeOf(node, podCIDR);
    for (let tries = 0; tries < range.size; tries++) {
      const at = range.base + range.next;
      range.next = range.next + 1 >= range.size - 1 ? FIRST : range.next + 1;
      if (this.taken.has(at)) continue;
      this.taken.set(at, podUid);
      this.byPod.set(podUid, at);
      return dotted(at);
    }
    // more pods than addresses: a simulation does not fail for that
    return dotted(range.base + FIRST);
  }

  /** The pod has this address already. */
  take(podUid: string, ip: string): void {
    const at = ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
    if (!Number.isInteger(at) || this.taken.has(at)) return;
    this.taken.set(at, podUid);
    this.byPod.set(podUid, at);
  }

  release(podUid: string): void {
    const at = this.byPod.get(podUid);
    if (at === undefined) return;
    this.byPod.delete(podUid);
    this.taken.delete(at);
  }

  private rangeOf(node: string, podCIDR: string | undefined): Range {
    const key = podCIDR ?? node;
    let range = this.ranges.get(key);
    if (!range) {
      const [, address = '', bits = ''] = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(podCIDR ?? '') ?? [];
      const size = address ? 2 ** (32 - Number(bits)) : 256;
      const base = address ? address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) : MADE_UP + this.ranges.size * 256;
      range = { base, size, next: FIRST };
      this.ranges.set(key, range);
    }
    return range;
  }
}

/** 0 is the network, 1 the bridge. */
const FIRST = 2;
/** 10.128.0.0 */
const MADE_UP = 10 * 2 ** 24 + 128 * 2 ** 16;

const dotted = (n: number): string => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join('.');
