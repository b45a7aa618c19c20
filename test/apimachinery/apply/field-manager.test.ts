import { beforeEach, describe, expect, it } from 'vitest';
import type { FieldManager } from '../../../src/apimachinery/apply/field-manager.ts';
import { goApplyType } from '../../../src/apimachinery/apply/go-schema.ts';
import { deepFreeze, type JsonObject } from '../../../src/apimachinery/object.ts';
import type { StatusError } from '../../../src/apimachinery/status-error.ts';
import { decoded, fieldManagerOf, managedFieldsOf, owners, Seconds, stored, typeOfKind } from './fixtures.ts';

let clock: Seconds;
let configMaps: FieldManager;
beforeEach(() => {
  clock = new Seconds();
  configMaps = fieldManagerOf('v1/ConfigMap', clock);
});

const configMap = (fields: object = {}, metadata: object = {}): JsonObject =>
  decoded('v1/ConfigMap', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'ns', ...metadata }, ...fields });
const config = (fields: object = {}, metadata: object = {}): JsonObject =>
  deepFreeze({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', ...metadata }, ...fields });
const create = (fields: object, manager = 'creator', metadata: object = {}): JsonObject =>
  stored(configMaps.update(undefined, configMap(fields, metadata), manager));
const changed = (live: JsonObject, fields: object): JsonObject => deepFreeze({ ...live, ...fields });
const applied = (live: JsonObject | undefined, body: JsonObject, manager: string, force = false): JsonObject =>
  stored(configMaps.apply(live, body, manager, force));

function failure(act: () => unknown): Error & Pick<Partial<StatusError>, 'status'> {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error('did not fail');
}

describe('updates', () => {
  it('a create owns what it sets, but not what the server sets or what names the object', () => {
    const live = create({ data: { a: '1' } }, 'me', { labels: { l: '1' }, generation: 3, creationTimestamp: '2026-01-01T00:00:00Z' });
    expect(owners(live)).toEqual({
      'me Update v1 0s': { 'f:data': { '.': {}, 'f:a': {} }, 'f:metadata': { 'f:labels': { '.': {}, 'f:l': {} } } },
    });
  });

  it('an object that says nothing has no managed fields, and later updates do not track it', () => {
    const live = create({});
    expect(managedFieldsOf(live)).toBeUndefined();
    expect(managedFieldsOf(configMaps.update(live, changed(live, { data: { a: '1' } }), 'me'))).toBeUndefined();
  });

  it('a manager without a name is unknown', () => {
    expect(Object.keys(owners(create({ data: { a: '1' } }, '')))).toEqual(['unknown Update v1 0s']);
  });

  it('takes what it changes, and gives up what it removes', () => {
    const live = create({ data: { a: '1', b: '1' } });
    clock.value = 5;
    const next = configMaps.update(live, changed(live, { data: { a: '2', c: '2' } }), 'me');
    expect(owners(next)).toEqual({ 'creator Update v1 0s': { 'f:data': {} }, 'me Update v1 5s': { 'f:data': { 'f:a': {}, 'f:c': {} } } });
  });

  it('one manager’s updates add up', () => {
    const live = create({ data: { a: '1' } }, 'me');
    clock.value = 5;
    const next = configMaps.update(live, changed(live, { data: { a: '1', b: '1' } }), 'me');
    expect(owners(next)).toEqual({ 'me Update v1 5s': { 'f:data': { '.': {}, 'f:a': {}, 'f:b': {} } } });
  });

  it('that change nothing leave the very same object, time and all', () => {
    const live = create({ data: { a: '1' } }, 'me');
    clock.value = 5;
    const next = changed(live, {});
    expect(configMaps.update(live, next, 'me')).toBe(next);
    const without = deepFreeze({ ...live, metadata: { name: 'c', namespace: 'ns', uid: 'uid' } });
    expect(managedFieldsOf(configMaps.update(live, without, 'other'))).toBe(managedFieldsOf(live));
  });

  it('leave the entries of others as they are', () => {
    const live = configMaps.update(create({ data: { a: '1' } }, 'a'), configMap({ data: { a: '1', b: '1' } }), 'b');
    const next = configMaps.update(live, changed(live, { data: { a: '1', b: '2' } }), 'c');
    expect(managedFieldsOf(next)![0]).toBe(managedFieldsOf(live)![0]);
  });

  it('through a subresource are a manager of their own', () => {
    const status = fieldManagerOf('v1/Pod', clock, { subresource: 'status', filters: new Map() });
    const pod = (fields: object): JsonObject =>
      decoded('v1/Pod', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [] }, ...fields });
    const live = stored(fieldManagerOf('v1/Pod', clock).update(undefined, pod({ spec: { nodeName: 'n', containers: [] } }), 'kubelet'));
    const next = status.update(live, deepFreeze({ ...live, status: { phase: 'Running', podIPs: [{ ip: '10.0.0.1' }] } }), 'kubelet');
    expect(Object.keys(owners(next))).toEqual(['kubelet Update v1 0s', 'kubelet Update v1/status 0s']);
    expect(owners(next)['kubelet Update v1/status 0s']).toEqual({
      'f:status': { 'f:phase': {}, 'f:podIPs': { '.': {}, 'k:{"ip":"10.0.0.1"}': { '.': {}, 'f:ip': {} } } },
    });
  });

  it('of what is reset are not owned', () => {
    const deployments = fieldManagerOf('apps/v1/Deployment', clock);
    const object = decoded('apps/v1/Deployment', {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd' },
      spec: { replicas: 1 },
      status: { replicas: 7 },
    });
    expect(owners(deployments.update(undefined, object, 'me'))).toEqual({ 'me Update apps/v1 0s': { 'f:spec': { 'f:replicas': {} } } });
  });

  it('a status update does not look at the rest of the object', () => {
    const status = fieldManagerOf('v1/Pod', clock, { subresource: 'status', filters: new Map() });
    const live = stored(
      fieldManagerOf('v1/Pod', clock).update(
        undefined,
        decoded('v1/Pod', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { nodeName: 'n', containers: [] } }),
        'me',
      ),
    );
    const spec = new Proxy({}, { ownKeys: () => expect.fail('looked into') });
    const before = { ...live, spec };
    expect(owners(status.update(before, { ...before, status: { phase: 'Running' } }, 'kubelet'))['kubelet Update v1/status 0s']).toEqual({
      'f:status': { 'f:phase': {} },
    });
  });
});

