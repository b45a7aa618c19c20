// Patterns of file names as github.com/gobwas/glob understands them, with `/` between parts: `*`, `**`, `?`, `[a-z]`, `[!a]`, `{a,b}`.
import { compileRegexp, RegexpError } from '../../../../apimachinery/regexp.ts';

/** A pattern that is wrong matches everything, as in Helm. */
export function compileGlob(pattern: string): (name: string) => boolean {
  const regexp = translated(pattern);
  if (regexp === undefined) return () => true;
  try {
    const compiled = compileRegexp(regexp);
    return (name) => compiled.test(name);
  } catch (error) {
    if (error instanceof RegexpError) return () => true;
    throw error;
  }
}

const TOKEN = /\\([\s\S])|\*+|\?|\[(!?)((?:[^\]\\]|\\[\s\S])+)\]|[{},[\]]|[\s\S]/gu;

/** Undefined where brackets do not match, or braces are closed that were not opened; those that stay open end with the pattern. */
function translated(pattern: string): string | undefined {
  let depth = 0;
  let wrong = false;
  const text = pattern.replace(TOKEN, (token, escaped?: string, not?: string, set?: string) => {
    if (escaped !== undefined) return quoted(escaped);
    if (token.startsWith('*')) return token.length > 1 ? '(?s:.*)' : '[^/]*';
    if (token === '?') return '[^/]';
    if (set !== undefined) return `[${not ? '^' : ''}${set.replace(/[[\]^]/g, '\\$&')}]`;
    if (token === '{') depth++;
    if (token === '}') depth--;
    if (depth < 0 || token === '[' || token === ']') wrong = true;
    if (token === '{') return '(?:';
    if (token === '}') return ')';
    return token === ',' && depth > 0 ? '|' : quoted(token);
  });
  return wrong ? undefined : `^(?:${text}${')'.repeat(depth)})$`;
}

const quoted = (c: string): string => c.replace(/[\\.+*?()|[\]{}^$]/, '\\$&');
