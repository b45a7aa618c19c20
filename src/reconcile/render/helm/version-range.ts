// Versions and ranges of them, as charts have them: by the rules of Masterminds/semver. What is neither is in nothing.
import { parseConstraint } from '../../../apimachinery/go-template/sprig/version-constraint.ts';
import { compareVersions as compare, parseVersion, VersionError } from '../../../apimachinery/go-template/sprig/version.ts';

export const isVersion = (text: string): boolean => known(() => parseVersion(text)) !== undefined;

/** Whether a version is in a range; false where one of them is none. */
export const isInRange = (version: string, range: string): boolean => known(() => parseConstraint(range)(parseVersion(version))) ?? false;

/** Both must be versions. */
export const compareVersions = (a: string, b: string): number => compare(parseVersion(a), parseVersion(b));

function known<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof VersionError) return undefined;
    throw error;
  }
}
