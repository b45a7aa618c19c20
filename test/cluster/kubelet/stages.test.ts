// kwok's Stages: which comes for an object and when, what it does, and what of a manifest is refused.
import type { Pod } from '#api/core/v1';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { Random } from '../../../src/apimachinery/random.ts';
import type { BehaviourDocument } from '../../../src/cluster/kubelet/runtime/simulated/behaviour.ts';
import { finalizersPatch } from '../../../src/cluster/kubelet/stages/finalizers.ts';
import { Lifecycle } from '../../../src/cluster/kubelet/stages/lifecycle.ts';
import { readStage } from '../../../src/cluster/kubelet/stages/stage.ts';
import { kubeletCluster, podOn, START } from './cluster.ts';

/** A Stage from its spec in YAML. */
const stage = (name: string, spec: string): unknown => ({
  apiVersion: 'kwok.x-k8s.io/v1alpha1',
  kind: 'Stage',
  metadata: { name },
  spec: { resourceRef: { kind: 'Pod' }, ...(parse(spec) as object) },
});

const asPod = (pod: object): Pod => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: { containers: [] }, ...pod }) as never;

describe('selectors', () => {
  const pod = asPod({
    metadata: { name: 'x', labels: { app: 'web' }, annotations: { 'a/b': 'c' }, ownerReferences: [{ kind: 'Job' }] },
    status: { phase: 'Running', ready: true, containerStatuses: [{ restartCount: 0 }] },
  });

  test.each<[situation: string, selector: string, matches: boolean]>([
    ['nothing is asked', '{}', true],
    ['a label', '{matchLabels: {app: web}}', true],
    ['another label', '{matchLabels: {app: db}}', false],
    ['an annotation', '{matchAnnotations: {a/b: c}}', true],
    ['a missing annotation', '{matchAnnotations: {z: c}}', false],
    ['In', '{matchExpressions: [{key: .status.phase, operator: In, values: [Pending, Running]}]}', true],
    ['In, of what is missing', '{matchExpressions: [{key: .status.x, operator: In, values: [a]}]}', false],
    ['NotIn', '{matchExpressions: [{key: .status.phase, operator: NotIn, values: [Running]}]}', false],
    ['NotIn, of what is missing', '{matchExpressions: [{key: .status.x, operator: NotIn, values: [a]}]}', true],
    ['NotIn, where the key fails', '{matchExpressions: [{key: ".status.x[].y", operator: NotIn, values: [a]}]}', true],
    ['Exists', '{matchExpressions: [{key: .status.phase, operator: Exists}]}', true],
    ['DoesNotExist', '{matchExpressions: [{key: .metadata.deletionTimestamp, operator: DoesNotExist}]}', true],
    ['one of several values', '{matchExpressions: [{key: ".metadata.ownerReferences.[].kind", operator: In, values: [Job]}]}', true],
    ['booleans as texts', '{matchExpressions: [{key: .status.ready, operator: In, values: ["true"]}]}', true],
    [
      'numbers equal no text, as kwok has it',
      '{matchExpressions: [{key: ".status.containerStatuses.[].restartCount", operator: In, values: ["0"]}]}',
      false,
    ],
    [
      'numbers made texts',
      '{matchExpressions: [{key: ".status.containerStatuses.[].restartCount | tostring", operator: In, values: ["0"]}]}',
      true,
    ],
    ['jq in a field of its own', '{matchExpressions: [{jq: {key: .status.phase, operator: Exists}}]}', true],
    ['all must hold', '{matchLabels: {app: web}, matchExpressions: [{key: .status.phase, operator: In, values: [Failed]}]}', false],
  ])('%s', (_, selector, matches) => {
    expect(readStage(stage('s', `selector: ${selector}`), {})!.selector.matches(pod)).toBe(matches);
  });

  test('a Stage without selector is never played', () => {
    expect(readStage(stage('s', 'next: {delete: true}'), {})).toBeUndefined();
  });

  test.each<[situation: string, selector: string, pod: object, may: boolean]>([
    ['the status may change', '{matchExpressions: [{key: .status.phase, operator: In, values: [Failed]}]}', {}, true],
    ['the deletion may come', '{matchExpressions: [{key: .metadata.deletionTimestamp, operator: Exists}]}', {}, true],
    ['labels stay', '{matchLabels: {app: db}}', {}, false],
    ['labels by jq stay', `{matchExpressions: [{key: '.metadata.labels["x"]', operator: Exists}]}`, {}, false],
    ['the spec stays', '{matchExpressions: [{key: .spec.hostNetwork, operator: Exists}]}', {}, false],
  ])('whether it may come: %s', (_, selector, pod, may) => {
    expect(readStage(stage('s', `selector: ${selector}`), {})!.selector.mayMatch(asPod(pod))).toBe(may);
  });
});

