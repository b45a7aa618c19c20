// A text that must not be longer than so many characters: its sections share the room by rank. Items are kept or left out whole, and each
// section says how many it left out. Pure.

export interface Part {
  /** The lower, the longer its items stay. */
  readonly rank: number;
  /** In Markdown that needs no escaping. */
  readonly title: string;
  /** Around the items, inside the section. */
  readonly before: string;
  readonly after: string;
  /** Each ends its own line. */
  readonly items: readonly string[];
  /** How the line about what is left out is written among the items; by default after them. */
  readonly moreAs?: (text: string) => string;
}

/** The head in full, then each section to be opened. @param most characters of the whole */
export function fitted(head: string, parts: readonly Part[], most: number): string {
  const kept = parts.map(() => 0);
  let left = most - head.length - sum(parts.map((part) => written(part, 0).length + EXTRA));
  const order = parts.map((_, i) => i).sort((a, b) => parts[a]!.rank - parts[b]!.rank);
  for (const i of order)
    for (const item of parts[i]!.items) {
      if (item.length > left) break;
      left -= item.length;
      kept[i]!++;
    }
  return head + parts.map((part, i) => written(part, kept[i]!)).join('');
}

/** What the line about what is left out may be longer by, with other numbers. */
const EXTRA = 10;

function written({ title, before, after, items, moreAs }: Part, kept: number): string {
  const missing = items.length - kept;
  const more =
    missing === 0 ? '' : kept === 0 ? `all ${missing} are left out for want of room` : `${missing} more are left out for want of room`;
  const among = more && moreAs ? moreAs(more) : '';
  const behind = more && !moreAs ? `\n… ${more}\n` : '';
  return `\n<details><summary>${title}</summary>\n\n${before}${items.slice(0, kept).join('')}${among}${after}${behind}\n</details>\n`;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
