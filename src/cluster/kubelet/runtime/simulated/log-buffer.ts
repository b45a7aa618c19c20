// The logs of simulated containers: the last lines of the container that runs and of the one before it.
import type { LogLine } from '../runtime.ts';

/** Lines kept of each container. */
const MAX_LINES = 1000;

export class LogBuffer {
  /** `uid/container` */
  private readonly logs = new Map<string, { current: LogLine[]; previous: LogLine[] | undefined }>();

  /** A container starts anew. */
  begin(podUid: string, container: string): void {
    const key = `${podUid}/${container}`;
    this.logs.set(key, { current: [], previous: this.logs.get(key)?.current });
  }

  write(podUid: string, container: string, line: LogLine): void {
    const lines = this.logs.get(`${podUid}/${container}`)?.current;
    lines?.push(line);
    if (lines && lines.length > MAX_LINES) lines.shift();
  }

  read(podUid: string, container: string, previous = false): readonly LogLine[] | undefined {
    const log = this.logs.get(`${podUid}/${container}`);
    return previous ? log?.previous : log?.current;
  }

  forget(podUid: string, containers: Iterable<string>): void {
    for (const name of containers) this.logs.delete(`${podUid}/${name}`);
  }
}
