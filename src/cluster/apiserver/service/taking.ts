// What one request has taken of the ranges so far, and how it is given back where the request comes to nothing.
import type { RangeAllocator } from './allocator.ts';

/** The number before the first that a dry run makes up. */
const MADE_UP = 32_768;

export class Taking {
  private readonly addresses: RangeAllocator;
  private readonly ports: RangeAllocator;
  private readonly dryRun: boolean;
  private readonly takenAddresses: number[] = [];
  private readonly takenPorts: number[] = [];

  constructor(addresses: RangeAllocator, ports: RangeAllocator, dryRun: boolean) {
    this.addresses = addresses;
    this.ports = ports;
    this.dryRun = dryRun;
  }

  address(item: number): 'taken' | 'outside' | undefined {
    const why = this.addresses.take(item);
    if (!why) this.takenAddresses.push(item);
    return why;
  }

  anyAddress(): number | undefined {
    const found = this.addresses.takeAny();
    if (found !== undefined) this.takenAddresses.push(found);
    return found;
  }

  /** A dry run finds what is taken, and does not look at the range. */
  port(item: number): 'taken' | 'outside' | undefined {
    const why = this.dryRun ? this.portInDryRun(item) : this.ports.take(item);
    if (!why) this.takenPorts.push(item);
    return why;
  }

  private portInDryRun(item: number): 'taken' | undefined {
    return this.ports.has(item) || this.takenPorts.includes(item) ? 'taken' : undefined;
  }

  /** A dry run makes one up, outside of the range. */
  anyPort(): number | undefined {
    const found = this.dryRun ? Math.max(...(this.takenPorts.length ? this.takenPorts : [MADE_UP])) + 1 : this.ports.takeAny();
    if (found !== undefined) this.takenPorts.push(found);
    return found;
  }

  giveBack(): void {
    for (const item of this.takenAddresses.splice(0)) this.addresses.release(item);
    const ports = this.takenPorts.splice(0);
    if (!this.dryRun) for (const item of ports) this.ports.release(item);
  }
}
