// Apps that are read from charts of their own repository: what Argo CD, Flux and jibe.yaml say of a chart, and the places of what is wrong.
import { describe, expect, test } from 'vitest';
import { renderSource } from '../../../src/reconcile/apps/prepare-apps.ts';
import { toldError } from '../render/told.ts';
import { deps, repository } from '../source/scratch.ts';

const CHART = {
  'charts/web/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n',
  'charts/web/values.yaml': 'replicas: 1\nwho: nobody\nflag: true\nlist: [a, b]\n',
  'charts/web/prod.yaml': 'who: prod\n',
  'charts/web/crds/x.yaml':
    'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: xs.example.com}\nspec: {group: example.com, scope: Namespaced, names: {kind: X, plural: xs}, versions: [{name: v1, served: true, storage: true}]}\n',
  'charts/web/values.schema.json': '{"properties": {"replicas": {"type": "integer"}}}',
  'charts/web/templates/x.yaml': `apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Release.Name }}"}
data:
  values: {{ toJson (omit .Values "global") | quote }}
  namespace: {{ .Release.Namespace }}
  has: {{ .Capabilities.APIVersions.Has "example.com/v2" | quote }} 
  kube: {{ .Capabilities.KubeVersion.Version }}
`,
};

/** Of each app its objects, with what the ConfigMap of the chart holds; and all faults. */
async function appsOf(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const { apps = [], errors = [] } = await renderSource({ location: repository(files) }, deps(), { name: 'all' });
  const objects = apps.flatMap(({ name, app, rendered: { manifests, errors: faults } }) => [
    ...manifests.map(({ object, origin }) => {
      const { values = '', namespace = '' } = (object.data ?? {}) as Readonly<Record<string, string>>;
      return `${name}: ${origin.file}:${origin.line} ${object.kind} ${object.metadata.name} ${values} ${namespace}`.trim();
    }),
    ...(app.notRendered === undefined ? [] : [`${name}: ${app.notRendered}`]),
    ...faults.map((fault) => `${name}: ${toldError('error', fault)}`),
  ]);
  return [...objects, ...errors.map((fault) => toldError('error', fault))];
}

const application = (source: string): string => `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: a, namespace: argocd}
spec:
  project: default
  destination: {server: https://kubernetes.default.svc, namespace: shop}
${source}
`;

const argo = (helm: string, more: Readonly<Record<string, string>> = {}): Promise<readonly string[]> =>
  appsOf({ ...CHART, ...more, 'apps.yaml': application(`  source:\n    repoURL: .\n    path: charts/web\n    helm: ${helm}`) });

const VALUES = { flag: true, list: ['a', 'b'], replicas: 1, who: 'nobody' };
const withValues = (values: object): string => JSON.stringify({ ...VALUES, ...values });
const CRD = 'a: charts/web/crds/x.yaml:1 CustomResourceDefinition xs.example.com';
const object = (values: object, name = 'a', namespace = 'shop'): string =>
  `a: charts/web/templates/x.yaml:1 ConfigMap ${name} ${withValues(values)} ${namespace}`;

