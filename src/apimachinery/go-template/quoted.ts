// Go's quoted strings, read: strconv.Unquote.

/** What a string in double quotes or backquotes says; undefined where its escapes are none of Go's. */
export function unquoted(quoted: string): string | undefined {
  const body = quoted.slice(1, -1);
  return quoted.startsWith('`') ? body.replaceAll('\r', '') : unescaped(body, '"');
}

/** The character of a constant in single quotes, as its number. */
export function unquotedChar(quoted: string): number | undefined {
  const text = unescaped(quoted.slice(1, -1), "'");
  return text !== undefined && [...text].length === 1 ? text.codePointAt(0) : undefined;
}

function unescaped(body: string, quote: string): string | undefined {
  if (!body.includes('\\')) return body;
  let wrong = false;
  const text = body.replace(ESCAPE, (_, letter?: string, octal?: string, x?: string, u?: string, long?: string) => {
    if (octal !== undefined) return byte(parseInt(octal, 8));
    if (x !== undefined) return byte(parseInt(x, 16));
    const hex = u ?? long;
    if (hex !== undefined && parseInt(hex, 16) <= 0x10ffff) return String.fromCodePoint(parseInt(hex, 16));
    const plain = letter === undefined || ((letter === '"' || letter === "'") && letter !== quote) ? undefined : LETTERS[letter];
    if (plain === undefined) wrong = true;
    return plain ?? '';
  });
  return wrong ? undefined : text;
}

/** One that is not ASCII is no character of its own. */
const byte = (code: number): string => String.fromCharCode(code < 0x80 ? code : 0xdc00 + (code & 0xff));

const ESCAPE = /\\(?:([abfnrtv\\'"])|([0-7]{3})|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|[\s\S])/g;

const LETTERS: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\u000b',
  '\\': '\\',
  "'": "'",
  '"': '"',
};
