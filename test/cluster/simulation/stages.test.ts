// Clusters whose pods live as Stages of kwok tell: all is well where the Stages suffice, and what they lack is told where not.
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { KubernetesObject, Manifest } from '../../../src/apimachinery/object.ts';
import type { Step } from '../../../src/cluster/simulation/scenario.ts';
import { simulate } from '../../../src/cluster/simulation/simulation.ts';

const stage = (name: string, conditions: readonly string[], next: string): unknown => ({
  apiVersion: 'kwok.x-k8s.io/v1alpha1',
  kind: 'Stage',
  metadata: { name },
  spec: {
    resourceRef: { kind: 'Pod' },
    selector: { matchExpressions: conditions.map((condition) => parse(condition) as unknown) },
    next: parse(next) as unknown,
  },
});

const LIVES = '{key: .metadata.deletionTimestamp, operator: DoesNotExist}';
const IS_READY = `- {type: Ready, status: "True", lastTransitionTime: {{ Now | Quote }}}`;
const RUNS = stage(
  'runs',
  [LIVES, '{key: .status.phase, operator: In, values: [Pending]}'],
  `statusTemplate: |
     phase: Running
     startTime: {{ Now | Quote }}
     podIP: {{ PodIPWith .spec.nodeName false .metadata.uid .metadata.name .metadata.namespace }}
     conditions:
     ${IS_READY}
     containerStatuses:
     {{ range .spec.containers }}
     - {name: {{ .name }}, image: {{ .image | Quote }}, ready: true, restartCount: 0, state: {running: {startedAt: {{ Now | Quote }}}}}
     {{ end }}`,
);
const GOES = stage('goes', ['{key: .metadata.deletionTimestamp, operator: Exists}'], 'delete: true');
const ENDS = stage(
  'ends',
  [
    LIVES,
    '{key: .status.phase, operator: In, values: [Running]}',
    '{key: ".metadata.ownerReferences.[].kind", operator: In, values: [Job]}',
  ],
  'statusTemplate: "phase: Succeeded"',
);
const READY_AGAIN = stage(
  'ready again',
  [
    LIVES,
    '{key: .status.phase, operator: In, values: [Running]}',
    `{key: '.status.conditions.[] | select(.type == "Ready") | .status', operator: In, values: ["False"]}`,
  ],
  `statusTemplate: |
     conditions:
     ${IS_READY}`,
);

const template = (spec: object = {}) => ({ spec: { containers: [{ name: 'app', image: 'example.com/web:1' }], ...spec } });
const web: Manifest<KubernetesObject> = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, ...template() },
  },
};
const batch: Manifest<KubernetesObject> = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'batch', namespace: 'default' },
  spec: { template: template({ restartPolicy: 'Never' }) },
};
const MADE: readonly Step[] = [
  { do: 'apply', object: web },
  { do: 'apply', object: batch },
  { do: 'advance', ms: 30_000 },
];
const DELETED: Step = { do: 'deletePod', labels: { app: 'web' }, skip: 0 };
/** Long enough to be marked, and too short for pods to be taken away. */
const AWAY: readonly Step[] = [
  { do: 'powerOff', node: 'node-1' },
  { do: 'powerOff', node: 'node-2' },
  { do: 'advance', ms: 120_000 },
  { do: 'powerOn', node: 'node-1' },
  { do: 'powerOn', node: 'node-2' },
];

test.each<{ situation: string; stages: readonly unknown[]; steps?: readonly Step[]; lacks: readonly string[] }>([
  { situation: 'all', stages: [RUNS, GOES, ENDS], steps: [DELETED], lacks: [] },
  { situation: 'none that takes pods away', stages: [RUNS, ENDS], steps: [DELETED], lacks: ['no Stage takes away pods'] },
  { situation: 'none that ends Jobs', stages: [RUNS, GOES], lacks: ['no Stage ends the pods of Jobs'] },
  { situation: 'none for new pods', stages: [GOES], lacks: ['no Stage comes for pods that are Pending'] },
  {
    situation: 'several are lacking',
    stages: [RUNS],
    steps: [DELETED],
    lacks: ['no Stage takes away pods', 'no Stage ends the pods of Jobs'],
  },
  { situation: 'none for pods that were marked', stages: [RUNS, GOES, ENDS], steps: AWAY, lacks: ['no Stage makes pods ready again'] },
  { situation: 'one for pods that were marked', stages: [RUNS, GOES, ENDS, READY_AGAIN], steps: AWAY, lacks: [] },
])('Stages: $situation', async ({ stages, steps = [], lacks }) => {
  const { violations } = await simulate({ seed: 1, behaviour: { rules: [], stages }, scenario: { nodes: 2, steps: [...MADE, ...steps] } });
  expect(violations).toEqual(
    lacks.map(
      (lack) => expect.objectContaining({ invariant: 'Stages go on', problem: expect.stringContaining(lack) as unknown }) as unknown,
    ),
  );
});

test.each([1, 2, 3])('a Stage whose write fails by the server is tried again: seed %i', async (seed) => {
  const faults: Step = { do: 'faults', faults: { failWrites: 0.3, loseAnswers: 0.1, delayMs: 50 } };
  const { violations } = await simulate({
    seed,
    behaviour: { rules: [], stages: [RUNS, GOES, ENDS, READY_AGAIN] },
    scenario: { nodes: 2, steps: [faults, ...MADE, DELETED] },
  });
  expect(violations).toEqual([]);
});