describe('managed fields in a request', () => {
  const sent = (live: JsonObject, managedFields: readonly object[]): JsonObject =>
    deepFreeze({ ...live, metadata: { ...(live.metadata as JsonObject), managedFields } });
  const own = { manager: 'q', operation: 'Apply', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': { 'f:a': {} } } };

  it.each([
    ['an empty list', []],
    ['an empty entry', [{}]],
  ])('%s forgets all', (_, managedFields) => {
    const live = create({ data: { a: '1' } });
    expect(managedFieldsOf(configMaps.update(live, sent(live, managedFields), 'me'))).toBeUndefined();
  });

  it('that make sense count', () => {
    const live = create({ data: { a: '1' } });
    expect(owners(configMaps.update(live, sent(live, [own]), 'me'))).toEqual({ 'q Apply v1': { 'f:data': { 'f:a': {} } } });
  });

  it.each([
    ['another operation', { ...own, operation: 'Nope' }],
    ['another type of fields', { ...own, fieldsType: 'FieldsV9' }],
    ['fields that are none', { ...own, fieldsV1: { nope: {} } }],
  ])('that make no sense do not: %s', (_, entry) => {
    const live = create({ data: { a: '1' } });
    expect(managedFieldsOf(configMaps.update(live, sent(live, [entry]), 'me'))).toEqual(managedFieldsOf(live));
  });

  it('do not count through a subresource', () => {
    const live = create({ data: { a: '1' } });
    const scale = fieldManagerOf('v1/ConfigMap', clock, { subresource: 'scale' });
    expect(managedFieldsOf(scale.update(live, sent(live, [{}]), 'me'))).toEqual(managedFieldsOf(live));
  });

  it('about a version that is not served are forgotten', () => {
    const live = create({ data: { a: '1' } });
    expect(Object.keys(owners(configMaps.update(live, sent(live, [own, { ...own, manager: 'old', apiVersion: 'v0' }]), 'me')))).toEqual([
      'q Apply v1',
    ]);
  });
});

describe('the number of updaters', () => {
  const managed = (live: JsonObject): string[] => Object.keys(owners(live));
  const updatedBy = (count: number): JsonObject => {
    let live = create({ data: { a: '0' } }, 'm0');
    for (let i = 1; i < count; i++) {
      clock.value = i;
      live = configMaps.update(live, changed(live, { data: { ...(live.data as object), [`k${i}`]: '1' } }), `m${i}`);
    }
    return live;
  };

  it('is ten', () => {
    expect(managed(updatedBy(10))).toHaveLength(10);
  });

  it('beyond that the oldest are one', () => {
    const live = updatedBy(12);
    expect(managed(live)).toEqual([
      'ancient-changes Update v1 2s',
      ...Array.from({ length: 9 }, (_, i) => `m${i + 3} Update v1 ${i + 3}s`),
    ]);
    expect(owners(live)['ancient-changes Update v1 2s']).toEqual({ 'f:data': { '.': {}, 'f:a': {}, 'f:k1': {}, 'f:k2': {} } });
  });

  it('does not count appliers', () => {
    let live = updatedBy(10);
    for (let i = 0; i < 3; i++) live = applied(live, config({ data: { [`x${i}`]: '1' } }), `a${i}`);
    expect(managed(live)).toHaveLength(13);
  });
});

describe('applies', () => {
  it('a create owns what it mentions', () => {
    const live = applied(undefined, config({ data: { a: '1' } }, { labels: { l: '1' } }), 'me');
    expect(owners(live)).toEqual({ 'me Apply v1 0s': { 'f:data': { 'f:a': {} }, 'f:metadata': { 'f:labels': { 'f:l': {} } } } });
    expect(live).toMatchObject({ data: { a: '1' }, metadata: { name: 'c', labels: { l: '1' } } });
  });

  it('the same again is the very same object', () => {
    const live = applied(undefined, config({ data: { a: '1' } }), 'me');
    clock.value = 5;
    expect(configMaps.apply(live, config({ data: { a: '1' } }), 'me', false)).toBe(live);
  });

  it('that only add an owner have no time', () => {
    const live = create({ data: { a: '1' } });
    clock.value = 5;
    expect(Object.keys(owners(applied(live, config({ data: { a: '1' } }), 'me')))).toEqual(['me Apply v1', 'creator Update v1 0s']);
  });

  it('drop what they do not mention any more', () => {
    const live = applied(undefined, config({ data: { a: '1', b: '1' } }), 'me');
    const next = applied(live, config({ data: { b: '2' } }), 'me');
    expect(next.data).toEqual({ b: '2' });
    expect(owners(next)).toEqual({ 'me Apply v1 0s': { 'f:data': { 'f:b': {} } } });
  });

  it('share what they do not change with the live object', () => {
    const live = applied(undefined, config({ data: { a: '1' }, binaryData: { b: 'AAAA' } }), 'me');
    const next = applied(live, config({ data: { a: '2' }, binaryData: { b: 'AAAA' } }), 'me');
    expect(next.binaryData).toBe(live.binaryData);
  });

  it('to an object that nobody tracked so far find an owner of all that it has', () => {
    const live = stored(configMap({ data: { a: '1', b: '1' } }));
    const next = applied(live, config({ data: { a: '1' } }), 'me');
    expect(Object.keys(owners(next))).toEqual(['me Apply v1', 'before-first-apply Update v1 0s']);
    expect(failure(() => applied(live, config({ data: { a: '2' } }), 'me')).message).toBe(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.a',
    );
  });

  it('of another kind or version are refused', () => {
    for (const [body, shown] of [
      [{ apiVersion: 'v2', kind: 'ConfigMap' }, '/v2, Kind=ConfigMap'],
      [{ apiVersion: 'apps/v1', kind: 'Deployment' }, 'apps/v1, Kind=Deployment'],
      [{}, '/, Kind='],
    ] as const) {
      expect(failure(() => configMaps.apply(undefined, body, 'me', false))).toMatchObject({
        name: 'StatusError',
        status: { code: 400 },
        message: `invalid object type: ${shown}`,
      });
    }
  });

  it('may not say who manages what', () => {
    expect(failure(() => applied(undefined, config({}, { managedFields: [] }), 'me'))).toMatchObject({
      status: { code: 400 },
      message: 'metadata.managedFields must be nil',
    });
    expect(applied(undefined, config({}, { managedFields: null }), 'me')).toMatchObject({ metadata: { name: 'c' } });
  });

  it.each([
    ['an unknown field', { nosuch: 1 }, '.nosuch: field not declared in schema'],
    ['a wrong type', { data: { a: 1 } }, '.data.a: expected string, got &value.valueUnstructured{Value:1}'],
    [
      'an element twice',
      { metadata: { name: 'c', namespace: 'ns', finalizers: ['a', 'a'] } },
      '.metadata.finalizers: duplicate entries for key [="a"]',
    ],
  ])('with %s are refused', (_, fields, what) => {
    const where = 'metadata' in fields ? 'ns/c' : '/c';
    expect(failure(() => applied(undefined, config(fields), 'me'))).toMatchObject({
      name: 'ApplyError',
      message: `failed to create typed patch object (${where}; /v1, Kind=ConfigMap): ${what}`,
    });
  });

  it('whose result cannot be decoded are refused', () => {
    const deployments = fieldManagerOf('apps/v1/Deployment', clock);
    const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 1.5 } };
    expect(failure(() => deployments.apply(undefined, body, 'me', false)).message).toBe(
      'failed to convert new object (/web; apps/v1, Kind=Deployment) to proper version: cannot convert float64 to int32',
    );
  });
});

