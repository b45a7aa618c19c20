// What is worth a notification: the moments at which an app changes from one state to another. Pure.
import { driftText } from '../plan/drift.ts';
import { resourceKey } from '../plan/resource-id.ts';
import type { HealthStatus } from '../health/verdict.ts';
import type { KeepEvent } from '../keep/keep-event.ts';
import type { SyncStatus } from '../report/result.ts';

export const NOTIFIED_EVENTS = ['deployed', 'failed', 'degraded', 'drifted', 'recovered'] as const;
export type NotifiedEvent = (typeof NOTIFIED_EVENTS)[number];

/** What templates see, with these names. */
export interface Notification {
  readonly app: string;
  readonly event: NotifiedEvent;
  readonly sync: SyncStatus;
  readonly health: HealthStatus;
  /** The commit; empty where there is none. */
  readonly revision: string;
  /** One sentence. */
  readonly message: string;
  readonly cluster: string;
}

type State = 'well' | 'failed' | 'degraded' | 'drifted';

interface Condition {
  readonly sync: SyncStatus;
  readonly health: HealthStatus;
  readonly revision: string;
  readonly drifted: ReadonlySet<string>;
  readonly message: string;
  /** What was told last. */
  readonly told: State;
}

/** Follows events; each notification is told once. */
export class Notable {
  private readonly cluster: string;
  private readonly conditions = new Map<string, Condition>();

  constructor(cluster: string) {
    this.cluster = cluster;
  }

  /** What an event is to be told as; undefined where nobody need know. */
  of(event: KeepEvent): Notification | undefined {
    if (event.type === 'gone') this.conditions.delete(event.app);
    if (event.type !== 'synced' && event.type !== 'health' && event.type !== 'drift' && event.type !== 'agreed') return undefined;
    const before = this.conditions.get(event.app);
    const after = next(before ?? UNKNOWN, event);
    const state = stateOf(after);
    const isDeployed = event.type === 'synced' && event.why !== 'drift' && event.changed > 0 && state === 'well';
    const isSame = state === after.told || state === undefined;
    this.conditions.set(event.app, { ...after, told: state ?? after.told });
    if (isSame && !isDeployed) return undefined;
    const { sync, health, revision } = after;
    const name: NotifiedEvent = state === 'well' ? (isDeployed ? 'deployed' : 'recovered') : state!;
    return { app: event.app, event: name, sync, health, revision, message: sentence(name, after), cluster: this.cluster };
  }
}

const UNKNOWN: Condition = { sync: 'Synced', health: 'Healthy', revision: '', drifted: new Set(), message: '', told: 'well' };

type Counted = Extract<KeepEvent, { readonly type: 'synced' | 'health' | 'drift' | 'agreed' }>;

function next(before: Condition, event: Counted): Condition {
  switch (event.type) {
    case 'synced': {
      const { sync, health, message } = event;
      return event.why === 'drift' ? before : { ...before, sync, health, message, revision: event.revision ?? '' };
    }
    case 'health':
      return { ...before, health: event.health };
    case 'drift':
      return {
        ...before,
        drifted: new Set([...before.drifted, resourceKey(event.drift)]),
        message: driftText(event.drift).join('; '),
      };
    case 'agreed':
      return { ...before, drifted: new Set([...before.drifted].filter((key) => key !== resourceKey(event.id))) };
  }
}

/** Undefined while it is on its way to another. */
function stateOf({ sync, health, drifted }: Condition): State | undefined {
  if (sync === 'OutOfSync') return 'failed';
  if (health === 'Degraded' || (health === 'Missing' && drifted.size === 0)) return 'degraded';
  if (drifted.size) return 'drifted';
  return health === 'Healthy' || health === 'Suspended' ? 'well' : undefined;
}

function sentence(event: NotifiedEvent, { health, message, revision }: Condition): string {
  switch (event) {
    case 'deployed':
      return `is deployed${revision ? ` at ${revision.slice(0, 12)}` : ''}`;
    case 'recovered':
      return 'is as it should be again';
    case 'failed':
      return `could not be synced${message ? `: ${message}` : ''}`;
    case 'degraded':
      return `is ${health}`;
    case 'drifted':
      return `has drifted: ${message}`;
  }
}
