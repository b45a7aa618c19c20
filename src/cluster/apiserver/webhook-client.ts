// Calls webhooks, of admission and of conversion, at URLs and behind Services, and says in the words of Go's client why one could not be
// called. Follows util/webhook of k8s.io/apiserver.
import { bodyText, type HttpExchangeResponse } from '../../apimachinery/http-exchange.ts';
import { encodeJson } from '../../apimachinery/json/encode.ts';
import { isObject, type JsonObject } from '../../apimachinery/object.ts';
import type { Store } from '../storage/store.ts';
import type { WebhookCall, WebhookCaller } from './admission/webhook/webhook-caller.ts';
import type { Backends, Place } from './aggregator/backends.ts';
import { endpointOf, resolveService, serviceNamed } from './aggregator/service-resolver.ts';

const MAX_ANSWER_BYTES = 10 * 1024 * 1024;
const DEFAULT_PORT = 443;

type Config = WebhookCall['config'];

export function webhookClient(store: Store, backends: Backends): WebhookCaller {
  return {
    /**
     * DEVIATION: behind a Service that selects pods are simulated pods, where nobody would answer: webhooks that name one are not called.
     */
    async reaches({ url, service }) {
      if (url !== undefined) return backends.reachesOutside;
      const { namespace = '', name = '', port = DEFAULT_PORT } = service ?? {};
      const found = await serviceNamed(store, namespace, name);
      if (!found || found.spec?.type === 'ExternalName') return backends.reachesOutside;
      const portName = found.spec?.ports?.find((p) => p.port === port)?.name ?? '';
      const endpoint = await endpointOf(store, namespace, name, portName);
      if (endpoint && backends.isListening(endpoint.host, endpoint.port)) return true;
      return backends.reachesOutside && endpoint?.pod === undefined && Object.keys(found.spec?.selector ?? {}).length === 0;
    },
    async call({ config, body, timeoutSeconds }) {
      const target = targetOf(config);
      target.searchParams.set('timeout', `${timeoutSeconds}s`);
      let answer: HttpExchangeResponse;
      try {
        const place = await placeOf(store, config, target);
        const headers = { 'content-type': 'application/json', accept: 'application/json, */*' };
        const url = `${target.pathname}${target.search}`;
        const request = { method: 'POST', url, headers, body: Buffer.from(encodeJson(body)) };
        answer = await backends.send(place, request, { timeoutMs: timeoutSeconds * 1000 });
      } catch (error) {
        throw new Error(`Post ${JSON.stringify(hrefOf(target, config))}: ${(error as Error).message}`, { cause: error });
      }
      return parsed(answer.code, await bodyText(answer.body, MAX_ANSWER_BYTES));
    },
  };
}

function targetOf({ url = '', service }: Config): URL {
  if (!service) return new URL(url);
  const { namespace, name, path = '', port = DEFAULT_PORT } = service;
  return new URL(`https://${name}.${namespace}.svc:${port}${path.startsWith('/') ? path : `/${path}`}`);
}

/** Services are told with their port, whichever it is. */
const hrefOf = (target: URL, { service }: Config): string =>
  service ? `https://${target.hostname}:${service.port ?? DEFAULT_PORT}${target.pathname}${target.search}` : target.href;

/** Throws where the Service has nobody to ask. */
async function placeOf(store: Store, { service, caBundle }: Config, { hostname, port }: URL): Promise<Place> {
  const tls = { serverName: hostname.replace(/^\[|\]$/g, ''), caBundle };
  if (!service) return { destination: { host: tls.serverName, port: Number(port || DEFAULT_PORT), tls } };
  const { namespace, name } = service;
  const { host, port: at, pod } = await resolveService(store, namespace, name, service.port ?? DEFAULT_PORT);
  return { destination: { host, port: at, tls }, pod };
}

const WORDS: Readonly<Record<number, string>> = {
  401: 'the server has asked for the client to provide credentials',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  503: 'the server is currently unable to handle the request',
};

/** Throws where there was an answer, and it is none of a webhook. */
function parsed(code: number, text: string): JsonObject {
  if (code >= 500 && code !== 503)
    throw new Error(`an error on the server (${JSON.stringify(text.trim() || 'unknown')}) has prevented the request from succeeding`);
  if (code < 200 || code > 206)
    throw new Error(WORDS[code] ?? `the server responded with the status code ${code} but did not return more information`);
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch (error) {
    throw new Error(`couldn't get version/kind; json parse error: ${(error as Error).message}`, { cause: error });
  }
  throw new Error("couldn't get version/kind; json parse error: it is no object");
}
