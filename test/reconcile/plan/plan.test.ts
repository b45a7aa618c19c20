// The parts of a plan that are pure: order, annotations, differences, membership, who drifted.
import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../src/apimachinery/object.ts';
import { applySetId } from '../../../src/reconcile/plan/apply-set.ts';
import { ownerOf } from '../../../src/reconcile/plan/drift.ts';
import { fieldDifferences } from '../../../src/reconcile/plan/field-difference.ts';
import { inApplyOrder, type Ordered } from '../../../src/reconcile/plan/order.ts';
import { ignoredPaths } from '../../../src/reconcile/plan/ignored.ts';
import type { PlannedResource } from '../../../src/reconcile/plan/plan.ts';
import { idOf } from '../../../src/reconcile/plan/resource-id.ts';
import { stepsOf } from '../../../src/reconcile/plan/steps.ts';
import { readSyncAnnotations, type Phase } from '../../../src/reconcile/plan/sync-annotations.ts';

const stored = (apiVersion: string, kind: string, parts: object, metadata: object = {}): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: { name: 'x', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', ...metadata },
  ...parts,
});

describe('order', () => {
  const item = (kind: string, wave = 0, phase: Ordered['phase'] = 'Sync', name = 'a'): Ordered => ({
    id: { group: '', version: 'v1', kind, namespace: '', name },
    phase,
    wave,
  });
  test('phase, then wave, then kind, then name', () => {
    const ordered = inApplyOrder([
      item('Deployment', 0, 'PostSync'),
      item('Widget'),
      item('Deployment'),
      item('Service'),
      item('ConfigMap', -1),
      item('Namespace'),
      item('ValidatingWebhookConfiguration'),
      item('Job', 5, 'PreSync'),
      item('CustomResourceDefinition'),
      item('Service', 0, 'Sync', 'b'),
    ]);
    expect(ordered.map(({ id: { kind, name }, phase, wave }) => `${phase} ${wave} ${kind}/${name}`)).toEqual([
      'PreSync 5 Job/a',
      'Sync -1 ConfigMap/a',
      'Sync 0 Namespace/a',
      'Sync 0 CustomResourceDefinition/a',
      'Sync 0 Service/a',
      'Sync 0 Service/b',
      'Sync 0 Deployment/a',
      'Sync 0 Widget/a',
      'Sync 0 ValidatingWebhookConfiguration/a',
      'PostSync 0 Deployment/a',
    ]);
  });
});

describe('steps', () => {
  const planned = (name: string, wave: number, phase: Phase = 'Sync', stage = 0): PlannedResource =>
    ({ id: { name }, action: phase === 'Sync' ? 'create' : 'hook', desired: { phase, wave, stage } }) as unknown as PlannedResource;
  const removed = (name: string, wave: number, options = ''): PlannedResource =>
    ({
      id: { name },
      action: 'prune',
      live: { metadata: { annotations: { 'argocd.argoproj.io/sync-wave': String(wave), 'argocd.argoproj.io/sync-options': options } } },
    }) as unknown as PlannedResource;
  test.each([
    ['nothing', [], []],
    [
      'phases and waves',
      [planned('a', 0, 'PreSync'), planned('b', 0), planned('c', 0), planned('d', 3)],
      ['PreSync 0: a', 'Sync 0: b c', 'Sync 3: d'],
    ],
    ['stages of a wave', [planned('a', 0), planned('b', 0, 'Sync', 1)], ['Sync 0: a', 'Sync 0: b']],
    [
      'removals mirror their waves',
      [planned('a', 1), removed('x', 0), removed('y', 1), removed('z', 5)],
      ['Sync 0: -z', 'Sync 1: -y a', 'Sync 5: -x'],
    ],
    ['an even number of them, too', [removed('x', 0), removed('y', 1)], ['Sync 0: -y', 'Sync 1: -x']],
    [
      'removals that are to be last come behind all waves, and before what comes after',
      [planned('a', 2), planned('p', 0, 'PostSync'), removed('x', 0, 'PruneLast=true')],
      ['Sync 2: a', 'Sync 3: -x', 'PostSync 0: p'],
    ],
  ])('%s', (_, resources, expected) => {
    const { steps } = stepsOf(resources, { options: [], prunes: 'in waves' });
    const names = (items: readonly PlannedResource[], sign: string): string[] => items.map(({ id }) => `${sign}${id.name}`);
    expect(
      steps.map(({ phase, wave, removed: r, resources: c }) => `${phase} ${wave}: ${[...names(r, '-'), ...names(c, '')].join(' ')}`),
    ).toEqual(expected);
  });
});

