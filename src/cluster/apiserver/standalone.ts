// An API server by itself, with everything it has built in and a store in memory: nothing in it changes unless a client changes it.
import type { Clock } from '../../apimachinery/clock.ts';
import type { Random } from '../../apimachinery/random.ts';
import { MemoryStore } from '../storage/memory-store.ts';
import type { Store } from '../storage/store.ts';
import { builtinAdmission } from './admission/builtin-plugins.ts';
import type { WebhookCaller } from './admission/webhook/webhook-caller.ts';
import { ApiServer } from './api-server.ts';
import { builtinResources } from './registry/builtin-resources.ts';

export interface StandaloneOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly store?: Store;
  /** By name, as with kube-apiserver's --disable-admission-plugins: some rules rely on controllers that may not be running. */
  readonly disableAdmissionPlugins?: readonly string[];
  /** Reaches admission webhooks. Without it they are stored, and not called. */
  readonly webhooks?: WebhookCaller;
}

export function standaloneApiServer(options: StandaloneOptions): ApiServer {
  const { clock, random, store = new MemoryStore(clock), disableAdmissionPlugins = [], webhooks } = options;
  const admission = builtinAdmission({ store, clock, random, webhooks }).filter(({ name }) => !disableAdmissionPlugins.includes(name));
  return new ApiServer({ store, clock, random, resources: builtinResources(store), admission });
}
