// How a preview is told: its formats, the files that reports are written to, and the baseline of accepted hazards.
import fs from 'node:fs';
import path from 'node:path';
import { Flags } from '@oclif/core';
import type { PreviewResult } from '../../reconcile/preview/result.ts';
import type { AcceptedHazard } from '../../reconcile/report/preview/baseline.ts';
import type { PreviewReport } from '../../reconcile/report/preview/report.ts';
import { outputFlag, outputFlags } from './base.ts';
import { CannotDo } from './failure.ts';
import { formatted } from './output.ts';
import { appFlags, appName } from './source.ts';
import { stylesFor } from './styles.ts';
import { readTextFile } from './text-file.ts';

const FORMATS = ['text', 'json', 'yaml', 'markdown', 'html', 'junit', 'sarif'] as const;
type Format = (typeof FORMATS)[number];

export const previewReportFlags = {
  'fail-on': Flags.option({
    summary: 'From which severity on a consequence is a hazard.',
    options: ['error', 'warning', 'info', 'never'] as const,
    default: 'error',
  })(),
  baseline: Flags.string({
    summary: 'Hazards that are accepted, each with a reason: they are shown and do not fail.',
    helpValue: 'FILE',
  }),
  'write-baseline': Flags.string({
    summary: 'Write a baseline that accepts the hazards of this preview.',
    helpValue: 'FILE',
  }),
  app: appFlags.app,
  ...outputFlags,
  output: outputFlag(FORMATS),
  report: Flags.string({
    summary: `Write a report to a file besides: ${FORMATS.join(', ')}.`,
    helpValue: 'FORMAT=FILE',
    multiple: true,
    helpGroup: 'OUTPUT',
  }),
};

export interface PreviewReportFlags {
  readonly 'fail-on': PreviewReport['failOn'];
  readonly baseline?: string | undefined;
  readonly 'write-baseline'?: string | undefined;
  readonly app?: string | undefined;
  readonly path?: string | undefined;
  readonly output: string;
  readonly 'output-file'?: string | undefined;
  readonly report?: readonly string[] | undefined;
  readonly 'no-color': boolean;
}

export interface ReportFile {
  readonly format: Format;
  readonly file: string;
}

/** What `--report` asks for. Throws a CannotDo, before anything is done. */
export function reportFiles({ report = [] }: Pick<PreviewReportFlags, 'report'>): ReportFile[] {
  return report.map((text) => {
    const [, name = '', file = ''] = /^([a-z]+)=(.+)$/.exec(text) ?? [];
    const format = FORMATS.find((known) => known === name);
    if (!format) throw new CannotDo(`--report ${text}: no format stands before a =`, `write FORMAT=FILE, with ${FORMATS.join(', ')}`);
    return { format, file };
  });
}

/** The hazards that are accepted. Throws a CannotDo that says what is wrong with the file. */
export async function readBaseline(file: string | undefined): Promise<readonly AcceptedHazard[]> {
  if (file === undefined) return [];
  const { parseBaseline } = await import('../../reconcile/report/preview/baseline.ts');
  const text = readTextFile(file);
  try {
    return await parseBaseline(text);
  } catch (error) {
    throw new CannotDo(`${file}: ${(error as Error).message}`, 'write one with --write-baseline, see docs/ci.md', error);
  }
}

/** Of the baseline that is to be written again: reasons are kept that somebody gave. */
export async function oldBaseline({ baseline, 'write-baseline': written }: PreviewReportFlags): Promise<readonly AcceptedHazard[]> {
  return readBaseline(baseline ?? (written !== undefined && fs.existsSync(written) ? written : undefined));
}

export interface Told {
  readonly repository: string;
  readonly head: string;
  readonly headIsDirectory: boolean;
  readonly baseline: readonly AcceptedHazard[];
  readonly emit: (text: string, file?: string) => void;
}

/** Writes every report. @returns whether something fails that nobody has accepted */
export async function tellPreview(result: PreviewResult, flags: PreviewReportFlags, told: Told): Promise<boolean> {
  const { previewReport, fails } = await import('../../reconcile/report/preview/report.ts');
  const { repository, head, headIsDirectory, baseline, emit } = told;
  const report = previewReport(result, {
    app: flags.app ?? appName(headIsDirectory && head !== '.' ? head : repository, flags.path),
    failOn: flags['fail-on'],
    filesIn: headIsDirectory ? below(head) : '',
    baseline,
  });
  const files = reportFiles(flags);
  for (const { format, file } of files) emit(await reportIn(format, report, { noColor: true }), file);
  const toFile = flags['output-file'];
  emit(await reportIn(flags.output as Format, report, { noColor: flags['no-color'] || toFile !== undefined }), toFile);
  if (flags['write-baseline'] === undefined) return fails(report);
  const { baselineText } = await import('../../reconcile/report/preview/baseline.ts');
  const least = flags['fail-on'] === 'never' ? 'error' : flags['fail-on'];
  emit(baselineText(report.consequences, least), flags['write-baseline']);
  return report.errors.length > 0 && flags['fail-on'] !== 'never';
}

/** Where a directory lies, seen from here: `deploy/`; empty for this one, and for what lies elsewhere. */
function below(directory: string): string {
  const relative = path.relative(process.cwd(), path.resolve(directory));
  return relative === '' || relative.startsWith('..') || path.isAbsolute(relative) ? '' : `${relative.split(path.sep).join('/')}/`;
}

async function reportIn(format: Format, report: PreviewReport, { noColor }: { readonly noColor: boolean }): Promise<string> {
  switch (format) {
    case 'json':
    case 'yaml':
      return formatted(report, format, () => '');
    case 'text': {
      const { previewText } = await import('../../reconcile/report/preview/text.ts');
      const columns = process.stdout.isTTY && !noColor ? process.stdout.columns : undefined;
      return previewText(report, stylesFor(process.stdout, noColor), columns);
    }
    case 'markdown':
      return (await import('../../reconcile/report/preview/markdown.ts')).previewMarkdown(report);
    case 'html':
      return (await import('../../reconcile/report/preview/html.ts')).previewHtml(report);
    case 'junit':
      return (await import('../../reconcile/report/preview/junit.ts')).previewJunit(report);
    case 'sarif':
      return (await import('../../reconcile/report/preview/sarif.ts')).previewSarif(report);
  }
}
