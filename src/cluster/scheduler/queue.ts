// Pods that wait for a node: those to be tried now (highest priority first, then longest waiting), those held back for a while after a
// failure, and those that nothing can be done for until something happens. Follows the scheduling queue of kube-scheduler.
import TinyQueue from 'tinyqueue';
import type { Pod } from '#api/core/v1';
import type { Clock, Timer } from '../../apimachinery/clock.ts';
import type { ClusterEvent, EventRegistration, Plugin } from './framework.ts';
import { podInfo, podPriority } from './pod-info.ts';

const FIRST_BACKOFF_MS = 1000;
const MAX_BACKOFF_MS = 10_000;
/** Nothing waits longer for an event than this: one may have been overlooked. */
const LEFTOVER_MS = 5 * 60_000;
const LEFTOVER_ROUND_MS = 30_000;
/** Events that are remembered while pods are in flight. */
const MAX_RECENT = 1000;

/** Why a pod came back: refused by these plugins, or by none because something broke. */
export interface Failure {
  readonly plugins: ReadonlySet<string>;
  /** Nothing but an event can help, though no plugin refused (there are no nodes): trying again must not keep the world busy. */
  readonly background?: boolean;
  /** Room is being made for it. */
  readonly nominated?: boolean;
}

export interface QueuedPod {
  pod: Pod;
  readonly uid: string;
  /** When it came into the queue, for the order. */
  since: number;
  sequence: number;
  /** Of its place in the active queue. */
  ticket: number;
  attempts: number;
  /** Where it is; `inFlight`: handed out. */
  at: 'active' | 'backoff' | 'error' | 'unschedulable' | 'gated' | 'inFlight';
  /** What refused it last. */
  plugins: ReadonlySet<string>;
  /** Room is being made for it. */
  nominated: boolean;
  /** Pods are being asked to leave for it: as long as this holds, no event brings it back. */
  held: (() => boolean) | undefined;
  /** An event would have, meanwhile. */
  withheld: boolean;
  backoffUntil: number;
  /** Events that have been seen when it was handed out. */
  seen: number;
  timer: Timer | undefined;
  /** Its pause need not keep the world busy. */
  idle: boolean;
  /** Writes to the pod's status, one after the other. */
  writing: Promise<void>;
}

/** A place in a queue; it is void once the pod has left. */
interface Place {
  readonly queued: QueuedPod;
  readonly priority: number;
  readonly since: number;
  readonly sequence: number;
  readonly ticket: number;
  readonly backoffUntil: number;
}

/** Pods that wait for an event. To those that are alike, and were refused by the same plugins, it means the same. */
class WaitingPods {
  private readonly byKind = new Map<string, Set<QueuedPod>>();
  private readonly kinds = new Map<QueuedPod, string>();

  get size(): number {
    return this.kinds.size;
  }

  /** May be changed while they are gone through. */
  groups(): readonly ReadonlySet<QueuedPod>[] {
    return [...this.byKind.values()];
  }

  add(queued: QueuedPod): void {
    const kind = kindOf(queued);
    this.kinds.set(queued, kind);
    const alike = this.byKind.get(kind);
    if (alike) alike.add(queued);
    else this.byKind.set(kind, new Set([queued]));
  }

  delete(queued: QueuedPod): void {
    const kind = this.kinds.get(queued);
    if (kind === undefined) return;
    this.kinds.delete(queued);
    const alike = this.byKind.get(kind)!;
    alike.delete(queued);
    if (alike.size === 0) this.byKind.delete(kind);
  }

  clear(): void {
    this.byKind.clear();
    this.kinds.clear();
  }
}

/** All that the plugins' `mayHelp` look at. */
function kindOf({ pod, plugins, uid, nominated }: QueuedPod): string {
  const { shape, terms, claims } = podInfo(pod);
  // claims are a pod's own
  if (claims.length) return uid;
  const { namespace, labels } = pod.metadata;
  return JSON.stringify([numberOf(shape), numberOf(terms), nominated, pod.spec.preemptionPolicy, namespace, labels, [...plugins]]);
}

const numbers = new WeakMap<object, number>();
let nextNumber = 0;

function numberOf(of: object): number {
  let number = numbers.get(of);
  if (number === undefined) numbers.set(of, (number = nextNumber++));
  return number;
}

const inOrder = (a: Place, b: Place): number => b.priority - a.priority || a.since - b.since || a.sequence - b.sequence;

