// Changes of small trees, and all consequences that each has: half of them are dangerous, half only look it. A case is a folder of data:
// before.yaml, after.yaml, maybe world.yaml and behaviour.yaml, and expected.yaml: `consequences` (`Type/Reason Kind/namespace/name`),
// `looksLike` (types that must not be told, though somebody may expect them) and `says` (what the texts must hold). Precision and recall of
// each type are printed; any disagreement fails, and so does a type with too few cases of either side.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { CONSEQUENCE_TYPES, type ConsequenceType } from '../../../src/reconcile/preview/consequence.ts';
import { caseNames, CASES, previewOf, textOf } from './cases.ts';

interface Expected {
  readonly consequences: readonly string[];
  readonly looksLike?: readonly ConsequenceType[];
  readonly says?: readonly string[];
  readonly kubernetesVersion?: string;
}

interface Tally {
  right: number;
  missed: number;
  wrong: number;
}

const byType = new Map<string, Tally>();

function tally(expected: readonly string[], found: readonly string[]): void {
  for (const line of new Set([...expected, ...found])) {
    const type = line.slice(0, line.indexOf('/'));
    const counts = byType.get(type) ?? { right: 0, missed: 0, wrong: 0 };
    byType.set(type, counts);
    counts[!found.includes(line) ? 'missed' : !expected.includes(line) ? 'wrong' : 'right']++;
  }
}

const expectedOf = (name: string): Expected => parse(fs.readFileSync(path.join(CASES, name, 'expected.yaml'), 'utf8')) as Expected;

/** Of each type: cases where it must be told, and cases that only look like it. */
const LEAST_OF_A_SIDE = 4;

test.each(CONSEQUENCE_TYPES)('%s has cases of both sides', (type) => {
  const all = caseNames().map(expectedOf);
  const tells = ({ consequences }: Expected): boolean => consequences.some((line) => line.startsWith(`${type}/`));
  const looks = ({ looksLike = [] }: Expected): boolean => looksLike.includes(type);
  expect(all.filter(tells).length).toBeGreaterThanOrEqual(LEAST_OF_A_SIDE);
  expect(all.filter(looks).length).toBeGreaterThanOrEqual(LEAST_OF_A_SIDE);
  expect(all.filter((one) => tells(one) && looks(one))).toEqual([]);
});

test.each(caseNames())('%s', async (name) => {
  const expected = expectedOf(name);
  const { kubernetesVersion } = expected;
  const { consequences } = await previewOf(name, kubernetesVersion ? { kubernetesVersion } : {});
  const found = consequences.map(textOf).sort();
  tally(expected.consequences, found);
  expect(found, consequences.map(({ message }) => message).join('\n')).toEqual([...expected.consequences].sort());
  const words = consequences.map(({ message, cause, remedy, fields }) => [message, cause, remedy, ...fields].join('\n')).join('\n');
  for (const text of expected.says ?? []) expect(words).toContain(text);
});

afterAll(() => {
  const share = (part: number, rest: number): string => (part + rest === 0 ? '-' : (part / (part + rest)).toFixed(2));
  const lines = [...byType].sort().map(([type, { right, missed, wrong }]) => {
    return `${type.padEnd(26)} ${String(right).padStart(3)} right  precision ${share(right, wrong)}  recall ${share(right, missed)}`;
  });
  process.stdout.write(`${lines.join('\n')}\n`);
});
