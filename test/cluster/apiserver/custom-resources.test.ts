// Custom resources through a whole API server: when they are served, how they are decoded, checked, defaulted and shown, and what
// becomes of them when their definition changes or goes.
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import type { KubernetesObject } from '../../../src/apimachinery/object.ts';
import { Random } from '../../../src/apimachinery/random.ts';
import { Client } from '../../../src/client/client.ts';
import { InProcessTransport } from '../../../src/client/in-process.ts';
import { handleHttp } from '../../../src/cluster/apiserver/http/http-api.ts';
import { standaloneApiServer } from '../../../src/cluster/apiserver/standalone.ts';
import { MemoryStore } from '../../../src/cluster/storage/memory-store.ts';
import type { Store } from '../../../src/cluster/storage/store.ts';
import { namespace, refusal } from './in-process.ts';

const CRD = 'apiextensions.k8s.io/v1/CustomResourceDefinition';
const WIDGET = 'example.com/v1/Widget';
const USER = { username: 'admin', groups: ['system:masters'] };

interface World {
  readonly client: Client;
  readonly store: Store;
  readonly server: ReturnType<typeof standaloneApiServer>;
}

function serverOn(store: Store, clock: VirtualClock): World {
  const server = standaloneApiServer({ clock, random: new Random(1), store });
  return { client: new Client(new InProcessTransport(server, USER, 'test')), store, server };
}

interface Sketch {
  readonly properties?: object;
  readonly root?: object;
  readonly version?: object;
  readonly names?: object;
  readonly scope?: string;
}

const definition = ({ properties = {}, root = {}, version = {}, names = {}, scope = 'Namespaced' }: Sketch = {}) => ({
  apiVersion: 'apiextensions.k8s.io/v1' as const,
  kind: 'CustomResourceDefinition' as const,
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope,
    names: { plural: 'widgets', kind: 'Widget', ...names },
    versions: [
      { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties, ...root } }, ...version },
    ],
  },
});

async function withWidgets(sketch: Sketch = {}): Promise<World> {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const world = serverOn(new MemoryStore(clock), clock);
  await world.client.create('v1/Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await world.client.create(CRD, definition(sketch));
  return world;
}

const widget = (rest: object = {}, name = 'w') => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name, namespace },
  ...rest,
});

const create = (client: Client, rest: object = {}, name = 'w'): Promise<KubernetesObject> =>
  client.create(WIDGET, widget(rest, name)) as Promise<KubernetesObject>;

const patch = async (client: Client, change: object, subresource = ''): Promise<KubernetesObject> =>
  (await client.patch(WIDGET, 'w', change, { type: 'merge', namespace, subresource })).object;

const withSpec = (properties: object, more: object = {}): Sketch => ({ properties: { spec: { type: 'object', properties, ...more } } });

