// Fields whose values say more than that they differ: images, generated names, YAML and JSON in texts, long texts.
import { expect, test } from 'vitest';
import { parseImage, valueDifference } from '../../../src/reconcile/plan/value-difference.ts';

const IMAGE = 'spec.template.spec.containers[name="web"].image';
const DIGEST = `sha256:${'a'.repeat(64)}`;
const OTHER = `sha256:${'b'.repeat(64)}`;

test.each([
  { name: 'a tag', live: 'nginx:1.27', desired: 'nginx:1.28', detail: { is: 'image', tag: { live: '1.27', desired: '1.28' } } },
  {
    name: 'a tag that was left out',
    live: 'nginx',
    desired: 'nginx:1.28',
    detail: { is: 'image', tag: { live: 'latest', desired: '1.28' } },
  },
  { name: 'the same tag, written out', live: 'nginx', desired: 'docker.io/library/nginx:latest', detail: { is: 'image' } },
  {
    name: 'another registry',
    live: 'nginx:1',
    desired: 'quay.io/library/nginx:1',
    detail: { is: 'image', registry: { live: 'docker.io', desired: 'quay.io' } },
  },
  {
    name: 'a registry with a port',
    live: 'localhost:5000/shop/web:1',
    desired: 'localhost:5000/shop/cart:1',
    detail: { is: 'image', repository: { live: 'shop/web', desired: 'shop/cart' } },
  },
  {
    name: 'a digest takes the place of the tag',
    live: 'example.com/web:1',
    desired: `example.com/web@${DIGEST}`,
    detail: { is: 'image', tag: { live: '1', desired: null }, digest: { live: null, desired: DIGEST } },
  },
  {
    name: 'another digest under the same tag',
    live: `example.com/web:1@${DIGEST}`,
    desired: `example.com/web:1@${OTHER}`,
    detail: { is: 'image', digest: { live: DIGEST, desired: OTHER } },
  },
])('image: $name', async ({ live, desired, detail }) => {
  expect(await valueDifference({ path: IMAGE, live, desired })).toEqual(detail);
});

test.each([
  ['nginx', { registry: 'docker.io', repository: 'library/nginx', tag: 'latest', digest: null }],
  ['shop/web:v1.2', { registry: 'docker.io', repository: 'shop/web', tag: 'v1.2', digest: null }],
  ['registry.example.com:443/a/b/c', { registry: 'registry.example.com:443', repository: 'a/b/c', tag: 'latest', digest: null }],
  ['localhost/web', { registry: 'localhost', repository: 'web', tag: 'latest', digest: null }],
  [`web@${DIGEST}`, { registry: 'docker.io', repository: 'library/web', tag: null, digest: DIGEST }],
  ['', { registry: 'docker.io', repository: 'library/', tag: 'latest', digest: null }],
])('image %s', (text, parts) => {
  expect(parseImage(text)).toEqual(parts);
});

test.each([
  {
    name: 'JSON',
    live: '{"level":"info","ports":[80]}',
    desired: '{"ports":[80,81],"level":"debug"}',
    detail: {
      is: 'structure',
      format: 'json',
      fields: [
        { path: 'ports[1]', desired: 81 },
        { path: 'level', live: 'info', desired: 'debug' },
      ],
    },
  },
  {
    name: 'YAML',
    live: 'server:\n  port: 80\n# old\nlog: info\n',
    desired: 'server:\n  port: 8080\nlog: info\n',
    detail: { is: 'structure', format: 'yaml', fields: [{ path: 'server.port', live: 80, desired: 8080 }] },
  },
  {
    name: 'YAML written otherwise',
    live: 'a: 1\nb: [x]\n',
    desired: 'b:\n- x\na: 1\n',
    detail: { is: 'structure', format: 'yaml', fields: [] },
  },
  { name: 'a script', live: '#!/bin/sh\necho a\n', desired: '#!/bin/sh\necho b\nexit 0\n', detail: { is: 'lines', live: 2, desired: 3 } },
  { name: 'properties', live: 'a=1\nb=2', desired: 'a=1\nb=3', detail: { is: 'lines', live: 2, desired: 2 } },
  { name: 'YAML that is broken on one side', live: 'a: 1\nb: 2\n', desired: 'a: {1\nb: 2\n', detail: { is: 'lines', live: 2, desired: 2 } },
  {
    name: 'a text beyond the bound',
    live: `a: ${'x'.repeat(200_000)}\nb: 1\n`,
    desired: 'a: 1\nb: 1\n',
    detail: { is: 'lines', live: 2, desired: 2 },
  },
  { name: 'one word', live: 'info', desired: 'debug', detail: undefined },
  {
    name: 'a name with a hash',
    live: 'settings-t7k2c9m4d8',
    desired: 'settings-b2f6h8m2kt',
    detail: { is: 'generatedName', stem: 'settings' },
  },
  { name: 'two names with hashes', live: 'settings-t7k2c9m4d8', desired: 'token-b2f6h8m2kt', detail: undefined },
  { name: 'a number', live: 1, desired: 2, detail: undefined },
  { name: 'a text that was not there', desired: 'a: 1\nb: 2\n', detail: undefined },
])('text: $name', async ({ detail, live, desired }) => {
  expect(await valueDifference({ path: 'data[app.yaml]', live, desired })).toEqual(detail);
});