describe('conflicts', () => {
  it('name managers and fields', () => {
    let live = create({ data: { a: '1', b: '1' } }, 'kubectl-edit');
    live = applied(live, config({ data: { c: '1' } }), 'zed');
    const status = fieldManagerOf('v1/ConfigMap', clock, { subresource: 'status', filters: new Map() });
    live = stored(status.update(live, changed(live, { data: { ...(live.data as object), d: '1' } }), 'hpa'));
    const error = failure(() => applied(live, config({ data: { a: '2', b: '2', c: '2', d: '2' } }), 'me'));
    expect(error.message).toBe(
      [
        'Apply failed with 4 conflicts: conflicts with "hpa" with subresource "status" using v1:',
        '- .data.d',
        'conflicts with "kubectl-edit" using v1:',
        '- .data.a',
        '- .data.b',
        'conflicts with "zed":',
        '- .data.c',
      ].join('\n'),
    );
    expect(error.status).toMatchObject({
      code: 409,
      reason: 'Conflict',
      details: {
        causes: [
          { reason: 'FieldManagerConflict', message: 'conflict with "hpa" with subresource "status" using v1', field: '.data.d' },
          { reason: 'FieldManagerConflict', message: 'conflict with "kubectl-edit" using v1', field: '.data.a' },
          { reason: 'FieldManagerConflict', message: 'conflict with "kubectl-edit" using v1', field: '.data.b' },
          { reason: 'FieldManagerConflict', message: 'conflict with "zed"', field: '.data.c' },
        ],
      },
    });
    const forced = applied(live, config({ data: { a: '2', b: '2', c: '2', d: '2' } }), 'me', true);
    expect(Object.keys(owners(forced))).toEqual(['me Apply v1 0s', 'kubectl-edit Update v1 0s']);
  });

  it('are told alone in one line', () => {
    const live = create({ data: { a: '1' } });
    expect(failure(() => applied(live, config({ data: { a: '2' } }), 'me')).message).toBe(
      'Apply failed with 1 conflict: conflict with "creator" using v1: .data.a',
    );
  });
});

