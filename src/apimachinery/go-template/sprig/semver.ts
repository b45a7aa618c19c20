// sprig's functions on versions, with the rules of Masterminds/semver.
import { go, type TemplateFunctions } from '../signature.ts';
import { FunctionError } from '../template-error.ts';
import { GoInteger, typed, type GoType } from '../values.ts';
import { compareVersions, parseVersion, versionText, VersionError, type Version } from './version.ts';
import { parseConstraint } from './version-constraint.ts';

export const SPRIG_SEMVER: TemplateFunctions = {
  semver: go('(string) *semver.Version', (text: string) =>
    versionObject(
      read(() => parseVersion(text)),
      text,
    ),
  ),
  semverCompare: go('(string, string) bool', (constraint: string, text: string) =>
    read(() => {
      const allows = parseConstraint(constraint);
      return allows(parseVersion(text));
    }),
  ),
};

function read<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof VersionError) throw new FunctionError(error.message);
    throw error;
  }
}

const versions = new WeakMap<object, Version>();

const versionObject = (version: Version, original: string): object => {
  const object = typed({ original }, VERSION);
  versions.set(object, version);
  return object;
};

const of = (self: object): Version => versions.get(self)!;
const uint64 = (value: bigint): GoInteger => new GoInteger('uint64', value);
const compare = (wanted: (order: number) => boolean) => (self: object) =>
  go('(*semver.Version) bool', (other: object) => wanted(compareVersions(of(self), of(other))));

/** Of the next release of some kind. */
const next = (make: (version: Version) => Partial<Version>) => (self: object) =>
  go('() semver.Version', () => {
    const version = of(self);
    const made = { ...version, pre: '', metadata: '', ...make(version) };
    return versionObject(made, ((self as { readonly original: string }).original.startsWith('v') ? 'v' : '') + versionText(made));
  });

const VERSION: GoType = {
  name: '*semver.Version',
  kind: 'ptr',
  text: (self) => versionText(of(self)),
  json: (self) => versionText(of(self)),
  methods: {
    Major: (self) => go('() uint64', () => uint64(of(self).major)),
    Minor: (self) => go('() uint64', () => uint64(of(self).minor)),
    Patch: (self) => go('() uint64', () => uint64(of(self).patch)),
    Prerelease: (self) => go('() string', () => of(self).pre),
    Metadata: (self) => go('() string', () => of(self).metadata),
    Original: (self) => go('() string', () => (self as { readonly original: string }).original),
    String: (self) => go('() string', () => versionText(of(self))),
    Compare: (self) => go('(*semver.Version) int', (other: object) => compareVersions(of(self), of(other))),
    Equal: compare((order) => order === 0),
    LessThan: compare((order) => order < 0),
    GreaterThan: compare((order) => order > 0),
    IncMajor: next(({ major }) => ({ major: major + 1n, minor: 0n, patch: 0n })),
    IncMinor: next(({ minor }) => ({ minor: minor + 1n, patch: 0n })),
    IncPatch: next(({ patch, pre }) => (pre === '' ? { patch: patch + 1n } : {})),
  },
};
