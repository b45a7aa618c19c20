// /metrics: how many requests of which sort were answered and how long they took, and what the process uses, in Prometheus' text format.
// Names and labels are those of k8s.io/apiserver's endpoints/metrics.
import type { RequestInfo } from './request-info.ts';

/** Upper bounds in seconds. */
const BUCKETS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

interface Durations {
  readonly counts: number[];
  count: number;
  sum: number;
}

/** Names of subresources are the client's words: these must not grow without end. */
const MAX_SERIES = 5_000;

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);

/** How a request ended. */
export interface Outcome {
  readonly code: number;
  readonly seconds: number;
  /** The parameter's values. */
  readonly dryRun: readonly string[];
}

export class RequestMetrics {
  private readonly totals = new Map<string, number>();
  private readonly durations = new Map<string, Durations>();

  /** @param info of a request for a resource that is served; undefined for any other */
  observe(method: string, info: RequestInfo | undefined, { code, seconds, dryRun }: Outcome): void {
    const labels = labelsOf(method, info);
    const dry = dryRun.length === 0 ? '' : dryRun.every((one) => one === 'All') ? 'All' : 'invalid';
    const total = `code="${code}",dry_run="${dry}",${labels}`;
    if (this.totals.has(total) || this.totals.size < MAX_SERIES) this.totals.set(total, (this.totals.get(total) ?? 0) + 1);
    let durations = this.durations.get(labels);
    if (!durations) {
      if (this.durations.size >= MAX_SERIES) return;
      durations = { counts: BUCKETS.map(() => 0), count: 0, sum: 0 };
      this.durations.set(labels, durations);
    }
    for (let i = BUCKETS.length - 1; i >= 0 && seconds <= BUCKETS[i]!; i--) durations.counts[i]!++;
    durations.count++;
    durations.sum += seconds;
  }

  /** @param now milliseconds since 1970 */
  text(now: number): string {
    const out = [
      '# HELP apiserver_request_total Requests by verb, resource, scope and code.',
      '# TYPE apiserver_request_total counter',
      ...[...this.totals].sort().map(([labels, n]) => `apiserver_request_total{${labels}} ${n}`),
      '# HELP apiserver_request_duration_seconds How long requests took, by verb, resource and scope.',
      '# TYPE apiserver_request_duration_seconds histogram',
    ];
    for (const [labels, { counts, count, sum }] of [...this.durations].sort(([a], [b]) => (a < b ? -1 : 1))) {
      counts.forEach((n, i) => out.push(`apiserver_request_duration_seconds_bucket{${labels},le="${BUCKETS[i]}"} ${n}`));
      out.push(
        `apiserver_request_duration_seconds_bucket{${labels},le="+Inf"} ${count}`,
        `apiserver_request_duration_seconds_sum{${labels}} ${sum}`,
        `apiserver_request_duration_seconds_count{${labels}} ${count}`,
      );
    }
    return `${[...out, ...processMetrics(now)].join('\n')}\n`;
  }
}

function labelsOf(method: string, info: RequestInfo | undefined): string {
  if (!info) return `group="",resource="",scope="",subresource="",verb="${METHODS.has(method) ? method : 'other'}",version=""`;
  const { group, version, resource, subresource, namespace, name, verb } = info;
  const scope = name ? 'resource' : namespace ? 'namespace' : 'cluster';
  const VERBS: Readonly<Record<string, string>> = { create: 'POST', update: 'PUT' };
  const told = VERBS[verb] ?? verb.toUpperCase();
  return `group="${group}",resource="${resource}",scope="${scope}",subresource="${escaped(subresource)}",verb="${told}",version="${version}"`;
}

const escaped = (label: string): string => label.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');

function processMetrics(now: number): string[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  const metric = (name: string, type: string, help: string, value: number): string[] => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    `${name} ${value}`,
  ];
  return [
    ...metric('process_cpu_seconds_total', 'counter', 'Total user and system CPU time spent in seconds.', (user + system) / 1e6),
    ...metric('process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', rss),
    ...metric('process_start_time_seconds', 'gauge', 'Start time of the process since 1970 in seconds.', now / 1000 - process.uptime()),
    ...metric('nodejs_heap_used_bytes', 'gauge', 'Heap in use in bytes.', heapUsed),
  ];
}
