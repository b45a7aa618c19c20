// SARIF as code scanning takes it: valid, on the lines of the manifests, and followed from commit to commit.
import fs from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import type { PreviewResult } from '../../../src/reconcile/preview/result.ts';
import { previewSarif } from '../../../src/reconcile/report/preview/sarif.ts';
import { hostile, reportOf, resultOf } from './reports.ts';

interface Log {
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly locations: readonly {
        readonly physicalLocation: {
          readonly artifactLocation: { readonly uri: string };
          readonly region?: { readonly startLine: number };
        };
      }[];
      readonly partialFingerprints?: Readonly<Record<string, string>>;
      readonly suppressions?: readonly object[];
    }[];
  }[];
}

const valid = new Ajv({ strict: false }).compile(
  JSON.parse(fs.readFileSync(path.join(import.meta.dirname, 'sarif-schema.json'), 'utf8')) as object,
);

const sarifOf = (...args: Parameters<typeof reportOf>): Log => {
  const log = JSON.parse(previewSarif(reportOf(...args))) as Log;
  expect(valid(log), JSON.stringify(valid.errors)).toBe(true);
  return log;
};

const FAULT = { file: 'a b/ü:1.yaml', line: 3, column: 5, path: 'spec.replica', message: 'unknown field', hint: 'did you mean replicas?' };

test('every result has its rule, its level and its line', () => {
  const result: PreviewResult = { ...resultOf('rich'), errors: [FAULT, { ...FAULT, file: '', line: 0, column: 0 }] };
  const [{ tool, results }] = sarifOf(result).runs as [Log['runs'][number]];
  for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
  const places = results.map(({ ruleId, level, locations: [location] }) => {
    const { artifactLocation, region } = location!.physicalLocation;
    return `${level} ${ruleId} ${artifactLocation.uri}:${region?.startLine ?? ''}`;
  });
  expect(places).toEqual(
    expect.arrayContaining([
      'error InvalidManifest deploy/a%20b/%C3%BC%3A1.yaml:3',
      'error InvalidManifest deploy/:',
      'error ImmutableField deploy/shop.yaml:115',
      // gone: no line of head has it
      'error DataLoss deploy/:',
      'warning SilentConfigChange deploy/shop.yaml:12',
      'note Scaled deploy/shop.yaml:37',
    ]),
  );
});

const fingerprintsOf = (result: PreviewResult): (string | undefined)[] =>
  sarifOf(result).runs[0]!.results.map(({ partialFingerprints }) => partialFingerprints?.['jibeConsequence/v1']);

test('fingerprints stay when lines, counts and times move', () => {
  const result = resultOf('rich');
  const moved = {
    ...result,
    consequences: result.consequences.map((one) => ({
      ...one,
      message: one.message.replace(/\d+/g, '42'),
      origin: one.origin && { file: `elsewhere/${one.origin.file}`, line: one.origin.line + 100 },
    })),
  };
  const fingerprints = fingerprintsOf(result);
  expect(fingerprintsOf(moved)).toEqual(fingerprints);
  expect(new Set(fingerprints).size).toBe(result.consequences.length);
});

test('another object, another field or another case is another one', () => {
  const result = resultOf('rich');
  const [first] = fingerprintsOf(result);
  const others = [
    { fields: ['spec.serviceName'] },
    { reason: 'Other' },
    { object: { ...result.consequences[0]!.object, namespace: 'other' } },
  ].map((change) => fingerprintsOf({ ...result, consequences: [{ ...result.consequences[0]!, ...change }] })[0]);
  expect(new Set([first, ...others]).size).toBe(4);
});

test('names that are generated anew each time do not matter', () => {
  const result = resultOf('rich');
  const of = (name: string): string | undefined => {
    const consequence = result.consequences[0]!;
    return fingerprintsOf({ ...result, consequences: [{ ...consequence, object: { ...consequence.object, name } }] })[0];
  };
  expect(of('settings-2g5b8dh4k9')).toBe(of('settings-9k4hd8b5g2'));
  expect(of('pvc-0a1b2c3d-1111-2222-3333-444455556666')).toBe(of('pvc-ffffffff-1111-2222-3333-444455556666'));
});

test('what is accepted is suppressed', () => {
  const fingerprint = fingerprintsOf(resultOf('rich'))[0]!;
  const log = sarifOf(resultOf('rich'), { baseline: [{ fingerprint, hazard: '', reason: 'made anew by hand on Sunday' }] });
  expect(log.runs[0]!.results.filter(({ suppressions }) => suppressions).length).toBe(1);
});

test('hostile and empty results are valid', () => {
  sarifOf(resultOf('empty'), { filesIn: '' });
  sarifOf(hostile(resultOf('rich'), '"\u0000\ud800\\'));
});
