// What Helm 3.19 makes of templates, case by case: cases.json holds them with its output or its error, as `helm template` gives it.
import fs from 'node:fs';
import { describe, expect, test } from 'vitest';
import { renderTemplates } from '../../../../../src/reconcile/render/helm/engine/engine.ts';
import { ChartTemplateError } from '../../../../../src/reconcile/render/helm/engine/chart-template-error.ts';
import { CAPABILITIES, chartOf, RELEASE } from './charts.ts';

interface Case {
  readonly template?: string;
  /** Several, by their paths. */
  readonly templates?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  /** Those of most cases, where there are none. */
  readonly values?: Record<string, unknown>;
  readonly output?: string;
  readonly outputs?: Readonly<Record<string, string>>;
  readonly error?: string;
}

const { usual, cases } = JSON.parse(fs.readFileSync(new URL('cases.json', import.meta.url), 'utf8')) as {
  readonly usual: Record<string, unknown>;
  readonly cases: readonly Case[];
};

const titled = cases.map((each, i) => [`${i} ${(each.template ?? JSON.stringify(each.templates)).slice(0, 80)}`, each] as const);

describe('as helm template', () => {
  test.each(titled)('%s', (_, { template, templates, files = {}, values = usual, ...expected }) => {
    const chart = chartOf({ templates: templates ?? { 'templates/t': template ?? '' }, files, values });
    let outputs: Record<string, string> | undefined;
    let error: string | undefined;
    try {
      outputs = Object.fromEntries(renderTemplates(chart, RELEASE, CAPABILITIES).map(({ name, text }) => [name, text]));
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(ChartTemplateError);
      error = (thrown as ChartTemplateError).message;
    }
    const wanted = expected.output === undefined ? expected.outputs : { 'c/templates/t': expected.output };
    expect({ outputs, error }).toEqual({ outputs: wanted, error: expected.error });
  });
});
