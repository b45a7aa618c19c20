// Static validation. Each cases/NAME.input.yaml and what is told of it, NAME.output.txt (vitest -u writes them); and verdicts that a real
// API server (v1.36) gave, in recorded.jsonl: none that it accepted is refused here, and all that its decoder refused are.
import fs from 'node:fs';
import { describe, expect, test } from 'vitest';
import { builtinKinds } from '../../../src/apimachinery/schema/schema.ts';
import { groupVersion } from '../../../src/apimachinery/object.ts';
import { ManifestDocument } from '../../../src/reconcile/render/manifest-document.ts';
import type { Manifest } from '../../../src/reconcile/render/manifests.ts';
import { ManifestOrigin } from '../../../src/reconcile/render/origin.ts';
import { render } from '../../../src/reconcile/render/render.ts';
import { REMOVED_APIS } from '../../../src/reconcile/validate/removed-apis.ts';
import { ManifestValidator } from '../../../src/reconcile/validate/validate.ts';
import { toldError } from '../render/told.ts';
import { opened, scratch, write } from '../source/scratch.ts';

const CASES = new URL('cases/', import.meta.url);

async function manifestsOf(yaml: string): Promise<readonly Manifest[]> {
  const location = write(scratch(), { 'x.yaml': yaml });
  return opened({ location }, async (snapshot) => {
    const { manifests, errors } = await render(snapshot);
    expect(errors).toEqual([]);
    return manifests;
  });
}

async function toldOf(yaml: string): Promise<string> {
  const { errors, warnings } = await new ManifestValidator().validate(await manifestsOf(yaml));
  return [...errors.map((error) => toldError('error', error)), ...warnings.map((error) => toldError('warning', error))]
    .map((line) => `${line}\n`)
    .join('');
}

test.each(fs.readdirSync(CASES).filter((name) => name.endsWith('.input.yaml')))('%s', async (name) => {
  const told = await toldOf(fs.readFileSync(new URL(name, CASES), 'utf8'));
  await expect(told).toMatchFileSnapshot(new URL(name.replace('.input.yaml', '.output.txt'), CASES).pathname);
});

interface Recorded {
  readonly id: string;
  readonly object: { readonly kind: string };
  readonly accepted: boolean;
}

describe('as a real API server judges', () => {
  const recorded = fs
    .readFileSync(new URL('recorded.jsonl', import.meta.url), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Recorded);
  const validator = new ManifestValidator();

  test.each(recorded)('$id', async ({ object, accepted }) => {
    const document = await ManifestDocument.read(JSON.stringify(object), 'json');
    const manifests = document.entries.map((entry) => ({
      object: entry.object,
      origin: new ManifestOrigin({ file: 'x.json', document: 1, line: 1 }, { document, firstLine: 1, at: [] }),
    }));
    const { errors } = await validator.validate(manifests);
    const refused = [...document.faults, ...errors];
    if (accepted) expect(refused).toEqual([]);
    else expect(refused).not.toEqual([]);
  });
});

describe('API versions that were removed', () => {
  const served = new Set(builtinKinds().map((facts) => `${groupVersion(facts)}/${facts.kind}`));

  test.each([...REMOVED_APIS])('%s', (api, { use }) => {
    expect(served).not.toContain(api);
    if (use) expect(served).toContain(`${use}/${api.slice(api.lastIndexOf('/') + 1)}`);
  });
});

describe('a validator', () => {
  const DEPLOYMENT = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replica: 1}\n';

  test('knows what a cluster serves besides', async () => {
    const manifests = await manifestsOf(
      'apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: a, namespace: b}\n---\napiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata: {name: a, namespace: b}\n',
    );
    const validator = new ManifestValidator();
    expect((await validator.validate(manifests)).errors.map(({ line }) => line)).toEqual([1, 5]);
    const { errors, warnings } = await validator.validate(manifests, {
      served: (apiVersion, kind) => (apiVersion === 'cert-manager.io/v1' ? { namespaced: kind === 'Certificate' } : undefined),
    });
    expect(errors).toEqual([]);
    expect(warnings).toMatchObject([
      { line: 7, path: 'metadata.namespace', message: 'the namespace is ignored: ClusterIssuer is cluster-scoped' },
    ]);
  });

  test('tells the same of an object that it has seen before', async () => {
    const manifests = await manifestsOf(DEPLOYMENT);
    const validator = new ManifestValidator();
    const first = await validator.validate(manifests);
    expect(first.errors.map(({ path }) => path)).toEqual(['spec.selector', 'spec.template', 'spec.replica']);
    expect(await validator.validate(manifests)).toEqual(first);
  });

  test('checks a custom resource again when its definition changes', async () => {
    const definition = (type: string): string =>
      `apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: foos.example.com}\nspec:\n  group: example.com\n  scope: Namespaced\n  names: {kind: Foo, plural: foos}\n  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {size: {type: ${type}}}}}}]\n`;
    const [foo] = await manifestsOf('apiVersion: example.com/v1\nkind: Foo\nmetadata: {name: a}\nsize: 1\n');
    const validator = new ManifestValidator();
    const errors = async (type: string) =>
      (await validator.validate([...(await manifestsOf(definition(type))), foo!])).errors.map(({ path }) => path);
    expect(await errors('integer')).toEqual([]);
    expect(await errors('string')).toEqual(['size']);
    expect(await errors('integer')).toEqual([]);
  });

  test('bounds what it tells of one object', async () => {
    const items = Array.from({ length: 500 }, (_, i) => `  k${i}: ${i}\n`).join('');
    expect((await toldOf(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n${items}`)).split('\n')).toHaveLength(51);
  });

  test('refuses objects that no request can hold', async () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, x: Array.from({ length: 1_600_000 }, () => 1) };
    const document = await ManifestDocument.read(JSON.stringify({ ...object, x: undefined }), 'json');
    const origin = new ManifestOrigin({ file: 'x.json', document: 1, line: 1 }, { document, firstLine: 1, at: [] });
    const { errors } = await new ManifestValidator().validate([{ object, origin }]);
    expect(errors).toMatchObject([{ path: '', message: 'the object is larger than any API server takes' }]);
  });

  test('values of Secrets are never told', async () => {
    const told = await toldOf('apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {x: "hunter2!"}\nstringData: {z: 12345678}\n');
    expect(told.split('\n')).toHaveLength(3);
    expect(told).not.toMatch(/hunter2|12345678/);
  });

  test('patterns of strangers are not run', async () => {
    const crd = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: foos.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Foo, plural: foos}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {x: {type: string, pattern: "^(a+)+$"}}}}
---
apiVersion: example.com/v1
kind: Foo
metadata: {name: a}
x: ${'a'.repeat(60)}!
`;
    expect(await toldOf(crd)).toBe('');
  });
});