describe('the annotation of client-side apply', () => {
  const LAST = 'kubectl.kubernetes.io/last-applied-configuration';
  const before = (fields: object): JsonObject =>
    create(fields, 'kubectl-client-side-apply', {
      annotations: { [LAST]: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, ...fields }) },
    });
  const annotation = (object: JsonObject): unknown => (object.metadata as { annotations: Record<string, string> }).annotations[LAST];

  it('says what is no conflict for kubectl', () => {
    const live = before({ data: { a: '1', b: '1' } });
    expect(failure(() => applied(live, config({ data: { a: '2' } }), 'other')).message).toContain(
      'conflict with "kubectl-client-side-apply"',
    );
    expect(applied(live, config({ data: { a: '2' } }), 'kubectl').data).toEqual({ a: '2', b: '1' });
  });

  it('does not speak for what somebody has changed since', () => {
    const live = stored(
      configMaps.update(
        before({ data: { a: '1' } }),
        configMap({ data: { a: 'edited' } }, { annotations: { [LAST]: '{"apiVersion":"v1","kind":"ConfigMap","data":{"a":"1"}}' } }),
        'editor',
      ),
    );
    expect(failure(() => applied(live, config({ data: { a: '2' } }), 'kubectl')).message).toContain('conflict with "editor"');
  });

  it.each([
    '',
    'no json',
    '{"apiVersion":"v2","kind":"ConfigMap","data":{"a":"1"}}',
    '{"apiVersion":"v1","kind":"ConfigMap","data":{"a":1}}',
  ])('is of no use where it says %j', (text) => {
    const live = create({ data: { a: '1' } }, 'z', { annotations: { [LAST]: text } });
    expect(failure(() => applied(live, config({ data: { a: '2' } }), 'kubectl')).message).toContain('conflict with "z"');
  });

  it('is kept up to date by kubectl', () => {
    const live = before({ data: { a: '1' } });
    const next = applied(live, config({ data: { a: '1', b: '<' } }, { annotations: { [LAST]: annotation(live), x: null } }), 'kubectl');
    expect(annotation(next)).toBe(
      '{"apiVersion":"v1","data":{"a":"1","b":"\\u003c"},"kind":"ConfigMap","metadata":{"annotations":{"x":""},"name":"c"}}\n',
    );
    expect(annotation(applied(next, config({ data: { a: '1' } }), 'other'))).toBe(annotation(next));
  });

  it('is not made where there was none, nor where it would be too large', () => {
    expect(applied(create({ data: { a: '1' } }), config({ data: { b: '1' } }), 'kubectl').metadata).not.toHaveProperty('annotations');
    const large = applied(before({ data: { a: '1' } }), config({ data: { a: '1', b: 'x'.repeat(300_000) } }), 'kubectl');
    expect(annotation(large)).toBeUndefined();
  });
});

