// Ranges of versions, as Masterminds/semver understands them: `>=1.2 <2 || ~3.1`, `1.x`, `1.2 - 1.4`. A prerelease is in a range only
// where the range names one.
import { comparePrereleases, compareVersions, parseVersion, VersionError, type Version } from './version.ts';

const OPERATORS = '=||!=|>|<|>=|=>|<=|=<|~|~>|\\^';
const VERSION =
  'v?([0-9|x|X|\\*]+)(\\.[0-9|x|X|\\*]+)?(\\.[0-9|x|X|\\*]+)?(-([0-9A-Za-z\\-]+(?:\\.[0-9A-Za-z\\-]+)*))?(\\+([0-9A-Za-z\\-]+(?:\\.[0-9A-Za-z\\-]+)*))?';

const ONE = new RegExp(`^\\s*(${OPERATORS})\\s*(${VERSION})\\s*$`);
const RANGE = new RegExp(`\\s*(${VERSION})\\s+-\\s+(${VERSION})\\s*`, 'g');
const EACH = new RegExp(`(?:${OPERATORS})\\s*(?:${VERSION})`, 'g');

/** Longer ones no chart has. */
const MAX_LENGTH = 1000;

interface Constraint {
  readonly operator: string;
  readonly version: Version;
  /** What was left open: the parts behind that one. */
  readonly open: 'none' | 'patch' | 'minor' | 'all';
}

/** @returns whether a version is allowed. Throws a VersionError. */
export function parseConstraint(text: string): (version: Version) => boolean {
  if (text.length > MAX_LENGTH) throw new VersionError(`improper constraint: longer than ${MAX_LENGTH} characters`);
  const plain = text.replace(RANGE, (...parts: readonly string[]) => `>= ${parts[1]!}, <= ${parts[9]!} `);
  const groups = plain.split('||').map((group) => {
    if (!isValid(group)) throw new VersionError(`improper constraint: ${group}`);
    return (group.match(EACH) ?? [group]).map(parseOne);
  });
  return (version) =>
    groups.some((group) => {
      const withPrereleases = group.some((constraint) => constraint.version.pre !== '');
      if (version.pre !== '' && !withPrereleases) return false;
      return group.every((constraint) => allows(constraint, version));
    });
}

/** Constraints, with commas or space between them. */
function isValid(group: string): boolean {
  const first = new RegExp(`\\s*(?:${OPERATORS})\\s*(?:${VERSION})`, 'y');
  const other = new RegExp(`(?:\\s*,\\s*|\\s+)(?:${OPERATORS})\\s*(?:${VERSION})`, 'y');
  let match = first.exec(group);
  let at = first.lastIndex;
  while (match) {
    if (group.slice(at).trim() === '') return true;
    other.lastIndex = at;
    match = other.exec(group);
    at = other.lastIndex;
  }
  return false;
}

const isOpen = (part: string | undefined): boolean => part === undefined || /^\.?[xX*]$/.test(part);

function parseOne(text: string): Constraint {
  const match = ONE.exec(text);
  if (!match) throw new VersionError(`improper constraint: ${text}`);
  const [, operator = '', whole = '', major, minor, patch, pre = ''] = match;
  const [open, version] = isOpen(major)
    ? (['all', `0.0.0${pre}`] as const)
    : isOpen(minor)
      ? (['minor', `${major}.0.0${pre}`] as const)
      : isOpen(patch)
        ? (['patch', `${major}${minor}.0${pre}`] as const)
        : (['none', whole] as const);
  try {
    return { operator, version: parseVersion(version), open };
  } catch (error) {
    if (error instanceof VersionError) throw new VersionError('constraint parser error');
    throw error;
  }
}

function allows(constraint: Constraint, version: Version): boolean {
  const { operator, version: wanted, open } = constraint;
  const order = compareVersions(version, wanted);
  switch (operator) {
    case '':
    case '=':
      return open === 'none' ? order === 0 : inTilde(constraint, version, order);
    case '!=':
      return isOther(constraint, version, order);
    case '>':
      if (open === 'none' || version.major !== wanted.major) return open === 'none' ? order > 0 : version.major > wanted.major;
      if (open === 'minor') return false;
      return open === 'patch' ? version.minor > wanted.minor : order > 0;
    case '<':
      return order < 0;
    case '>=':
    case '=>':
      return order >= 0;
    case '<=':
    case '=<':
      if (open === 'none') return order <= 0;
      return version.major < wanted.major || (version.major === wanted.major && (version.minor <= wanted.minor || open === 'minor'));
    case '~':
    case '~>':
      return inTilde(constraint, version, order);
    default:
      return inCaret(constraint, version, order);
  }
}

function isOther({ version: wanted, open }: Constraint, version: Version, order: number): boolean {
  if (open === 'none') return order !== 0;
  if (wanted.major !== version.major) return true;
  if (open === 'minor') return false;
  if (wanted.minor !== version.minor) return true;
  if (open === 'patch') return (version.pre !== '' || wanted.pre !== '') && comparePrereleases(version.pre, wanted.pre) !== 0;
  return wanted.patch !== version.patch || order !== 0;
}

function inTilde({ version: wanted, open }: Constraint, version: Version, order: number): boolean {
  if (order < 0) return false;
  const { major, minor, patch } = wanted;
  if (major === 0n && minor === 0n && patch === 0n && open !== 'minor' && open !== 'patch') return true;
  return version.major === major && (version.minor === minor || open === 'minor');
}

function inCaret({ version: wanted, open }: Constraint, version: Version, order: number): boolean {
  if (order < 0) return false;
  if (wanted.major > 0n || open === 'minor') return version.major === wanted.major;
  if (version.major > 0n) return false;
  if (wanted.minor > 0n || open === 'patch') return version.minor === wanted.minor;
  return version.minor === 0n && version.patch === wanted.patch;
}
