// Rules of health as data: when they hold, what they say, and what is wrong with a file of them.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../src/apimachinery/object.ts';
import { healthOf } from '../../../src/reconcile/health/health.ts';
import { RuleBook } from '../../../src/reconcile/health/known-kinds.ts';
import { readRuleFile } from '../../../src/reconcile/health/rule-file.ts';
import { judgeBy, type HealthRule, type KindRules } from '../../../src/reconcile/health/rule.ts';

const widget = (status?: object, spec?: object): KubernetesObject => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name: 'w', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', generation: 2 },
  ...(spec ? { spec } : {}),
  ...(status ? { status } : {}),
});
const ready = (status: string, reason = '', message = ''): object => ({ conditions: [{ type: 'Ready', status, reason, message }] });

type Row = readonly [situation: string, rules: readonly HealthRule[], status: object | undefined, verdict: string];
const ROWS: readonly Row[] = [
  ['no rule holds', [], {}, 'Progressing: waiting for its status'],
  ['a rule without conditions always holds', [{ health: 'Healthy', message: 'fine' }], undefined, 'Healthy: fine'],
  [
    'the first that holds counts',
    [
      { condition: 'Ready=False', health: 'Degraded' },
      { condition: 'Ready', health: 'Healthy' },
    ],
    ready('False', '', 'broken'),
    'Degraded: broken',
  ],
  [
    'a condition of another status',
    [{ condition: 'Ready=True', health: 'Healthy' }],
    ready('False'),
    'Progressing: waiting for its status',
  ],
  [
    'a condition with one of several reasons',
    [{ condition: 'Ready', reason: ['A', 'B'], health: 'Suspended' }],
    ready('False', 'B', 'held'),
    'Suspended: held',
  ],
  [
    'a condition with another reason',
    [{ condition: 'Ready', reason: 'A', health: 'Suspended' }],
    ready('False', 'B'),
    'Progressing: waiting for its status',
  ],
  [
    'an expression',
    [{ when: "status.phase == 'Up'", health: 'Healthy', messageExpression: "'is ' + status.phase" }],
    { phase: 'Up' },
    'Healthy: is Up',
  ],
  [
    'what an expression asks for is not there',
    [{ when: "status.phase == 'Up'", health: 'Healthy' }],
    undefined,
    'Progressing: waiting for its status',
  ],
  [
    'an expression that is not a truth',
    [{ when: 'status.phase', health: 'Healthy' }],
    { phase: 'Up' },
    'Progressing: waiting for its status',
  ],
  ['a message that cannot be made', [{ health: 'Healthy', message: 'else', messageExpression: 'status.nothing' }], {}, 'Healthy: else'],
  ['conditions by type', [{ when: "condition.Ready.reason == 'A'", health: 'Healthy' }], ready('True', 'A'), 'Healthy: '],
  [
    'an expression that costs too much',
    [{ when: 'status.l.all(a, status.l.all(b, status.l.all(c, status.l.all(d, a + b + c + d >= 0))))', health: 'Healthy' }],
    { l: Array.from({ length: 100 }, (_, i) => i) },
    'Progressing: waiting for its status',
  ],
];

describe('a rule', () => {
  test.each(ROWS)('%s', (_situation, rules, status, verdict) => {
    const health = judgeBy({ kinds: [], rules })(widget(status));
    expect(`${health.status}: ${health.message}`).toBe(verdict);
  });

  test('a controller that is behind is waited for where its kind says what it has seen', () => {
    const judge = judgeBy({ kinds: [], observedGeneration: true, rules: [{ health: 'Healthy' }] });
    expect(judge(widget({ observedGeneration: 1 })).status).toBe('Progressing');
    expect(judge(widget({ observedGeneration: 2 })).status).toBe('Healthy');
  });
});

describe('a book of rules', () => {
  const says = (message: string): readonly HealthRule[] => [{ health: 'Healthy', message }];
  const book = new RuleBook([
    { kinds: ['*.example.com/*'], rules: says('pattern') },
    { kinds: ['example.com/Widget'], rules: says('exact') },
    { kinds: ['example.com/W*'], rules: says('letters') },
  ]);
  test.each([
    ['example.com/v1', 'Widget', 'exact'],
    ['example.com/v1', 'Wheel', 'letters'],
    ['a.b.example.com/v1', 'Any', 'pattern'],
    ['example.com/v1', 'Other', undefined],
    ['v1', 'Widget', undefined],
  ])('%s %s', (apiVersion, kind, message) => {
    expect(book.judgeOf({ apiVersion, kind })?.(widget())?.message).toBe(message);
  });

  test("the user's own come before all others", () => {
    const around = { waitsForConsumer: () => false, rules: new RuleBook([{ kinds: ['apps/Deployment'], rules: says('mine') }]) };
    expect(healthOf({ ...widget(), apiVersion: 'apps/v1', kind: 'Deployment' }, around).message).toBe('mine');
  });
});

