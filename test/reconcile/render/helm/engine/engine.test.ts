// What the engine does beside rendering as Helm does: places, errors with places, bounds, and that the same is rendered again.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { bcryptHash } from '../../../../../src/apimachinery/go-template/sprig/bcrypt.ts';
import { ChartTemplateError } from '../../../../../src/reconcile/render/helm/engine/chart-template-error.ts';
import { renderTemplates, type EngineChart, type RenderOptions } from '../../../../../src/reconcile/render/helm/engine/engine.ts';
import { CAPABILITIES, chartOf, RELEASE } from './charts.ts';

const NOW = Date.UTC(2026, 0, 2);

const render = (chart: EngineChart, options: RenderOptions = { nowMs: NOW }) => renderTemplates(chart, RELEASE, CAPABILITIES, options);
const one = (template: string, options?: RenderOptions): string =>
  render(chartOf({ templates: { 'templates/t': template } }), options)[0]!.text;

function refusal(templates: Readonly<Record<string, string>>): ChartTemplateError {
  try {
    render(chartOf({ templates }));
  } catch (error) {
    if (error instanceof ChartTemplateError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('dependencies', () => {
  const library = chartOf({
    name: 'lib',
    type: 'library',
    templates: { 'templates/_l.tpl': '{{ define "l" }}L{{ .Values.x }}{{ end }}', 'templates/no.yaml': 'no' },
  });
  const sub = chartOf({
    name: 'sub',
    templates: { 'templates/s.yaml': '{{ include "l" . }} {{ .Chart.Name }} {{ .Chart.IsRoot }} {{ .Values.global.g }}' },
    values: { x: 1, global: { g: 'G' } },
    dependencies: [library],
  });
  const root = chartOf({
    name: 'root',
    templates: { 'templates/r.yaml': '{{ .Subcharts.sub.Values.x }} {{ .Subcharts.sub.Chart.Name }} {{ keys .Subcharts }}' },
    values: { x: 2, sub: sub.values },
    dependencies: [sub],
  });

  test('are rendered before what they belong to, with their own values; of a library only partials count', () => {
    expect(render(root).map(({ name, text }) => [name, text])).toEqual([
      ['root/charts/sub/templates/s.yaml', 'L1 sub false G'],
      ['root/templates/r.yaml', '1 sub [sub]'],
    ]);
  });

  test('share the values that lie within those of the whole', () => {
    const changed = chartOf({
      name: 'root',
      values: root.values,
      dependencies: [sub],
      templates: { 'templates/a.yaml': '{{ .Values.sub.x }}' },
    });
    const writer = chartOf({ name: 'sub', templates: { 'templates/w.yaml': '{{ $_ := set .Values "x" "changed" }}' }, values: sub.values });
    expect(render({ ...changed, dependencies: [writer] }).at(-1)!.text).toBe('changed');
    expect(root.values).toEqual({ x: 2, sub: { x: 1, global: { g: 'G' } } });
  });
});

test('values that are int64s, as --set makes them, are told from floats', () => {
  const chart = chartOf({
    templates: { 'templates/t': '{{ .Values.f }} {{ .Values.i }} {{ kindOf .Values.f }} {{ kindOf .Values.i }}' },
    values: { f: 1e6, i: 1000000n },
  });
  expect(render(chart)[0]!.text).toBe('1e+06 1000000 float64 int64');
});

describe('places', () => {
  const chart = chartOf({
    templates: {
      'templates/_h.tpl': '{{ define "labels" }}\na: 1\n{{- if true }}\nb: 2\n{{- end }}\n{{ end }}',
      'templates/t.yaml':
        'kind: X\n{{- /* no */}}\nlabels:\n  {{- include "labels" . | trim | nindent 2 }}\nspec:\n  n: {{ .Values.none }}{{ 5 }}\n{{ tpl "x: {{ 1 }}\\ny: 2" . }}\nlast: 1\n',
    },
  });
  const [rendered] = render(chart);
  const lines = rendered!.text.split('\n');
  const offsets = lines.map((_, i) => lines.slice(0, i).join('\n').length + (i > 0 ? 1 : 0));

  test.each([
    ['kind: X', 't.yaml', 1],
    ['labels:', 't.yaml', 3],
    ['  a: 1', '_h.tpl', 2],
    ['  b: 2', '_h.tpl', 4],
    ['spec:', 't.yaml', 5],
    ['  n: 5', 't.yaml', 6],
    ['x: 1', 't.yaml', 7],
    ['y: 2', 't.yaml', 7],
    ['last: 1', 't.yaml', 8],
  ])('%s', (line, file, number) => {
    const at = lines.indexOf(line);
    const indent = line.length - line.trimStart().length;
    expect(rendered!.placeAt(offsets[at]! + indent)).toEqual({ template: `c/templates/${file}`, line: number });
  });

  test('of what a field is worth', () => {
    expect(rendered!.placeAt(rendered!.text.indexOf('5'))).toEqual({ template: 'c/templates/t.yaml', line: 6 });
  });
});

describe('an error', () => {
  test('tells the innermost place, and what Helm says', () => {
    const error = refusal({
      'templates/_h.tpl': '{{ define "x" }}\n  {{ .Values.a.b }}{{ end }}',
      'templates/t.yaml': 'a\n{{ include "x" . }}',
    });
    expect(error).toMatchObject({ template: 'c/templates/_h.tpl', line: 2, column: 13, reason: 'nil pointer evaluating interface {}.b' });
    expect(error.message).toContain('executing "c/templates/t.yaml" at <include "x" .>: error calling include:');
  });

  test('of a chart that refuses its values is what the chart says', () => {
    const error = refusal({ 'templates/t.yaml': 'a\n{{ required "name is needed" .Values.name }}' });
    expect(error).toMatchObject({
      message: 'execution error at (c/templates/t.yaml:2:3): name is needed',
      reason: 'name is needed',
      template: 'c/templates/t.yaml',
      line: 2,
    });
  });

  test('in a text that tpl is given is at the tpl', () => {
    expect(refusal({ 'templates/t.yaml': '\n\n{{ tpl "{{ .a.b.c }}" . }}' })).toMatchObject({ template: 'c/templates/t.yaml', line: 3 });
  });

  test('of the syntax has its line', () => {
    const error = refusal({ 'templates/t.yaml': 'a\n{{ if }}{{ end }}' });
    expect(error).toMatchObject({ message: 'parse error at (c/templates/t.yaml:2): missing value for if', line: 2 });
  });
});

describe('bounds', () => {
  test.each([
    ['templates that include themselves', '{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}', /nested|call one another/],
    ['templates that call themselves', '{{ define "x" }}{{ template "x" . }}{{ end }}{{ template "x" . }}', /nested|call one another/],
    ['tpl within tpl', '{{ $_ := set .Values "t" "{{ tpl .Values.t . }}" }}{{ tpl .Values.t . }}', /nested|call one another/],
    ['values that hold themselves', '{{ $_ := set .Values "self" .Values }}{{ .Values }}', /nested too deeply/],
    ['loops', '{{ range 1000000000 }}{{ end }}', /steps/],
    ['long texts', '{{ repeat 1000000000 "x" }}', /characters/],
  ])('%s', (_, template, message) => {
    expect(refusal({ 'templates/t.yaml': template }).message).toMatch(message);
  });

  test('what cannot be written as YAML since it holds itself is nothing', () => {
    expect(one('[{{ $_ := set .Values "self" .Values }}{{ toYaml .Values }}{{ toJson .Values }}]')).toBe('[]');
  });

  test('a regular expression that others take forever for', () => {
    expect(one('{{ regexMatch "^(a+)+$" (print (repeat 5000 "a") "b") }}')).toBe('false');
  });
});

describe('chance', () => {
  const template = '{{ randAlphaNum 20 }} {{ uuidv4 }} {{ genPrivateKey "ecdsa" | sha256sum }} {{ now | unixEpoch }}';

  test('gives the same for the same release, and another for another seed', () => {
    expect(one(template)).toBe(one(template));
    expect(one('{{ randAlphaNum 20 }}')).not.toBe(one('{{ randAlphaNum 20 }}', { seed: 'secret' }));
    expect(one('{{ randAlphaNum 20 }}')).not.toBe(one('{{ randAlpha 1 }}{{ randAlphaNum 20 }}').slice(1));
  });

  test('gives each template its own, whatever others draw', () => {
    const drawn = (a: string): string[] =>
      render(chartOf({ templates: { 'templates/a': a, 'templates/b': '{{ randAlphaNum 20 }}' } })).map(({ text }) => text);
    const [b, a] = drawn('{{ randAlphaNum 20 }}');
    expect(a).not.toBe(b);
    expect(drawn('')).toEqual([b, '']);
  });

  test('an identifier is one of version 4', () => {
    expect(one('{{ uuidv4 }}')).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  });
});

describe('certificates', () => {
  const made = (template: string): Record<string, string> =>
    JSON.parse(one(`${template} | toJson }}`, { nowMs: NOW })) as Record<string, string>;

  test.each(['rsa', 'ecdsa', 'ed25519'])('are signed by an authority with a key of %s', (type) => {
    const { ca, cert, key } = made(
      `{{ $ca := genCAWithKey "ca" 365 (genPrivateKey "${type}") }}{{ $c := genSignedCert "cn" (list "10.0.0.1" "fd00::1") (list "a.example" "*.b") 30 $ca }}{{ dict "ca" $ca.Cert "cert" $c.Cert "key" $c.Key`,
    );
    const [authority, leaf] = [new X509Certificate(ca!), new X509Certificate(cert!)];
    expect({
      isAuthority: [authority.ca, leaf.ca],
      verified: [authority.verify(authority.publicKey), leaf.verify(authority.publicKey), leaf.checkIssued(authority)],
      hasKey: leaf.checkPrivateKey(createPrivateKey(key!)),
      subject: leaf.subject,
      names: leaf.subjectAltName,
      from: leaf.validFrom,
      to: leaf.validTo,
    }).toEqual({
      isAuthority: [true, false],
      verified: [true, true, true],
      hasKey: true,
      subject: 'CN=cn',
      names: 'DNS:a.example, DNS:*.b, IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:0:1',
      from: 'Jan  2 00:00:00 2026 GMT',
      to: 'Feb  1 00:00:00 2026 GMT',
    });
  });

  test('may be signed by themselves', () => {
    const { cert } = made('{{ $c := genSelfSignedCert "self" nil (list "s") 1 }}{{ dict "cert" $c.Cert');
    const certificate = new X509Certificate(cert!);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
  });
});

test('a password is hashed as others hash it', () => {
  // checked with golang.org/x/crypto/bcrypt
  expect(bcryptHash(Buffer.from('secret'), Buffer.from('0123456789abcdef'))).toBe(
    '$2a$10$KBCwKxOzLha2MUDgW0PjXe5iC0KgerkTIWLGUoONajjj98vdFiyt2',
  );
});