describe('what is ignored', () => {
  const live = stored('apps/v1', 'Deployment', {
    spec: {
      replicas: 3,
      template: {
        spec: {
          containers: [
            { name: 'a', image: 'x' },
            { name: 'b', image: 'y' },
          ],
        },
      },
    },
  });
  const withOwner = {
    ...live,
    metadata: {
      ...live.metadata,
      managedFields: [
        {
          manager: 'scaler',
          operation: 'Update',
          fieldsV1: {
            'f:spec': {
              'f:replicas': {},
              'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"b"}': { '.': {}, 'f:image': {} } } } },
            },
          },
        },
      ],
    },
  } as unknown as KubernetesObject;
  const rule = {
    group: 'apps',
    kind: 'Deployment',
    name: '',
    namespace: '',
    jsonPointers: [],
    jqPathExpressions: [],
    managedFieldsManagers: [],
  };
  const containers = ['spec', 'template', 'spec', 'containers'];
  test.each([
    [
      'a pointer',
      { jsonPointers: ['/spec/replicas', '/metadata/annotations/a~1b'] },
      [
        ['spec', 'replicas'],
        ['metadata', 'annotations', 'a/b'],
      ],
    ],
    ['a path', { jqPathExpressions: ['.spec.template.spec.containers[1].image'] }, [[...containers, 1, 'image']]],
    [
      'a path to each',
      { jqPathExpressions: ['.spec.template.spec.containers[].image'] },
      [
        [...containers, 0, 'image'],
        [...containers, 1, 'image'],
      ],
    ],
    [
      'a path to those selected',
      { jqPathExpressions: ['.spec.template.spec.containers[] | select(.name == "b").image'] },
      [[...containers, 1, 'image']],
    ],
    ['a path that does more than lead', { jqPathExpressions: ['.spec | keys', 'del(.spec)'] }, []],
    [
      'what a manager owns',
      { managedFieldsManagers: ['scaler'] },
      [
        ['spec', 'replicas'],
        [...containers, 1, 'image'],
      ],
    ],
    ['another kind', { kind: 'StatefulSet', jsonPointers: ['/spec'] }, []],
    ['any kind', { group: '*', kind: '*', jsonPointers: ['/spec'] }, [['spec']]],
    ['another name', { name: 'y', jsonPointers: ['/spec'] }, []],
  ])('%s', (_, part, expected) => {
    expect(ignoredPaths(withOwner, idOf(withOwner), [{ ...rule, ...part }])).toEqual(expected);
  });
});

describe('annotations', () => {
  test.each([
    ['none', {}, { hooks: [], wave: 0, keep: false, force: false, ignored: false, deletePolicies: ['BeforeHookCreation'] }],
    ['a wave', { 'argocd.argoproj.io/sync-wave': '-3' }, { wave: -3 }],
    ['a wave that is no number', { 'argocd.argoproj.io/sync-wave': 'soon' }, { wave: 0 }],
    ['hooks', { 'argocd.argoproj.io/hook': 'PreSync, PostSync' }, { hooks: ['PreSync', 'PostSync'] }],
    ["Helm's hooks", { 'helm.sh/hook': 'pre-install,pre-upgrade', 'helm.sh/hook-weight': '2' }, { hooks: ['PreSync'], wave: 2 }],
    ["Argo CD's hooks go before Helm's", { 'helm.sh/hook': 'post-install', 'argocd.argoproj.io/hook': 'Sync' }, { hooks: ['Sync'] }],
    ["hooks of other occasions are none of a sync's", { 'helm.sh/hook': 'post-rollback,test' }, { hooks: ['Skip'] }],
    ['hooks of a deletion', { 'helm.sh/hook': 'post-delete' }, { hooks: ['PostDelete'] }],
    ['a hook to be skipped', { 'argocd.argoproj.io/hook': 'Skip' }, { hooks: ['Skip'] }],
    ['a hook of no known phase', { 'argocd.argoproj.io/hook': 'Later' }, { hooks: ['Skip'] }],
    ["what was Helm's mark of a definition", { 'helm.sh/hook': 'crd-install' }, { hooks: [] }],
    ['a weight without a hook', { 'helm.sh/hook-weight': '4' }, { hooks: [], wave: 4 }],
    ['a weight where the wave is no number', { 'helm.sh/hook-weight': '4', 'argocd.argoproj.io/sync-wave': 'x' }, { wave: 4 }],
    [
      'policies of both',
      { 'argocd.argoproj.io/hook-delete-policy': 'HookFailed', 'helm.sh/hook-delete-policy': 'hook-succeeded' },
      { deletePolicies: ['HookFailed', 'HookSucceeded'] },
    ],
    [
      'options',
      { 'argocd.argoproj.io/sync-options': 'PruneLast=true, Replace=true,Prune=confirm,PrunePropagationPolicy=orphan' },
      { pruneLast: true, replace: true, confirm: true, keep: false, force: false, propagation: 'Orphan' },
    ],
    ['a policy', { 'argocd.argoproj.io/hook-delete-policy': 'HookSucceeded' }, { deletePolicies: ['HookSucceeded'] }],
    ['kept', { 'argocd.argoproj.io/sync-options': 'Prune=false,Validate=true' }, { keep: true }],
    ["kept by Flux's", { 'kustomize.toolkit.fluxcd.io/prune': 'disabled' }, { keep: true }],
    ['forced', { 'kustomize.toolkit.fluxcd.io/force': 'enabled' }, { force: true }],
    ['ignored', { 'kustomize.toolkit.fluxcd.io/reconcile': 'disabled' }, { ignored: true }],
  ])('%s', (_name, annotations, expected) => {
    expect(readSyncAnnotations({ annotations: annotations as Record<string, string> })).toMatchObject(expected);
  });
});

