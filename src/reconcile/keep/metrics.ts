// What a keeper has told, counted, in the text format that Prometheus reads. It holds numbers alone; whoever serves them asks for the text.
import type { HealthStatus } from '../health/verdict.ts';
import { resourceKey } from '../plan/resource-id.ts';
import type { SyncStatus } from '../report/result.ts';
import type { KeepEvent, SyncedEvent } from './keep-event.ts';

/** Upper bounds, in seconds. */
const BUCKETS = [0.1, 0.5, 1, 5, 15, 60, 300];

interface AppNumbers {
  sync: SyncStatus;
  health: HealthStatus;
  /** By result, which is the sync status it ended with. */
  readonly syncs: Map<string, number>;
  readonly buckets: number[];
  seconds: number;
  count: number;
  heals: number;
  readonly drifted: Set<string>;
}

export class KeepMetrics {
  private readonly apps = new Map<string, AppNumbers>();
  private reads = 0;
  private failures = 0;

  observe(event: KeepEvent): void {
    if (event.type === 'source') this.reads++;
    else if (event.type === 'failure') this.failures++;
    else if (event.type === 'synced') this.synced(event);
    else if (event.type === 'drift') this.of(event.app).drifted.add(resourceKey(event.drift));
    else if (event.type === 'agreed') this.of(event.app).drifted.delete(resourceKey(event.id));
    else if (event.type === 'healing') this.of(event.app).heals++;
    else if (event.type === 'health') this.of(event.app).health = event.health;
    else if (event.type === 'gone') this.apps.delete(event.app);
  }

  private synced({ app, sync, health, why, durationMs }: SyncedEvent): void {
    const numbers = this.of(app);
    if (why !== 'drift') [numbers.sync, numbers.health] = [sync, health];
    numbers.syncs.set(sync, (numbers.syncs.get(sync) ?? 0) + 1);
    const seconds = durationMs / 1000;
    for (const [i, bound] of BUCKETS.entries()) if (seconds <= bound) numbers.buckets[i]!++;
    numbers.seconds += seconds;
    numbers.count++;
  }

  private of(app: string): AppNumbers {
    let numbers = this.apps.get(app);
    if (!numbers) {
      numbers = {
        sync: 'OutOfSync',
        health: 'Unknown',
        syncs: new Map(),
        buckets: BUCKETS.map(() => 0),
        seconds: 0,
        count: 0,
        heals: 0,
        drifted: new Set(),
      };
      this.apps.set(app, numbers);
    }
    return numbers;
  }

  /** https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4 */
  text(): string {
    const apps = [...this.apps].sort(([a], [b]) => (a < b ? -1 : 1));
    const each = (of: (name: string, numbers: AppNumbers) => readonly string[]): string[] => apps.flatMap(([name, n]) => of(name, n));
    return [
      ...metric('jibe_source_reads_total', 'counter', 'How often a source was read and rendered.', [
        `jibe_source_reads_total ${this.reads}`,
      ]),
      ...metric('jibe_failures_total', 'counter', 'What could not be done and is tried again.', [`jibe_failures_total ${this.failures}`]),
      ...metric(
        'jibe_syncs_total',
        'counter',
        'Syncs of an app, by how they ended.',
        each((app, { syncs }) => [...syncs].map(([result, n]) => `jibe_syncs_total${labels({ app, result })} ${n}`)),
      ),
      ...metric(
        'jibe_sync_duration_seconds',
        'histogram',
        'How long syncs took, waiting included.',
        each((app, numbers) => histogram(app, numbers)),
      ),
      ...metric(
        'jibe_self_heals_total',
        'counter',
        'How often drift was put right.',
        each((app, { heals }) => [`jibe_self_heals_total${labels({ app })} ${heals}`]),
      ),
      ...metric(
        'jibe_drifted_objects',
        'gauge',
        'Objects that are not as they were synced.',
        each((app, { drifted }) => [`jibe_drifted_objects${labels({ app })} ${drifted.size}`]),
      ),
      ...metric(
        'jibe_app_info',
        'gauge',
        'How an app is: always 1.',
        each((app, { sync, health }) => [`jibe_app_info${labels({ app, sync, health })} 1`]),
      ),
    ].join('\n');
  }
}

function histogram(app: string, { buckets, seconds, count }: AppNumbers): readonly string[] {
  const name = 'jibe_sync_duration_seconds';
  return [
    ...BUCKETS.map((le, i) => `${name}_bucket${labels({ app, le: String(le) })} ${buckets[i]}`),
    `${name}_bucket${labels({ app, le: '+Inf' })} ${count}`,
    `${name}_sum${labels({ app })} ${seconds}`,
    `${name}_count${labels({ app })} ${count}`,
  ];
}

const metric = (name: string, type: string, help: string, lines: readonly string[]): string[] => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} ${type}`,
  ...lines,
  ...(name === 'jibe_app_info' ? [''] : []),
];

const labels = (values: Readonly<Record<string, string>>): string =>
  `{${Object.entries(values)
    .map(([name, value]) => `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`)
    .join(',')}}`;
