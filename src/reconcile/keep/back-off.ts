// What failed, how often one time after another, and how long a keeper rests because of it. Which failures pass by themselves.
import { StatusError } from '../../apimachinery/status-error.ts';
import { UnreachableError } from '../../client/transport.ts';
import { SourceError } from '../source/source-error.ts';

/** A source that cannot be reached is asked this often at least, where its interval is not longer. */
export const LONGEST_REST_MS = 600_000;

export class BackOff {
  private readonly intervalMs: number;
  failures = 0;
  /** In words; empty where nothing fails. */
  message = '';
  /** In milliseconds since 1970; 0 where nothing fails. */
  until = 0;

  constructor(intervalMs: number) {
    this.intervalMs = intervalMs;
  }

  failed(error: unknown, now: number): void {
    this.failures++;
    this.message = textOf(error);
    this.until = now + restMs(this.failures, this.intervalMs);
  }

  recovered(): void {
    this.failures = 0;
    this.message = '';
    this.until = 0;
  }
}

/** The interval, doubled with each failure. @param failures one after another, the last one included */
export const restMs = (failures: number, intervalMs: number): number =>
  Math.min(intervalMs * 2 ** (failures - 1), Math.max(intervalMs, LONGEST_REST_MS));

/** What may be otherwise the next time. */
export const isPassing = (error: unknown): boolean =>
  error instanceof SourceError || error instanceof StatusError || error instanceof UnreachableError;

const textOf = (error: unknown): string =>
  error instanceof SourceError ? `${error.where}: ${error.message}` : error instanceof Error ? error.message : String(error);
