// Globs that choose files by their path: `*` and `?` within one name, `**` over any number of directories, `[a-z]`, `{a,b}`.
// A pattern without a slash means names at any depth, as in .gitignore; one that matches a directory means all that is in it.
import { SourceError } from './source-error.ts';

/** Whether a path, or one of the directories that lead to it, matches. */
export type Matcher = (path: string) => boolean;

/** Matches if any pattern does. Throws {@link SourceError} for a pattern that is none. */
export function anyOf(patterns: readonly string[]): Matcher {
  const compiled = patterns.flatMap((pattern) => expandBraces(pattern).map((plain) => compile(plain, pattern)));
  return (path) => compiled.some((matches) => matches(path.split('/')));
}

/** Alternatives of one pattern that may be spelled out. */
const MAX_ALTERNATIVES = 256;

/** `*.{yaml,yml}` → `*.yaml`, `*.yml`. */
function expandBraces(pattern: string, budget = { left: MAX_ALTERNATIVES }): readonly string[] {
  const close = pattern.indexOf('}');
  const open = close < 0 ? -1 : pattern.lastIndexOf('{', close);
  if (open < 0) {
    if (pattern.includes('{') || --budget.left < 0)
      throw invalid(pattern, budget.left < 0 ? 'it has too many alternatives' : 'a brace is not closed');
    return [pattern];
  }
  const [before, after] = [pattern.slice(0, open), pattern.slice(close + 1)];
  return pattern
    .slice(open + 1, close)
    .split(',')
    .flatMap((choice) => expandBraces(before + choice + after, budget));
}

/** What one item (a character of a name, a name of a path) must be; undefined stands for any number of any items. */
type Token = ((item: string) => boolean) | undefined;

function compile(pattern: string, written: string): (names: readonly string[]) => boolean {
  const trimmed = pattern.replace(/^\.?\//, '').replace(/\/+$/, '');
  const parts = trimmed.split('/');
  if (trimmed === '' || parts.includes('..')) throw invalid(written, 'it must lead to something inside the source');
  const tokens = parts.map((part, i): Token => {
    if (part !== '**') return namePattern(part, written);
    // `dir/**` means what is in the directory, not the directory itself
    return i === parts.length - 1 ? () => true : undefined;
  });
  const anchored = trimmed.includes('/') || pattern.startsWith('/');
  return (names) => matches(anchored ? tokens : [undefined, ...tokens], names, 'start');
}

/** One name of a pattern; `**` beside other characters is the same as `*`. Throws {@link SourceError}. @param written the whole, for errors */
export function namePattern(part: string, written: string): (name: string) => boolean {
  const tokens: Token[] = [];
  for (let i = 0; i < part.length; i++) {
    const c = part[i]!;
    if (c === '*') tokens.push(undefined);
    else if (c === '?') tokens.push(() => true);
    else if (c === '[') {
      const set = /^\[([!^]?)([^\]]+)\]/.exec(part.slice(i));
      if (!set) throw invalid(written, 'a bracket is not closed');
      tokens.push(oneOf(set[2]!, set[1] !== '', written));
      i += set[0].length - 1;
    } else tokens.push((other) => other === c);
  }
  return (name) => matches(tokens, name, 'all');
}

/** `a-z0-9`, or all others. */
function oneOf(set: string, negated: boolean, written: string): (c: string) => boolean {
  const ranges = [...set.matchAll(/([^])-([^])|([^])/g)].map(([, from, to, single]) => [from ?? single!, to ?? single!] as const);
  if (ranges.some(([from, to]) => from > to)) throw invalid(written, 'a range runs backwards');
  return (c) => ranges.some(([from, to]) => from <= c && c <= to) !== negated;
}

/**
 * Whether the tokens match all items, or some at the start. Never goes back further than to the last star: a pattern of many stars takes
 * no longer than any other.
 */
function matches(tokens: readonly Token[], items: ArrayLike<string>, what: 'all' | 'start'): boolean {
  let t = 0;
  let star = -1;
  let resume = 0;
  for (let i = 0; i < items.length;) {
    if (t === tokens.length && what === 'start') return true;
    const token = tokens[t];
    if (t < tokens.length && token === undefined) {
      star = t++;
      resume = i;
    } else if (token?.(items[i]!)) {
      t++;
      i++;
    } else if (star >= 0) {
      t = star + 1;
      i = ++resume;
    } else return false;
  }
  return tokens.slice(t).every((token) => token === undefined);
}

const invalid = (pattern: string, why: string): SourceError =>
  new SourceError('InvalidPath', pattern, `not a valid glob: ${why}`, 'globs look like *.yaml, apps/**, or {a,b}/*.yml');
