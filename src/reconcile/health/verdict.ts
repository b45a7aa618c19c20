// What can be said of an object's health, and what a rule may ask to say it.
import type { PersistentVolumeClaim } from '#api/core/v1';
import type { RuleBook } from './known-kinds.ts';

export const HEALTH_STATUSES = ['Healthy', 'Progressing', 'Degraded', 'Suspended', 'Missing', 'Unknown'] as const;
export type HealthStatus = (typeof HEALTH_STATUSES)[number];

export interface Health {
  readonly status: HealthStatus;
  /** For people; may be empty. */
  readonly message: string;
}

export const healthy = (message = ''): Health => ({ status: 'Healthy', message });
export const progressing = (message: string): Health => ({ status: 'Progressing', message });
export const degraded = (message: string): Health => ({ status: 'Degraded', message });
export const suspended = (message: string): Health => ({ status: 'Suspended', message });

/** What rules may ask of the cluster around an object. */
export interface Surroundings {
  /** Whether claims of this class are bound only once a pod wants them, and no pod does. */
  waitsForConsumer(claim: PersistentVolumeClaim): boolean;
  /** Rules of the user's own; they come before all others. */
  readonly rules?: RuleBook | undefined;
}

/** Nothing is known of the cluster. */
export const NO_SURROUNDINGS: Surroundings = { waitsForConsumer: () => false };
