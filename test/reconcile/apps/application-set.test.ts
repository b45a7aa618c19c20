import { describe, expect, test } from 'vitest';
import { applicationsOf } from '../../../src/reconcile/apps/application-set.ts';
import type { FieldFault } from '../../../src/reconcile/apps/fields.ts';
import type { GeneratorWorld } from '../../../src/reconcile/apps/generators.ts';

const FILES: Readonly<Record<string, string>> = {
  'apps/web/kustomization.yaml': '',
  'apps/api/kustomization.yaml': '',
  'apps/api/base/x.yaml': '',
  'apps/.hidden/x.yaml': '',
  'apps/old/x.yaml': '',
  'clusters/eu/config.json': '{"cluster": {"name": "eu", "size": 3}, "zones": ["a", "b"]}',
  'clusters/us/config.yaml': '- {cluster: {name: us-1}}\n- {cluster: {name: us-2}}\n',
};
const world: Omit<GeneratorWorld, 'template'> = {
  list: async () => ({ paths: Object.keys(FILES), read: async (path) => FILES[path]! }),
  clusters: [
    { name: 'in-cluster', server: 'https://kubernetes.default.svc', project: '', labels: undefined, annotations: {} },
    { name: 'EU_1', server: 'https://eu', project: 'p', labels: { env: 'prod' }, annotations: { zone: 'a' } },
    { name: 'us', server: 'https://us', project: '', labels: { env: 'dev' }, annotations: {} },
  ],
};

async function made(spec: Readonly<Record<string, unknown>>, name: string) {
  const faults: FieldFault[] = [];
  const set = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'ApplicationSet',
    metadata: { name: 'set' },
    spec: { template: { metadata: { name }, spec: { project: 'default' } }, ...spec },
  };
  const applications = await applicationsOf(set, 'argocd', world, faults);
  return { names: applications.map(({ metadata }) => metadata.name), applications, faults };
}

const repo = { repoURL: 'https://github.com/acme/x.git', revision: 'HEAD' };

describe('generators', () => {
  test.each([
    [
      'a list',
      [{ list: { elements: [{ a: 'x' }, { a: 'y', values: { b: 'z' } }] } }],
      '{{a}}-{{ values.b }}',
      ['x-{{ values.b }}', 'y-z'],
      1,
    ],
    [
      'directories, all but some',
      [{ git: { ...repo, directories: [{ path: 'apps/*' }, { path: 'apps/old', exclude: true }] } }],
      '{{path.basename}}',
      ['api', 'web'],
      0,
    ],
    ['parts of a path', [{ git: { ...repo, directories: [{ path: 'apps/*/*' }] } }], '{{path[1]}}-{{path.basename}}', ['api-base'], 0],
    [
      'files of JSON and YAML',
      [{ git: { ...repo, files: [{ path: 'clusters/*/config.*' }] } }],
      '{{cluster.name}}',
      ['eu', 'us-1', 'us-2'],
      0,
    ],
    [
      'what a file is called',
      [{ git: { ...repo, files: [{ path: 'clusters/**/config.json' }] } }],
      '{{path.filename}}-{{path[1]}}-{{cluster.size}}-{{zones.1}}',
      ['config.json-eu-3-b'],
      0,
    ],
    [
      'a prefix for paths',
      [{ git: { ...repo, pathParamPrefix: 'app', directories: [{ path: 'apps/web' }] } }],
      '{{app.path.basename}}',
      ['web'],
      0,
    ],
    ['all clusters', [{ clusters: {} }], '{{nameNormalized}}', ['in-cluster', 'eu-1', 'us'], 0],
    [
      'clusters by label',
      [{ clusters: { selector: { matchLabels: { env: 'prod' } }, values: { x: '{{name}}' } } }],
      '{{metadata.labels.env}}-{{metadata.annotations.zone}}-{{values.x}}',
      ['prod-a-EU_1'],
      0,
    ],
    [
      'a matrix',
      [
        {
          matrix: { generators: [{ list: { elements: [{ dir: 'apps' }] } }, { git: { ...repo, directories: [{ path: '{{dir}}/w*' }] } }] },
        },
      ],
      '{{dir}}-{{path.basename}}',
      ['apps-web'],
      0,
    ],
    [
      'a merge',
      [
        {
          merge: {
            mergeKeys: ['a'],
            generators: [
              {
                list: {
                  elements: [
                    { a: '1', b: 'x' },
                    { a: '2', b: 'x' },
                  ],
                },
              },
              {
                list: {
                  elements: [
                    { a: '2', b: 'y' },
                    { a: '3', b: 'z' },
                  ],
                },
              },
            ],
          },
        },
      ],
      '{{a}}{{b}}',
      ['1x', '2y'],
      0,
    ],
    [
      'those that a selector chooses',
      [{ list: { elements: [{ a: 'x' }, { a: 'y' }] }, selector: { matchExpressions: [{ key: 'a', operator: 'In', values: ['y'] }] } }],
      '{{a}}',
      ['y'],
      0,
    ],
  ])('%s', async (_, generators, name, expected, faults) => {
    const result = await made({ generators }, name);
    expect(result.names).toEqual(expected.filter((text) => !text.includes('{{')));
    expect(result.faults).toHaveLength(faults);
  });

  test('a generator may bring its own part of the template, and a patch comes last', async () => {
    const { applications } = await made(
      {
        generators: [{ list: { elements: [{ a: 'x' }], template: { metadata: {}, spec: { project: 'own' } } } }],
        templatePatch: 'metadata:\n  labels:\n    app: "{{a}}"\n',
      },
      '{{a}}',
    );
    expect(applications).toEqual([
      {
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Application',
        metadata: { name: 'x', namespace: 'argocd', labels: { app: 'x' } },
        spec: { project: 'own' },
      },
    ]);
  });
});

