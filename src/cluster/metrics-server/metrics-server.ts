// A metrics-server in this process: answers metrics.k8s.io/v1beta1 over HTTP values, behind an APIService like any other server's. What it
// tells are the kubelets' counters, read every 15 seconds: here they are read when somebody asks, for the moments at which they would have
// been. Follows kubernetes-sigs/metrics-server.
import type { Node, Pod } from '#api/core/v1';
import type { HttpExchangeRequest, HttpExchangeResponse } from '../../apimachinery/http-exchange.ts';
import { fieldsMatch, parseFieldSelector } from '../../apimachinery/field-selector.ts';
import { LabelSelector, SelectorError } from '../../apimachinery/label-selector.ts';
import type { JsonObject } from '../../apimachinery/object.ts';
import { badRequest, methodNotSupported, notFoundError, StatusError } from '../../apimachinery/status-error.ts';
import type { ContainerUsage } from '../../apimachinery/node-api.ts';
import type { Controller, ControllerDeps } from '../../client/controller.ts';
import { install } from './install.ts';
import { nodeMetrics, podMetrics, scrapeTime, type NodeMetrics, type PodMetrics } from './metrics.ts';
import { metricsTable } from './table.ts';

export interface MetricsServerOptions {
  /** What the pod's containers had used then; see NodeApi. */
  readonly usage: (pod: Pod, atMs: number) => readonly ContainerUsage[];
}

export interface MetricsServer extends Controller {
  handle(request: HttpExchangeRequest): Promise<HttpExchangeResponse>;
}

const ROOT = '/apis/metrics.k8s.io/v1beta1';
const BY_NODE = 'spec.nodeName';

export function metricsServer(deps: ControllerDeps, { usage }: MetricsServerOptions): MetricsServer {
  const { client, informers, clock, onError } = deps;
  const pods = informers.of('v1/Pod');
  const nodes = informers.of('v1/Node');
  pods.addIndex(BY_NODE, ({ spec }) => (spec.nodeName ? [spec.nodeName] : []));
  const name = 'metrics-server';
  let installing = 0;

  return {
    name,
    get pending() {
      return installing;
    },
    start() {
      installing++;
      void install(client)
        .catch((error: unknown) => onError?.(name, '', error))
        .finally(() => installing--);
    },
    stop: () => Promise.resolve(),
    handle: (request) => Promise.resolve(answer(request)),
  };

  function answer(request: HttpExchangeRequest): HttpExchangeResponse {
    try {
      return serve(request);
    } catch (error) {
      if (error instanceof SelectorError) return json(400, badRequest(error.message).status as JsonObject);
      if (!(error instanceof StatusError)) throw error;
      return json(error.code, error.status as JsonObject);
    }
  }

  function serve({ method, url, headers }: HttpExchangeRequest): HttpExchangeResponse {
    const { pathname, searchParams: query } = new URL(url, 'https://metrics-server');
    if (pathname !== ROOT && !pathname.startsWith(`${ROOT}/`)) return { code: 404, headers: PLAIN, body: '404 page not found\n' };
    const parts = pathname
      .slice(ROOT.length + 1)
      .split('/')
      .filter(Boolean)
      .map(decodeURIComponent);
    if (method !== 'GET') throw methodNotSupported({ group: 'metrics.k8s.io', resource: parts[0] ?? '' }, method.toLowerCase());
    if (parts.length === 0) return json(200, RESOURCES);
    const asTable = String(headers['accept'] ?? '').includes('as=Table');
    if (parts[0] === 'nodes' && parts.length <= 2) return shown(asTable, parts[1] === undefined ? listNodes(query) : getNode(parts[1]));
    const [namespace, resource, podName] = parts[0] === 'namespaces' ? [parts[1], parts[2], parts[3]] : [undefined, parts[0], undefined];
    if (resource !== 'pods' || parts.length > 4) return { code: 404, headers: PLAIN, body: '404 page not found\n' };
    return shown(asTable, podName === undefined ? listPods(namespace, query) : getPod(namespace!, podName));
  }

  function listPods(namespace: string | undefined, query: URLSearchParams): JsonObject {
    const at = scrapeTime(clock.now());
    const found = selected<Pod>(pods.list(namespace), query).flatMap((pod) => podMetrics(pod, at, usage) ?? []);
    return listOf('PodMetrics', found);
  }

  function getPod(namespace: string, podName: string): JsonObject {
    const pod = pods.get(namespace, podName);
    if (!pod) throw notFoundError({ group: '', resource: 'pods' }, podName);
    const found = podMetrics(pod, scrapeTime(clock.now()), usage);
    if (!found) throw notFoundError({ group: 'metrics.k8s.io', resource: 'podmetrics' }, `${namespace}/${podName}`);
    return { kind: 'PodMetrics', apiVersion: 'metrics.k8s.io/v1beta1', ...found };
  }

  function metricsOf(node: Node): NodeMetrics | undefined {
    return nodeMetrics(node, [...pods.byIndex(BY_NODE, node.metadata.name)], scrapeTime(clock.now()), usage);
  }

  function listNodes(query: URLSearchParams): JsonObject {
    const found = selected<Node>(nodes.list(), query).flatMap((node) => metricsOf(node) ?? []);
    return listOf('NodeMetrics', found);
  }

  function getNode(nodeName: string): JsonObject {
    const node = nodes.get('', nodeName);
    if (!node) throw notFoundError({ group: '', resource: 'nodes' }, nodeName);
    const found = metricsOf(node);
    if (!found) throw notFoundError({ group: 'metrics.k8s.io', resource: 'nodemetrics' }, nodeName);
    return { kind: 'NodeMetrics', apiVersion: 'metrics.k8s.io/v1beta1', ...found };
  }
}

const PLAIN = { 'content-type': 'text/plain; charset=utf-8' };

const json = (code: number, value: JsonObject): HttpExchangeResponse => ({
  code,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

const shown = (asTable: boolean, value: JsonObject): HttpExchangeResponse => json(200, asTable ? metricsTable(value) : value);

const listOf = (kind: string, items: readonly (PodMetrics | NodeMetrics)[]): JsonObject => ({
  kind: `${kind}List`,
  apiVersion: 'metrics.k8s.io/v1beta1',
  metadata: {},
  items,
});

/** Those that the query selects, in the order in which the API lists them. */
function selected<T extends Pod | Node>(objects: Iterable<T>, query: URLSearchParams): T[] {
  const labels = LabelSelector.parse(query.get('labelSelector') ?? '');
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '');
  const key = ({ metadata }: T): string => `${metadata.namespace ?? ''}/${metadata.name}`;
  return [...objects]
    .filter(({ metadata }) => labels.matches(metadata.labels ?? {}))
    .filter(({ metadata }) => fieldsMatch(fields, { 'metadata.name': metadata.name, 'metadata.namespace': metadata.namespace ?? '' }))
    .sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

const RESOURCES: JsonObject = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: 'metrics.k8s.io/v1beta1',
  resources: [
    { name: 'nodes', singularName: '', namespaced: false, kind: 'NodeMetrics', verbs: ['get', 'list'] },
    { name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] },
  ],
};
