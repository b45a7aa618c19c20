// A preview for people: at a terminal, and as Markdown for a comment on a merge request.
import type { PreviewResult } from '../preview/result.ts';
import type { Consequence, Severity } from '../preview/consequence.ts';
import { errorLines, objectDifferenceLines, table, type Palette } from './text.ts';

export function previewText(result: PreviewResult, palette: Palette): string {
  const { changes, moved, consequences, rollouts, services, errors, warnings } = result;
  const lines = [palette.bold(`Changes (${changes.length})`), ...changes.flatMap((change) => objectDifferenceLines(change, palette)), ''];
  for (const { kind, namespace, name, from, to } of moved)
    lines.splice(-1, 0, palette.dim(`  ${kind} ${namespace ? `${namespace}/` : ''}${name} stands in ${to.file} now, not in ${from.file}`));
  lines.push(palette.bold(`Consequences (${consequences.length})`));
  if (consequences.length === 0) lines.push('  none');
  for (const consequence of consequences) lines.push(...consequenceLines(consequence, palette));
  if (rollouts.length) {
    lines.push('', palette.bold('Rollouts'));
    lines.push(
      ...table(
        rollouts.map((r) => [
          `  ${r.kind} ${r.namespace}/${r.name}`,
          r.status,
          `${r.durationSeconds} s`,
          `+${r.podsCreated} -${r.podsDeleted} pods`,
          `at least ${r.minAvailable} of ${r.desired} available`,
          r.message,
        ]),
      ),
    );
  }
  if (services.length) {
    lines.push('', palette.bold('Services'));
    lines.push(
      ...table(
        services.map((s) => [
          `  ${s.namespace}/${s.name}`,
          `${s.endpointsBefore} → ${s.endpointsAfter} endpoints`,
          s.endpointsAfter === 0 ? 'none in the end' : s.secondsWithoutEndpoints ? `${s.secondsWithoutEndpoints} s without any` : '',
        ]),
      ),
    );
  }
  const told = [...errorLines(errors, palette), ...errorLines(warnings, palette, 'warning')];
  if (told.length) lines.push('', ...told);
  return lines.join('\n');
}

function consequenceLines({ severity, type, message, cause, remedy, origin }: Consequence, palette: Palette): string[] {
  const colour = { error: palette.red, warning: palette.yellow, info: palette.cyan }[severity];
  return [
    `  ${colour(severity)} ${type}: ${message}${origin ? palette.dim(`  ${origin.file}:${origin.line}`) : ''}`,
    ...(cause ? [`    ${palette.dim('cause:')} ${cut(cause)}`] : []),
    ...(remedy ? [`    ${palette.dim('remedy:')} ${remedy}`] : []),
  ];
}

/** JSON has it word for word. */
const MAX_CAUSE = 300;

const cut = (text: string): string => (text.length > MAX_CAUSE ? `${text.slice(0, MAX_CAUSE)}…` : text);

const ICONS: Readonly<Record<Severity, string>> = { error: '🛑', warning: '⚠️', info: 'ℹ️' };
/** A comment on GitHub holds 65,536 characters; some room is left for what others add. */
const MAX_MARKDOWN = 65_000;

export function previewMarkdown(result: PreviewResult): string {
  const { base, head, changes, consequences, rollouts } = result;
  const plain: Palette = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };
  const short = (sha: string | null): string => (sha ? `\`${sha.slice(0, 12)}\`` : 'the working tree');
  const parts = [`## Preview of ${short(head)} over ${short(base)}`, ''];
  parts.push(consequences.length ? `### Consequences` : 'No consequences beyond the changes themselves.', '');
  for (const { severity, type, message, cause, remedy } of consequences) {
    parts.push(`- ${ICONS[severity]} **${type}** ${message}`);
    if (cause) parts.push(`  - cause: \`${cut(cause).replaceAll('`', "'")}\``);
    if (remedy) parts.push(`  - remedy: ${remedy}`);
  }
  if (rollouts.length) {
    parts.push('', '### Rollouts', '', '| workload | result | time | pods | lowest available |', '|---|---|---|---|---|');
    for (const r of rollouts)
      parts.push(
        `| ${r.kind} ${r.namespace}/${r.name} | ${r.status} | ${r.durationSeconds} s | +${r.podsCreated} −${r.podsDeleted} | ${r.minAvailable} of ${r.desired} |`,
      );
  }
  parts.push('', `### Changes (${changes.length})`, '');
  const diff = changes.flatMap((change) => objectDifferenceLines(change, plain)).map((line) => line.replace(/^ {2}([+-]) /, '$1 '));
  return closed([...parts, '```diff'].join('\n'), diff, '\n```\n');
}

const same = (text: string): string => text;

/** As many lines as fit, and a word where they do not. */
function closed(head: string, lines: readonly string[], tail: string): string {
  let text = head;
  for (const [i, line] of lines.entries()) {
    if (text.length + line.length + tail.length + 80 > MAX_MARKDOWN) return `${text}\n… and ${lines.length - i} more lines${tail}`;
    text += `\n${line}`;
  }
  return text + tail;
}
