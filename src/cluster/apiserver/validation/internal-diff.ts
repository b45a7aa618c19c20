// How two values differ, for people: a unified diff of their internal forms. Kubernetes adds such a text to a few refusals whose
// reason would otherwise be hard to find.
import { structuredPatch } from 'diff';
import { printInternal } from './internal-form.ts';

const CONTEXT_LINES = 3;
/** The time that it takes grows with the square of the lines that differ. */
const MOST_CHANGED_LINES = 2000;

/** Empty where too much differs. @param typeName of the API's type: `core/v1.PodSpec` */
export function internalDiff(typeName: string, old: unknown, value: unknown): string {
  const lines = (v: unknown): string => `${JSON.stringify(JSON.parse(printInternal(typeName, v)), null, 2)}\n`;
  const options = { context: CONTEXT_LINES, maxEditLength: MOST_CHANGED_LINES };
  const hunks = structuredPatch('', '', lines(old), lines(value), '', '', options)?.hunks ?? [];
  return hunks.map((h) => `@@ -${h.oldStart},${h.oldLines} +${h.newStart},${h.newLines} @@\n${h.lines.join('\n')}\n`).join('');
}
