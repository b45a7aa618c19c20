// Whether the sync windows of an app let it be synced now. Pure. Follows the windows of Argo CD's AppProjects: one that denies wins over all
// that allow, and where some allow, nothing is synced outside of them.
import { CronError, parseSchedule } from '../../apimachinery/cron.ts';
import type { SyncWindow } from '../apps/app.ts';

/** @param now milliseconds since 1970. @returns why not; undefined where it may be synced */
export function heldByWindows(windows: readonly SyncWindow[], now: number): string | undefined {
  const faulty = windows.map(faultOf).find((fault) => fault !== undefined);
  if (faulty !== undefined) return faulty;
  const denying = windows.find((window) => window.kind === 'deny' && isOpen(window, now));
  if (denying) return `a sync window denies it: ${windowText(denying)}`;
  const allowing = windows.filter(({ kind }) => kind === 'allow');
  if (allowing.length === 0 || allowing.some((window) => isOpen(window, now))) return undefined;
  return `outside of its sync windows: ${allowing.map(windowText).join('; ')}`;
}

/** It opened no longer ago than it lasts. */
function isOpen({ schedule, durationMs, timeZone }: SyncWindow, now: number): boolean {
  const opened = parseSchedule(schedule, timeZone).next(now - durationMs);
  return opened !== undefined && opened <= now;
}

/** A window that cannot be read is taken for the worse. */
function faultOf({ schedule, timeZone }: SyncWindow): string | undefined {
  try {
    parseSchedule(schedule, timeZone);
    return undefined;
  } catch (error) {
    if (error instanceof CronError) return `a sync window cannot be read: ${JSON.stringify(schedule)}: ${error.message}`;
    throw error;
  }
}

const windowText = ({ kind, schedule, durationMs, timeZone }: SyncWindow): string =>
  `${kind} ${schedule} for ${durationMs / 60_000} min (${timeZone})`;
