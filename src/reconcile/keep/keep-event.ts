// What a keeper tells: events as values, for logs, metrics, and whoever is to be notified; and each as a line for people.
import { rolloutText, type Rollout } from '../apply/rollout.ts';
import type { HealthStatus } from '../health/verdict.ts';
import { driftText, type Drift } from '../plan/drift.ts';
import { resourceText, type ResourceId } from '../plan/resource-id.ts';
import type { SyncStatus } from '../report/result.ts';

export type KeepEvent =
  /** The source was read: the first time, or because it has changed. */
  | { readonly type: 'source'; readonly revision: string | null; readonly apps: number; readonly errors: number }
  | SyncedEvent
  /** Live and desired differ; `fields` say in what, and who made them differ. */
  | { readonly type: 'drift'; readonly app: string; readonly drift: Drift; readonly heals: boolean }
  /** What had drifted is as it should be. */
  | { readonly type: 'agreed'; readonly app: string; readonly id: ResourceId }
  | { readonly type: 'healing'; readonly app: string; readonly ids: readonly ResourceId[]; readonly attempt: number }
  | { readonly type: 'health'; readonly app: string; readonly health: HealthStatus; readonly was: HealthStatus }
  /** A rollout has got on, or stands still for another reason. */
  | { readonly type: 'rollout'; readonly app: string; readonly rollout: Rollout }
  /** The source defines it no longer. */
  | { readonly type: 'gone'; readonly app: string }
  /** An app is not synced now, and why. */
  | { readonly type: 'held'; readonly app: string; readonly why: string }
  /** Something could not be done, and will be tried again. */
  | { readonly type: 'failure'; readonly message: string }
  /** What could not be done before, can. */
  | { readonly type: 'recovered' };

export interface SyncedEvent {
  readonly type: 'synced';
  readonly app: string;
  readonly why: 'source' | 'retry' | 'drift';
  readonly sync: SyncStatus;
  readonly health: HealthStatus;
  readonly revision: string | null;
  /** Objects that were written. */
  readonly changed: number;
  /** The first error, or empty. */
  readonly message: string;
  readonly durationMs: number;
}

export type EventLevel = 'info' | 'warn' | 'error';

export function levelOf(event: KeepEvent): EventLevel {
  switch (event.type) {
    case 'failure':
      return 'error';
    case 'source':
      return event.errors ? 'error' : 'info';
    case 'synced':
      return event.sync === 'Synced' ? 'info' : 'error';
    case 'drift':
    case 'held':
      return 'warn';
    case 'health':
      return event.health === 'Degraded' || event.health === 'Missing' ? 'warn' : 'info';
    case 'rollout':
      return event.rollout.status === 'failed' ? 'warn' : 'info';
    default:
      return 'info';
  }
}

/** A line for each thing to be told. @param source what it is called, where there are several */
export function eventLines(event: KeepEvent, source?: string): string[] {
  const whole = source === undefined ? '' : `${source}: `;
  const label = 'app' in event ? `[${source === undefined ? '' : `${source}/`}${event.app}]` : '';
  switch (event.type) {
    case 'source':
      return [
        `${whole}source read${event.revision ? ` at ${event.revision.slice(0, 12)}` : ''}: ${count(event.apps, 'app')}${event.errors ? `, ${count(event.errors, 'error')}` : ''}`,
      ];
    case 'synced':
      return [
        `${label} ${event.sync}, ${event.health}: ${count(event.changed, 'object')} changed${event.message ? `: ${event.message}` : ''}`,
      ];
    case 'drift':
      return driftText(event.drift).map((line) => `${label} drift: ${line}`);
    case 'agreed':
      return [`${label} ${resourceText(event.id)} is as it should be`];
    case 'healing':
      return [`${label} putting right ${event.ids.map(resourceText).join(', ')}${event.attempt > 1 ? ` (time ${event.attempt})` : ''}`];
    case 'health':
      return [`${label} ${event.health} (was ${event.was})`];
    case 'rollout':
      return [`${label} ${rolloutText(event.rollout)}`];
    case 'gone':
      return [`${label} is defined no longer`];
    case 'held':
      return [`${label} held: ${event.why}`];
    case 'failure':
      return [`${whole}${event.message}`];
    case 'recovered':
      return [`${whole}what failed before works again`];
  }
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

/** One line of JSON, in the order in which people read it. @param now milliseconds since 1970 @param about what is to be told besides */
export const eventJson = (event: KeepEvent, now: number, about: object = {}): string =>
  JSON.stringify({
    time: new Date(now).toISOString(),
    level: levelOf(event),
    message: eventLines(event).join('; '),
    ...about,
    ...withoutMessage(event),
  });

/** The line says it already. */
function withoutMessage(event: KeepEvent): object {
  if (!('message' in event)) return event;
  const { message, ...rest } = event;
  return message ? { ...rest, error: message } : rest;
}
