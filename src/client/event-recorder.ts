// Events: what components tell people about objects. Equal ones are counted, similar ones summed up, floods cut off, as client-go's
// event correlator does; writing them never holds up who tells.
import type { Event, ObjectReference } from '#api/core/v1';
import type { Clock } from '../apimachinery/clock.ts';
import type { KubernetesObject, Manifest } from '../apimachinery/object.ts';
import { isAlreadyExists, isNotFound, StatusError } from '../apimachinery/status-error.ts';
import { formatMicroTime, formatTime } from '../apimachinery/time.ts';
import type { Client } from './client.ts';
import { UnreachableError } from './transport.ts';

/** From the tenth similar event within this time on they are summed up. */
const SIMILAR_WINDOW_MS = 600_000;
const SIMILAR_LIMIT = 10;
/** Of one source about one object: so many at once, then one in five minutes. */
const SPAM_BURST = 25;
const SPAM_REFILL_MS = 300_000;
/** Of an event, while the server cannot be reached. */
const MAX_TRIES = 12;
const RETRY_MS = 10_000;
/** How many kinds of event are remembered. */
const REMEMBERED = 4096;

export type EventType = 'Normal' | 'Warning';

export interface EventSource {
  /** `deployment-controller` */
  readonly component: string;
  /** Of a kubelet, its node. */
  readonly host?: string;
}

export interface EventDetails {
  /** What was done, where that is told apart from the reason (scheduler: `Binding`). */
  readonly action?: string;
  readonly fieldPath?: string;
  readonly related?: ObjectReference;
}

type About = Pick<KubernetesObject, 'apiVersion' | 'kind'> & {
  readonly metadata: { readonly namespace?: string; readonly name?: string; readonly uid?: string; readonly resourceVersion?: string };
};

interface Remembered {
  readonly name: string;
  readonly namespace: string;
  readonly firstTimestamp: string;
  count: number;
}

interface Similar {
  readonly messages: Set<string>;
  lastMs: number;
}

export class EventRecorder {
  private readonly client: Client;
  private readonly clock: Clock;
  private readonly source: EventSource;
  private readonly remembered = new Map<string, Remembered>();
  private readonly similar = new Map<string, Similar>();
  private readonly spam = new Map<string, { tokens: number; atMs: number }>();
  private sending: Promise<void> = Promise.resolve();
  private sequence = 0;

  constructor(client: Client, clock: Clock, source: EventSource) {
    this.client = client;
    this.clock = clock;
    this.source = source;
  }

  event(about: About, type: EventType, reason: string, message: string, details: EventDetails = {}): void {
    const now = this.clock.now();
    const object: ObjectReference = {
      kind: about.kind,
      ...(about.metadata.namespace ? { namespace: about.metadata.namespace } : {}),
      name: about.metadata.name ?? '',
      uid: about.metadata.uid ?? '',
      apiVersion: about.apiVersion,
      resourceVersion: about.metadata.resourceVersion ?? '',
      ...(details.fieldPath ? { fieldPath: details.fieldPath } : {}),
    };
    const who = JSON.stringify([this.source, object.kind, object.namespace, object.name, object.uid, object.apiVersion]);
    const { text, aggregated } = this.summed(`${who}\n${type}\n${reason}`, message, now);
    if (this.isSpam(who, now)) return;
    const key = `${who}\n${object.fieldPath ?? ''}\n${type}\n${reason}\n${aggregated ? '' : text}`;
    // one after the other, so that counts are right
    this.sending = this.sending.then(() => this.persist(() => this.write(key, object, type, reason, text, details, now)));
  }

  /** Resolves when all that was told so far is written. */
  flushed(): Promise<void> {
    return this.sending;
  }

