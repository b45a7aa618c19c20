// The words of CEL. Follows the lexer rules of cel-go's grammar (parser/gen/CEL.g4).
import type { Issue } from './issue.ts';

export type TokenKind = 'int' | 'uint' | 'float' | 'string' | 'bytes' | 'identifier' | 'escaped-identifier' | 'symbol' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** As it is written; `<EOF>` at the end. */
  readonly text: string;
  /** Offset in code points. */
  readonly at: number;
}

const SPACE = /(?:[\t \r\n\f]+|\/\/[^\n]*)+/y;
const WORDS: readonly (readonly [TokenKind, RegExp])[] = [
  ['bytes', stringPattern('[bB](?:[rR]', '[bB](?:')],
  ['string', stringPattern('(?:[rR]', '(?:')],
  ['float', /(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)/y],
  ['uint', /(?:0x[0-9a-fA-F]+|\d+)[uU]/y],
  ['int', /0x[0-9a-fA-F]+|\d+/y],
  ['identifier', /[A-Za-z_][A-Za-z0-9_]*/y],
  ['escaped-identifier', /`[A-Za-z0-9_.\-/ ]+`/y],
  ['symbol', /==|!=|<=|>=|&&|\|\||[<>[\]{}().,\-!?:+*/%]/y],
];

/** Raw or with escapes, in one or three quotes of either kind. */
function stringPattern(raw: string, cooked: string): RegExp {
  const escape = String.raw`\\(?:[abfnrtv"'\\?\x60]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})`;
  const three = (q: string): string => `${raw}${q}{3}[^]*?${q}{3})|${cooked}${q}{3}(?:${escape}|[^\\\\])*?${q}{3})`;
  const one = (q: string): string => `${raw}${q}[^${q}\\n\\r]*${q})|${cooked}${q}(?:${escape}|[^\\\\${q}\\n\\r])*${q})`;
  return new RegExp([three('"'), three("'"), one('"'), one("'")].join('|'), 'y');
}

/** @param issues gets what is no word at all */
export function tokenize(text: string, issues: Issue[]): readonly Token[] {
  const tokens: Token[] = [];
  let place = 0;
  let at = 0;
  const advance = (length: number): void => {
    at += countCodePoints(text, place, place + length);
    place += length;
  };
  while (place < text.length) {
    SPACE.lastIndex = place;
    const space = SPACE.exec(text);
    if (space) {
      advance(space[0].length);
      continue;
    }
    const word = longestWord(text, place);
    if (word) tokens.push({ ...word, at });
    else issues.push({ at, message: `Syntax error: token recognition error at: '${unknownText(text, place)}'` });
    advance(word ? word.text.length : unknownText(text, place).length);
  }
  tokens.push({ kind: 'end', text: '<EOF>', at });
  return tokens;
}

function longestWord(text: string, place: number): { readonly kind: TokenKind; readonly text: string } | undefined {
  let best: { readonly kind: TokenKind; readonly text: string } | undefined;
  for (const [kind, pattern] of WORDS) {
    pattern.lastIndex = place;
    const found = pattern.exec(text);
    if (found && (!best || found[0].length > best.text.length)) best = { kind, text: found[0] };
  }
  return best;
}

/** A text without its end is told whole, anything else by its first character. */
function unknownText(text: string, place: number): string {
  const first = String.fromCodePoint(text.codePointAt(place)!);
  if (first !== '"' && first !== "'") return first;
  const end = text.indexOf('\n', place);
  return text.slice(place, end < 0 ? undefined : end);
}

function countCodePoints(text: string, from: number, to: number): number {
  let count = 0;
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    if (code < 0xdc00 || code > 0xdfff) count++;
  }
  return count;
}