describe('of several Stages', () => {
  /** How often each comes in 1,000 draws. */
  const drawn = (weights: Readonly<Record<string, string>>, annotations: Readonly<Record<string, string>> = {}): Record<string, number> => {
    const stages = Object.entries(weights).map(([name, weight]) => stage(name, `{selector: {}, ${weight}}`));
    const lifecycle = new Lifecycle(stages, {});
    const random = new Random(1);
    const counts: Record<string, number> = {};
    for (let i = 0; i < 1000; i++) {
      const { name } = lifecycle.next('Pod', asPod({ metadata: { name: 'x', annotations } }), random)!;
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  };
  const weightFrom = `weight: 1, weightFrom: {expressionFrom: '.metadata.annotations["w"]'}`;

  test.each<[situation: string, drawn: Record<string, number>, near: Record<string, number>]>([
    ['without weights each is as likely', drawn({ a: 'weight: 0', b: 'weight: 0' }), { a: 500, b: 500 }],
    ['by their weights', drawn({ a: 'weight: 9', b: 'weight: 1' }), { a: 900, b: 100 }],
    ['weight 0 beside others never comes', drawn({ a: 'weight: 1', b: 'weight: 0' }), { a: 1000 }],
    ['an annotation gives the weight', drawn({ a: weightFrom, b: 'weight: 1' }, { w: '9' }), { a: 900, b: 100 }],
    ['without the annotation the fixed one counts', drawn({ a: weightFrom, b: 'weight: 1' }), { a: 500, b: 500 }],
    ['one that is no number leaves it out', drawn({ a: weightFrom, b: 'weight: 0' }, { w: 'x' }), { b: 1000 }],
  ])('%s', (_, counts, near) => {
    expect(Object.keys(counts).sort()).toEqual(Object.keys(near).sort());
    for (const [name, count] of Object.entries(near)) expect(Math.abs(counts[name]! - count)).toBeLessThan(50);
  });
});

describe('delays', () => {
  const from = `'.metadata.annotations["d"]'`;
  test.each<[situation: string, delay: string, annotation: string | undefined, least: number, most: number]>([
    ['none', '{}', undefined, 0, 0],
    ['fixed', '{durationMilliseconds: 500}', undefined, 500, 500],
    ['with jitter', '{durationMilliseconds: 500, jitterDurationMilliseconds: 900}', undefined, 500, 899],
    ['a jitter below the delay is the delay', '{durationMilliseconds: 500, jitterDurationMilliseconds: 100}', undefined, 100, 100],
    ['from an annotation', `{durationMilliseconds: 5, durationFrom: {expressionFrom: ${from}}}`, '2s', 2000, 2000],
    ['without the annotation', `{durationMilliseconds: 5, durationFrom: {expressionFrom: ${from}}}`, undefined, 5, 5],
    ['an annotation that is no duration', `{durationMilliseconds: 5, durationFrom: {expressionFrom: ${from}}}`, 'soon', 5, 5],
    ['an empty annotation', `{durationMilliseconds: 5, durationFrom: {expressionFrom: ${from}}}`, '', 0, 0],
    ['until a moment', `{durationFrom: {jq: {expression: ${from}}}}`, '2026-01-01T00:00:30Z', 30_000, 30_000],
    ['jitter until a moment', `{durationMilliseconds: 5, jitterDurationFrom: {expressionFrom: ${from}}}`, '2026-01-01T00:00:01Z', 5, 999],
  ])('%s', (_, delay, d, least, most) => {
    const { delay: of } = readStage(stage('s', `{selector: {}, delay: ${delay}}`), {})!;
    const pod = asPod({ metadata: { name: 'x', annotations: d === undefined ? {} : { d } } });
    const random = new Random(1);
    const seen = Array.from({ length: 200 }, () => of(pod, START, random));
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(least);
    expect(Math.max(...seen)).toBeLessThanOrEqual(most);
  });
});

test.each<[situation: string, has: string[], change: object, patch: unknown]>([
  ['the first is added', [], { add: ['a'] }, [{ op: 'add', path: '/metadata/finalizers', value: ['a'] }]],
  ['another is added', ['a'], { add: ['a', 'b'] }, [{ op: 'add', path: '/metadata/finalizers/-', value: 'b' }]],
  [
    'some are removed, the last first',
    ['a', 'b', 'c'],
    { remove: ['a', 'c'] },
    [
      { op: 'remove', path: '/metadata/finalizers/2' },
      { op: 'remove', path: '/metadata/finalizers/0' },
    ],
  ],
  ['all are removed', ['a'], { remove: ['a'] }, [{ op: 'remove', path: '/metadata/finalizers' }]],
  [
    'all are replaced',
    ['a'],
    { empty: true, add: ['b'] },
    [
      { op: 'remove', path: '/metadata/finalizers' },
      { op: 'add', path: '/metadata/finalizers', value: ['b'] },
    ],
  ],
  ['there are none to remove', [], { empty: true, remove: ['a'] }, []],
])('finalizers: %s', (_, has, change, patch) => {
  expect(finalizersPatch(has, { add: [], remove: [], empty: false, ...change })).toEqual(patch);
});

const RUNS = `
selector: {matchExpressions: [{key: .status.phase, operator: In, values: [Pending]}, {key: .metadata.deletionTimestamp, operator: DoesNotExist}]}
delay: {durationMilliseconds: 2000}
next:
  event: {type: Normal, reason: Ran, message: it runs}
  statusTemplate: |
    {{ $now := Now }}
    phase: Running
    podIP: {{ PodIPWith .spec.nodeName false .metadata.uid .metadata.name .metadata.namespace }}
    hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
    conditions:
    - {type: Ready, status: "True", lastTransitionTime: {{ $now | Quote }}}
    containerStatuses:
    {{ range .spec.containers }}
    - {name: {{ .name }}, image: {{ .image | Quote }}, ready: true, restartCount: 0, state: {running: {startedAt: {{ $now | Quote }}}}}
    {{ end }}
`;
const GOES = `
selector: {matchExpressions: [{key: .metadata.deletionTimestamp, operator: Exists}]}
delay: {durationMilliseconds: 1000}
next: {delete: true}
`;

const played = (stages: Readonly<Record<string, string>>, rest: Partial<BehaviourDocument> = {}) =>
  kubeletCluster({ rules: [], stages: Object.entries(stages).map(([name, spec]) => stage(name, spec)), ...rest });

describe('a pod is played', () => {
  test('it runs when its Stage says so, and goes likewise', async () => {
    const { watch, create, client, told, errors } = await played({ RUNS, GOES });
    await create(podOn('x'));
    expect(await watch('x', 1.9, 2.1)).toEqual(['1.9s Pending ready=-', '2.1s Running ready=True app:running/0']);
    const pod = await client.get('v1/Pod', 'x', { namespace: 'default' });
    expect(pod.status).toMatchObject({ hostIP: '10.64.0.1', podIP: '10.128.0.2' });
    expect(await told()).toEqual(['Ran: it runs']);
    await client.delete('v1/Pod', 'x', { namespace: 'default' });
    expect(await watch('x', 3, 3.2)).toEqual(['3s Running ready=True app:running/0', '3.2s gone']);
    expect(errors).toEqual([]);
  });

  test('a deletion takes the place of a Stage that waits', async () => {
    const { watch, create, client } = await played({ RUNS, GOES });
    await create(podOn('x'));
    await watch('x', 1.5);
    await client.delete('v1/Pod', 'x', { namespace: 'default' });
    expect(await watch('x', 2.4, 2.6)).toEqual(['2.4s Pending ready=-', '2.6s gone']);
  });

  test('one that no Stage could be for lives as the rules have it', async () => {
    const { watch, create } = await played(
      { RUNS: RUNS.replace('selector: {', 'selector: {matchLabels: {played: "true"}, ') },
      { kubelet: 'full', rules: [{ then: { pull: { duration: '0s' }, start: '5s' } }] },
    );
    await create(podOn('x'));
    await create(podOn('y', {}, { labels: { played: 'true' } }));
    await watch('x', 2.1);
    expect(await watch('x', 2.1, 5.1)).toEqual([
      '2.1s Pending ready=False app:ContainerCreating/0',
      '5.1s Running ready=True app:running/0',
    ]);
    expect(await watch('y', 5.1)).toEqual(['5.1s Running ready=True app:running/0']);
  });

  test('where the kubelet waits for configuration, Stages begin once it is there', async () => {
    const { watch, create, client } = await played({ RUNS }, { kubelet: { like: 'kwok', config: true } });
    const volumes = [{ name: 'v', configMap: { name: 'c' } }];
    await create(podOn('x', { volumes }));
    expect(await watch('x', 60)).toEqual(['60s Pending ready=-']);
    await client.create('v1/ConfigMap', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'default' } });
    expect(await watch('x', 61.9, 62.1)).toEqual(['61.9s Pending ready=-', '62.1s Running ready=True app:running/0']);
  });

  test('a kubelet that starts anew goes on, and the address stays', async () => {
    const { watch, create, restart, client } = await played({ RUNS, GOES });
    await create(podOn('x'));
    await watch('x', 2.1);
    await restart();
    await create(podOn('y'));
    await watch('y', 5);
    const ips = (await client.list('v1/Pod')).items.map(({ status }) => status?.podIP);
    expect(ips).toEqual(['10.128.0.2', '10.128.0.3']);
    await client.delete('v1/Pod', 'x', { namespace: 'default' });
    expect(await watch('x', 6.1)).toEqual(['6.1s gone']);
  });

  test('patches of other kinds, in their order, and the next Stage without waiting', async () => {
    const { watch, create, client, errors } = await played({
      labelled: `
        selector: {matchExpressions: [{key: '.metadata.labels["step"]', operator: DoesNotExist}]}
        immediateNextStage: true
        next:
          finalizers: {add: [{value: example.com/held}]}
          patches:
          - {type: merge, template: '{"metadata": {"labels": {"step": "one"}}}'}
          - {type: json, root: metadata, template: '[{"op": "add", "path": "/labels/more", "value": {{ .metadata.name | Quote }}}]'}
      `,
      second: `
        selector: {matchLabels: {step: one}}
        steps:
        - patch: {root: metadata, template: 'labels: {step: two}'}
        - finalizers: {empty: true}
        - event: {reason: Done, message: all of it}
      `,
    });
    await create(podOn('x'));
    await watch('x', 0.1);
    const { metadata } = await client.get('v1/Pod', 'x', { namespace: 'default' });
    expect(errors).toEqual([]);
    expect(metadata.labels).toEqual({ step: 'two', more: 'x' });
    expect(metadata.finalizers).toBeUndefined();
    expect(errors).toEqual([]);
  });

  test('endless changes do not stop the clock', async () => {
    const { watch, create, get, errors } = await played({
      again: `
        selector: {}
        next:
          patches:
          - {template: 'metadata: {annotations: {count: {{ add1 (index (or .metadata.annotations dict) "count") | quote }}}}'}
      `,
    });
    await create(podOn('x'));
    await watch('x', 10);
    expect(errors).toEqual([]);
    expect(Number((await get('x')).metadata.annotations!['count'])).toBeGreaterThan(50);
  });

  test('a template that fails is told, and the pod stays as it is', async () => {
    const { watch, create, errors } = await played({ bad: `{selector: {}, next: {statusTemplate: "phase: {{ .spec.nodeName.x }}"}}` });
    await create(podOn('x'));
    expect(await watch('x', 5)).toEqual(['5s Pending ready=-']);
    expect(errors.map((error) => (error as Error).message)).toEqual([
      "Stage bad: line 1, column 16: can't evaluate field x in type interface {}",
    ]);
  });
});

