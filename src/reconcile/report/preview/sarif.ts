// A preview as SARIF 2.1.0 (OASIS), as code scanning reads it: a rule for each type of consequence, and a result on the line of the manifest
// that leads to it. Fingerprints stay the same when lines move, so that a result is followed from commit to commit.
import type { Severity } from '../../preview/consequence.ts';
import { objectText } from '../difference-text.ts';
import { oneLine, printable, shortened } from '../printable.ts';
import type { ReportedError } from '../result.ts';
import { MEANINGS } from './meaning.ts';
import type { PreviewReport, ReportedConsequence } from './report.ts';

const LEVELS = { error: 'error', warning: 'warning', info: 'note' } as const satisfies Record<Severity, string>;
const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';
/** Code scanning takes so many results of a run; the gravest come first. */
const MOST_RESULTS = 5000;
const MOST_OF_A_MESSAGE = 1000;
/** The rule of faults of the sources. */
const FAULT = 'InvalidManifest';

const RULES: readonly { readonly id: string; readonly title: string; readonly means: string }[] = [
  { id: FAULT, title: 'A manifest is wrong', means: 'It cannot be read, or does not describe what its kind describes.' },
  ...Object.entries(MEANINGS).map(([id, meaning]) => ({ id, ...meaning })),
];

export function previewSarif(report: PreviewReport): string {
  const results = [...faultResults(report), ...report.consequences.map((consequence) => resultOf(consequence, report.filesIn))];
  const run = {
    tool: { driver: { name: 'jibe preview', rules: RULES.map(ruleOf) } },
    automationDetails: { id: `jibe-preview/${oneLine(report.app)}/` },
    columnKind: 'utf16CodeUnits',
    results: results.slice(0, MOST_RESULTS),
  };
  return `${JSON.stringify({ $schema: SCHEMA, version: '2.1.0', runs: [run] }, null, 2)}\n`;
}

const ruleOf = ({ id, title, means }: (typeof RULES)[number]) => ({
  id,
  name: id,
  shortDescription: { text: title },
  fullDescription: { text: means },
  help: { text: means, markdown: means },
});

function resultOf(consequence: ReportedConsequence, filesIn: string) {
  const { severity, type, reason, object, message, cause, remedy, fields, origin, fingerprint, accepted } = consequence;
  const told = [message, cause && !message.includes(cause) && `Cause: ${cause}`, remedy && `Remedy: ${remedy}`];
  return {
    ...rule(type, LEVELS[severity]),
    message: text(told.filter(Boolean).join('\n')),
    locations: [
      {
        ...placed(filesIn, origin?.file, origin ? { startLine: origin.line } : undefined),
        logicalLocations: [{ fullyQualifiedName: objectText(object), kind: 'resource' }],
      },
    ],
    partialFingerprints: { 'jibeConsequence/v1': fingerprint, primaryLocationLineHash: `${fingerprint}:1` },
    ...(accepted === null ? {} : { suppressions: [{ kind: 'external', status: 'accepted', justification: oneLine(accepted) }] }),
    properties: { reason: printable(reason), fields: fields.map(printable) },
  };
}

function faultResults({ errors, filesIn }: PreviewReport) {
  return errors.map(({ file, line, column, path, message, hint }: ReportedError) => ({
    ...rule(FAULT, 'error'),
    message: text([path ? `${path}: ${message}` : message, hint].filter(Boolean).join('\n')),
    locations: [placed(filesIn, file, file ? { startLine: Math.max(1, line), startColumn: Math.max(1, column) } : undefined)],
  }));
}

const rule = (ruleId: string, level: 'error' | 'warning' | 'note') => ({
  ruleId,
  ruleIndex: RULES.findIndex(({ id }) => id === ruleId),
  level,
});

const text = (message: string) => ({ text: shortened(printable(message), MOST_OF_A_MESSAGE) });

/** What has no place of its own, as an object that is gone, is placed at the folder as a whole. */
function placed(filesIn: string, file: string | undefined, region: object | undefined) {
  const path = file ? filesIn + file : filesIn || '.';
  return { physicalLocation: { artifactLocation: { uri: uriOf(path), uriBaseId: '%SRCROOT%' }, ...(region ? { region } : {}) } };
}

/** A relative reference: `a:b.yaml` would name a scheme. */
function uriOf(path: string): string {
  const encoded = printable(path).split('/').map(encodeURIComponent).join('/');
  return encoded.startsWith('/') ? `.${encoded}` : encoded;
}
