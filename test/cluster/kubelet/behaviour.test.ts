import { describe, expect, test } from 'vitest';
import type { Container, Pod } from '#api/core/v1';
import {
  behaviourOf,
  BehaviourError,
  checkDocument,
  planOf,
  selects,
  type Behaviour,
  type BehaviourSelector,
} from '../../../src/cluster/kubelet/runtime/simulated/behaviour.ts';
import { behaviourOfCommand } from '../../../src/cluster/kubelet/runtime/simulated/commands.ts';
import { podOn } from './cluster.ts';

const app: Container = { name: 'app', image: 'registry.test/shop/web:1.2' };
const pod = (annotations: Record<string, string> = {}) =>
  podOn(
    'x',
    {},
    {
      labels: { app: 'web' },
      annotations,
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'u', controller: true }],
    },
  ) as Pod;

const selectors: readonly (readonly [BehaviourSelector, boolean])[] = [
  [{}, true],
  [{ image: '*/web:*' }, true],
  [{ image: 'web' }, false],
  [{ image: ['nginx*', '*:1.2'] }, true],
  [{ namespace: 'default', owner: 'Job', container: 'app' }, true],
  [{ owner: 'DaemonSet' }, false],
  [{ labels: { app: 'web' } }, true],
  [{ labels: { app: ['api', 'web'] } }, true],
  [{ labels: { other: false } }, true],
  [{ annotations: { a: true } }, true],
  [{ annotations: { a: false } }, false],
  [{ annotations: { a: 'x' } }, false],
];

test.each(selectors)('%j selects: %s', (when, expected) => expect(selects(when, pod({ a: 'y' }), app)).toBe(expected));

const commands: readonly (readonly [readonly string[], Behaviour | undefined])[] = [
  [['true'], { exit: { code: 0, after: '0s' } }],
  [['/bin/false'], { exit: { code: 1, after: '0s' } }],
  [['sleep', '5'], { exit: { code: 0, after: '5s' }, stop: { ignoresSigterm: true } }],
  [['sleep', 'infinity'], { exit: 'never', stop: { ignoresSigterm: true } }],
  [['echo', 'a', 'b'], { exit: { code: 0, after: '0s' }, logs: ['a b'] }],
  [
    ['sh', '-c', 'echo "one two"; sleep 1m && exit 3'],
    { exit: { code: 3, after: '60s' }, logs: ['one two'], stop: { ignoresSigterm: true } },
  ],
  [['sh', '-c', 'false && echo no'], { exit: { code: 1, after: '0s' } }],
  [['sh', '-c', 'false || echo yes'], { exit: { code: 0, after: '0s' }, logs: ['yes'] }],
  [['bash', '-ec', 'while true; do sleep 5; done'], { exit: 'never', stop: { ignoresSigterm: true } }],
  [['sh', '-c', 'echo a; curl x'], undefined],
  [['nginx'], undefined],
  [[], undefined],
];

test.each(commands)('%j', (command, expected) => expect(behaviourOfCommand({ name: 'a', command })).toEqual(expected));

describe('annotations come last', () => {
  const rules = [{ then: { ready: '1s', stop: { after: '2s' } } }];
  const cases: readonly (readonly [Record<string, string>, Behaviour])[] = [
    [{}, { ready: '1s', stop: { after: '2s' } }],
    [{ 'jibe.dev/behaviour': '{"ready": "5s"}' }, { ready: '5s', stop: { after: '2s' } }],
    [
      { 'jibe.dev/behaviour.app': '{"ready": "6s"}', 'jibe.dev/behaviour.b': '{"ready": "7s"}' },
      { ready: '6s', stop: { after: '2s' } },
    ],
    [{ 'jibe.dev/behaviour-ready': 'never' }, { ready: 'never', stop: { after: '2s' } }],
    [{ 'jibe.dev/behaviour-ignores-sigterm': '' }, { ready: '1s', stop: { after: '2s', ignoresSigterm: true } }],
    [{ 'jibe.dev/behaviour-exit': '3 after 4s' }, { ready: '1s', stop: { after: '2s' }, exit: { code: 3, after: '4s' } }],
  ];
  test.each(cases)('%j', (annotations, expected) => expect(behaviourOf({ rules }, pod(annotations), app, undefined)).toEqual(expected));
});

test.each([
  [{ then: { raedy: '1s' } }, 'rules[0].then: unknown field "raedy"'],
  [{ then: { ready: 'soon' } }, '"soon" is not a duration'],
])('%j is refused', (rule, message) => {
  const refused = () => checkDocument({ rules: [rule as { then: Behaviour }] });
  expect(refused).toThrow(BehaviourError);
  expect(refused).toThrow(message);
});

test.each([
  [{ 'jibe.dev/behaviour': 'no' }, 'jibe.dev/behaviour: not JSON'],
  [{ 'jibe.dev/behaviour-exit': 'x' }, 'jibe.dev/behaviour-exit: "x" is not a code'],
])('the annotations %j are refused', (annotations, message) => {
  expect(() => behaviourOf({ rules: [] }, pod(annotations), app, undefined)).toThrow(message);
});

test('a plan has the small and realistic times by default', () => {
  expect(planOf({}, undefined)).toMatchObject({ pullMs: 1000, startMs: 500, readyMs: 0, stopMs: 500, exit: undefined });
});
