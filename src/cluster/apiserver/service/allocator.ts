// Takes from a range, each item once: cluster addresses and node ports. Which are taken is learned from the Services that are stored;
// nothing else remembers it.
// DEVIATION: addresses are not kept as IPAddress objects, and ServiceCIDRs that are added later are not drawn from.

export type Taken = 'taken' | 'outside' | undefined;

export class RangeAllocator {
  private readonly first: number;
  private readonly size: number;
  /** Below it are the items that people like to choose themselves: these are given out last. */
  private readonly staticSize: number;
  private readonly used = new Set<number>();
  private next: number;

  constructor(first: number, size: number, staticSize: number) {
    this.first = first;
    this.size = size;
    this.staticSize = staticSize;
    this.next = staticSize;
  }

  /** Why an item cannot be had; undefined where it now is the caller's. */
  take(item: number): Taken {
    const offset = item - this.first;
    if (offset < 0 || offset >= this.size) return 'outside';
    if (this.used.has(offset)) return 'taken';
    this.used.add(offset);
    return undefined;
  }

  /** One that is free; undefined where none is. Goes round, so that what is given back is not given out again at once. */
  takeAny(): number | undefined {
    const dynamic = this.size - this.staticSize;
    for (let i = 0; i < dynamic; i++) {
      const offset = this.staticSize + ((this.next - this.staticSize + i) % dynamic);
      if (this.used.has(offset)) continue;
      this.used.add(offset);
      this.next = offset + 1;
      return this.first + offset;
    }
    for (let offset = 0; offset < this.staticSize; offset++) {
      if (this.used.has(offset)) continue;
      this.used.add(offset);
      return this.first + offset;
    }
    return undefined;
  }

  has(item: number): boolean {
    return this.used.has(item - this.first);
  }

  release(item: number): void {
    this.used.delete(item - this.first);
  }
}

export function ipv4Number(ip: string): number {
  return ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

export const ipv4Text = (number: number): string => [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');

/** As Kubernetes divides a range: at least 16 items for people, at most 256, a sixteenth between. */
const staticAddresses = (size: number): number => (size < 16 ? 0 : Math.min(Math.max(Math.floor(size / 16), 16), 256));
const staticPorts = (size: number): number => (size < 32 ? 0 : Math.min(Math.max(Math.floor(size / 32), 16), 128));

/** @param cidr such as `10.96.0.0/16` */
export function addressAllocator(cidr: string): RangeAllocator {
  const [base = '', bits = '32'] = cidr.split('/');
  // neither the network's own address nor the broadcast address
  const size = 2 ** (32 - Number(bits)) - 2;
  return new RangeAllocator(ipv4Number(base) + 1, size, staticAddresses(size));
}

export const NODE_PORTS = { first: 30_000, last: 32_767 } as const;

export function nodePortAllocator(): RangeAllocator {
  const size = NODE_PORTS.last - NODE_PORTS.first + 1;
  return new RangeAllocator(NODE_PORTS.first, size, staticPorts(size));
}
