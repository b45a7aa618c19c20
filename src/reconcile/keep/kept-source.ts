// A source that is read again and again: what was opened to read it stays open until the next time, so that whether it would now be read
// otherwise is asked of names and stamps alone. Nothing is rendered to find that out.
import type { PreparedSource } from '../apps/prepare-apps.ts';
import type { Snapshot } from '../source/snapshot.ts';
import type { SourceDeps, SourceSpec } from '../source/source.ts';

/** Reads a source whole: opens, renders, validates. Throws a SourceError. */
export type ReadSource = (deps: SourceDeps) => Promise<PreparedSource>;

interface Opened {
  readonly snapshot: Snapshot;
  readonly spec: SourceSpec;
}

export class KeptSource {
  private readonly deps: SourceDeps;
  private readonly readWith: ReadSource;
  private opened: Opened[] = [];

  constructor(deps: SourceDeps, read: ReadSource) {
    // what git packs hold is parsed once
    this.deps = { gitCache: {}, ...deps };
    this.readWith = read;
  }

  /** Throws a SourceError, and then still asks what was read before. */
  async read(): Promise<PreparedSource> {
    const opened: Opened[] = [];
    try {
      const prepared = await this.readWith({ ...this.deps, keep: (snapshot, spec) => void opened.push({ snapshot, spec }) });
      const before = this.opened;
      this.opened = opened;
      await closeAll(before);
      return prepared;
    } catch (error) {
      await closeAll(opened);
      throw error;
    }
  }

  /** Whether it would now be read otherwise. A repository is asked once for each of its names. Throws a SourceError. */
  async changed(): Promise<boolean> {
    const moved = new Map<string, boolean>();
    for (const { snapshot, spec } of this.opened) {
      if (isFixed(spec.ref)) continue;
      const { revisionNow, revision } = snapshot;
      if (revisionNow) {
        const name = `${spec.location} ${spec.ref ?? ''}`;
        if (!moved.has(name)) moved.set(name, (await revisionNow()) !== revision);
        // the same files under another commit are no change
        if (!moved.get(name)) continue;
      }
      if (await snapshot.changed()) return true;
    }
    return false;
  }

  close(): Promise<void> {
    return closeAll(this.opened.splice(0));
  }
}

/** A commit's full id means the same for ever. */
const isFixed = (ref: string | undefined): boolean => ref !== undefined && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(ref);

async function closeAll(opened: readonly Opened[]): Promise<void> {
  for (const { snapshot } of opened) await snapshot.close();
}
