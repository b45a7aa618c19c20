// The logs of simulated containers: the last lines of the container that runs and of the one before it, and who follows them.
import type { LogLine } from '../runtime.ts';

/** Lines kept of each container. */
const MAX_LINES = 1000;

type Follower = (line: LogLine | undefined) => void;

interface Log {
  current: LogLine[];
  previous: LogLine[] | undefined;
  readonly followers: Set<Follower>;
}

export class LogBuffer {
  /** `uid/container` */
  private readonly logs = new Map<string, Log>();

  /** A container starts anew. */
  begin(podUid: string, container: string): void {
    const key = `${podUid}/${container}`;
    this.end(podUid, container);
    this.logs.set(key, { current: [], previous: this.logs.get(key)?.current, followers: new Set() });
  }

  write(podUid: string, container: string, line: LogLine): void {
    const log = this.logs.get(`${podUid}/${container}`);
    if (!log) return;
    log.current.push(line);
    if (log.current.length > MAX_LINES) log.current.shift();
    for (const follower of log.followers) follower(line);
  }

  /** The container has exited: nothing more will be written. */
  end(podUid: string, container: string): void {
    const log = this.logs.get(`${podUid}/${container}`);
    for (const follower of log?.followers ?? []) follower(undefined);
    log?.followers.clear();
  }

  /** @returns how to be told no more */
  follow(podUid: string, container: string, follower: Follower): () => void {
    const log = this.logs.get(`${podUid}/${container}`);
    log?.followers.add(follower);
    return () => log?.followers.delete(follower);
  }

  read(podUid: string, container: string, previous = false): readonly LogLine[] | undefined {
    const log = this.logs.get(`${podUid}/${container}`);
    return previous ? log?.previous : log?.current;
  }

  forget(podUid: string, containers: Iterable<string>): void {
    for (const name of containers) {
      this.end(podUid, name);
      this.logs.delete(`${podUid}/${name}`);
    }
  }
}
