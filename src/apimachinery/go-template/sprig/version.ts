// Versions as Masterminds/semver reads them: parts may be missing, and a `v` may stand in front.

export interface Version {
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  readonly pre: string;
  readonly metadata: string;
}

export class VersionError extends Error {
  override readonly name = 'VersionError';
}

const VERSION = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*))?(?:\+([\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*))?$/;

/** Throws a VersionError. */
export function parseVersion(text: string): Version {
  const match = VERSION.exec(text);
  if (!match) throw new VersionError('invalid semantic version');
  const [, major = '', minor = '0', patch = '0', pre = '', metadata = ''] = match;
  if (pre.split('.').some((part) => /^0\d+$/.test(part))) throw new VersionError('version segment starts with 0');
  return { major: segment(major), minor: segment(minor), patch: segment(patch), pre, metadata };
}

function segment(digits: string): bigint {
  const value = BigInt(digits);
  if (value < 2n ** 64n) return value;
  throw new VersionError(`error parsing version segment: strconv.ParseUint: parsing ${JSON.stringify(digits)}: value out of range`);
}

export const versionText = ({ major, minor, patch, pre, metadata }: Version): string =>
  `${major}.${minor}.${patch}${pre && `-${pre}`}${metadata && `+${metadata}`}`;

export function compareVersions(a: Version, b: Version): number {
  for (const part of ['major', 'minor', 'patch'] as const) if (a[part] !== b[part]) return a[part] < b[part] ? -1 : 1;
  if (a.pre === b.pre) return 0;
  if (a.pre === '') return 1;
  return b.pre === '' ? -1 : comparePrereleases(a.pre, b.pre);
}

export function comparePrereleases(a: string, b: string): number {
  const left = a.split('.');
  const right = b.split('.');
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const order = comparePart(left[i] ?? '', right[i] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}

function comparePart(a: string, b: string): number {
  if (a === b) return 0;
  if (a === '' || b === '') return a === '' ? -1 : 1;
  const [left, right] = [a, b].map((part) => /^\d+$/.test(part));
  if (left && right) return BigInt(a) > BigInt(b) ? 1 : -1;
  if (left !== right) return left ? -1 : 1;
  return a > b ? 1 : -1;
}
