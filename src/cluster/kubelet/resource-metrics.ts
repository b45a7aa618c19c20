// /metrics/resource of a kubelet: what containers, pods and the node use, in Prometheus' text. Pure; the names are those of
// pkg/kubelet/metrics/collectors/resource_metrics.go.
import type { Pod } from '#api/core/v1';
import type { ContainerUsage } from '../../apimachinery/node-api.ts';

export interface Measured {
  readonly pod: Pod;
  readonly usage: readonly ContainerUsage[];
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** @param now milliseconds since 1970 */
export function resourceMetrics(all: readonly Measured[], now: number): string {
  const containers = all.flatMap(({ pod, usage }) =>
    usage.map((one) => ({ one, labels: { container: one.name, namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name } })),
  );
  const sum = (of: (usage: ContainerUsage) => number, usages: readonly ContainerUsage[]): number =>
    usages.reduce((before, usage) => before + of(usage), 0);
  const cpu = (usage: ContainerUsage): number => usage.cpuCoreNanoSeconds / 1e9;
  const memory = (usage: ContainerUsage): number => usage.memoryBytes;
  const ofContainers = (of: (usage: ContainerUsage) => number): Sample[] =>
    containers.map(({ one, labels }) => ({ labels, value: of(one) }));
  const ofPods = (of: (usage: ContainerUsage) => number): Sample[] =>
    all.map(({ pod, usage }) => ({ labels: { namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name }, value: sum(of, usage) }));
  const ofNode = (of: (usage: ContainerUsage) => number): Sample[] => [
    {
      labels: {},
      value: sum(
        of,
        containers.map(({ one }) => one),
      ),
    },
  ];
  const families: readonly (readonly [name: string, type: 'counter' | 'gauge', help: string, samples: Sample[]])[] = [
    ['container_cpu_usage_seconds_total', 'counter', 'Cumulative cpu time consumed by the container in core-seconds', ofContainers(cpu)],
    ['container_memory_working_set_bytes', 'gauge', 'Current working set of the container in bytes', ofContainers(memory)],
    [
      'container_start_time_seconds',
      'gauge',
      'Start time of the container since unix epoch in seconds',
      ofContainers(({ startedAtMs }) => startedAtMs / 1000),
    ],
    ['node_cpu_usage_seconds_total', 'counter', 'Cumulative cpu time consumed by the node in core-seconds', ofNode(cpu)],
    ['node_memory_working_set_bytes', 'gauge', 'Current working set of the node in bytes', ofNode(memory)],
    ['pod_cpu_usage_seconds_total', 'counter', 'Cumulative cpu time consumed by the pod in core-seconds', ofPods(cpu)],
    ['pod_memory_working_set_bytes', 'gauge', 'Current working set of the pod in bytes', ofPods(memory)],
  ];
  const lines = families.flatMap(([name, type, help, samples]) =>
    samples.length
      ? [`# HELP ${name} [STABLE] ${help}`, `# TYPE ${name} ${type}`, ...samples.map(({ labels, value }) => line(name, labels, value, now))]
      : [],
  );
  const error = 'resource_scrape_error';
  return [
    ...lines,
    `# HELP ${error} [STABLE] 1 if there was an error while getting container metrics, 0 otherwise`,
    `# TYPE ${error} gauge`,
    `${error} 0`,
    '',
  ].join('\n');
}

function line(name: string, labels: Sample['labels'], value: number, now: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}=${JSON.stringify(text)}`);
  return `${name}${pairs.length ? `{${pairs.join(',')}}` : ''} ${value} ${now}`;
}
