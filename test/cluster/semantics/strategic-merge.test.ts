// All directives of strategic merge patches, as requests. What the merging itself does in detail is in test/apimachinery/patch.
// Rules of https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
import { expect, test } from 'vitest';
import { inProcess, namespace, refusal } from '../apiserver/in-process.ts';

const containers = [
  {
    name: 'a',
    image: 'a:1',
    env: [
      { name: 'X', value: '1' },
      { name: 'Y', value: '2' },
    ],
    args: ['one', 'two'],
    ports: [{ containerPort: 80, protocol: 'TCP' }],
  },
  { name: 'b', image: 'b:1' },
];
const volumes = [{ name: 'v', emptyDir: {} }];
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace, finalizers: ['example.com/a', 'example.com/b'], labels: { x: 'y', z: 'z' } },
  spec: {
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers, volumes, nodeSelector: { disk: 'fast' } } },
  },
} as const;

type Live = {
  metadata: typeof deployment.metadata;
  spec: { strategy: object; template: { spec: { containers: (typeof containers)[number][]; volumes?: object[]; nodeSelector?: object } } };
};
const inPod = (spec: object): object => ({ spec: { template: { spec } } });
const names = (o: Live): string[] => o.spec.template.spec.containers.map((c) => c.name);

interface Row {
  readonly rule: string;
  readonly patch: object;
  readonly left: (o: Live) => unknown;
  readonly expected: unknown;
}

const ROWS: readonly Row[] = [
  {
    rule: 'an element is found by its merge key and changed in place',
    patch: inPod({ containers: [{ name: 'b', image: 'b:2' }] }),
    left: (o) => o.spec.template.spec.containers.map((c) => c.image),
    expected: ['a:1', 'b:2'],
  },
  {
    rule: 'an element with a new key comes first',
    patch: inPod({ containers: [{ name: 'c', image: 'c:1' }] }),
    left: names,
    expected: ['c', 'a', 'b'],
  },
  {
    rule: 'a list without a merge key is replaced',
    patch: inPod({ containers: [{ name: 'a', args: ['three'] }] }),
    left: (o) => o.spec.template.spec.containers[0]!.args,
    expected: ['three'],
  },
  {
    rule: 'null removes a field',
    patch: inPod({ nodeSelector: null }),
    left: (o) => o.spec.template.spec.nodeSelector,
    expected: undefined,
  },
  {
    rule: '$patch: delete removes the element of that key',
    patch: inPod({ containers: [{ name: 'a', $patch: 'delete' }] }),
    left: names,
    expected: ['b'],
  },
  {
    rule: '$patch: delete of an element that is not there does nothing',
    patch: inPod({ containers: [{ name: 'none', $patch: 'delete' }] }),
    left: names,
    expected: ['a', 'b'],
  },
  {
    rule: '$patch: replace in a list replaces all of it',
    patch: inPod({ containers: [{ name: 'c', image: 'c:1' }, { $patch: 'replace' }] }),
    left: names,
    expected: ['c'],
  },
  {
    rule: '$patch: replace in a map replaces the map',
    patch: { metadata: { labels: { only: 'this', $patch: 'replace' } } },
    left: (o) => o.metadata.labels,
    expected: { only: 'this' },
  },
  {
    rule: '$patch: delete in a map empties it',
    patch: inPod({ nodeSelector: { $patch: 'delete' } }),
    left: (o) => o.spec.template.spec.nodeSelector,
    expected: undefined,
  },
  {
    rule: '$retainKeys keeps only the keys that it names',
    patch: { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } },
    left: (o) => o.spec.strategy,
    expected: { type: 'Recreate' },
  },
  {
    rule: '$retainKeys in an element of a list: one kind of volume takes the place of another',
    patch: inPod({ volumes: [{ name: 'v', $retainKeys: ['name', 'configMap'], configMap: { name: 'c' } }] }),
    left: (o) => Object.keys(o.spec.template.spec.volumes![0]!).sort(),
    expected: ['configMap', 'name'],
  },
  {
    rule: '$deleteFromPrimitiveList takes values out of a list',
    patch: { metadata: { '$deleteFromPrimitiveList/finalizers': ['example.com/a'] } },
    left: (o) => o.metadata.finalizers,
    expected: ['example.com/b'],
  },
  {
    rule: 'a list of plain values with strategy merge is added to',
    patch: { metadata: { finalizers: ['example.com/c'] } },
    left: (o) => [...o.metadata.finalizers].sort(),
    expected: ['example.com/a', 'example.com/b', 'example.com/c'],
  },
  {
    rule: '$setElementOrder brings elements into its order',
    patch: inPod({ '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] }),
    left: names,
    expected: ['b', 'a'],
  },
  {
    rule: '$setElementOrder places a new element',
    patch: inPod({
      '$setElementOrder/containers': [{ name: 'a' }, { name: 'c' }, { name: 'b' }],
      containers: [{ name: 'c', image: 'c:1' }],
    }),
    left: names,
    expected: ['a', 'c', 'b'],
  },
  {
    rule: '$setElementOrder of plain values',
    patch: { metadata: { '$setElementOrder/finalizers': ['example.com/b', 'example.com/a'] } },
    left: (o) => o.metadata.finalizers,
    expected: ['example.com/b', 'example.com/a'],
  },
  {
    rule: 'lists in elements of lists are merged by their own keys',
    patch: inPod({ containers: [{ name: 'a', env: [{ name: 'Y', value: '3' }] }] }),
    left: (o) => o.spec.template.spec.containers[0]!.env?.map((e) => `${e.name}=${e.value}`),
    expected: ['X=1', 'Y=3'],
  },
];

test.each(ROWS)('$rule', async ({ patch, left, expected }) => {
  const { client } = await inProcess();
  await client.create('apps/v1/Deployment', deployment as never);
  const { object } = await client.patch('apps/v1/Deployment', 'web', patch, { type: 'strategic', namespace });
  expect(left(object as unknown as Live)).toEqual(expected);
});

test.each([
  { rule: 'an element without its merge key', patch: inPod({ containers: [{ image: 'c' }] }), code: 500 },
  { rule: 'an unknown $patch', patch: inPod({ containers: [{ name: 'a', $patch: 'explode' }] }), code: 500 },
  {
    rule: 'an order that lacks an element of the patch',
    patch: inPod({ '$setElementOrder/containers': [{ name: 'a' }], containers: [{ name: 'c', image: 'c:1' }] }),
    code: 500,
  },
  { rule: 'a key outside of $retainKeys', patch: { spec: { strategy: { $retainKeys: ['type'], rollingUpdate: {} } } }, code: 400 },
])('refused: $rule', async ({ patch, code }) => {
  const { client } = await inProcess();
  await client.create('apps/v1/Deployment', deployment as never);
  expect(await refusal(client.patch('apps/v1/Deployment', 'web', patch, { type: 'strategic', namespace }))).toMatch(
    new RegExp(`^${code} `),
  );
});