describe("Argo CD's helm", () => {
  test.each<readonly [string, string, readonly string[]]>([
    ['nothing', '{}', [CRD, object({})]],
    ['a name, a namespace and no definitions', '{releaseName: r, namespace: ns, skipCrds: true}', [object({}, 'r', 'ns')]],
    [
      'files of values, from the chart and from the root',
      '{skipCrds: true, valueFiles: [prod.yaml, /envs/eu.yaml]}',
      [object({ who: 'eu' })],
    ],
    ['patterns of files', '{skipCrds: true, valueFiles: ["/envs/*.yaml"]}', [object({ who: 'us' })]],
    ['files that need not be there', '{skipCrds: true, ignoreMissingValueFiles: true, valueFiles: [none.yaml]}', [object({})]],
    [
      'values over files, an object over a text',
      '{skipCrds: true, valueFiles: [prod.yaml], values: "who: text", valuesObject: {who: object}}',
      [object({ who: 'object' })],
    ],
    ['values as a text', '{skipCrds: true, values: "who: text\\nlist: [c]"}', [object({ who: 'text', list: ['c'] })]],
    [
      'parameters: one value each, typed or not, lists, and variables',
      '{skipCrds: true, parameters: [{name: who, value: "a,b=$ARGOCD_APP_NAME-${ARGOCD_APP_NAMESPACE}$none-$$x"}, {name: replicas, value: "3"}, {name: flag, value: "false", forceString: true}, {name: list, value: "{x,y}"}]}',
      [object({ who: 'a,b=a-shop-$x', replicas: 3, flag: 'false', list: ['x', 'y'] })],
    ],
    [
      'a parameter that is the text of a file',
      '{skipCrds: true, fileParameters: [{name: who, path: /envs/who.txt}]}',
      [object({ who: 'me\n' })],
    ],
    ['what Helm is called with makes no difference', '{skipCrds: true, version: v3, passCredentials: true, skipTests: true}', [object({})]],
    [
      'no such file',
      '{valueFiles: [none.yaml]}',
      [
        'a: error apps.yaml:10:25: spec.source.helm.valueFiles[0]: there is no file none.yaml | the path begins at the chart; with / at the root of its repository',
      ],
    ],
    [
      'files of the machine',
      '{valueFiles: [../../../etc/passwd]}',
      [
        'a: error apps.yaml:10:25: spec.source.helm.valueFiles[0]: ../../../etc/passwd leads out of the source | files of values lie in the repository',
      ],
    ],
    [
      'values that the schema refuses',
      '{valuesObject: {replicas: many}}',
      [
        'a: error apps.yaml:10:27: spec.source.helm.valuesObject: values of chart web: replicas must be integer | see charts/web/values.schema.json',
      ],
    ],
    [
      'a parameter that the schema refuses',
      '{parameters: [{name: replicas, value: many}]}',
      [
        'a: error apps.yaml:10:25: spec.source.helm.parameters[0]: values of chart web: replicas must be integer | see charts/web/values.schema.json',
      ],
    ],
    [
      'a name that is none',
      '{releaseName: No_Name}',
      [
        'a: error charts/web/Chart.yaml:1:1: "No_Name" is no name for a release | give another one (releaseName, --release-name): lower-case letters, digits, dots and dashes, at most 53',
      ],
    ],
  ])('%s', async (_, helm, expected) => {
    const files = { 'envs/eu.yaml': 'who: eu\n', 'envs/us.yaml': 'who: us\n', 'envs/who.txt': 'me\n' };
    expect(await argo(helm, files)).toEqual(expected);
  });

  test('versions of Kubernetes and of APIs', async () => {
    const files = {
      ...CHART,
      'apps.yaml': application('  source: {repoURL: ., path: charts/web, helm: {kubeVersion: "1.29", apiVersions: [example.com/v2]}}'),
    };
    const { apps = [] } = await renderSource({ location: repository(files) }, deps(), { name: 'all' });
    expect(apps[0]!.rendered.manifests[1]!.object.data).toMatchObject({ has: 'true', kube: 'v1.29.0' });
  });

  test('files that another source lends', async () => {
    const sources = (ref: string): string =>
      `  sources:\n  - {repoURL: ., path: charts/web, helm: {skipCrds: true, valueFiles: [$values/envs/$ARGOCD_APP_NAME.yaml]}}\n  - {repoURL: ., ref: ${ref}}`;
    expect(await appsOf({ ...CHART, 'envs/a.yaml': 'who: lent\n', 'apps.yaml': application(sources('values')) })).toEqual([
      object({ who: 'lent' }),
    ]);
    expect(await appsOf({ ...CHART, 'apps.yaml': application(sources('other')) })).toEqual([
      'a: error apps.yaml:8:72: spec.sources[0].helm.valueFiles[0]: no source of the app has the ref values | give one of its sources ref: values',
    ]);
  });
});

