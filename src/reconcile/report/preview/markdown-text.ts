// Text from manifests inside Markdown: it is shown as it is, and makes no markup, no HTML, no links, mentions or references, on GitHub and
// on GitLab.
import { oneLine } from '../printable.ts';

/** What links and mentions are recognised by is parted from what follows by a space of no width. */
const APART = '&#8203;';

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** In a sentence. */
export const escaped = (text: string): string =>
  oneLine(text)
    .replace(/[@#!$%^~&](?=[\w"])|:(?=\/\/)|\b(?:www|GH|mailto|xmpp)(?=[.:-])/gi, '$&\u200b')
    .replace(/[\\`*_[\]{}|~]/g, '\\$&')
    .replace(/[&<>]/g, (sign) => ENTITIES[sign]!)
    .replaceAll('\u200b', APART);

/** As code in a sentence, or in a cell of a table. */
export function code(text: string): string {
  const shown = oneLine(text).replaceAll('|', '\\|');
  if (shown === '') return '';
  const fence = '`'.repeat(longestRun(shown) + 1);
  const space = /^`|`$|^ .* $/.test(shown) ? ' ' : '';
  return `${fence}${space}${shown}${space}${fence}`;
}

/** A block of code that no line of it can end. */
export function fenced(language: string, lines: readonly string[]): { readonly open: string; readonly close: string } {
  const fence = '`'.repeat(Math.max(3, longestRun(lines.join('\n')) + 1));
  return { open: `${fence}${language}\n`, close: `${fence}\n` };
}

const longestRun = (text: string): number => Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