describe('kinds of several versions', () => {
  const V1 = 'autoscaling/v1';
  const V2 = 'autoscaling/v2';
  /** The field that the versions call differently; the rest is alike here. */
  const convert = (object: JsonObject, apiVersion: string): JsonObject => {
    if (object.spec === undefined) return { ...object, apiVersion };
    const {
      targetCPUUtilizationPercentage: cpu,
      metrics,
      ...spec
    } = object.spec as {
      targetCPUUtilizationPercentage?: number;
      metrics?: readonly { resource: { target: { averageUtilization: number } } }[];
    };
    const target = cpu ?? metrics?.[0]?.resource.target.averageUtilization;
    if (target === undefined) return { ...object, apiVersion, spec };
    const metric = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: target } } };
    return {
      ...object,
      apiVersion,
      spec: apiVersion === V1 ? { ...spec, targetCPUUtilizationPercentage: target } : { ...spec, metrics: [metric] },
    };
  };
  const managerOf = (version: string): FieldManager =>
    fieldManagerOf(`${version}/HorizontalPodAutoscaler`, clock, {
      typeOf: (v) => (v === V1 || v === V2 ? goApplyType(typeOfKind(`${v}/HorizontalPodAutoscaler`)) : undefined),
      convert,
    });
  const body = (apiVersion: string, spec: object): JsonObject =>
    deepFreeze({
      apiVersion,
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'h' },
      spec: { maxReplicas: 5, scaleTargetRef: { kind: 'Deployment', name: 'd' }, ...spec },
    });

  it('tell conflicts in the version of their owner', () => {
    const live = stored(managerOf(V1).apply(undefined, body(V1, { targetCPUUtilizationPercentage: 50 }), 'one', false));
    const inV2 = deepFreeze(convert(live, V2));
    const metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } }];
    expect(failure(() => managerOf(V2).apply(inV2, body(V2, { metrics }), 'two', false)).message).toBe(
      'Apply failed with 1 conflict: conflict with "one": .spec.targetCPUUtilizationPercentage',
    );
    const forced = managerOf(V2).apply(inV2, body(V2, { metrics }), 'two', true);
    expect(Object.keys(owners(forced))).toEqual(['one Apply autoscaling/v1 0s', 'two Apply autoscaling/v2 0s']);
    expect(owners(forced)['one Apply autoscaling/v1 0s']).toEqual({ 'f:spec': { 'f:maxReplicas': {}, 'f:scaleTargetRef': {} } });
  });

  it('an applier that goes over to another version drops what it had', () => {
    const live = stored(managerOf(V1).apply(undefined, body(V1, { targetCPUUtilizationPercentage: 50 }), 'one', false));
    const next = managerOf(V2).apply(deepFreeze(convert(live, V2)), body(V2, {}), 'one', false);
    expect(next.spec).not.toHaveProperty('metrics');
    expect(Object.keys(owners(next))).toEqual(['one Apply autoscaling/v2 0s']);
  });

  it('a conversion that fails ends the tracking of an update, and an apply', () => {
    const failing = fieldManagerOf(`${V2}/HorizontalPodAutoscaler`, clock, {
      typeOf: (v) => (v === V1 || v === V2 ? goApplyType(typeOfKind(`${v}/HorizontalPodAutoscaler`)) : undefined),
      convert: () => {
        throw new Error('webhook is down');
      },
    });
    const live = deepFreeze(convert(stored(managerOf(V1).apply(undefined, body(V1, {}), 'one', false)), V2));
    const next = deepFreeze({ ...live, spec: { ...(live.spec as object), maxReplicas: 6 } });
    expect(managedFieldsOf(failing.update(live, next, 'me'))).toBeUndefined();
    expect(failure(() => failing.apply(live, body(V2, { maxReplicas: 7 }), 'me', true)).message).toBe(
      'failed to convert object to autoscaling/v1: webhook is down',
    );
  });
});
