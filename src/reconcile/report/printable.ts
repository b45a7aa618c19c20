// Text from manifests and servers, made safe to show: what steers a terminal, turns the direction of reading or is nothing at all is
// written out as an escape. What a format needs besides (HTML, Markdown, XML) is the format's own affair.

/** Control characters but for tab and line feed, lone surrogates, marks of direction and of invisible text, what XML does not know. */
// eslint-disable-next-line no-control-regex -- these are what it is about
const UNPRINTABLE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|[\u{e0000}-\u{e007f}]/gu;

/** Line feeds and tabs stay. A carriage return before a line feed is left out. */
export const printable = (text: string): string =>
  text.replaceAll('\r\n', '\n').replace(UNPRINTABLE, (found) => `\\u{${found.codePointAt(0)!.toString(16)}}`);

/** On one line. */
export const oneLine = (text: string): string =>
  printable(text)
    .replace(/\s*\n\s*/g, ' ')
    .replaceAll('\t', ' ')
    .trim();

/** @param most characters; a cut is told by an ellipsis and never splits a character */
export const shortened = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`;
