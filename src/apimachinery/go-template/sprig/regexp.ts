// sprig's functions on regular expressions.
import { compileRegexp, RegexpError, type Regexp, type RegexpMatch } from '../../regexp.ts';
import { quote } from '../../go-text.ts';
import { go, type TemplateFunctions } from '../signature.ts';
import { FunctionError } from '../template-error.ts';
import { nil } from '../values.ts';

type Compile = (pattern: string) => Regexp;

/** Functions under their names, and those with `must`, which word a wrong pattern otherwise. */
const all = (make: (compile: Compile) => TemplateFunctions): TemplateFunctions => {
  const must = Object.entries(make(compiled)).map(([name, run]) => [`mustR${name.slice(1)}`, run] as const);
  return { ...make(compiledOrPanic), ...Object.fromEntries(must) };
};

export const SPRIG_REGEXP: TemplateFunctions = {
  ...all((compile) => ({
    regexMatch: go('(string, string) bool', (pattern: string, s: string) => compile(pattern).test(s)),
    regexFind: go('(string, string) string', (pattern: string, s: string) => compile(pattern).exec(s, 0)?.groups[0] ?? ''),
    regexFindAll: go('(string, string, int) []string', (pattern: string, s: string, most: number) => {
      const found = matches(compile(pattern), s, most).map(({ groups }) => groups[0]!);
      return found.length === 0 ? nil(found) : found;
    }),
    regexReplaceAll: go('(string, string, string) string', (pattern: string, s: string, by: string) =>
      replaced(compile(pattern), s, (match) => expanded(by, match)),
    ),
    regexReplaceAllLiteral: go('(string, string, string) string', (pattern: string, s: string, by: string) =>
      replaced(compile(pattern), s, () => by),
    ),
    regexSplit: go('(string, string, int) []string', (pattern: string, s: string, most: number) =>
      split(compile(pattern), pattern, s, most),
    ),
  })),
  // a pattern that is wrong matches nothing
  regexMatch: go('(string, string) bool', (pattern: string, s: string) => {
    try {
      return compiled(pattern).test(s);
    } catch (error) {
      if (error instanceof FunctionError) return false;
      throw error;
    }
  }),
  regexQuoteMeta: go('(string) string', (s: string) => s.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')),
};

function compiled(pattern: string): Regexp {
  try {
    return compileRegexp(pattern);
  } catch (error) {
    if (error instanceof RegexpError) throw new FunctionError(error.message);
    throw error;
  }
}

function compiledOrPanic(pattern: string): Regexp {
  try {
    return compiled(pattern);
  } catch (error) {
    if (!(error instanceof FunctionError)) throw error;
    const quoted = /[`\ufeff]|[\0-\x08\x0a-\x1f\x7f]/.test(pattern) ? quote(pattern) : `\`${pattern}\``;
    throw new FunctionError(`regexp: Compile(${quoted}): ${error.message}`);
  }
}

/** At most so many; all where `most` is negative. */
function matches(regexp: Regexp, text: string, most: number): RegexpMatch[] {
  const found: RegexpMatch[] = [];
  const limit = most < 0 ? Infinity : most;
  let last = -1;
  for (let at = 0; at <= text.length && found.length < limit;) {
    const match = regexp.exec(text, at);
    if (!match) break;
    const isEmpty = match.end === match.start;
    // an empty match right after another one does not count
    if (!isEmpty || match.start !== last) found.push(match);
    last = match.end;
    at = isEmpty ? match.end + sizeAt(text, match.end) : match.end;
  }
  return found;
}

const sizeAt = (text: string, at: number): number => ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);

function replaced(regexp: Regexp, text: string, by: (match: RegexpMatch) => string): string {
  let out = '';
  let last = 0;
  for (const match of matches(regexp, text, -1)) {
    out += text.slice(last, match.start) + by(match);
    last = match.end;
  }
  return out + text.slice(last);
}

/** `$1`, `${name}`, `$$`. */
function expanded(template: string, { groups, names }: RegexpMatch): string {
  return template.replace(/\$(?:\$|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu, (all, plain?: string, braced?: string) => {
    const name = plain ?? braced;
    if (name === undefined) return all === '$$' ? '$' : all;
    const number = /^\d+$/.test(name) ? Number(name) : names.get(name);
    return (number === undefined ? undefined : groups[number]) ?? '';
  });
}

function split(regexp: Regexp, pattern: string, text: string, most: number): string[] {
  if (most === 0) return nil([]);
  if (pattern !== '' && text === '') return [''];
  const out: string[] = [];
  let [begin, end] = [0, 0];
  for (const match of matches(regexp, text, most)) {
    if (most > 0 && out.length === most - 1) break;
    end = match.start;
    if (match.end !== 0) out.push(text.slice(begin, end));
    begin = match.end;
  }
  if (end !== text.length) out.push(text.slice(begin));
  return out;
}
