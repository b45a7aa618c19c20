// What a keeper is told to do, and what it says of itself.
import type { SyncResult } from '../report/result.ts';
import type { KeepEvent } from './keep-event.ts';
import type { KeptSync } from './sync-source.ts';

export interface KeeperOptions extends Omit<KeptSync, 'selects' | 'holds' | 'record' | 'onApp' | 'superseded' | 'keepsOthers'> {
  /** Whom the history names for what is synced. */
  readonly who: string;
  /** How often it is asked whether the source has changed. What failed is tried again as often. */
  readonly intervalMs: number;
  /** Whether drift is put right in apps that do not say themselves. */
  readonly selfHeal: boolean;
  /** Whatever fails is told and tried again, also what never worked: for whoever keeps other sources besides. */
  readonly endures?: boolean;
  /** Why an app of this name is not this source's to keep; undefined where it is. */
  readonly disowns?: (app: string) => string | undefined;
  readonly onEvent: (event: KeepEvent) => void;
  /** Told of each sync that was made because of the source. */
  readonly onResult?: (result: SyncResult) => void;
}

/** How it goes with the source as a whole. */
export interface KeeperStatus {
  /** `starting` until it was read for the first time. */
  readonly state: 'starting' | 'kept' | 'failing';
  /** What fails; empty where nothing does. */
  readonly message: string;
  /** How often it has failed, one time after another. */
  readonly failures: number;
  /** When the source was last asked without a failure, and when it is asked next, in milliseconds since 1970. */
  readonly lookedAt: number | undefined;
  readonly nextLookAt: number;
}
