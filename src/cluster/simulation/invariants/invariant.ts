// The two shapes of what must always hold: of the world once it is at rest, and of every single write.
import type { StoreEvent } from '../../storage/store.ts';
import type { World } from '../world.ts';

/** Holds whenever nothing has happened for a while and nothing is broken. */
export interface RestInvariant {
  readonly name: string;
  /** @returns what is wrong, one sentence each */
  check(world: World): readonly string[];
}

/** Holds at every moment, faults or not. */
export interface WriteInvariant {
  readonly name: string;
  /** Called with each write, in order. @returns what is wrong with it; undefined where nothing is */
  check(event: StoreEvent): string | undefined;
}