describe("Go's templates", () => {
  const set = (generators: readonly unknown[], more: object = {}) => ({ goTemplate: true, generators, ...more });
  test.each([
    ['a list of anything', set([{ list: { elements: [{ a: { b: 'x', n: 3 } }] } }]), '{{ .a.b }}-{{ .a.n }}', ['x-3']],
    [
      'paths',
      set([{ git: { ...repo, directories: [{ path: 'apps/*' }] } }]),
      '{{ .path.basename }}-{{ index .path.segments 0 }}',
      ['api-apps', 'old-apps', 'web-apps'],
    ],
    [
      'a prefix for paths',
      set([{ git: { ...repo, pathParamPrefix: 'app', directories: [{ path: 'apps/web' }] } }]),
      '{{ .app.path.path | normalize }}',
      ['apps-web'],
    ],
    [
      'files as they are',
      set([{ git: { ...repo, files: [{ path: 'clusters/eu/*.json' }] } }]),
      '{{ .cluster.name }}-{{ len .zones }}-{{ .path.filename }}',
      ['eu-2-config.json'],
    ],
    [
      'clusters',
      set([{ clusters: { selector: { matchLabels: { env: 'prod' } }, values: { x: '{{ .name | lower }}' } } }]),
      '{{ .metadata.labels.env }}-{{ .values.x | replace "_" "-" }}',
      ['prod-eu-1'],
    ],
    [
      'a matrix',
      set([
        {
          matrix: {
            generators: [{ list: { elements: [{ dir: 'apps' }] } }, { git: { ...repo, directories: [{ path: '{{ .dir }}/w*' }] } }],
          },
        },
      ]),
      '{{ .dir }}-{{ .path.basename }}',
      ['apps-web'],
    ],
    [
      'a merge',
      set([
        {
          merge: {
            mergeKeys: ['a.k'],
            generators: [{ list: { elements: [{ a: { k: '1' }, b: 'x' }] } }, { list: { elements: [{ a: { k: '1' }, b: 'y' }] } }],
          },
        },
      ]),
      '{{ .b }}',
      ['y'],
    ],
    [
      'sprig and what Argo CD adds',
      set([{ list: { elements: [{ a: 'Feature/Foo_Bar baz' }] } }]),
      '{{ .a | slugify }}-{{ slugify 12 true .a }}',
      ['feature-foo-bar-baz-feature-foo'],
    ],
    [
      'conditions',
      set([
        {
          list: {
            elements: [
              { a: 'x', on: true },
              { a: 'y', on: false },
            ],
          },
        },
      ]),
      '{{ .a }}{{ if .on }}-on{{ end }}',
      ['x-on', 'y'],
    ],
  ])('%s', async (_, spec, name, expected) => {
    expect(await made(spec, name)).toMatchObject({ names: expected, faults: [] });
  });

  test('a patch is a template as a whole', async () => {
    const templatePatch = '{{- if .auto }}\nspec:\n  syncPolicy:\n    automated: {}\n{{- end }}\n';
    const { applications } = await made(set([{ list: { elements: [{ a: 'x', auto: true }] } }], { templatePatch }), '{{ .a }}');
    expect(applications[0]).toMatchObject({ spec: { project: 'default', syncPolicy: { automated: {} } } });
  });

  test.each([
    [
      'a parameter that is missing, where that is strict',
      { goTemplateOptions: ['missingkey=error'] },
      '{{ .b }}',
      'asks for a parameter that no generator gives',
    ],
    ['a template that is none', {}, '{{ .a', 'unclosed action'],
    ['a function that nobody has', {}, '{{ env "HOME" }}', 'function "env" not defined'],
  ])('%s', async (_, more, name, message) => {
    await expect(made(set([{ list: { elements: [{ a: 'x' }] } }], more), name)).rejects.toThrow(message);
  });
});

describe('what is told, and not guessed', () => {
  test.each([
    ['generators that ask other services', { generators: [{ pullRequest: {} }] }, 'spec.generators[0].pullRequest'],
    ['one name for several', { generators: [{ list: { elements: [{ a: 'x' }, { a: 'x' }] } }] }, 'spec.template.metadata.name'],
    ['a matrix of one', { generators: [{ matrix: { generators: [{ list: {} }] } }] }, 'spec.generators[0].matrix.generators'],
    ['two generators in one', { generators: [{ list: {}, git: {} }] }, 'spec.generators[0].'],
  ])('%s', async (_, spec, path) => {
    expect((await made(spec, '{{a}}')).faults.map((fault) => fault.path)).toEqual([path]);
  });
});