test('a node is as its Stage says', async () => {
  const { client, clock } = await kubeletCluster({
    rules: [],
    stages: [
      {
        ...(stage('ready', '') as object),
        spec: parse(`
          resourceRef: {apiGroup: v1, kind: Node}
          selector: {matchExpressions: [{key: '.status.conditions.[] | select(.type == "Ready") | .status', operator: NotIn, values: ["True"]}]}
          delay: {durationMilliseconds: 3000}
          next:
            statusTemplate: |
              conditions:
              {{ range NodeConditions }}
              - {type: {{ .type }}, status: {{ .status | Quote }}, reason: {{ .reason }}, message: {{ .message | Quote }}, lastTransitionTime: {{ Now | Quote }}}
              {{ end }}
              addresses:
              - {type: InternalIP, address: {{ NodeIP | Quote }}}
              - {type: Hostname, address: {{ NodeName }}}
              daemonEndpoints: {kubeletEndpoint: {Port: {{ NodePort }}}}
              allocatable:
              {{ with .status.allocatable }}{{ YAML . 1 }}{{ else }}
                cpu: 1k
              {{ end }}
        `) as object,
      },
    ],
  });
  await clock.advance(2900);
  expect((await client.get('v1/Node', 'a')).status?.conditions).toBeUndefined();
  await clock.advance(200);
  const { status } = await client.get('v1/Node', 'a');
  expect(status?.conditions?.map(({ type, status: is }) => `${type}=${is}`)).toEqual([
    'Ready=True',
    'MemoryPressure=False',
    'DiskPressure=False',
    'PIDPressure=False',
    'NetworkUnavailable=False',
  ]);
  expect(status).toMatchObject({
    addresses: [
      { type: 'InternalIP', address: '10.64.0.1' },
      { type: 'Hostname', address: 'a' },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    allocatable: { cpu: '1k' },
  });
});

describe('what is refused', () => {
  test.each<[situation: string, spec: string, message: string]>([
    ['an unknown field', '{selector: {}, nexd: {}}', 'spec.nexd: unknown field; there are '],
    [
      'another kind',
      '{resourceRef: {apiGroup: apps/v1, kind: Deployment}}',
      'spec.resourceRef.kind: only Stages for the kinds Pod and Node',
    ],
    [
      'an operator',
      '{selector: {matchExpressions: [{key: .a, operator: Is}]}}',
      'spec.selector.matchExpressions[0].operator: must be one of In,',
    ],
    [
      'In without values',
      '{selector: {matchExpressions: [{key: .a, operator: In}]}}',
      'spec.selector.matchExpressions[0].values: must not be empty',
    ],
    [
      'Exists with values',
      '{selector: {matchExpressions: [{key: .a, operator: Exists, values: [b]}]}}',
      'spec.selector.matchExpressions[0].values: must be empty with Exists',
    ],
    [
      'jq that is not understood',
      '{selector: {matchExpressions: [{key: ".a | ltrimstr(\\"x\\")", operator: Exists}]}}',
      'spec.selector.matchExpressions[0].key: ltrimstr(…) is not understood at column 6',
    ],
    ['CEL', '{selector: {matchExpressions: [{cel: {expression: "true"}}]}}', 'spec.selector.matchExpressions[0].cel: is not supported'],
    ['a weight', '{selector: {}, weight: -1}', 'spec.weight: must be a whole number, at least 0'],
    ['a delay', '{selector: {}, delay: {durationMilliseconds: 1s}}', 'spec.delay.durationMilliseconds: must be a whole number'],
    [
      'a type of patch',
      '{selector: {}, next: {patches: [{type: apply}]}}',
      'spec.next.patches[0].type: must be one of json, merge, strategic',
    ],
    ['another user', '{selector: {}, next: {statusPatchAs: {username: u}}}', 'spec.next.statusPatchAs: is not supported'],
    ['other objects', '{selector: {}, steps: [{apply: {}}]}', 'spec.steps[0].apply: is not supported'],
    [
      'a template',
      '{selector: {}, next: {statusTemplate: "a: {{ Nope }}"}}',
      'spec.next.statusTemplate: line 1, column 7: function "Nope" not defined',
    ],
    ['a finalizer without value', '{selector: {}, next: {finalizers: {add: [{}]}}}', 'spec.next.finalizers.add[0].value: is missing'],
  ])('%s', (_, spec, message) => {
    expect(() => readStage(stage('s', spec), {})).toThrow(message);
  });

  test.each<[situation: string, manifest: unknown, message: string]>([
    ['no object', 'x', 'must be an object'],
    ['no name', { apiVersion: 'kwok.x-k8s.io/v1alpha1', kind: 'Stage', spec: {} }, 'metadata: must have a name'],
    ['no spec', { apiVersion: 'kwok.x-k8s.io/v1alpha1', kind: 'Stage', metadata: { name: 's' } }, 'spec: is missing'],
  ])('%s', (_, manifest, message) => {
    expect(() => readStage(manifest, {})).toThrow(message);
  });
});
