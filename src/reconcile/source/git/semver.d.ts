// The part of the semver package that is used here; it brings no types.
declare module 'semver' {
  const semver: {
    /** The version in its plain form, without a leading `v`; null for what is none. */
    valid(version: string): string | null;
    /** Null for what is no range. */
    validRange(range: string): string | null;
    satisfies(version: string, range: string): boolean;
    gt(a: string, b: string): boolean;
  };
  export default semver;
}
