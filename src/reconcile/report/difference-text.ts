// One field's difference for people: short values on one line, texts as the lines that changed.
import { structuredPatch } from 'diff';
import type { ValueDifference } from '../plan/value-difference.ts';
import type { DescribedDifference } from './result.ts';
import type { Palette } from './text.ts';

/** Values longer than this are shown on lines of their own. */
const SHORT = 60;
/** The time that it takes grows with the square of the lines that differ. */
const MOST_CHANGED_LINES = 2000;
const CONTEXT_LINES = 2;

export function fieldDifferenceText({ path, detail, ...values }: DescribedDifference, palette: Palette): string[] {
  const { live, desired } = values;
  if (detail?.is === 'structure' && detail.fields.length > 0) {
    const nested = detail.fields.flatMap((field) => fieldDifferenceText(field, palette));
    return [`    ${path}: ${palette.dim(`(${detail.format})`)}`, ...nested.map((line) => `  ${line}`)];
  }
  if (typeof live === 'string' && typeof desired === 'string' && (live.includes('\n') || desired.includes('\n')))
    return [`    ${path}:`, ...changedLines(live, desired, palette)];
  const [before, after] = ['live' in values ? text(live) : undefined, 'desired' in values ? text(desired) : undefined];
  if (before === undefined) return block(path, '+', after!, palette);
  if (after === undefined) return block(path, '-', before, palette);
  if (before.length + after.length <= SHORT * 2 && !before.includes('\n') && !after.includes('\n'))
    return [`    ${path}: ${palette.red(before)} → ${palette.green(after)}${palette.dim(beyondTheTag(detail))}`];
  return [...block(path, '-', before, palette), ...block(path, '+', after, palette)];
}

/** That a tag differs is seen; that an image comes from elsewhere, or is pinned no more, is easily missed. */
function beyondTheTag(detail: ValueDifference | undefined): string {
  if (detail?.is !== 'image') return '';
  const { registry, repository, digest } = detail;
  const pinned =
    digest && (digest.desired === null ? 'no longer pinned by a digest' : digest.live === null ? 'pinned by a digest' : 'another digest');
  const told = [registry && 'another registry', repository && 'another repository', pinned].filter(Boolean);
  return told.length ? `  (${told.join(', ')})` : '';
}

function block(path: string, sign: '+' | '-', value: string, palette: Palette): string[] {
  const colour = sign === '+' ? palette.green : palette.red;
  if (value.length <= SHORT && !value.includes('\n')) return [colour(`  ${sign} ${path}: ${value}`)];
  return [colour(`  ${sign} ${path}:`), ...value.split('\n').map((line) => colour(`  ${sign}   ${line}`))];
}

function changedLines(live: string, desired: string, palette: Palette): string[] {
  const patch = structuredPatch('', '', live, desired, '', '', { context: CONTEXT_LINES, maxEditLength: MOST_CHANGED_LINES });
  if (!patch) return [`      (more than ${MOST_CHANGED_LINES} lines differ)`];
  return patch.hunks.flatMap(({ lines }) =>
    lines
      .filter((line) => !line.startsWith('\\'))
      .map((line) =>
        line.startsWith('+') ? palette.green(`      ${line}`) : line.startsWith('-') ? palette.red(`      ${line}`) : `      ${line}`,
      ),
  );
}

function text(value: unknown): string {
  const json = JSON.stringify(value);
  return json.length <= SHORT ? json : JSON.stringify(value, null, 2);
}