describe('the rules that come with jibe', () => {
  interface Case {
    readonly case: string;
    readonly status: string;
    readonly object: KubernetesObject;
  }
  const cases = fs
    .readFileSync(path.join(import.meta.dirname, 'argo-cd.jsonl'), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Case);

  test('judge as Argo CD does', () => {
    const others = cases.flatMap(({ case: name, status, object }) => {
      const verdict = healthOf(object);
      return verdict.status === status ? [] : [`${name}: ${verdict.status} instead of ${status}`];
    });
    // whatever is on its way out is Progressing for Argo CD too, before its rules are asked; its test data ask the rule alone
    expect(others).toEqual(['kubevirt.io/VirtualMachineInstance/suspended_succeeded: Progressing instead of Suspended']);
    expect(cases.length).toBeGreaterThan(600);
  });

  test('all compile, and their files are as users would write them', async () => {
    const folder = path.join(import.meta.dirname, '../../../src/reconcile/health/rules');
    for (const file of fs.readdirSync(folder)) {
      const read = await readRuleFile(fs.readFileSync(path.join(folder, file), 'utf8'), file);
      expect(read.errors ?? []).toEqual([]);
    }
  });
});

describe('a file of rules', () => {
  const told = async (text: string): Promise<readonly string[]> =>
    ((await readRuleFile(text, 'rules.yaml')).errors ?? []).map(
      ({ line, column, path, message }) => `${line}:${column} ${path}: ${message.split('\n')[0]}`,
    );

  test('is read', async () => {
    const text = '- kinds: [example.com/Widget]\n  rules:\n    - { condition: Ready=True, health: Healthy }\n';
    const { rules } = await readRuleFile(text, 'rules.yaml');
    expect(rules?.judgeOf(widget())?.(widget(ready('True')))).toEqual({ status: 'Healthy', message: 'Ready' });
  });

  test.each<readonly [situation: string, text: string, errors: readonly string[]]>([
    ['no list', 'kinds: []', ['1:1 : must be a list of kinds and their rules']],
    ['not YAML', '- kinds: [', [expect.stringMatching(/^1:\d+ /) as string]],
    ['a kind without a group', '- kinds: [Widget]\n  rules: []', ['1:11 [0].kinds[0]: must be a group and a kind']],
    ['no rules', '- kinds: [a/B]', ['1:3 [0].rules: must be a list of rules']],
    [
      'an unknown verdict',
      '- kinds: [a/B]\n  rules:\n    - { health: Fine }',
      ['3:9 [0].rules[0].health: must be one of Healthy, Progressing, Degraded, Suspended, Missing, Unknown'],
    ],
    ['an unknown field', '- kinds: [a/B]\n  rules:\n    - { health: Healthy, if: x }', ['3:26 [0].rules[0].if: unknown field']],
    [
      'a reason of nothing',
      '- kinds: [a/B]\n  rules:\n    - { health: Healthy, reason: x }',
      ['3:26 [0].rules[0].reason: is the reason of a condition'],
    ],
    ['text that is none', '- kinds: [a/B]\n  rules:\n    - { health: Healthy, when: true }', ['3:26 [0].rules[0].when: must be text']],
    [
      'a broken expression',
      '- kinds: [a/B]\n  rules:\n    - { health: Healthy, when: "status.(" }',
      [expect.stringMatching(/^3:26 \[0\]\.rules\[0\]\.when: ERROR: <input>:1:8: Syntax error/) as string],
    ],
  ])('%s', async (_situation, text, errors) => {
    expect(await told(text)).toEqual(errors);
  });

  const kinds: readonly KindRules[] = [];
  test('may be empty', () => expect(new RuleBook(kinds).judgeOf({ apiVersion: 'v1', kind: 'Pod' })).toBeUndefined());
});