describe('differences', () => {
  const pod = (containers: readonly object[], more: object = {}): KubernetesObject =>
    stored('v1', 'Pod', { spec: { containers, ...more } });
  test.each([
    ['nothing', pod([{ name: 'a' }]), pod([{ name: 'a' }]), []],
    [
      'lists with keys, by key',
      pod([{ name: 'a', image: '1' }, { name: 'b' }]),
      pod([{ name: 'b' }, { name: 'a', image: '2' }]),
      ['spec.containers[name="a"].image: 1 → 2'],
    ],
    [
      'only the order of a list with keys',
      pod([{ name: 'a' }, { name: 'b' }]),
      pod([{ name: 'b' }, { name: 'a' }]),
      ['spec.containers: name="a",name="b" → name="b",name="a"'],
    ],
    ['an element more', pod([{ name: 'a' }]), pod([{ name: 'a' }, { name: 'b' }]), ['spec.containers[name="b"]: - → {"name":"b"}']],
    [
      'lists without keys, by place',
      pod([{ name: 'a', args: ['1', '2'] }]),
      pod([{ name: 'a', args: ['1'] }]),
      ['spec.containers[name="a"].args[1]: 2 → -'],
    ],
    ['a field that goes', pod([], { nodeName: 'n' }), pod([]), ['spec.nodeName: n → -']],
    [
      'keys of maps that are no names',
      stored('v1', 'ConfigMap', {}, { labels: { 'a/b': '1' } }),
      stored('v1', 'ConfigMap', {}, { labels: { 'a/b': '2' } }),
      ['metadata.labels[a/b]: 1 → 2'],
    ],
    [
      'what the server keeps',
      stored('v1', 'ConfigMap', {}, { generation: 1 }),
      stored('v1', 'ConfigMap', { status: { a: 1 } }, { generation: 2, resourceVersion: '9' }),
      [],
    ],
    [
      'lists that are not there and empty ones, where Go has a list',
      stored('rbac.authorization.k8s.io/v1', 'Role', { rules: null }),
      stored('rbac.authorization.k8s.io/v1', 'Role', { rules: [] }),
      [],
    ],
    [
      'the same in a custom resource, of which nobody knows that',
      stored('example.com/v1', 'Widget', { rules: null, texts: [] }),
      stored('example.com/v1', 'Widget', { rules: [], texts: null }),
      ['rules: null → ', 'texts:  → null'],
    ],
    [
      'Secrets, masked',
      stored('v1', 'Secret', { data: { k: 'YQ==' } }),
      stored('v1', 'Secret', { data: { k: 'Yg==' } }),
      ['data.k: (masked) → (masked, changed)'],
    ],
  ] as const)('%s', (_name, live, desired, expected) => {
    const text = (value: unknown): string =>
      value === undefined
        ? '-'
        : typeof value === 'object'
          ? Array.isArray(value)
            ? value.join(',')
            : JSON.stringify(value)
          : String(value);
    expect(
      fieldDifferences(live, desired).map(({ path, live: before, desired: after }) => `${path}: ${text(before)} → ${text(after)}`),
    ).toEqual(expected);
  });
});

describe('membership', () => {
  test('the id is that of KEP-3659', () => {
    // base64url(sha256("jibe.shop.default.Secret."))
    expect(applySetId('shop', 'default')).toMatch(/^applyset-[A-Za-z0-9_-]{43}-v1$/);
    expect(applySetId('shop', 'default')).not.toBe(applySetId('shop', 'other'));
  });
});

describe('who owns a field', () => {
  const object = stored(
    'apps/v1',
    'Deployment',
    {},
    {
      managedFields: [
        { manager: 'jibe', operation: 'Apply', time: '2026-01-03T00:00:00Z', fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
        { manager: 'hpa', operation: 'Update', time: '2026-01-02T00:00:00Z', fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
        {
          manager: 'kubectl-edit',
          operation: 'Update',
          time: '2026-01-01T00:00:00Z',
          fieldsV1: {
            'f:spec': { 'f:replicas': {}, 'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"web"}': { 'f:image': {} } } } } },
          },
        },
        { manager: 'atomic', operation: 'Update', time: '2026-01-01T00:00:00Z', fieldsV1: { 'f:spec': { 'f:selector': {} } } },
      ],
    },
  );
  test.each([
    ['the latest but jibe', 'spec.replicas', 'hpa'],
    ['in a list with keys', 'spec.template.spec.containers[name="web"].image', 'kubectl-edit'],
    ['of what is owned as a whole', 'spec.selector.matchLabels.app', 'atomic'],
    ['nobody', 'spec.paused', undefined],
  ])('%s', (_name, path, manager) => {
    expect(ownerOf(object, path)?.manager).toBe(manager);
  });
});