export class SchedulingQueue {
  private readonly clock: Clock;
  private readonly plugins: readonly Plugin[];
  private readonly wake: () => void;
  private readonly pods = new Map<string, QueuedPod>();
  private readonly active = new TinyQueue<Place>([], inOrder);
  private activeCount = 0;
  /** Those that an event may wake. */
  private readonly waiting = new WaitingPods();
  private readonly backingOff = new Set<QueuedPod>();
  /** Of these, the ones that nothing but their pause holds back, the shortest first. */
  private readonly backoff = new TinyQueue<Place>([], (a, b) => a.backoffUntil - b.backoffUntil || a.sequence - b.sequence);
  /** Those that may be idle. */
  private idle = 0;
  private readonly recent: { readonly number: number; readonly event: ClusterEvent }[] = [];
  /** The newest event that is not remembered any more. */
  private forgotten = 0;
  private inFlight = 0;
  private eventNumber = 0;
  private sequence = 0;
  private leftovers: Timer | undefined;
  private readonly registrations: ReadonlyMap<string, readonly EventRegistration[]>;

  /** @param wake called when there is something to hand out */
  constructor(clock: Clock, plugins: readonly Plugin[], wake: () => void) {
    this.clock = clock;
    this.plugins = plugins;
    this.wake = wake;
    this.registrations = new Map(plugins.map((p) => [p.name, p.events ?? []]));
  }

  /** Pods that will be tried without anything else happening first. */
  get busy(): number {
    return this.activeCount + this.backingOff.size - this.idle;
  }

  get(uid: string): QueuedPod | undefined {
    return this.pods.get(uid);
  }

  add(pod: Pod): void {
    if (this.pods.has(pod.metadata.uid)) {
      this.update(pod);
      return;
    }
    const queued: QueuedPod = {
      pod,
      uid: pod.metadata.uid,
      since: this.clock.now(),
      sequence: this.sequence++,
      ticket: 0,
      attempts: 0,
      at: 'gated',
      plugins: new Set(),
      nominated: false,
      held: undefined,
      withheld: false,
      backoffUntil: 0,
      seen: 0,
      timer: undefined,
      idle: false,
      writing: Promise.resolve(),
    };
    this.pods.set(queued.uid, queued);
    this.enqueue(queued);
  }

  /** The pod itself has changed. */
  update(pod: Pod): void {
    const queued = this.pods.get(pod.metadata.uid);
    if (!queued) {
      this.add(pod);
      return;
    }
    const old = queued.pod;
    queued.pod = pod;
    const event: ClusterEvent = { resource: 'Pod', actions: ['UpdateSelf'], object: pod, old };
    if (queued.at === 'gated') this.enqueue(queued);
    else if (queued.at === 'unschedulable' && changedForScheduling(pod, old) && this.mayHelp(queued, event)) this.requeue(queued);
    else if (queued.at === 'active' && podPriority(pod) !== podPriority(old)) {
      this.leave(queued);
      this.push(queued);
    }
  }

  delete(uid: string): void {
    const queued = this.pods.get(uid);
    if (!queued) return;
    this.leave(queued);
    this.pods.delete(uid);
  }

  /** The next pod to try; it stays in flight until {@link done} or {@link failed}. */
  pop(): QueuedPod | undefined {
    let place = this.active.pop();
    while (place && place.ticket !== place.queued.ticket) place = this.active.pop();
    let next = place?.queued;
    if (next) this.activeCount--;
    else {
      // with nothing else to do there is no point in holding back, unless something broke
      let paused = this.backoff.pop();
      while (paused && paused.ticket !== paused.queued.ticket) paused = this.backoff.pop();
      next = paused?.queued;
      if (!next) return undefined;
      this.leave(next);
    }
    next.at = 'inFlight';
    next.withheld = false;
    next.attempts++;
    next.seen = this.eventNumber;
    this.inFlight++;
    return next;
  }

  /** It has found its node. */
  done(queued: QueuedPod): void {
    this.land(queued);
    if (this.pods.get(queued.uid) === queued) this.pods.delete(queued.uid);
  }

  /** It has not: it waits for something that helps. */
  failed(queued: QueuedPod, failure: Failure): void {
    const { seen } = queued;
    const meanwhile = this.recent.filter(({ number }) => number > seen);
    this.land(queued);
    if (this.pods.get(queued.uid) !== queued) return;
    queued.plugins = failure.plugins;
    queued.nominated = failure.nominated ?? false;
    queued.since = this.clock.now();
    queued.backoffUntil = this.clock.now() + Math.min(FIRST_BACKOFF_MS * 2 ** (queued.attempts - 1), MAX_BACKOFF_MS);
    if (failure.plugins.size === 0) {
      this.backOff(queued, 'error', failure.background ?? false);
      return;
    }
    queued.at = 'unschedulable';
    this.waiting.add(queued);
    this.watchLeftovers();
    // what happened while it was being tried
    if (seen < this.forgotten || meanwhile.some(({ event }) => this.mayHelp(queued, event))) this.requeue(queued);
  }

