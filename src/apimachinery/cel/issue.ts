// What is wrong with an expression and where, shown as cel-go shows it: the message, the line, and a mark under the place.

export interface Issue {
  /** Offset in the text, in code points. */
  readonly at: number;
  readonly message: string;
}

/** More than this many are only counted. */
const MAX_SHOWN = 100;
const MAX_SNIPPET = 16_384;

/** Line counted from 1 and column counted from 0, in code points. */
export function locate(characters: readonly string[], at: number): { readonly line: number; readonly column: number } {
  let line = 1;
  let start = 0;
  for (let i = 0; i < at && i < characters.length; i++) {
    if (characters[i] !== '\n') continue;
    line++;
    start = i + 1;
  }
  return { line, column: at - start };
}

/** `ERROR: <input>:1:6: undeclared reference to 'x' (in container '')`, and so on for each issue, in order of their places. */
export function showIssues(text: string, issues: readonly Issue[]): string {
  const characters = [...text];
  const lines = text.split('\n');
  const shown = [...issues]
    .slice(0, MAX_SHOWN)
    .sort((a, b) => a.at - b.at)
    .map(({ at, message }) => {
      const { line, column } = locate(characters, at);
      return `ERROR: <input>:${line}:${column + 1}: ${message}${snippet(lines[line - 1] ?? '', column)}`;
    });
  if (issues.length > MAX_SHOWN) shown.push(`${issues.length - MAX_SHOWN} more errors were truncated`);
  return shown.join('\n');
}

function snippet(line: string, column: number): string {
  if (line.length > MAX_SNIPPET) return '';
  const text = line.replaceAll('\t', ' ');
  const characters = [...text];
  const wide = (c: string | undefined): boolean => c !== undefined && c > '\x7f';
  const dots = characters.slice(0, column).map((c) => (wide(c) ? '\uff0e' : '.'));
  return `\n | ${text}\n | ${dots.join('')}${wide(characters[column]) ? '\uff3e' : '^'}`;
}
