// Ages as kubectl users know them: `5s`, `3m20s`, `2d4h`, `400d`. Follows duration.HumanDuration of k8s.io/apimachinery.
import { timeMs } from '../../../apimachinery/time.ts';

/** @param from a time as stored; @param now milliseconds since 1970 */
export function age(from: string | undefined | null, now: number): string {
  return from ? humanDuration(now - timeMs(from)) : '<unknown>';
}

export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  // clocks differ: what is a moment in the future counts as now
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(minutes / 60);
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (hours < 192) return hours % 24 === 0 ? `${days}d` : `${days}d${hours % 24}h`;
  if (hours < 24 * 365 * 2) return `${days}d`;
  const years = Math.trunc(hours / 24 / 365);
  if (hours < 24 * 365 * 8) return days % 365 === 0 ? `${years}y` : `${years}y${days % 365}d`;
  return `${years}y`;
}