describe('a definition', () => {
  it('is served as soon as its creation is answered', async () => {
    const { client } = await withWidgets();
    expect(await client.resolve(WIDGET)).toEqual({ group: 'example.com', version: 'v1', resource: 'widgets', namespaced: true });
    const { status } = await client.get(CRD, 'widgets.example.com');
    expect(status?.conditions.map(({ type, status: is, reason, message }) => [type, is, reason, message])).toEqual([
      ['NamesAccepted', 'True', 'NoConflicts', 'no conflicts found'],
      ['Established', 'True', 'InitialNamesAccepted', 'the initial names have been accepted'],
    ]);
    expect(status?.acceptedNames).toEqual({ plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' });
    expect(status?.storedVersions).toEqual(['v1']);
  });

  it('has no rules below allOf, as no structural schema may', async () => {
    const part = { properties: { n: { 'x-kubernetes-validations': [{ rule: 'self > 1' }] } } };
    const spec = { type: 'object', properties: { n: { type: 'integer' } }, allOf: [part] };
    expect(await refusal(withWidgets({ properties: { spec } }))).toContain(
      'properties[spec].allOf[0].properties[n].x-kubernetes-validations: Forbidden: must be empty to be structural',
    );
  });

  it('that lies in the store when the server starts is served from the first request on', async () => {
    const { client, store } = await withWidgets(withSpec({ n: { type: 'integer', default: 7 } }));
    await create(client);
    const later = serverOn(store.fork(), new VirtualClock(Date.UTC(2026, 0, 2)));
    expect(await later.client.resolve(WIDGET)).toBeDefined();
    expect((await serverOn(store.fork(), new VirtualClock(0)).client.list(WIDGET, { namespace })).items).toHaveLength(1);
    await later.client.delete(WIDGET, 'w', { namespace });
    expect(await client.get(WIDGET, 'w', { namespace })).toBeDefined();
  });

  it.each([
    ['kind', { kind: 'Widget', listKind: 'OtherList' }, 'KindConflict', '"Widget" is already in use'],
    ['list kind', { kind: 'Other', listKind: 'WidgetList' }, 'ListKindConflict', '"WidgetList" is already in use'],
    ['singular name', { kind: 'Other', singular: 'widget' }, 'SingularConflict', '"widget" is already in use'],
    ['short name', { kind: 'Other', shortNames: ['wd', 'o'] }, 'ShortNamesConflict', '"wd" is already in use'],
  ])('is not established while another has its %s, and is once that is gone', async (_, names, reason, message) => {
    const { client } = await withWidgets({ names: { shortNames: ['wd'] } });
    const other = definition({ names: { plural: 'others', ...names } });
    await client.create(CRD, { ...other, metadata: { name: 'others.example.com' } });
    const before = await client.get(CRD, 'others.example.com');
    expect(before.status?.conditions.map((c) => [c.type, c.status, c.reason, c.message])).toEqual([
      ['NamesAccepted', 'False', reason, message],
      ['Established', 'False', 'NotAccepted', 'not all names are accepted'],
    ]);
    await client.delete(CRD, 'widgets.example.com');
    const after = await client.get(CRD, 'others.example.com');
    expect(after.status?.conditions.map((c) => c.status)).toEqual(['True', 'True']);
  });

  it('takes its custom resources along', async () => {
    const { client, store } = await withWidgets();
    await create(client);
    await client.delete(CRD, 'widgets.example.com');
    expect(await refusal(client.get(CRD, 'widgets.example.com'))).toMatch(/^404/);
    expect(await client.resolve(WIDGET)).toBeUndefined();
    expect(await store.list('/registry/example.com/widgets/')).toMatchObject({ entries: [] });
  });

  it('waits for custom resources with finalizers, and takes no new ones', async () => {
    const { client } = await withWidgets();
    await client.create(WIDGET, { ...widget(), metadata: { name: 'w', namespace, finalizers: ['x.io/hold'] } });
    await client.delete(CRD, 'widgets.example.com');
    const crd = await client.get(CRD, 'widgets.example.com');
    expect(crd.metadata.finalizers).toEqual(['customresourcecleanup.apiextensions.k8s.io']);
    expect(crd.status?.conditions.at(-1)).toMatchObject({ type: 'Terminating', status: 'True', reason: 'InstanceDeletionInProgress' });
    expect(await refusal(create(client, {}, 'new'))).toBe(
      '403 widgets.example.com "new" is forbidden: create not allowed while custom resource definition is terminating',
    );
    await patch(client, { metadata: { finalizers: null } });
    await client.list(CRD);
    await Promise.resolve();
    expect((await client.list(CRD)).items).toEqual([]);
  });

  it('ends the watches of what it defined', async () => {
    const { client } = await withWidgets();
    const watch = await client.watch(WIDGET, { namespace });
    await client.delete(CRD, 'widgets.example.com');
    while (await watch.next());
    expect(await refusal(client.list(WIDGET))).toMatch(/^404/);
  });
});

describe('decoding: what the schema does not know is dropped', () => {
  const NODE = { type: 'object', properties: { a: { type: 'string' } } };
  it.each([
    ['unknown fields', NODE, { a: 'x', b: 1 }, { a: 'x' }],
    ['below lists', { type: 'array', items: NODE }, [{ a: 'x', b: 1 }], [{ a: 'x' }]],
    ['below maps', { type: 'object', additionalProperties: NODE }, { k: { a: 'x', b: 1 } }, { k: { a: 'x' } }],
    ['not where unknown fields are preserved', { ...NODE, 'x-kubernetes-preserve-unknown-fields': true }, { b: { c: 1 } }, { b: { c: 1 } }],
    [
      'again below a field that is named in what is preserved',
      { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { n: NODE } },
      { n: { b: 1 }, m: 1 },
      { n: {}, m: 1 },
    ],
    ['null where nothing may be null', NODE, { a: null }, {}],
    ['not null where it may', { type: 'object', properties: { a: { type: 'string', nullable: true } } }, { a: null }, { a: null }],
    [
      'of an embedded object, all but type and metadata',
      { ...NODE, 'x-kubernetes-embedded-resource': true },
      { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', x: 1 }, b: 1 },
      { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } },
    ],
  ])('%s', async (_, schema, sent, kept) => {
    const { client } = await withWidgets({ properties: { spec: schema } });
    expect((await create(client, { spec: sent }))['spec']).toEqual(kept);
  });

  it('refuses unknown fields of strict requests', async () => {
    const { client } = await withWidgets(withSpec({ a: { type: 'string' } }));
    const strict = client.create(WIDGET, widget({ spec: { b: 1 }, top: 1 }), { fieldValidation: 'Strict' });
    expect(await refusal(strict)).toBe(
      '400 Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.b", unknown field "top"',
    );
  });
});

describe('defaults', () => {
  it.each([
    ['where the field is missing', { spec: {} }, { n: 7, o: { x: 'd' } }],
    ['where the parent has a default', {}, { n: 1, o: { x: 'd' } }],
    ['where there is a null that may not be', { spec: { n: null } }, { n: 7, o: { x: 'd' } }],
    ['inside what is there', { spec: { o: {}, l: [{}] } }, { n: 7, o: { x: 'd' }, l: [{ x: 'i' }] }],
    ['not where there is a value', { spec: { n: 3, o: { x: 'y' } } }, { n: 3, o: { x: 'y' } }],
  ])('%s', async (_, sent, spec) => {
    const text = (value: string) => ({ type: 'object', properties: { x: { type: 'string', default: value } } });
    const properties = {
      n: { type: 'integer', default: 7 },
      o: { ...text('d'), default: {} },
      l: { type: 'array', items: text('i') },
    };
    const { client } = await withWidgets(withSpec(properties, { default: { n: 1 } }));
    expect((await create(client, sent))['spec']).toEqual(spec);
  });

  it('are read into objects that were stored before', async () => {
    const { client } = await withWidgets(withSpec({ a: { type: 'string' } }));
    await create(client, { spec: { a: 'x' } });
    const change = { type: 'json' as const };
    const path = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/late';
    await client.patch(CRD, 'widgets.example.com', [{ op: 'add', path, value: { type: 'string', default: 'd' } }], change);
    expect(await client.get(WIDGET, 'w', { namespace })).toMatchObject({ spec: { a: 'x', late: 'd' } });
    expect((await client.list(WIDGET, { namespace })).items).toMatchObject([{ spec: { late: 'd' } }]);
  });
});

describe('ValidateCustomResource', () => {
  const a = (schema: object): object => ({ a: schema });
  it.each([
    ['type', { type: 'integer' }, 'x', 'spec.a: Invalid value: "string": spec.a in body must be of type integer: "string"'],
    ['enum', { type: 'string', enum: ['x', 'y'] }, 'z', 'spec.a: Unsupported value: "z": supported values: "x", "y"'],
    ['pattern', { type: 'string', pattern: '^[a-z]+$' }, 'A', `spec.a: Invalid value: "A": spec.a in body should match '^[a-z]+$'`],
    ['minimum', { type: 'integer', minimum: 3 }, 1, 'spec.a: Invalid value: 1: spec.a in body should be greater than or equal to 3'],
    [
      'exclusiveMaximum',
      { type: 'integer', maximum: 3, exclusiveMaximum: true },
      3,
      'spec.a: Invalid value: 3: spec.a in body should be less than 3',
    ],
    ['multipleOf', { type: 'integer', multipleOf: 5 }, 7, 'spec.a: Invalid value: 7: spec.a in body should be a multiple of 5'],
    ['minLength', { type: 'string', minLength: 2 }, 'x', 'spec.a: Invalid value: "x": spec.a in body should be at least 2 chars long'],
    ['maxLength', { type: 'string', maxLength: 2 }, 'xyz', 'spec.a: Too long: may not be more than 2 bytes'],
    ['format', { type: 'string', format: 'ipv4' }, 'x', 'spec.a: Invalid value: "x": spec.a in body must be of type ipv4: "x"'],
    ['maxItems', { type: 'array', maxItems: 1, items: { type: 'string' } }, ['x', 'y'], 'spec.a: Too many: 2: must have at most 1 item'],
    ['required', { type: 'object', required: ['b'], properties: { b: { type: 'string' } } }, {}, 'spec.a.b: Required value'],
    [
      'list-type set',
      { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
      ['x', 'y', 'x'],
      'spec.a[2]: Duplicate value: "x"',
    ],
    [
      'list-type map',
      {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
        items: { type: 'object', required: ['k'], properties: { k: { type: 'string' } } },
      },
      [{ k: 'x' }, { k: 'x' }],
      'spec.a[1]: Duplicate value: {"k":"x"}',
    ],
    [
      'embedded-resource',
      { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
      { kind: 'Pod' },
      'spec.a.apiVersion: Required value',
    ],
  ])('%s', async (_, schema, value, message) => {
    const { client } = await withWidgets(withSpec(a(schema)));
    expect(await refusal(create(client, { spec: { a: value } }))).toBe(`422 Widget.example.com "w" is invalid: ${message}`);
  });

  it('takes integers and strings for int-or-string', async () => {
    const { client } = await withWidgets(withSpec(a({ 'x-kubernetes-int-or-string': true })));
    for (const [name, value] of [
      ['one', 1],
      ['half', '50%'],
    ] as const)
      await create(client, { spec: { a: value } }, name);
    expect(await refusal(create(client, { spec: { a: true } }))).toMatch(/spec\.a in body must be of type integer,string: "boolean"$/);
  });

  it('does not run a pattern that takes for ever', async () => {
    const { client } = await withWidgets(withSpec(a({ type: 'string', pattern: '^(a+)+$' })));
    expect(await refusal(create(client, { spec: { a: `${'a'.repeat(200)}!` } }))).toMatch(/^422/);
  });
});

describe('CRDValidationRatcheting', () => {
  const map = (v: object) => ({
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['k'],
    items: { type: 'object', required: ['k'], properties: { k: { type: 'string' }, v } },
  });
  const tightened = { type: 'string', pattern: '^[a-z]+$' };
  const list = (items: object) => ({ type: 'array', items });
  const properties = (text: object) => ({ a: text, l: map(text), al: list(text) });
  const stored = { a: 'UPPER', l: [{ k: 'one', v: 'UPPER' }], al: ['UPPER'] };

  it.each([
    ['labels change', { metadata: { labels: { x: 'y' } } }, undefined],
    ['an item of a map is added', { spec: { l: [{ k: 'two', v: 'ok' }, ...stored.l] } }, undefined],
    ['the value changes', { spec: { a: 'OTHER' } }, 'spec.a'],
    ['the value of an item of a map changes', { spec: { l: [{ k: 'one', v: 'OTHER' }] } }, 'spec.l[0].v'],
    ['a list whose items cannot be told apart changes', { spec: { al: ['UPPER', 'ok'] } }, 'spec.al[0]'],
  ])('where %s', async (_, change, refused) => {
    const { client } = await withWidgets(withSpec(properties({ type: 'string' })));
    await create(client, { spec: stored });
    const path = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties';
    const value = properties(tightened);
    await client.patch(CRD, 'widgets.example.com', [{ op: 'replace', path, value }], { type: 'json' });
    if (refused === undefined) await patch(client, change);
    else expect(await refusal(patch(client, change))).toContain(`${refused} in body should match`);
  });
});

describe('the generation', () => {
  const spec = { type: 'object', properties: { a: { type: 'string' } } };
  const subresources = { status: {} };
  it.each([
    ['the spec changes', true, { spec: { a: 'y' } }, '', 2],
    ['only metadata changes', true, { metadata: { labels: { a: 'b' } } }, '', 1],
    ['the status changes', true, { status: { a: 'y' } }, 'status', 1],
    ['the status is written where it is not written', true, { status: { a: 'y' } }, '', 1],
    ['the status changes that is a field like others', false, { status: { a: 'y' } }, '', 2],
  ])('where %s', async (_, hasStatus, change, subresource, generation) => {
    const { client } = await withWidgets({ properties: { spec, status: spec }, version: hasStatus ? { subresources } : {} });
    await create(client, { spec: { a: 'x' } });
    expect((await patch(client, change, subresource)).metadata.generation).toBe(generation);
  });
});

describe('versions without conversion', () => {
  const version = (name: string, properties: object, storage: boolean) => ({
    name,
    served: true,
    storage,
    schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } },
  });
  const a = { type: 'string' };

  it('show the same object, each as its schema has it', async () => {
    const { client } = await withWidgets();
    await client.delete(CRD, 'widgets.example.com');
    const crd = definition();
    const versions = [version('v1', { a, one: a }, true), version('v2', { a, two: { type: 'string', default: 'd' } }, false)];
    await client.create(CRD, { ...crd, spec: { ...crd.spec, versions } });
    await create(client, { spec: { a: 'x', one: '1' } });
    const seen = (await client.get('example.com/v2/Widget', 'w', { namespace })) as KubernetesObject;
    expect([seen.apiVersion, seen['spec']]).toEqual(['example.com/v2', { a: 'x' }]);
    // what v2 does not know is lost by a write through it
    await client.update('example.com/v2/Widget', { ...seen, spec: { a: 'y' } });
    expect(await client.get(WIDGET, 'w', { namespace })).toMatchObject({ apiVersion: 'example.com/v1', spec: { a: 'y' } });
    expect((await client.servedKinds()).filter((k) => k.resource === 'widgets').map((k) => k.kind)).toEqual(['example.com/v2/Widget']);
  });
});

describe('what clients see', () => {
  const properties = {
    spec: { type: 'object', properties: { color: { type: 'string' }, replicas: { type: 'integer' } } },
    status: { type: 'object', properties: { replicas: { type: 'integer' }, selector: { type: 'string' } } },
  };

  it('field selectors select by selectable fields, and by no others', async () => {
    const { client } = await withWidgets({ properties, version: { selectableFields: [{ jsonPath: '.spec.color' }] } });
    await create(client, { spec: { color: 'red' } }, 'red');
    await create(client, { spec: { color: 'blue' } }, 'blue');
    const { items } = await client.list(WIDGET, { namespace, fieldSelector: 'spec.color=red' });
    expect((items as readonly KubernetesObject[]).map((o) => o.metadata.name)).toEqual(['red']);
    const other = client.list(WIDGET, { namespace, fieldSelector: 'spec.replicas=1' });
    expect(await refusal(other)).toBe('400 field label not supported: spec.replicas');
  });

  it('tables have the printer columns', async () => {
    const columns = [
      { name: 'Color', type: 'string', jsonPath: '.spec.color' },
      { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
      { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas', priority: 1 },
    ];
    const { client, server } = await withWidgets({
      root: { 'x-kubernetes-preserve-unknown-fields': true },
      version: { additionalPrinterColumns: columns },
    });
    await create(client, {
      spec: { color: 'red', replicas: 2 },
      status: { conditions: [{ type: 'Other' }, { type: 'Ready', status: 'True' }] },
    });
    const { body } = await handleHttp(server, {
      method: 'GET',
      url: `/apis/example.com/v1/namespaces/${namespace}/widgets/w`,
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
      body: undefined,
      user: USER,
    });
    const table = JSON.parse(body as string) as { columnDefinitions: { name: string }[]; rows: { cells: unknown[] }[] };
    expect(table.columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Color', 'Ready', 'Replicas']);
    expect(table.rows[0]?.cells).toEqual(['w', 'red', 'True', 2]);
  });

  it('the scale is where the definition says', async () => {
    const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.selector' };
    const { client } = await withWidgets({ properties, version: { subresources: { status: {}, scale } } });
    await create(client);
    expect(await refusal(client.get(WIDGET, 'w', { namespace, subresource: 'scale' }))).toMatch(
      /^500 .*the spec replicas field ".spec.replicas"/,
    );
    await patch(client, { spec: { replicas: 3 } }, 'scale');
    await patch(client, { status: { replicas: 2, selector: 'a=b' } }, 'status');
    expect(await client.get(WIDGET, 'w', { namespace, subresource: 'scale' })).toMatchObject({
      kind: 'Scale',
      spec: { replicas: 3 },
      status: { replicas: 2, selector: 'a=b' },
    });
  });

  it('appliers own what they apply', async () => {
    const { client } = await withWidgets({ properties });
    const apply = (color: string, fieldManager: string) =>
      client.patch(WIDGET, 'w', widget({ spec: { color } }), { type: 'apply', namespace, fieldManager });
    await apply('red', 'one');
    const conflict = apply('blue', 'two');
    expect(await refusal(conflict)).toMatch(/^409 Apply failed with 1 conflict: conflict with "one": \.spec\.color/);
  });
});