  private summed(key: string, message: string, now: number): { readonly text: string; readonly aggregated: boolean } {
    let similar = this.similar.get(key);
    if (!similar || now - similar.lastMs > SIMILAR_WINDOW_MS) similar = { messages: new Set(), lastMs: now };
    similar.lastMs = now;
    similar.messages.add(message);
    remember(this.similar, key, similar);
    if (similar.messages.size < SIMILAR_LIMIT) return { text: message, aggregated: false };
    // the set never grows beyond what decides
    const [oldest] = similar.messages;
    similar.messages.delete(oldest!);
    return { text: `(combined from similar events): ${message}`, aggregated: true };
  }

  private isSpam(key: string, now: number): boolean {
    const bucket = this.spam.get(key) ?? { tokens: SPAM_BURST, atMs: now };
    bucket.tokens = Math.min(SPAM_BURST, bucket.tokens + (now - bucket.atMs) / SPAM_REFILL_MS);
    bucket.atMs = now;
    remember(this.spam, key, bucket);
    if (bucket.tokens < 1) return true;
    bucket.tokens--;
    return false;
  }

  /** As long as the server cannot be reached, again and again; then the event is lost. */
  private async persist(write: () => Promise<void>): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      try {
        await write();
        return;
      } catch (error) {
        if (!(error instanceof UnreachableError)) throw error;
        await this.clock.sleep(RETRY_MS, { background: true });
      }
    }
  }

  private async write(
    key: string,
    object: ObjectReference,
    type: EventType,
    reason: string,
    message: string,
    details: EventDetails,
    now: number,
  ): Promise<void> {
    const known = this.remembered.get(key);
    const lastTimestamp = formatTime(now);
    try {
      if (known) {
        known.count++;
        const again = details.action
          ? { series: { count: known.count, lastObservedTime: formatMicroTime(now) } }
          : { count: known.count, lastTimestamp, message };
        await this.client.patch('v1/Event', known.name, again, { type: 'strategic', namespace: known.namespace });
        return;
      }
    } catch (error) {
      // it has expired, or was deleted: told anew below
      if (!isNotFound(error)) {
        ignoreRefusal(error);
        return;
      }
    }
    const namespace = object.namespace ?? 'default';
    const firstTimestamp = known?.firstTimestamp ?? lastTimestamp;
    const count = known?.count ?? 1;
    const event = {
      apiVersion: 'v1' as const,
      kind: 'Event' as const,
      involvedObject: object,
      reason,
      message,
      type,
      // events with an action are of events.k8s.io's form: other fields tell who, when and how often
      ...(details.action
        ? { action: details.action, eventTime: formatMicroTime(now) }
        : { source: this.source, firstTimestamp, lastTimestamp, count }),
      ...(details.related ? { related: details.related } : {}),
      reportingComponent: this.source.component,
      reportingInstance: this.source.host ?? (details.action ? this.source.component : ''),
    };
    // another recorder may have told something about an object of that name at this very instant
    for (let taken = true; taken;) {
      const name = `${object.name}.${this.suffix(now)}`;
      remember(this.remembered, key, { name, namespace, firstTimestamp, count });
      taken = await this.create({ ...event, metadata: { name, namespace } });
    }
  }

  /** @returns whether the name was taken */
  private async create(event: Manifest<Event>): Promise<boolean> {
    try {
      await this.client.create('v1/Event', event);
    } catch (error) {
      if (isAlreadyExists(error)) return true;
      ignoreRefusal(error);
    }
    return false;
  }

  /** Kubernetes takes nanoseconds in hexadecimal; what is told at the same instant is told apart here. */
  private suffix(now: number): string {
    return (BigInt(Math.floor(now)) * 1_000_000n + BigInt(this.sequence++ % 1_000_000)).toString(16);
  }
}

/** Events are told as far as possible: where the server refuses one, no more can be done. */
function ignoreRefusal(error: unknown): void {
  if (error instanceof StatusError) return;
  throw error;
}

/** The least recently used goes when there are too many. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > REMEMBERED) map.delete(map.keys().next().value!);
}
