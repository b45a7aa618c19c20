import fs from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SPRIG } from '../../../src/apimachinery/go-template/sprig.ts';
import { GoTemplate, TEMPLATE_BOUNDS } from '../../../src/apimachinery/go-template/template.ts';
import { TemplateError } from '../../../src/apimachinery/go-template/template-error.ts';

interface Case {
  readonly situation: string;
  readonly template: string;
  readonly data: unknown;
  /** What Go's text/template, with sprig's functions, makes of it. */
  readonly output?: string;
  /** Where Go refuses it too: our words. */
  readonly error?: string;
}

const cases = JSON.parse(fs.readFileSync(new URL('cases.json', import.meta.url), 'utf8')) as readonly Case[];

test.each(cases)('$situation', ({ template, data, output, error }) => {
  let made: string | undefined;
  let refused: string | undefined;
  try {
    made = new GoTemplate(template, SPRIG).execute(data);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(TemplateError);
    refused = (thrown as TemplateError).message;
  }
  expect({ output: made, error: refused }).toEqual({ output, error });
});

test('an error has its place', () => {
  const thrown = (): unknown => new GoTemplate('a\n{{ if .b }}\n  {{ .c.d }}\n{{ end }}').execute({ b: true, c: 'x' });
  expect(thrown).toThrow(expect.objectContaining({ line: 3, column: 8, reason: "can't evaluate field d in type interface {}" }));
});

describe('bounds', () => {
  const run = (template: string, bounds: Partial<typeof TEMPLATE_BOUNDS>): string =>
    new GoTemplate(template, SPRIG).execute({}, { ...TEMPLATE_BOUNDS, ...bounds });

  test.each([
    ['templates that call themselves', '{{ define "t" }}{{ template "t" }}{{ end }}{{ template "t" }}', {}, /more than 100 templates/],
    ['loops', '{{ range 10000000 }}{{ end }}', {}, /more than 1000000 steps/],
    ['output', '{{ range 100 }}0123456789{{ end }}', { output: 500 }, /more than 500 characters/],
    ['repeated text', '{{ repeat 100000000 "ab" }}', {}, /more than \d+ characters/],
    ['long lists', '{{ until 100000000 }}', {}, /more than \d+ items/],
    ['nesting', `${'{{ if 1 }}'.repeat(300)}${'{{ end }}'.repeat(300)}`, {}, /nested more than 200 levels/],
    ['parentheses', `{{ ${'('.repeat(300)}1${')'.repeat(300)} }}`, {}, /nested more than 200 levels/],
    ['else if', `{{ if 0 }}${'{{ else if 0 }}'.repeat(300)}{{ end }}`, {}, /nested more than 200 levels/],
  ] as const)('%s', (_, template, bounds, message) => {
    expect(() => run(template, bounds)).toThrow(message);
  });
});

test('data is not changed', () => {
  const data = Object.freeze({ m: Object.freeze({ a: 1 }) });
  expect(new GoTemplate('{{ set .m "b" 2 }} {{ .m }}', SPRIG).execute(data)).toBe('map[a:1 b:2] map[a:1 b:2]');
  expect(data).toEqual({ m: { a: 1 } });
});

test('what objects inherit is no field', () => {
  expect(new GoTemplate('{{ .constructor }} {{ .__proto__ }} {{ index . "toString" }}').execute({})).toBe(
    '<no value> <no value> <no value>',
  );
  expect(() => new GoTemplate('{{ constructor }}')).toThrow(/function "constructor" not defined/);
});
