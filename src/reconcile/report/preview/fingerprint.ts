// The name of a consequence that it keeps from run to run: what it is, of which object, and the fields that lead to it. Lines, counts,
// times and generated parts of names take no part, so it stays the same while files are edited around it.
import { createHash } from 'node:crypto';
import type { Consequence } from '../../preview/consequence.ts';
import { generatedStem } from '../../plan/value-difference.ts';

/** Sixteen hexadecimal digits each, in order. Several that are about the same are numbered in the order in which they are told. */
export function fingerprints(consequences: readonly Consequence[]): string[] {
  const seen = new Map<string, number>();
  return consequences.map((consequence) => {
    const about = aboutOf(consequence);
    const nth = (seen.get(about) ?? 0) + 1;
    seen.set(about, nth);
    return createHash('sha256')
      .update(nth > 1 ? `${about}\n${nth}` : about)
      .digest('hex')
      .slice(0, LENGTH);
  });
}

const LENGTH = 16;

const aboutOf = ({ type, reason, object: { group, kind, namespace, name }, fields }: Consequence): string =>
  JSON.stringify([type, reason, group, kind, namespace, lasting(name), [...fields].sort()]);

const UID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

const lasting = (name: string): string => (generatedStem(name) ?? name).replace(UID, '*');
