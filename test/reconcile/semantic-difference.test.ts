// What a plan changes, as it is told: order of weight, generated objects, objects that were renamed or stand elsewhere; and fields that
// differ in writing alone.
import { expect, test } from 'vitest';
import type { KubernetesObject } from '../../src/apimachinery/object.ts';
import { fieldDifferences } from '../../src/reconcile/plan/field-difference.ts';
import type { Plan, PlannedAction, PlannedResource } from '../../src/reconcile/plan/plan.ts';
import { idOf } from '../../src/reconcile/plan/resource-id.ts';
import { byImportance, movedObjects, semanticDifferences } from '../../src/reconcile/semantic-difference.ts';

interface Given {
  readonly action: PlannedAction;
  readonly was?: object;
  readonly is?: object;
}

function planned({ action, was, is }: Given): PlannedResource {
  const [live, predicted] = [was as KubernetesObject | undefined, is as KubernetesObject | undefined];
  const id = idOf((predicted ?? live)!);
  const desired = predicted && { id, object: predicted, origin: undefined, phase: 'Sync', wave: 0, isHook: false };
  const differences = live && predicted ? fieldDifferences(live, predicted) : [];
  return { id, action, reason: '', differences, desired, live, predicted, refusal: undefined } as unknown as PlannedResource;
}

const planOf = (...given: Given[]): Plan =>
  ({
    set: { remembered: { objects: given.flatMap(({ was }) => (was ? [was] : [])) } },
    resources: given.map(planned),
  }) as unknown as Plan;

const config = (name: string, data: object, namespace = 'shop') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data,
});
const deployment = (name: string, spec: object, metadata: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'shop', ...metadata },
  spec,
});
const pods = (container: object, metadata: object = {}) => ({
  template: { metadata, spec: { containers: [{ name: 'app', ...container }] } },
});

test('a generated object is one changed object', async () => {
  const found = await semanticDifferences(
    planOf(
      { action: 'create', is: config('settings-b2f6h8m2kt', { level: 'debug' }) },
      { action: 'prune', was: config('settings-t7k2c9m4d8', { level: 'info' }) },
    ),
  );
  expect(found).toMatchObject([
    {
      change: 'modified',
      name: 'settings-b2f6h8m2kt',
      previousName: 'settings-t7k2c9m4d8',
      fields: [{ path: 'data.level', live: 'info', desired: 'debug' }],
    },
  ]);
});

test.each([
  { name: 'of another stem', other: config('token-t7k2c9m4d8', { level: 'info' }) },
  { name: 'of another namespace', other: config('settings-t7k2c9m4d8', { level: 'info' }, 'store') },
  { name: 'without a hash', other: config('settings-old', { level: 'info' }) },
])('an object $name is no earlier one', async ({ other }) => {
  const found = await semanticDifferences(
    planOf({ action: 'create', is: config('settings-b2f6h8m2kt', { level: 'debug' }) }, { action: 'prune', was: other }),
  );
  expect(found.map(({ change }) => change)).toEqual(['added', 'deleted']);
});

test('an object with the same content under another name was renamed', async () => {
  const found = await semanticDifferences(
    planOf(
      { action: 'create', is: config('settings', { level: 'info' }) },
      { action: 'create', is: config('other', { level: 'debug' }) },
      { action: 'prune', was: config('config', { level: 'info' }) },
    ),
  );
  expect(found.map(({ name, change, renamedFrom, renamedTo }) => ({ name, change, renamedFrom, renamedTo }))).toEqual([
    { name: 'settings', change: 'added', renamedFrom: { namespace: 'shop', name: 'config' }, renamedTo: undefined },
    { name: 'other', change: 'added', renamedFrom: undefined, renamedTo: undefined },
    { name: 'config', change: 'deleted', renamedFrom: undefined, renamedTo: { namespace: 'shop', name: 'settings' } },
  ]);
});

test('objects without content are no renamed ones', async () => {
  const account = (name: string) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'shop' } });
  const found = await semanticDifferences(planOf({ action: 'create', is: account('a') }, { action: 'prune', was: account('b') }));
  expect(found.map(({ renamedFrom, renamedTo }) => renamedFrom ?? renamedTo)).toEqual([undefined, undefined]);
});

