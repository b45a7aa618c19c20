// The baseline of accepted hazards: written, read again, and what grows old in it.
import { expect, test } from 'vitest';
import { baselineText, parseBaseline } from '../../../src/reconcile/report/preview/baseline.ts';
import { acceptedOf, fails, hazardsOf } from '../../../src/reconcile/report/preview/report.ts';
import { reportOf, resultOf } from './reports.ts';

test('what was written accepts what there was', async () => {
  const before = reportOf(resultOf('rich'));
  expect(fails(before)).toBe(true);
  const after = reportOf(resultOf('rich'), { baseline: await parseBaseline(baselineText(before.consequences, 'error')) });
  expect(fails(after)).toBe(false);
  expect(acceptedOf(after).length).toBe(7);
  expect(hazardsOf(after).every(({ severity }) => severity === 'warning')).toBe(true);
  expect(after.staleBaseline).toEqual([]);
});

test('a severity of its own, and faults that nobody can accept', async () => {
  const baseline = await parseBaseline(baselineText(reportOf(resultOf('rich')).consequences, 'warning'));
  expect(baseline.length).toBe(12);
  expect(fails(reportOf(resultOf('rich'), { baseline, failOn: 'warning' }))).toBe(false);
  expect(fails(reportOf(resultOf('rich'), { baseline, failOn: 'info' }))).toBe(true);
  const fault = { file: 'a.yaml', line: 1, column: 1, path: '', message: 'no YAML' };
  const broken = { ...resultOf('rich'), errors: [fault] };
  expect(fails(reportOf(broken, { baseline, failOn: 'warning' }))).toBe(true);
  expect(fails(reportOf(broken, { baseline, failOn: 'never' }))).toBe(false);
});

test('what did not come is told, and reasons are kept when it is written again', async () => {
  const { fingerprint } = reportOf(resultOf('rich')).consequences[0]!;
  const baseline = [
    { fingerprint, hazard: '', reason: 'made anew on Sunday' },
    { fingerprint: '0000000000000000', hazard: 'DataLoss/ClaimDeleted PersistentVolumeClaim shop/old', reason: 'it was empty' },
  ];
  const report = reportOf(resultOf('rich'), { baseline });
  expect(report.staleBaseline).toEqual([baseline[1]]);
  const written = await parseBaseline(baselineText(report.consequences, 'error'));
  expect(written.find((entry) => entry.fingerprint === fingerprint)?.reason).toBe('made anew on Sunday');
  expect(written.some((entry) => entry.fingerprint === '0000000000000000')).toBe(false);
});

test.each([
  ['no YAML', 'accepted: [', /./],
  ['a list', '- a', /no list `accepted`/],
  ['nothing', '', /no list `accepted`/],
  ['no fingerprint', 'accepted: [{reason: a}]', /accepted\[0\]\.fingerprint/],
  ['a number', 'accepted: [{fingerprint: 1234567890123456, reason: a}]', /accepted\[0\]\.fingerprint.*in quotes/],
  ['no reason', 'accepted: [{fingerprint: "0123456789abcdef", reason: " "}]', /accepted\[0\]\.reason/],
])('is refused: %s', async (_, text, message) => {
  await expect(parseBaseline(text)).rejects.toThrow(message);
});