  /** Something happened: whoever it may help is tried again. */
  moved(event: ClusterEvent): void {
    this.eventNumber++;
    if (this.inFlight > 0) this.recent.push({ number: this.eventNumber, event });
    if (this.recent.length > MAX_RECENT) this.forgotten = this.recent.shift()!.number;
    if (this.waiting.size === 0) return;
    // to those that wait for this node it looks otherwise than to others like them
    const apart = new Set(event.awaitedBy?.map(({ pod }) => pod.metadata.uid));
    for (const alike of this.waiting.groups()) {
      const one = first(alike, ({ uid }) => !apart.has(uid));
      if (one && this.mayHelp(one, event)) for (const queued of alike) if (!apart.has(queued.uid)) this.requeue(queued);
    }
    for (const uid of apart) {
      const queued = this.pods.get(uid);
      if (queued?.at === 'unschedulable' && this.mayHelp(queued, event)) this.requeue(queued);
    }
  }

  /** Tries the pod again, if it waits for an event, though there is none. */
  activate(queued: QueuedPod): void {
    if (queued.at === 'unschedulable') this.requeue(queued);
  }

  /** A node is there: from now on it matters that pods which failed for want of any come to be tried again. */
  awaitErrors(): void {
    for (const queued of this.backingOff) {
      if (queued.at !== 'error' || !queued.idle) continue;
      this.leave(queued);
      this.backOff(queued, 'error', false);
    }
  }

  close(): void {
    this.leftovers?.cancel();
    for (const queued of this.pods.values()) queued.timer?.cancel();
    this.pods.clear();
    this.waiting.clear();
    this.backingOff.clear();
  }

  private land(queued: QueuedPod): void {
    if (queued.at === 'inFlight') this.inFlight--;
    if (this.inFlight === 0) this.recent.length = 0;
  }

  private mayHelp(queued: QueuedPod, event: ClusterEvent): boolean {
    for (const name of queued.plugins) {
      for (const { resource, actions, mayHelp } of this.registrations.get(name) ?? []) {
        if (resource !== event.resource || !actions.some((a) => event.actions.includes(a))) continue;
        if (!mayHelp || mayHelp(podInfo(queued.pod), event)) return true;
      }
    }
    return false;
  }

  private requeue(queued: QueuedPod): void {
    if (queued.held?.()) {
      queued.withheld = true;
      return;
    }
    this.leave(queued);
    if (queued.backoffUntil > this.clock.now()) this.backOff(queued, 'backoff', false);
    else this.enqueue(queued);
  }

  private backOff(queued: QueuedPod, at: 'backoff' | 'error', background: boolean): void {
    queued.at = at;
    queued.idle = background;
    this.backingOff.add(queued);
    if (background) this.idle++;
    const expired = (): void => {
      this.leave(queued);
      this.enqueue(queued);
    };
    queued.timer = this.clock.schedule(queued.backoffUntil - this.clock.now(), expired, { background });
    if (at !== 'backoff') return;
    this.backoff.push(this.place(queued));
    this.wake();
  }

  private enqueue(queued: QueuedPod): void {
    for (const plugin of this.plugins) {
      if (!plugin.preEnqueue?.(queued.pod)) continue;
      queued.at = 'gated';
      return;
    }
    this.push(queued);
  }

  private push(queued: QueuedPod): void {
    queued.at = 'active';
    queued.ticket++;
    this.active.push(this.place(queued));
    this.activeCount++;
    this.wake();
  }

  private place(queued: QueuedPod): Place {
    const { since, sequence, ticket, backoffUntil } = queued;
    return { queued, priority: podPriority(queued.pod), since, sequence, ticket, backoffUntil };
  }

  private leave(queued: QueuedPod): void {
    queued.timer?.cancel();
    queued.timer = undefined;
    if (queued.at === 'unschedulable') this.waiting.delete(queued);
    if (this.backingOff.delete(queued) && queued.idle) this.idle--;
    if (queued.at === 'active') this.activeCount--;
    queued.ticket++;
    if (queued.at === 'inFlight') this.inFlight--;
    queued.at = 'gated';
  }

  private watchLeftovers(): void {
    this.leftovers ??= this.clock.schedule(
      LEFTOVER_ROUND_MS,
      () => {
        this.leftovers = undefined;
        const long = this.clock.now() - LEFTOVER_MS;
        for (const alike of this.waiting.groups()) for (const queued of alike) if (queued.since <= long) this.requeue(queued);
        if (this.waiting.size) this.watchLeftovers();
      },
      { background: true },
    );
  }
}

function first<T>(all: Iterable<T>, accept: (one: T) => boolean): T | undefined {
  for (const one of all) if (accept(one)) return one;
  return undefined;
}

/** Status alone is the scheduler's own writing. */
function changedForScheduling(pod: Pod, old: Pod): boolean {
  return pod.spec !== old.spec || pod.metadata.labels !== old.metadata.labels;
}
