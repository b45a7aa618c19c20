// An API server by itself, with everything it has built in and a store in memory: nothing in it changes unless a client changes it.
import type { Clock } from '../../apimachinery/clock.ts';
import type { Random } from '../../apimachinery/random.ts';
import { MemoryStore } from '../storage/memory-store.ts';
import type { Store } from '../storage/store.ts';
import { namespaceLifecycle } from './admission/namespace-lifecycle.ts';
import { ApiServer } from './api-server.ts';
import { builtinResources } from './registry/builtin-resources.ts';

export function standaloneApiServer({
  clock,
  random,
  store = new MemoryStore(clock),
}: {
  readonly clock: Clock;
  readonly random: Random;
  readonly store?: Store;
}): ApiServer {
  return new ApiServer({ store, clock, random, resources: builtinResources(store), admission: [namespaceLifecycle(store)] });
}
