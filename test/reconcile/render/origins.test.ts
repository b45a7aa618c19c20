// Where fields of objects are said that several files make: origins/NAME.txtar holds the files of a source, NAME.told.txt each object's
// fields that something other than its manifest set, with the line that says so (vitest -u writes them).
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { renderSource } from '../../../src/reconcile/apps/prepare-apps.ts';
import { prepare } from '../../../src/reconcile/prepare.ts';
import type { Manifest } from '../../../src/reconcile/render/manifests.ts';
import { changedFields, locate } from '../../../src/reconcile/render/origin.ts';
import { render } from '../../../src/reconcile/render/render.ts';
import { deps, opened, scratch, write } from '../source/scratch.ts';
import { parseCase, writeCase } from './kustomize/case-file.ts';

const CASES = new URL('origins/', import.meta.url);
const KUSTOMIZE_CASES = new URL('kustomize/cases/', import.meta.url);

/** The line that a place means, as it is written. */
function lineAt(location: string, { file, line }: { readonly file: string; readonly line: number }): string {
  const text = fs.readFileSync(path.join(location, file), 'utf8').split('\n')[line - 1];
  expect(text, `${file}:${line} is a line`).toBeDefined();
  return text!.trim();
}

async function told(location: string, manifests: readonly Manifest[]): Promise<string> {
  const fields = await changedFields(manifests.map(({ origin }) => origin));
  return manifests
    .map(({ object: { kind, metadata }, origin }, i) =>
      [
        `${kind} ${metadata.name}  ${origin.file}:${origin.line}\n`,
        ...fields[i]!.map(
          ({ path: field, removed, ...place }) =>
            `  ${field}${removed ? ' (removed)' : ''}  ${place.file}:${place.line}:${place.column}  ${lineAt(location, place)}\n`,
        ),
      ].join(''),
    )
    .join('\n');
}

test.each(fs.readdirSync(CASES).filter((name) => name.endsWith('.txtar')))('%s', async (name) => {
  const location = scratch();
  const directory = writeCase(parseCase(fs.readFileSync(new URL(name, CASES), 'utf8')), location);
  const rendered = await renderSource({ location, ...(directory === '.' ? {} : { path: directory }) }, deps(), { name: 'case' });
  const manifests = (rendered.apps ? rendered.apps.map((app) => app.rendered) : [rendered.plain]).flatMap((part) => {
    expect(part.errors).toEqual([]);
    return part.manifests;
  });
  await expect(await told(location, manifests)).toMatchFileSnapshot(new URL(name.replace('.txtar', '.told.txt'), CASES).pathname);
});

const built = fs.readdirSync(KUSTOMIZE_CASES).filter((name) => name.endsWith('.txtar'));

test.each(built)('every field has a line: %s', async (name) => {
  const location = scratch();
  const directory = writeCase(parseCase(fs.readFileSync(new URL(name, KUSTOMIZE_CASES), 'utf8')), location);
  const { manifests } = await opened({ location, path: directory }, (snapshot) => render(snapshot));
  await told(location, manifests);
});

describe('fields that are asked for by name', async () => {
  const location = scratch();
  const directory = writeCase(parseCase(fs.readFileSync(new URL('merged-lists.txtar', CASES), 'utf8')), location);
  const { manifests } = await opened({ location, path: directory }, (snapshot) => render(snapshot));
  test.each([
    ['an element of the base that stands elsewhere now', 'spec.template.spec.containers[name="web"].image', 'image: web:1'],
    ['the same by its index', 'spec.template.spec.containers[2].image', 'image: web:1'],
    ['a field of an element that a patch added', 'spec.template.spec.containers[1].args', 'args: [--port, "1"]'],
    ['an element of a list that a patch brought', 'spec.template.spec.containers[1].args[1]', 'args: [--port, "1"]'],
    ['a field that a patch of the patch set', 'spec.template.spec.containers[name="proxy"].image', 'value: proxy:2'],
    ['a field of what an operation added', 'spec.template.spec.containers[0].name', 'name: first'],
    ['a list that a patch replaced', 'spec.template.spec.containers[2].command[0]', 'command: [start]'],
    ['a port that a patch named', 'spec.template.spec.containers[2].ports[containerPort=81,protocol="TCP"].name', 'name: admin'],
    ['what nobody changed', 'apiVersion', 'apiVersion: apps/v1'],
    ['what is not there', 'spec.template.spec.containers[2].resources.limits', '- name: web'],
  ])('%s', async (_, field, line) => {
    expect(lineAt(location, await locate(manifests[0]!.origin, field))).toBe(line);
  });
});

test('an object that an overlay makes invalid is told at the overlay, and its own file is left out', async () => {
  const location = write(scratch(), {
    'base/kustomization.yaml': 'resources: [a.yaml]\n',
    'base/a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n',
    'overlay/kustomization.yaml':
      'resources: [../base]\npatches:\n- target: {kind: ConfigMap}\n  patch: |\n    - op: add\n      path: /immutable\n      value: often\n',
  });
  const { manifests, errors } = await prepare({ location, path: 'overlay' }, deps());
  expect(manifests).toEqual([]);
  expect(errors).toMatchObject([
    {
      file: 'overlay/kustomization.yaml',
      line: 7,
      column: 7,
      path: 'immutable',
      message: expect.stringMatching(/\(in ConfigMap a of base\/a.yaml:1\)$/) as string,
    },
  ]);
});

test('a plain manifest has no fields that others set', async () => {
  const location = write(scratch(), { 'a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n' });
  const { manifests } = await opened({ location }, (snapshot) => render(snapshot));
  expect(await changedFields(manifests.map(({ origin }) => origin))).toEqual([[]]);
});
