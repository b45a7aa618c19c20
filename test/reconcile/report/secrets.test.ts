// The content of Secrets stands in no report, however it changes, comes, goes or is wrong; that it changed does.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RealClock } from '../../../src/apimachinery/clock.ts';
import { preview } from '../../../src/reconcile/preview/preview.ts';
import type { PreviewResult } from '../../../src/reconcile/preview/result.ts';
import { prepare } from '../../../src/reconcile/prepare.ts';
import { FORMATS, reportOf } from './reports.ts';

const directory = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'jibe-secrets-'));
afterAll(() => fs.rmSync(directory, { recursive: true, force: true }));

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** No report may hold any of these, nor their base64. */
const WORDS = [
  'hunter-old-1',
  'hunter-new-1',
  'hunter-old-2',
  'hunter-new-2',
  'hunter-added',
  'hunter-gone',
  'hunter-note',
  'hunter!wrong',
  '77334455',
];

const secret = (name: string, body: string): string => `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${name}\n${body}\n---\n`;
const note = (value: string): string =>
  `  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: '{"data":{"a":"${base64(value)}"}}'\n`;

const BEFORE = [
  secret('plain', 'stringData:\n  password: hunter-old-1\n  user: shop'),
  secret('encoded', `data:\n  key: ${base64('hunter-old-2')}`),
  secret('gone', 'stringData:\n  a: hunter-gone'),
  secret('typed', 'immutable: true\nstringData:\n  a: hunter-old-1'),
  secret('wrong', 'stringData:\n  a: b'),
  secret('number', 'stringData:\n  a: b'),
].join('');
const AFTER = [
  secret('plain', `${note('hunter-note')}stringData:\n  password: hunter-new-1\n  user: shop`),
  secret('encoded', `data:\n  key: ${base64('hunter-new-2')}\n  more: ${base64('hunter-added')}`),
  secret('added', 'stringData:\n  a: hunter-added'),
  secret('typed', 'immutable: true\nstringData:\n  a: hunter-new-1'),
  secret('wrong', 'data:\n  a: "hunter!wrong"'),
  secret('number', 'stringData:\n  a: 77334455'),
].join('');

let result: PreviewResult;

beforeAll(async () => {
  const read = (name: string, text: string) => {
    const location = path.join(directory, name);
    fs.writeFileSync(location, text);
    const deps = { clock: new RealClock(), stdin: process.stdin, cacheDirectory: path.join(directory, 'cache') };
    return prepare({ location }, deps, { judge: 'server' });
  };
  result = await preview(await read('before.yaml', BEFORE), await read('after.yaml', AFTER), {
    namespace: 'default',
    nodes: 1,
    now: Date.UTC(2026, 0, 1),
    seed: 1,
    signal: new AbortController().signal,
  });
});

test.each(Object.keys(FORMATS))('%s', (format) => {
  const text = FORMATS[format]!(reportOf(result));
  for (const word of WORDS) {
    expect(text).not.toContain(word);
    expect(text).not.toContain(base64(word));
  }
  if (['junit.xml', 'sarif.json'].includes(format)) return;
  expect(text).toContain('masked, changed');
  expect(text).toContain('data.password');
});
