// Versions and ranges of them as charts have them.
import semver from 'semver';

export const isVersion = (text: string): boolean => /^v?\d+(?:\.\d+){0,2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/.test(text);

/** Whether a version is in a range; false where one of them is none. */
export function isInRange(version: string, range: string): boolean {
  const exact = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(.*)$/.exec(version);
  if (!exact) return false;
  const full = `${exact[1]}.${exact[2] ?? 0}.${exact[3] ?? 0}${exact[4] ?? ''}`;
  return semver.satisfies(full, range.replaceAll(',', ' '));
}
