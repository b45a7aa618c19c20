// Delivers notifications, one after the other for each target, so that none overtakes another: tries again with growing pauses what failed
// for a while, and gives up, told as an event, what was refused or fails for long.
import type { Clock } from '../../apimachinery/clock.ts';
import { TemplateError } from '../../apimachinery/go-template/template-error.ts';
import type { KeepEvent } from '../keep/keep-event.ts';
import { Notable, type Notification } from './notification.ts';
import { concerns, NotifyError, tell, type Environment, type HttpCall, type NotificationTarget } from './target.ts';

/** Notifications that wait for one target; the oldest go first. */
const MAX_WAITING = 100;
const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 1000;
const TIMEOUT_MS = 10_000;
/** Of an answer. */
const MAX_ANSWER_BYTES = 4 * 2 ** 20;

/** What may go well the next time. */
class PassingError extends Error {
  override readonly name = 'PassingError';
}

export class Notifier {
  private readonly clock: Clock;
  private readonly env: Environment;
  private readonly onFailure: (message: string) => void;
  private readonly notable: Notable;
  private targets: readonly NotificationTarget[] = [];
  private readonly waiting = new Map<string, Notification[]>();
  private readonly working = new Set<Promise<void>>();

  /** @param onFailure told what could not be delivered, without secrets */
  constructor(clock: Clock, env: Environment, cluster: string, onFailure: (message: string) => void) {
    this.clock = clock;
    this.env = env;
    this.onFailure = onFailure;
    this.notable = new Notable(cluster);
  }

  configure(targets: readonly NotificationTarget[]): void {
    this.targets = targets;
  }

  observe(event: KeepEvent): void {
    const notification = this.notable.of(event);
    if (!notification) return;
    for (const target of this.targets) if (concerns(target, notification)) this.enqueue(target, notification);
  }

  /** Resolves once nothing waits any more. */
  async idle(): Promise<void> {
    while (this.working.size) await Promise.all(this.working);
  }

  private enqueue(target: NotificationTarget, notification: Notification): void {
    const key = JSON.stringify(target);
    const queue = this.waiting.get(key);
    if (queue) {
      if (queue.length >= MAX_WAITING) queue.shift();
      queue.push(notification);
      return;
    }
    this.waiting.set(key, [notification]);
    const work = this.drain(key, target).finally(() => this.working.delete(work));
    this.working.add(work);
  }

  private async drain(key: string, target: NotificationTarget): Promise<void> {
    const queue = this.waiting.get(key)!;
    for (let next = queue.shift(); next; next = queue.shift()) await this.deliver(target, next);
    this.waiting.delete(key);
  }

  private async deliver(target: NotificationTarget, notification: Notification): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await tell(target, notification, this.env, (call) => this.call(call));
        return;
      } catch (error) {
        if (!(error instanceof PassingError || error instanceof NotifyError || error instanceof TemplateError)) throw error;
        if (!(error instanceof PassingError) || attempt === ATTEMPTS) {
          this.onFailure(`${nameOf(target)} was not told that ${notification.app} ${notification.event}: ${error.message}`);
          return;
        }
      }
      await this.clock.sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1), { background: true });
    }
  }

  private async call({ method, url, headers, body }: HttpCall): Promise<unknown> {
    if (!URL.canParse(url) || !/^https?:/.test(url)) throw new NotifyError('its address is no http or https URL');
    const abort = new AbortController();
    const timer = this.clock.schedule(TIMEOUT_MS, () => abort.abort(), { background: true });
    try {
      // a redirect could lead the token elsewhere
      const init = { method, headers, redirect: 'manual' as const, signal: abort.signal, ...(body === undefined ? {} : { body }) };
      const response = await this.clock.hold(fetch(url, init));
      const answer = await this.clock.hold(response.text());
      if (response.status === 429 || response.status >= 500) throw new PassingError(`it answered ${response.status}`);
      if (!response.ok) throw new NotifyError(`it answered ${response.status}`);
      return method === 'GET' ? parsed(answer) : undefined;
    } catch (error) {
      if (error instanceof PassingError || error instanceof NotifyError) throw error;
      // what fetch says may hold the address, which is a secret
      throw new PassingError(abort.signal.aborted ? `no answer within ${TIMEOUT_MS / 1000} s` : 'it cannot be reached', { cause: error });
    } finally {
      timer.cancel();
    }
  }
}

function parsed(answer: string): unknown {
  if (answer.length > MAX_ANSWER_BYTES) throw new NotifyError('its answer is too large');
  try {
    return JSON.parse(answer);
  } catch (error) {
    throw new NotifyError('its answer is no JSON', { cause: error });
  }
}

const nameOf = (target: NotificationTarget): string =>
  target.to === 'webhook' ? `webhook ${target.name}` : `${target.to === 'github' ? 'GitHub' : 'GitLab'} ${target.project}`;
