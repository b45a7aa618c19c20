// An embedded cluster on its virtual clock, and a folder of manifests beside it, for tests of whole syncs.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { RealClock, VirtualClock } from '../../src/apimachinery/clock.ts';
import { Random } from '../../src/apimachinery/random.ts';
import { Cluster, type ClusterOptions } from '../../src/cluster/cluster.ts';
import { MemoryStore } from '../../src/cluster/storage/memory-store.ts';
import type { Engine } from '../../src/reconcile/engine.ts';
import { copyScratch } from '../../src/reconcile/plan/scratch.ts';
import type { SourceDeps } from '../../src/reconcile/source/source.ts';

export class Embedded {
  readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-sync-'));
  readonly deps: SourceDeps = { clock: new RealClock(), stdin: process.stdin, cacheDirectory: path.join(this.directory, '.cache') };
  readonly cluster: Cluster;
  readonly engine: Engine;
  readonly store: MemoryStore;

  private constructor(cluster: Cluster, store: MemoryStore) {
    this.cluster = cluster;
    this.store = store;
    this.engine = {
      client: cluster.client(),
      clock: cluster.clock,
      cluster: 'embedded:test',
      scratch: async () => copyScratch((await cluster.scratch()).client()),
    };
  }

  static async start(options: Partial<ClusterOptions> = {}): Promise<Embedded> {
    const clock = new VirtualClock(Date.UTC(2026, 0, 1));
    const store = new MemoryStore(clock);
    return new Embedded(await Cluster.start({ clock, random: new Random(1), store, ...options }), store);
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(this.directory, name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, content);
    }
  }

  remove(...names: readonly string[]): void {
    for (const name of names) fs.rmSync(path.join(this.directory, name), { recursive: true });
  }

  async stop(): Promise<void> {
    await this.cluster.stop();
    fs.rmSync(this.directory, { recursive: true });
  }
}
