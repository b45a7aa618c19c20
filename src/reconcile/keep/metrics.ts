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

interface SourceNumbers {
  reads: number;
  failures: number;
  isUp: boolean;
}

/** Of one source or of several: those have names, which are a label. */
export class KeepMetrics {
  private readonly sources = new Map<string, SourceNumbers>();
  private readonly apps = new Map<string, { readonly source: string; readonly app: string; readonly numbers: AppNumbers }>();

  /** @param source what it is called; empty where there is but one */
  observe(event: KeepEvent, source = ''): void {
    if (event.type === 'source') this.ofSource(source).reads++;
    if (event.type === 'failure') this.ofSource(source).failures++;
    if (event.type === 'source' || event.type === 'failure' || event.type === 'recovered')
      this.ofSource(source).isUp = event.type !== 'failure';
    if (event.type === 'gone') this.apps.delete(keyOf(source, event.app));
    else if ('app' in event && event.type !== 'held') count(this.of(source, event.app), event);
  }

  private ofSource(source: string): SourceNumbers {
    let numbers = this.sources.get(source);
    if (!numbers) this.sources.set(source, (numbers = noSource()));
    return numbers;
  }

  private of(source: string, app: string): AppNumbers {
    const key = keyOf(source, app);
    let found = this.apps.get(key);
    if (!found) this.apps.set(key, (found = { source, app, numbers: noNumbers() }));
    return found.numbers;
  }

  /** https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4 */
  text(): string {
    const apps = [...this.apps].sort(byKey).map(([, { source, app, numbers }]) => ({ numbers, by: { ...sourceLabel(source), app } }));
    const each = (of: (by: Labels, numbers: AppNumbers) => readonly string[]): string[] =>
      apps.flatMap(({ by, numbers }) => of(by, numbers));
    // a counter is there before it counts
    const sources = this.sources.size ? this.sources : new Map([['', noSource()]]);
    const eachSource = (name: string, of: (numbers: SourceNumbers) => number): string[] =>
      [...sources].sort(byKey).map(([source, numbers]) => `${name}${source ? labels({ source }) : ''} ${of(numbers)}`);
    return [
      ...metric(
        'jibe_source_reads_total',
        'counter',
        'How often a source was read and rendered.',
        eachSource('jibe_source_reads_total', ({ reads }) => reads),
      ),
      ...metric(
        'jibe_failures_total',
        'counter',
        'What could not be done and is tried again.',
        eachSource('jibe_failures_total', ({ failures }) => failures),
      ),
      ...metric(
        'jibe_source_up',
        'gauge',
        'Whether a source and its cluster could be asked the last time.',
        eachSource('jibe_source_up', ({ isUp }) => Number(isUp)),
      ),
      ...metric(
        'jibe_syncs_total',
        'counter',
        'Syncs of an app, by how they ended.',
        each((by, { syncs }) => [...syncs].sort(byKey).map(([result, n]) => `jibe_syncs_total${labels({ ...by, result })} ${n}`)),
      ),
      ...metric('jibe_sync_duration_seconds', 'histogram', 'How long syncs took, waiting included.', each(histogram)),
      ...metric(
        'jibe_self_heals_total',
        'counter',
        'How often drift was put right.',
        each((by, { heals }) => [`jibe_self_heals_total${labels(by)} ${heals}`]),
      ),
      ...metric(
        'jibe_drifted_objects',
        'gauge',
        'Objects that are not as they were synced.',
        each((by, { drifted }) => [`jibe_drifted_objects${labels(by)} ${drifted.size}`]),
      ),
      ...metric(
        'jibe_app_info',
        'gauge',
        'How an app is: always 1.',
        each((by, { sync, health }) => [`jibe_app_info${labels({ ...by, sync, health })} 1`]),
      ),
    ].join('\n');
  }
}

/** Whatever is told first, the text is in the same order. */
const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);

type Labels = Readonly<Record<string, string>>;

const keyOf = (source: string, app: string): string => `${source}/${app}`;
const sourceLabel = (source: string): Labels => (source ? { source } : {});

const noSource = (): SourceNumbers => ({ reads: 0, failures: 0, isUp: true });

const noNumbers = (): AppNumbers => ({
  sync: 'OutOfSync',
  health: 'Unknown',
  syncs: new Map(),
  buckets: BUCKETS.map(() => 0),
  seconds: 0,
  count: 0,
  heals: 0,
  drifted: new Set(),
});

function count(numbers: AppNumbers, event: KeepEvent): void {
  if (event.type === 'synced') synced(numbers, event);
  else if (event.type === 'drift') numbers.drifted.add(resourceKey(event.drift));
  else if (event.type === 'agreed') numbers.drifted.delete(resourceKey(event.id));
  else if (event.type === 'healing') numbers.heals++;
  else if (event.type === 'health') numbers.health = event.health;
}

function synced(numbers: AppNumbers, { sync, health, why, durationMs }: SyncedEvent): void {
  if (why !== 'drift') [numbers.sync, numbers.health] = [sync, health];
  numbers.syncs.set(sync, (numbers.syncs.get(sync) ?? 0) + 1);
  const seconds = durationMs / 1000;
  for (const [i, bound] of BUCKETS.entries()) if (seconds <= bound) numbers.buckets[i]!++;
  numbers.seconds += seconds;
  numbers.count++;
}

function histogram(by: Labels, { buckets, seconds, count }: AppNumbers): readonly string[] {
  const name = 'jibe_sync_duration_seconds';
  return [
    ...BUCKETS.map((le, i) => `${name}_bucket${labels({ ...by, le: String(le) })} ${buckets[i]}`),
    `${name}_bucket${labels({ ...by, le: '+Inf' })} ${count}`,
    `${name}_sum${labels(by)} ${seconds}`,
    `${name}_count${labels(by)} ${count}`,
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
