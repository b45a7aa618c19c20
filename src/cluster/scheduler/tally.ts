// How many pods match, by the value of a node label, kept from one scheduling cycle to the next: only nodes that have changed in between
// are looked at again. What-ifs lay their changes over it.
import type { Snapshot } from './framework.ts';
import type { NodeInfo } from './node-info.ts';

/** Nodes, times tallies, that are kept all in all. */
const MAX_KEPT = 1_000_000;
const MIN_TALLIES = 16;

interface Domain {
  readonly value: string;
  count: number;
  nodes: number;
}

export class Tally {
  private readonly valueOf: (node: NodeInfo) => string | undefined;
  private readonly countOn: (node: NodeInfo) => number;
  private readonly domains = new Map<string, Domain>();
  /** By slot, as the next. */
  private readonly domainOf: (Domain | undefined)[] = [];
  private readonly counts: number[] = [];
  /** Count → domains that have it. */
  private readonly domainsWith = new Map<number, number>();
  private least_ = 0;
  private total_ = 0;
  private position = -1;

  /**
   * @param valueOf the node's domain; undefined: it does not count
   * @param countOn matching pods on the node
   */
  constructor(valueOf: (node: NodeInfo) => string | undefined, countOn: (node: NodeInfo) => number) {
    this.valueOf = valueOf;
    this.countOn = countOn;
  }

  /** Brings it up to date. @param again whether what it counts has changed everywhere */
  follow(snapshot: Snapshot, again = false): void {
    const changed = this.position < 0 || again ? undefined : snapshot.changedSince(this.position);
    this.position = snapshot.position;
    if (changed) {
      for (const node of changed) this.look(node);
      return;
    }
    while (this.domainOf.length < snapshot.slotsInUse) {
      this.domainOf.push(undefined);
      this.counts.push(0);
    }
    this.domainOf.fill(undefined);
    this.domains.clear();
    this.domainsWith.clear();
    this.total_ = 0;
    for (const node of snapshot.nodes) this.look(node);
  }

  get size(): number {
    return this.domains.size;
  }

  get total(): number {
    return this.total_;
  }

  count(value: string): number {
    return this.domains.get(value)?.count ?? 0;
  }

  /** Undefined: the node does not count. */
  domainAround({ slot }: NodeInfo): Domain | undefined {
    return this.domainOf[slot];
  }

  /** In the node's domain. Undefined: it does not count. */
  countAround({ slot }: NodeInfo): number | undefined {
    return this.domainOf[slot]?.count;
  }

  /** On the node alone. */
  countOnly(node: NodeInfo): number {
    return this.domainOf[node.slot] ? this.counts[node.slot]! : 0;
  }

  /** The fewest in any domain. */
  least(changes?: ReadonlyMap<string, number>): number {
    if (this.domains.size === 0) return 0;
    while (!this.domainsWith.get(this.least_)) this.least_++;
    if (!changes?.size) return this.least_;
    const moved = new Map<number, number>();
    const move = (count: number, by: number): void => void moved.set(count, (moved.get(count) ?? 0) + by);
    let least = this.least_;
    for (const [value, by] of changes) {
      const domain = this.domains.get(value);
      if (!domain || by === 0) continue;
      move(domain.count, -1);
      move(domain.count + by, 1);
      least = Math.min(least, domain.count + by);
    }
    while ((this.domainsWith.get(least) ?? 0) + (moved.get(least) ?? 0) <= 0) least++;
    return least;
  }

  private look(node: NodeInfo): void {
    const { slot } = node;
    let domain = this.domainOf[slot];
    const value = node.gone ? undefined : this.valueOf(node);
    if (domain && domain.value !== value) {
      this.drop(slot, domain);
      domain = undefined;
    }
    if (value === undefined) return;
    const count = this.countOn(node);
    if (!domain) {
      domain = this.domains.get(value);
      if (!domain) {
        domain = { value, count: 0, nodes: 0 };
        this.domains.set(value, domain);
        this.put(0);
      }
      domain.nodes++;
      this.domainOf[slot] = domain;
      this.counts[slot] = 0;
    }
    this.recount(domain, count - this.counts[slot]!);
    this.counts[slot] = count;
  }

  private drop(slot: number, domain: Domain): void {
    this.domainOf[slot] = undefined;
    this.recount(domain, -this.counts[slot]!);
    if (--domain.nodes > 0) return;
    this.domains.delete(domain.value);
    this.take(domain.count);
  }

  private recount(domain: Domain, by: number): void {
    if (by === 0) return;
    this.take(domain.count);
    domain.count += by;
    this.total_ += by;
    this.put(domain.count);
  }

  private put(count: number): void {
    this.domainsWith.set(count, (this.domainsWith.get(count) ?? 0) + 1);
    this.least_ = Math.min(this.least_, count);
  }

  private take(count: number): void {
    const domains = this.domainsWith.get(count)! - 1;
    if (domains === 0) this.domainsWith.delete(count);
    else this.domainsWith.set(count, domains);
  }
}

/** A tally with the changes of a what-if. */
export class TallyView {
  private readonly tally: Tally;
  private readonly changes: Map<string, number>;
  private changed: number;

  constructor(tally: Tally, changes: ReadonlyMap<string, number> = new Map(), changed = 0) {
    this.tally = tally;
    this.changes = new Map(changes);
    this.changed = changed;
  }

  add(value: string, by: number): void {
    this.changes.set(value, (this.changes.get(value) ?? 0) + by);
    this.changed += by;
  }

  get size(): number {
    return this.tally.size;
  }

  get total(): number {
    return this.tally.total + this.changed;
  }

  count(value: string): number {
    const count = this.tally.count(value);
    return this.changes.size ? count + (this.changes.get(value) ?? 0) : count;
  }

  /** In the node's domain. Undefined: it does not count. */
  countAround(node: NodeInfo): number | undefined {
    const domain = this.tally.domainAround(node);
    if (!domain) return undefined;
    return this.changes.size ? domain.count + (this.changes.get(domain.value) ?? 0) : domain.count;
  }

  least(): number {
    return this.tally.least(this.changes);
  }

  clone(): TallyView {
    return new TallyView(this.tally, this.changes, this.changed);
  }
}

/** What a plugin keeps of a cluster, by what it is about; what has not been asked for the longest is forgotten first. */
export class Kept<K, T> {
  private readonly kept = new Map<K, T>();
  private snapshot: Snapshot | undefined;

  of(snapshot: Snapshot, key: K, make: () => T): T {
    if (snapshot !== this.snapshot) this.kept.clear();
    this.snapshot = snapshot;
    let found = this.kept.get(key);
    if (found === undefined) found = make();
    else this.kept.delete(key);
    this.kept.set(key, found);
    if (this.kept.size > Math.max(MIN_TALLIES, MAX_KEPT / snapshot.nodes.length)) {
      const [oldest] = this.kept.keys();
      this.kept.delete(oldest!);
    }
    return found;
  }
}
