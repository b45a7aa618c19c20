// A preview as JUnit XML, as test reports of CI systems read it: one test case for each consequence, where those that fail the preview are
// failures and accepted ones are skipped; one that passes for each sort of hazard that did not come; and faults of the sources as errors.
import type { ConsequenceType } from '../../preview/consequence.ts';
import { objectText } from '../difference-text.ts';
import { markup } from '../markup.ts';
import { oneLine, shortened } from '../printable.ts';
import type { ReportedError } from '../result.ts';
import { MEANINGS } from './meaning.ts';
import { grouped, isFailing, type PreviewReport, type ReportedConsequence } from './report.ts';

/** Attributes are shown in lists; the whole text stands inside. */
const MOST_OF_AN_ATTRIBUTE = 500;

export function previewJunit(report: PreviewReport): string {
  const cases = [...report.errors.map(faultCase), ...consequenceCases(report), ...passedChecks(report)];
  const count = (tag: string): number => cases.filter((one) => one.includes(`<${tag} `)).length;
  const counts = `tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}"`;
  const time = `time="${report.durationSeconds}"`;
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="jibe preview" ${counts} ${time}>`,
    `  <testsuite name="${attribute(report.app)}" ${counts} ${time}>`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
  ];
  return `${lines.join('\n')}\n`;
}

/** The name of a case stays from run to run: CI systems follow it. */
function consequenceCases(report: PreviewReport): string[] {
  const nameOf = ({ reason, object }: ReportedConsequence): string => `${objectText(object)}: ${reason}`;
  return [...grouped(report.consequences, (consequence) => `${consequence.type} ${nameOf(consequence)}`)].flatMap(([, group]) =>
    group.map((consequence, i) => {
      const name = nameOf(consequence) + (i ? ` (${i + 1})` : '');
      return testCase(consequence.type, name, consequence.origin, report.filesIn, outcomeOf(consequence, report));
    }),
  );
}

function outcomeOf(consequence: ReportedConsequence, { failOn }: PreviewReport): string {
  const { severity, type, message, accepted } = consequence;
  if (accepted !== null) return `<skipped message="${attribute(`accepted: ${accepted}`)}"/>`;
  const text = markup(detailsOf(consequence));
  if (isFailing(consequence, failOn)) return `<failure type="${type}" message="${attribute(message)}">${text}</failure>`;
  return `<system-out>${markup(`${severity}: `)}${text}</system-out>`;
}

function detailsOf({ message, cause, remedy, fields, origin }: ReportedConsequence): string {
  const told = [message, cause && `cause: ${cause}`, remedy && `remedy: ${remedy}`, fields.length && `fields: ${fields.join(', ')}`];
  return [...told, origin && `${origin.file}:${origin.line}`].filter(Boolean).join('\n');
}

function faultCase(fault: ReportedError, i: number): string {
  const { file, line, column, path, message, value, hint } = fault;
  const place = file ? `${file}:${line}:${column}` : `fault ${i + 1}`;
  const details = [path && `field: ${path}`, message, value && `it is ${value}`, hint && `hint: ${hint}`].filter(Boolean).join('\n');
  return testCase('Manifest', place, null, '', `<error type="Manifest" message="${attribute(message)}">${markup(details)}</error>`);
}

/** What was looked for and did not come. */
function passedChecks({ consequences }: PreviewReport): string[] {
  const found = new Set(consequences.map(({ type }) => type));
  return (Object.keys(MEANINGS) as ConsequenceType[])
    .filter((type) => !found.has(type))
    .map((type) => testCase(type, `not so: ${MEANINGS[type].title}`, null, '', ''));
}

function testCase(type: string, name: string, origin: ReportedConsequence['origin'], filesIn: string, inside: string): string {
  const place = origin ? ` file="${attribute(filesIn + origin.file)}" line="${origin.line}"` : '';
  const opening = `    <testcase classname="jibe.preview.${type}" name="${attribute(name)}"${place} time="0"`;
  return inside ? `${opening}>\n      ${inside}\n    </testcase>` : `${opening}/>`;
}

const attribute = (text: string): string => markup(shortened(oneLine(text), MOST_OF_AN_ATTRIBUTE));
