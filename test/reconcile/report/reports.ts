// Reports of results that are kept as data, in every format.
import fs from 'node:fs';
import path from 'node:path';
import type { PreviewResult } from '../../../src/reconcile/preview/result.ts';
import { previewHtml } from '../../../src/reconcile/report/preview/html.ts';
import { previewJunit } from '../../../src/reconcile/report/preview/junit.ts';
import { previewMarkdown } from '../../../src/reconcile/report/preview/markdown.ts';
import { previewReport, type PreviewReport, type ReportOptions } from '../../../src/reconcile/report/preview/report.ts';
import { previewSarif } from '../../../src/reconcile/report/preview/sarif.ts';
import { previewText } from '../../../src/reconcile/report/preview/text.ts';
import { PLAIN } from '../../../src/reconcile/report/styled-line.ts';
import { toYaml } from '../../../src/reconcile/report/yaml.ts';

export const CASES = path.resolve('test/reconcile/report/cases');

export const resultOf = (name: string): PreviewResult =>
  JSON.parse(fs.readFileSync(path.join(CASES, `${name}.input.json`), 'utf8')) as PreviewResult;

export const reportOf = (result: PreviewResult, options: Partial<ReportOptions> = {}): PreviewReport =>
  previewReport(result, {
    app: 'shop',
    failOn: 'error',
    filesIn: 'deploy/',
    baseline: [],
    ...options,
  });

export const FORMATS: Readonly<Record<string, (report: PreviewReport) => string>> = {
  txt: (report) => previewText(report, PLAIN),
  md: previewMarkdown,
  html: previewHtml,
  'junit.xml': previewJunit,
  'sarif.json': previewSarif,
  json: (report) => JSON.stringify(report, null, 2),
  yaml: (report) => toYaml(JSON.parse(JSON.stringify(report))),
};

/** Each with hostile text wherever a manifest's or a server's words may stand. */
export function hostile(result: PreviewResult, text: string): PreviewResult {
  const spoilt = (value: unknown, key = ''): unknown => {
    if (typeof value === 'string') return KEPT.has(key) ? value : `${value}${text}`;
    if (Array.isArray(value)) return value.map((item) => spoilt(item));
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, spoilt(item, name)]));
  };
  return spoilt(result) as PreviewResult;
}

/** What is not written by manifests. */
const KEPT = new Set(['severity', 'type', 'change', 'status', 'is', 'format', 'base', 'head']);