test('fields come in the order of their weight', async () => {
  const [found] = await semanticDifferences(
    planOf({
      action: 'configure',
      was: deployment(
        'web',
        { replicas: 2, ...pods({ image: 'a:1', env: [{ name: 'LEVEL', value: 'info' }] }) },
        { labels: { team: 'a' } },
      ),
      is: deployment(
        'web',
        {
          ...pods(
            { image: 'a:2', env: [{ name: 'LEVEL', value: 'debug' }], resources: { requests: { cpu: '1' } } },
            { annotations: { checksum: 'b' } },
          ),
          replicas: 3,
        },
        { labels: { team: 'b' } },
      ),
    }),
  );
  expect(found!.fields.map(({ path }) => path.replace(/.*\.containers\[name="app"\]\./, ''))).toEqual([
    'image',
    'spec.replicas',
    'resources',
    'env[name="LEVEL"].value',
    'metadata.labels.team',
    'spec.template.metadata.annotations',
  ]);
});

test('what takes data along comes first, what only describes last', () => {
  const all = (
    ['ConfigMap added', 'Deployment added', 'Service deleted', 'Deployment modified', 'PersistentVolumeClaim deleted'] as const
  ).map((text) => {
    const [kind = '', change = ''] = text.split(' ');
    return { kind, change, name: '', fields: [{ path: 'spec.replicas' }] };
  });
  const labels = { kind: 'Deployment', change: 'modified', name: '', fields: [{ path: 'metadata.labels.team' }] };
  const found = byImportance([labels, ...all] as never);
  expect(found.map(({ kind, change }) => `${kind} ${change}`)).toEqual([
    'PersistentVolumeClaim deleted',
    'Service deleted',
    'Deployment modified',
    'Deployment added',
    'ConfigMap added',
    'Deployment modified',
  ]);
});

test.each([
  {
    name: 'quantities in another unit',
    was: pods({ resources: { requests: { cpu: '0.5', memory: '1Gi' } } }),
    is: pods({ resources: { requests: { cpu: '500m', memory: '1024Mi' } } }),
    paths: [],
  },
  {
    name: 'quantities that differ',
    was: pods({ resources: { requests: { cpu: '0.5' } } }),
    is: pods({ resources: { requests: { cpu: '501m' } } }),
    paths: ['spec.template.spec.containers[name="app"].resources.requests.cpu'],
  },
  {
    name: 'a port in the middle of a list',
    was: pods({ ports: [{ containerPort: 80 }, { containerPort: 82 }] }),
    is: pods({ ports: [{ containerPort: 80 }, { containerPort: 81 }, { containerPort: 82 }] }),
    paths: ['spec.template.spec.containers[name="app"].ports[containerPort=81,protocol="TCP"]'],
  },
  {
    name: 'variables in another order',
    was: pods({
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
    }),
    is: pods({
      env: [
        { name: 'B', value: '2' },
        { name: 'A', value: '1' },
      ],
    }),
    paths: ['spec.template.spec.containers[name="app"].env'],
  },
])('fields: $name', ({ was, is, paths }) => {
  const found = fieldDifferences(deployment('web', was) as never, deployment('web', is) as never);
  expect(found.map(({ path }) => path)).toEqual(paths);
});

test('objects that stand in another file are told', () => {
  const at = (file: string, name: string) => ({ object: config(name, {}), origin: { file, line: 1, document: 1 } });
  const moved = movedObjects([at('a.yaml', 'one'), at('b.yaml', 'two')] as never, [at('b.yaml', 'one'), at('b.yaml', 'two')] as never);
  expect(moved).toMatchObject([{ kind: 'ConfigMap', name: 'one', from: { file: 'a.yaml' }, to: { file: 'b.yaml' } }]);
  expect(movedObjects([at('a.yaml', 'one')] as never, [at('b.yaml', 'one')] as never)).toEqual([]);
});