describe("Flux's HelmRelease", () => {
  const GIT = `apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: fleet, namespace: flux-system}
spec: {url: ., ref: {branch: main}}
---
`;
  const release = (spec: string): string =>
    `${GIT}apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: a, namespace: flux-system}
spec:
  interval: 5m
  chart: {spec: {chart: ./charts/web, sourceRef: {kind: GitRepository, name: fleet}}}
  install: {crds: Skip}
${spec}
`;
  const flux = (spec: string, more: Readonly<Record<string, string>> = {}): Promise<readonly string[]> =>
    appsOf({ ...CHART, ...more, 'flux.yaml': release(spec) });

  test.each<readonly [string, string, readonly string[]]>([
    ['values', '  values: {who: me}', [object({ who: 'me' }, 'a', 'flux-system')]],
    ['a namespace of its own is in the name', '  targetNamespace: shop', [object({}, 'shop-a')]],
    ['a name', '  targetNamespace: shop\n  releaseName: r', [object({}, 'r')]],
    [
      'a name that is too long',
      '  releaseName: a-name-of-a-release-that-is-longer-than-any-that-helm-would-take',
      [object({}, 'a-name-of-a-release-that-is-longer-than--870a4b4277a5', 'flux-system')],
    ],
    [
      'values of ConfigMaps and Secrets, single ones of them, and its own over all',
      '  valuesFrom: [{kind: ConfigMap, name: some}, {kind: Secret, name: secret, valuesKey: who, targetPath: who}, {kind: ConfigMap, name: none, optional: true}, {kind: ConfigMap, name: some, valuesKey: text, targetPath: flag}]\n  values: {list: [z]}',
      [object({ replicas: 4, who: 'me', flag: '7', list: ['z'] }, 'a', 'flux-system')],
    ],
    [
      'values that are nowhere',
      '  valuesFrom: [{kind: ConfigMap, name: none}, {kind: Secret, name: secret, valuesKey: x}]',
      [
        'a: error flux.yaml:13:16: spec.valuesFrom[0]: HelmRelease/flux-system/a: there is no ConfigMap flux-system/none to take values from | it must be in the source or in the cluster; or say optional: true',
        'a: error flux.yaml:13:47: spec.valuesFrom[1]: HelmRelease/flux-system/a: Secret flux-system/secret has no x | it must be in the source or in the cluster; or say optional: true',
      ],
    ],
    [
      'a Secret that is no line of values: nothing of it is told',
      '  valuesFrom: [{kind: Secret, name: secret, valuesKey: hidden, targetPath: who}]',
      [
        'a: error flux.yaml:13:16: spec.valuesFrom[0]: the value of the Secret cannot be put there: its commas, braces or brackets mean something | put it in quotes, or take a whole file of values from the Secret',
      ],
    ],
    [
      'post-renderers',
      '  postRenderers: [{kustomize: {patches: [{target: {kind: ConfigMap}, patch: "- {op: remove, path: /data/has}"}]}}, {kustomize: {patchesStrategicMerge: [{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {values: patched}}]}}]',
      ['a: charts/web/templates/x.yaml:1 ConfigMap a patched flux-system'],
    ],
    [
      'post-renderers that fit nothing',
      '  postRenderers: [{kustomize: {patches: [{patch: "[x"}]}}]',
      ['a: error flux.yaml:6:1: HelmRelease/flux-system/a: flow sequence must end with a ]'],
    ],
    ['another cluster', '  kubeConfig: {secretRef: {name: x}}', ['a: it goes to another cluster (spec.kubeConfig)']],
  ])('%s', async (_, spec, expected) => {
    const data = `apiVersion: v1
kind: ConfigMap
metadata: {name: some, namespace: flux-system}
data: {values.yaml: "replicas: 4\\nwho: other", text: "'7'"}
---
apiVersion: v1
kind: Secret
metadata: {name: secret, namespace: flux-system}
stringData: {who: me, hidden: "hush,hush"}
`;
    expect((await flux(spec, { 'data.yaml': data })).filter((line) => !line.startsWith('all: '))).toEqual(expected);
  });

  test("files of values in place of the chart's own, seen from the root of the repository", async () => {
    const spec = release('').replace('chart: ./charts/web,', 'chart: charts/web, valuesFiles: [charts/web/prod.yaml, ./envs/eu.yaml],');
    expect(await appsOf({ ...CHART, 'envs/eu.yaml': 'list: [eu]\n', 'flux.yaml': spec })).toEqual([
      'a: charts/web/templates/x.yaml:1 ConfigMap a {"list":["eu"],"who":"prod"} flux-system',
    ]);
  });

  test('a HelmChart that says the chart', async () => {
    const chart =
      'apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmChart\nmetadata: {name: c, namespace: flux-system}\nspec: {chart: charts/web, sourceRef: {kind: GitRepository, name: fleet}}\n';
    const spec = release('').replace(/ {2}chart: .*/, '  chartRef: {kind: HelmChart, name: c}');
    expect(await appsOf({ ...CHART, 'chart.yaml': chart, 'flux.yaml': spec })).toEqual([object({}, 'a', 'flux-system')]);
  });

  test('a source that is nowhere, and a path without a chart', async () => {
    const lines = await appsOf({ ...CHART, 'flux.yaml': release('').replace('name: fleet}}}', 'name: none}}}') });
    expect(lines.filter((line) => line.startsWith('a: '))).toEqual([
      'a: error flux.yaml:11:39: spec.chart.spec.sourceRef: there is no GitRepository/flux-system/none in the source | add its manifest, or correct the name',
    ]);
    expect(await appsOf({ ...CHART, 'flux.yaml': release('').replace('./charts/web', './charts') })).toEqual([
      'a: error flux.yaml:6:1: HelmRelease/flux-system/a: there is no Chart.yaml in charts | check the path',
    ]);
  });
});

test('jibe.yaml', async () => {
  const file = `apps:
  - name: a
    path: charts/web
    destination: {namespace: shop}
    helm:
      releaseName: r
      skipCrds: true
      valueFiles: [prod.yaml]
      values: {list: [x]}
      parameters: [{name: replicas, value: "2"}]
`;
  expect(await appsOf({ ...CHART, 'jibe.yaml': file })).toEqual([object({ who: 'prod', list: ['x'], replicas: 2 }, 'r')]);
  expect(await appsOf({ ...CHART, 'jibe.yaml': file.replace('skipCrds', 'skipCrd') })).toEqual([
    'error jibe.yaml:7:7: apps[0].helm.skipCrd: unknown field "skipCrd" | did you mean skipCrds?',
  ]);
  expect(await appsOf({ ...CHART, 'jibe.yaml': file.replace('value: "2"', 'value: many') })).toEqual([
    'a: error jibe.yaml:2:5: apps[0].helm.parameters[0]: values of chart web: replicas must be integer | see charts/web/values.schema.json',
  ]);
});
