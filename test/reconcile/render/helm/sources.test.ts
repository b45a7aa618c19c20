// Where charts of a source lie: what is read of the tree around them, what is not, and which changes are noticed.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { render } from '../../../../src/reconcile/render/render.ts';
import { commit, opened, repository, scratch, write } from '../../source/scratch.ts';
import { told } from '../told.ts';
import { packedChart } from './packed-chart.ts';

const chart = (name: string, more = ''): string => `apiVersion: v2\nname: ${name}\nversion: 0.1.0\n${more}`;
const dependsOn = (name: string, repository = `file://../${name}`): string =>
  `dependencies: [{name: ${name}, version: ">=0.1.0", repository: "${repository}"}]\n`;
const template = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "{{ .Release.Name }}-{{ .Chart.Name }}"}\n';

const FILES = {
  'charts/web/Chart.yaml': chart('web', dependsOn('common')),
  'charts/web/templates/x.yaml': template,
  'charts/common/Chart.yaml': chart('common'),
  'charts/common/templates/y.yaml': template,
};

const lines = async (location: string, spec: { readonly path?: string; readonly ref?: string } = {}): Promise<readonly string[]> =>
  told(await opened({ location, ...spec }, (snapshot) => render(snapshot)))
    .split('\n')
    .filter(Boolean);

const BOTH = ['../common/templates/y.yaml:1 ConfigMap web-common', 'templates/x.yaml:1 ConfigMap web-web'];
const FROM_TOP = ['charts/common/templates/y.yaml:1 ConfigMap web-common', 'charts/web/templates/x.yaml:1 ConfigMap web-web'];

describe('a chart and the one that it depends on', () => {
  test('a path of a directory', async () => {
    expect(await lines(write(scratch(), FILES), { path: 'charts/web' })).toEqual(FROM_TOP);
  });

  test('a directory of a work tree', async () => {
    expect(await lines(path.join(repository(FILES), 'charts/web'))).toEqual(BOTH);
  });

  test('a commit', async () => {
    const location = repository(FILES);
    write(location, { 'charts/common/templates/y.yaml': '{{ fail "never" }}' });
    expect(await lines(location, { ref: 'HEAD', path: 'charts/web' })).toEqual(FROM_TOP);
    expect(await lines(path.join(location, 'charts/web'), { ref: 'HEAD' })).toEqual(BOTH);
  });

  test('a directory of no repository is all that is read', async () => {
    expect(await lines(path.join(write(scratch(), FILES), 'charts/web'))).toEqual([
      'error Chart.yaml:4:51: dependencies[0].repository: file://../common leads out of the source | name the directory that holds both charts, and this one with --path; or put the chart into charts/ (helm dependency build)',
    ]);
  });

  test.each([
    ['in the work tree', undefined],
    ['in commits', 'HEAD'],
  ])('a file that comes beside is a change of the source, %s', async (_, ref) => {
    const location = repository(FILES);
    await opened({ location, path: 'charts/web', ...(ref ? { ref } : {}) }, async (snapshot) => {
      await render(snapshot);
      expect(await snapshot.changed()).toBe(false);
      commit(write(location, { 'charts/common/templates/z.yaml': template }));
      expect(await snapshot.changed()).toBe(true);
    });
  });
});

test('a packed chart that is named itself', async () => {
  const location = scratch();
  const archive = path.join(location, 'web-0.1.0.tgz');
  fs.writeFileSync(archive, packedChart({ 'web/Chart.yaml': chart('web'), 'web/templates/x.yaml': template }));
  const expected = ['web-0.1.0/templates/x.yaml:1 ConfigMap web-web'];
  expect(await lines(archive)).toEqual(expected);
  expect(await lines(location, { path: 'web-0.1.0.tgz' })).toEqual(expected);
  fs.writeFileSync(archive, 'x');
  expect(await lines(location, { path: 'web-0.1.0.tgz' })).toEqual([
    'error web-0.1.0.tgz:1:1: web-0.1.0.tgz: this is no archive of a chart (gzip) | helm package and helm dependency build make such archives',
  ]);
});

describe('refused', () => {
  test.each<readonly [string, Readonly<Record<string, string>>, string]>([
    [
      'a circle',
      { 'charts/common/Chart.yaml': chart('common', dependsOn('web')) },
      'error charts/web/Chart.yaml:1:1: charts depend on each other in a circle: charts/web → charts/common → charts/web',
    ],
    [
      'a chart that is not there',
      { 'charts/web/Chart.yaml': chart('web', dependsOn('none')) },
      'error charts/web/Chart.yaml:4:49: dependencies[0].repository: there is no chart none at file://../none | check the path: it begins at this chart',
    ],
    [
      'another name',
      { 'charts/web/Chart.yaml': chart('web', dependsOn('lib', 'file://../common')) },
      'error charts/web/Chart.yaml:4:48: dependencies[0].repository: the chart at file://../common is called common, not lib',
    ],
    [
      'another version',
      { 'charts/common/Chart.yaml': chart('common').replace('0.1.0', '0.0.9') },
      'error charts/web/Chart.yaml:4:31: dependencies[0].version: common at file://../common has version 0.0.9, and >=0.1.0 is wanted | write a range that holds it',
    ],
    [
      'files of the machine',
      { 'charts/web/Chart.yaml': chart('web', dependsOn('etc', 'file:///etc')) },
      'error charts/web/Chart.yaml:4:48: dependencies[0].repository: file:///etc leads out of the source | name the directory that holds both charts, and this one with --path; or put the chart into charts/ (helm dependency build)',
    ],
    [
      'links that lead out',
      { 'charts/web/files/passwd': '-> /etc/passwd' },
      'error charts/web/Chart.yaml:1:1: charts/web/files/passwd: the symbolic link leads to an absolute path | remove it, or exclude it',
    ],
    [
      'links that lead back',
      { 'charts/web/files/again': '-> ../../web' },
      'error charts/web/Chart.yaml:1:1: files/again: a link leads back to a directory that holds it',
    ],
    [
      'files that are too large',
      { 'charts/web/files/large': 'x'.repeat(6 << 20) },
      'error charts/web/Chart.yaml:1:1: charts/web/files/large has more than 5 MiB | leave it out with .helmignore',
    ],
  ])('%s', async (_, files, error) => {
    expect(await lines(write(scratch(), { ...FILES, ...files }), { path: 'charts/web' })).toEqual([error]);
  });

  test('a link that stays inside is followed', async () => {
    const files = { 'charts/web/templates/z.yaml': '-> ../../../shared.yaml', 'shared.yaml': template.replace('.Chart.Name', '"shared"') };
    expect(await lines(write(scratch(), { ...FILES, ...files }), { path: 'charts/web' })).toEqual([
      ...FROM_TOP,
      'charts/web/templates/z.yaml:1 ConfigMap web-shared',
    ]);
  });
});

test('keys of values that objects have themselves are keys as any other', async () => {
  const files = {
    'Chart.yaml': chart('x'),
    'values.yaml': 'constructor: {a: 1}\n__proto__: {b: 2}\n',
    'templates/x.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {values: {{ toJson .Values | quote }}}\n`,
  };
  const { manifests } = await opened({ location: write(scratch(), files) }, (snapshot) => render(snapshot));
  expect(manifests[0]!.object.data).toEqual({ values: '{"__proto__":{"b":2},"constructor":{"a":1}}' });
});
