// An API server by itself, with everything it has built in and a store in memory: nothing in it changes unless a client changes it.
import type { Clock } from '../../apimachinery/clock.ts';
import type { Random } from '../../apimachinery/random.ts';
import { MemoryStore } from '../storage/memory-store.ts';
import type { Store } from '../storage/store.ts';
import { ownerReferencesPermissionEnforcement } from './admission/owner-references-permission-enforcement.ts';
import { builtinAdmission } from './admission/builtin-plugins.ts';
import type { WebhookCaller } from './admission/webhook/webhook-caller.ts';
import { Backends, type Dial, type Tls } from './aggregator/backends.ts';
import { access, type AccessOptions } from './access.ts';
import { ApiServer } from './api-server.ts';
import type { AuditOptions } from './audit/audit-log.ts';
import { builtinResources } from './registry/builtin-resources.ts';
import { webhookClient } from './webhook-client.ts';

export interface StandaloneOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly store?: Store;
  /** By name, as with kube-apiserver's --disable-admission-plugins: some rules rely on controllers that may not be running. */
  readonly disableAdmissionPlugins?: readonly string[];
  /** Those that are off by default: OwnerReferencesPermissionEnforcement. */
  readonly enableAdmissionPlugins?: readonly string[];
  /** Who sends requests, and who may do what; by default everyone may do everything. */
  readonly access?: AccessOptions;
  /** Reaches webhooks. Without it, and without a way out of this process, they are stored, and not called. */
  readonly webhooks?: WebhookCaller;
  /** The way out of this process, to webhooks and to servers behind Services. Absent: there is none. */
  readonly dial?: Dial | undefined;
  /** How the server makes itself known to servers that it passes requests on to. */
  readonly proxyClient?: Tls['client'];
  /** What is told of requests, and to whom. Nothing by default. */
  readonly audit?: AuditOptions;
  /** How many requests over HTTP are served at a time, of all priority levels together. Default: 600. */
  readonly maxRequestsInFlight?: number;
}

/** Plugins that are there only where webhooks can be reached. */
const CALLED = ['MutatingAdmissionWebhook', 'ValidatingAdmissionWebhook'];

/** Names a plugin that there is not. */
export class UnknownAdmissionPlugin extends Error {
  override readonly name = 'UnknownAdmissionPlugin';
}

/** Throws an UnknownAdmissionPlugin where a name that is given is none. */
export function standaloneApiServer(options: StandaloneOptions): ApiServer {
  const { clock, random, store = new MemoryStore(clock), disableAdmissionPlugins = [], dial } = options;
  const backends = new Backends(dial, options.proxyClient);
  const webhooks = options.webhooks ?? (dial && webhookClient(store, backends));
  const who = access({ store, clock, random }, options.access);
  const optional = [ownerReferencesPermissionEnforcement(who.authorizer, (kind) => server.mapping(kind))];
  const plugins = [
    ...builtinAdmission({ store, clock, random, webhooks }),
    ...optional.filter(({ name }) => options.enableAdmissionPlugins?.includes(name)),
    ...who.admission,
  ];
  const names = new Set([...[...plugins, ...optional].map(({ name }) => name), ...CALLED]);
  for (const name of [...disableAdmissionPlugins, ...(options.enableAdmissionPlugins ?? [])])
    if (!names.has(name))
      throw new UnknownAdmissionPlugin(`there is no admission plugin ${JSON.stringify(name)}; there are ${[...names].sort().join(', ')}`);
  const admission = plugins.filter(({ name }) => !disableAdmissionPlugins.includes(name));
  const server: ApiServer = new ApiServer({
    store,
    clock,
    random,
    resources: builtinResources(store, who),
    admission,
    access: who,
    backends,
    webhooks,
    ...(options.audit ? { audit: options.audit } : {}),
    ...(options.maxRequestsInFlight === undefined ? {} : { maxRequestsInFlight: options.maxRequestsInFlight }),
  });
  return server;
}
