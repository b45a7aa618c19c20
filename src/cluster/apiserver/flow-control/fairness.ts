// Priority and fairness: every request over HTTP belongs to a priority level, which has so many seats, and waits for one where all are
// taken. Levels that have nothing to do lend seats to others. Follows util/flowcontrol and server/filters/priority-and-fairness.go of
// k8s.io/apiserver. Components of the same process do not come by here.
// DEVIATION: what may be borrowed is decided at each request, from what is free at that moment, not every ten seconds.
import type { FlowSchema, PriorityLevelConfiguration } from '#api/flowcontrol/v1';
import type { Clock } from '../../../apimachinery/clock.ts';
import type { FlowControlConfig } from './flow-control-config.ts';
import { flowDistinguisher, type RequestDigest } from './match.ts';
import { QueueSet, type Rejection, type Release } from './queue-set.ts';
import { flowHash } from './shuffle-sharding.ts';

/** Requests at a time, of all levels together: kube-apiserver's --max-requests-inflight and --max-mutating-requests-inflight. */
const SEATS = 400 + 200;

/** The server has no room for the request. */
export class TooManyRequests extends Error {
  override readonly name = 'TooManyRequests';
  readonly reason: Rejection;

  constructor(reason: Rejection) {
    super('Too many requests, please try again later.');
    this.reason = reason;
  }
}

/** A request's place: told in the answer's headers, and given back when the request has been served. */
export interface Turn {
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined where there is room. Rejects, or throws, with {@link TooManyRequests}. */
  take(): void | Promise<void>;
  release(): void;
}

interface Level {
  readonly queues: QueueSet;
  nominal: number;
  /** Seats that nobody else may have. */
  reserved: number;
  /** The most that it may have, with what others lend. */
  most: number;
}

const EXEMPT = 'Exempt';

export class Fairness {
  private readonly config: FlowControlConfig;
  private readonly clock: Clock;
  private readonly levels = new Map<string, Level>();
  private known: ReadonlyMap<string, PriorityLevelConfiguration> | undefined;
  /** Seats that are not reserved. */
  private shared = 0;
  private readonly seats: number;

  constructor(config: FlowControlConfig, clock: Clock, seats = SEATS) {
    this.config = config;
    this.clock = clock;
    this.seats = seats;
  }

  /** Only once the configuration is {@link FlowControlConfig.ready}. Undefined where nothing is configured. */
  turn(digest: RequestDigest): Turn | undefined {
    const found = this.config.classify(digest);
    if (!found) return undefined;
    const { schema, level } = found;
    const headers = {
      'x-kubernetes-pf-flowschema-uid': schema.metadata.uid ?? '',
      'x-kubernetes-pf-prioritylevel-uid': level.metadata.uid ?? '',
    };
    if (level.spec?.type === EXEMPT) return { headers, take: () => undefined, release: () => undefined };
    return this.limited(headers, schema, level, digest);
  }

  private limited(headers: Turn['headers'], schema: FlowSchema, level: PriorityLevelConfiguration, digest: RequestDigest): Turn {
    const { queues } = this.levelOf(level.metadata.name!);
    let release: Release | undefined;
    const seated = (answer: Release | Rejection): void => {
      if (typeof answer === 'string') throw new TooManyRequests(answer);
      release = answer;
    };
    return {
      headers,
      take() {
        const answer = queues.enter(flowHash(schema.metadata.name!, flowDistinguisher(schema, digest)));
        return answer instanceof Promise ? answer.then(seated) : seated(answer);
      },
      release: () => {
        if (!release) return;
        release();
        release = undefined;
        for (const one of this.levels.values()) one.queues.dispatch();
      },
    };
  }

  private levelOf(name: string): Level {
    if (this.known !== this.config.levels) this.share();
    return this.levels.get(name)!;
  }

  /** Seats are shared out by the levels' shares. */
  private share(): void {
    this.known = this.config.levels;
    const limited = [...this.known].flatMap(([name, { spec }]) =>
      spec?.limited && spec.type !== EXEMPT ? [{ name, spec: spec.limited }] : [],
    );
    const sum = limited.reduce((all, { spec }) => all + (spec.nominalConcurrencyShares ?? 0), 0);
    for (const { name, spec } of limited) {
      const nominal = sum === 0 ? 0 : Math.ceil((this.seats * (spec.nominalConcurrencyShares ?? 0)) / sum);
      const lent = Math.round((nominal * (spec.lendablePercent ?? 0)) / 100);
      const borrowed = spec.borrowingLimitPercent === undefined ? Infinity : Math.round((nominal * spec.borrowingLimitPercent) / 100);
      const level = this.levels.get(name) ?? this.newLevel();
      Object.assign(level, { nominal, reserved: nominal - lent, most: nominal + borrowed });
      level.queues.configure(spec.limitResponse ?? { type: 'Reject' });
      this.levels.set(name, level);
    }
    // a level that is gone keeps its requests until they are served
    for (const [name, { queues }] of this.levels)
      if (!limited.some((one) => one.name === name) && queues.executing + queues.waiting === 0) this.levels.delete(name);
    this.shared = limited.reduce((all, { name }) => all + this.levels.get(name)!.nominal - this.levels.get(name)!.reserved, 0);
  }

  private newLevel(): Level {
    const level: Level = { queues: new QueueSet(this.clock, () => this.maySeat(level)), nominal: 0, reserved: 0, most: 0 };
    return level;
  }

  private maySeat({ queues: { executing }, reserved, most }: Level): boolean {
    if (executing < reserved) return true;
    if (executing >= most) return false;
    let used = 0;
    for (const level of this.levels.values()) used += Math.max(0, level.queues.executing - level.reserved);
    return used < this.shared;
  }
}
