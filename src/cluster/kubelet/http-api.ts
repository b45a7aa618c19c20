// What a kubelet answers over HTTP, as far as a simulation can: whether it is well, its pods, what they use, their logs, its configuration.
// Follows pkg/kubelet/server.
import type { Node, Pod } from '#api/core/v1';
import type { HttpExchangeRequest, HttpExchangeResponse } from '../../apimachinery/http-exchange.ts';
import type { ContainerUsage, NodeApi } from '../../apimachinery/node-api.ts';
import type { JsonObject } from '../../apimachinery/object.ts';
import { StatusError } from '../../apimachinery/status-error.ts';
import { formatTime } from '../../apimachinery/time.ts';
import { containersOf } from './node-api.ts';
import { resourceMetrics, type Measured } from './resource-metrics.ts';

export interface KubeletHttpParts {
  readonly node: Node;
  /** All that are on the node. */
  readonly pods: readonly Pod[];
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly api: Pick<NodeApi, 'usage' | 'logs'>;
}

export function answerKubelet(parts: KubeletHttpParts, { method, url }: HttpExchangeRequest): HttpExchangeResponse {
  const [path = '', query = ''] = url.split(/\?(.*)/s, 2);
  const trimmed = path.length > 1 ? path.replace(/\/$/, '') : path;
  if (method !== 'GET' && method !== 'HEAD') return text(405, 'Method Not Allowed\n');
  switch (trimmed) {
    case '/healthz':
    case '/healthz/ping':
    case '/healthz/log':
    case '/healthz/syncloop':
      return text(200, 'ok');
    case '/pods':
      return json({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: parts.pods });
    case '/runningpods':
      return json({
        kind: 'PodList',
        apiVersion: 'v1',
        metadata: {},
        items: parts.pods.filter(({ status }) => status?.phase === 'Running'),
      });
    case '/stats/summary':
      return json(summary(parts));
    case '/metrics/resource':
      return metrics(resourceMetrics(measured(parts), parts.now));
    case '/metrics':
      return metrics(ownMetrics(parts));
    case '/configz':
      return json(configuration(parts.node));
  }
  if (trimmed.startsWith('/containerLogs/')) return containerLog(parts, trimmed, new URLSearchParams(query));
  return text(404, '404 page not found\n');
}

const text = (code: number, body: string): HttpExchangeResponse => ({
  code,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body,
});

const json = (value: JsonObject): HttpExchangeResponse => ({
  code: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

const metrics = (body: string): HttpExchangeResponse => ({
  code: 200,
  headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores' },
  body,
});

function measured({ pods, api, now }: KubeletHttpParts): Measured[] {
  return pods.flatMap((pod) => {
    const usage = api.usage(pod, now);
    return usage.length ? [{ pod, usage }] : [];
  });
}

const total = (usage: readonly ContainerUsage[], of: 'cpuCoreNanoSeconds' | 'memoryBytes'): number =>
  usage.reduce((sum, one) => sum + one[of], 0);

/** How long the use at a moment is measured, in milliseconds. */
const RATE_MS = 10_000;

function summary(parts: KubeletHttpParts): JsonObject {
  const { node, api, now } = parts;
  const time = formatTime(now);
  const before = now - RATE_MS;
  const stats = (usage: readonly ContainerUsage[], earlier: readonly ContainerUsage[], capacity: number | undefined): JsonObject => {
    const used = total(usage, 'cpuCoreNanoSeconds');
    const sinceMs = Math.min(RATE_MS, ...usage.map(({ startedAtMs }) => Math.max(1, now - startedAtMs)));
    const usageNanoCores = Math.max(0, Math.round(((used - total(earlier, 'cpuCoreNanoSeconds')) * 1000) / sinceMs));
    const workingSetBytes = total(usage, 'memoryBytes');
    const available = capacity === undefined ? {} : { availableBytes: Math.max(0, capacity - workingSetBytes) };
    return {
      cpu: { time, usageNanoCores, usageCoreNanoSeconds: used },
      memory: { time, ...available, usageBytes: workingSetBytes, workingSetBytes, rssBytes: workingSetBytes },
    };
  };
  const all = measured(parts);
  const pods = all.map(({ pod, usage }) => {
    const earlier = api.usage(pod, before);
    return {
      podRef: { name: pod.metadata.name, namespace: pod.metadata.namespace, uid: pod.metadata.uid },
      startTime: pod.status?.startTime ?? null,
      containers: usage.map((one) => ({
        name: one.name,
        startTime: formatTime(one.startedAtMs),
        ...stats(
          [one],
          earlier.filter(({ name, startedAtMs }) => name === one.name && startedAtMs === one.startedAtMs),
          undefined,
        ),
      })),
      ...stats(usage, earlier, undefined),
    };
  });
  const usages = all.flatMap(({ usage }) => usage);
  const earlier = all.flatMap(({ pod }) => api.usage(pod, before));
  const own = { nodeName: node.metadata.name, startTime: node.metadata.creationTimestamp, ...stats(usages, earlier, undefined) };
  return { node: own, pods };
}

function ownMetrics({ node, pods }: KubeletHttpParts): string {
  const running = pods.filter(({ status }) => status?.phase === 'Running');
  const containers = running.reduce((sum, pod) => sum + containersOf(pod).filter(({ state }) => state?.running).length, 0);
  return [
    "# HELP kubelet_node_name [ALPHA] The node's name. The count is always 1.",
    '# TYPE kubelet_node_name gauge',
    `kubelet_node_name{node="${node.metadata.name}"} 1`,
    '# HELP kubelet_running_containers [ALPHA] Number of containers currently running',
    '# TYPE kubelet_running_containers gauge',
    `kubelet_running_containers{container_state="running"} ${containers}`,
    '# HELP kubelet_running_pods [ALPHA] Number of pods that have a running pod sandbox',
    '# TYPE kubelet_running_pods gauge',
    `kubelet_running_pods ${running.length}`,
    '',
  ].join('\n');
}

/** What of it is true of a simulated one. */
function configuration({ spec, status }: Node): JsonObject {
  return {
    kubeletconfig: {
      kind: 'KubeletConfiguration',
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      port: status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 10250,
      authorization: { mode: 'Webhook' },
      clusterDomain: 'cluster.local',
      nodeStatusUpdateFrequency: '10s',
      nodeLeaseDurationSeconds: 40,
      maxPods: Number(status?.capacity?.['pods'] ?? 110),
      podCIDR: spec?.podCIDR ?? '',
      failSwapOn: false,
    },
  };
}

function containerLog({ pods, api }: KubeletHttpParts, path: string, query: URLSearchParams): HttpExchangeResponse {
  const [, , namespace = '', podName = '', container = ''] = path.split('/').map(decodeURIComponent);
  const pod = pods.find(({ metadata }) => metadata.namespace === namespace && metadata.name === podName);
  if (!pod) return text(404, `pod ${JSON.stringify(podName)} does not exist\n`);
  const flag = (name: string): boolean => ['true', '1'].includes(query.get(name) ?? '');
  const tailLines = query.get('tailLines') ?? '';
  const limits = /^\d+$/.test(tailLines) ? { tailLines: Number(tailLines) } : {};
  try {
    const options = { container, follow: flag('follow'), previous: flag('previous'), timestamps: flag('timestamps'), ...limits };
    return { code: 200, headers: { 'content-type': 'text/plain' }, body: api.logs(pod, options) };
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return text(error.code, `${error.message}\n`);
  }
}
