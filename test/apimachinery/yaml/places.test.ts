// Field paths to places in a document.
import { expect, test } from 'vitest';
import { parseYamlTree } from '../../../src/apimachinery/yaml/tree.ts';
import { offsetOf } from '../../../src/apimachinery/yaml/places.ts';

const TEXT = `apiVersion: v1
kind: Pod
metadata:
  name: web
  labels:
    app.kubernetes.io/name: web
    on: x
    "a[0]": y
spec:
  containers:
    - name: a
      image: x
      ports: [{containerPort: 80}, {containerPort: 81}]
    -
      image: y
items:
- - deep
`;

test.each([
  ['spec.containers[0].image', 12, 7],
  ['spec.containers[1].image', 15, 7],
  ['spec.containers[0]', 11, 7],
  ['spec.containers[1]', 15, 7],
  ['spec.containers[0].ports[1].containerPort', 13, 37],
  ['metadata.labels[app.kubernetes.io/name]', 6, 5],
  // strict decoding joins keys of maps with dots
  ['metadata.labels.app.kubernetes.io/name', 6, 5],
  // a key that is a boolean in YAML
  ['metadata.labels.true', 7, 5],
  ['metadata.labels[a[0]]', 8, 5],
  ['.metadata.name', 4, 3],
  ['items[0][0]', 17, 5],
  // what is absent stands at its nearest present parent
  ['spec.containers[0].resources.limits', 11, 7],
  ['spec.containers[7].image', 10, 3],
  ['spec.volumes', 9, 1],
  ['status', 1, 1],
  ['', 1, 1],
])('%s', (path, line, column) => {
  const before = TEXT.slice(0, offsetOf(parseYamlTree(TEXT), [], path)).split('\n');
  expect([before.length, before.at(-1)!.length + 1]).toEqual([line, column]);
});

test('a path may begin inside of the document', () => {
  expect(TEXT.slice(offsetOf(parseYamlTree(TEXT), ['spec', 'containers', 0], 'image'))).toMatch(/^image: x/);
});
