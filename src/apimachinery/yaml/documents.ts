// A stream of YAML documents, or of JSON values, cut into its documents before anything is parsed: one broken document spoils no other,
// and a document that has been read before need not be read again. Follows k8s.io/apimachinery's YAMLReader, which knows one separator
// only: a line that begins with three dashes.

export interface DocumentText {
  readonly text: string;
  /** The line of the stream on which the text begins, from 1. */
  readonly line: number;
  /** What stands behind the three dashes that end the document, where that is neither nothing nor a comment. */
  readonly badSeparator?: string;
}

/**
 * Cuts YAML. Line breaks become `\n`, and the last line gets one: so kubectl reads a stream, and it decides how a block of text ends.
 * Documents that hold nothing but space are left out.
 *
 * @param most stops after so many documents
 */
export function splitYaml(input: string, most = Infinity): DocumentText[] {
  const lines = input.includes('\r') ? input.replace(/\r\n?/g, '\n') : input;
  const stream = lines.endsWith('\n') ? lines : `${lines}\n`;
  const documents: DocumentText[] = [];
  let start = 0;
  let line = 1;
  while (start < stream.length && documents.length < most) {
    const dashes = isSeparator(stream, start) ? start : nextSeparator(stream, start);
    const end = dashes < 0 ? stream.length : dashes;
    const text = stream.slice(start, end);
    const next = dashes < 0 ? end : stream.indexOf('\n', dashes) + 1;
    const rest = dashes < 0 ? '' : stream.slice(dashes + 3, next).trim();
    const bad = rest !== '' && !rest.startsWith('#');
    if (bad || /\S/.test(text)) documents.push({ text, line, ...(bad ? { badSeparator: rest } : {}) });
    line += countLines(stream, start, next);
    start = next;
  }
  return documents;
}

const isSeparator = (text: string, lineStart: number): boolean => text.startsWith('---', lineStart);

function nextSeparator(text: string, from: number): number {
  const at = text.indexOf('\n---', from);
  return at < 0 ? -1 : at + 1;
}

function countLines(text: string, from: number, to: number): number {
  let lines = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}

/** Whether a stream is taken for JSON, as kubectl does: its first character that is no space is a brace. */
export const looksLikeJson = (stream: string): boolean => /^\s*\{/.test(stream);

/**
 * Cuts a stream of JSON objects (`{…}{…}`). Undefined where the braces do not add up: then the whole may still be YAML.
 *
 * @param most stops after so many objects
 */
export function splitJson(stream: string, most = Infinity): DocumentText[] | undefined {
  const documents: DocumentText[] = [];
  let depth = 0;
  let start = -1;
  let startLine = 1;
  let line = 1;
  for (let i = 0; i < stream.length && documents.length < most; i++) {
    switch (stream.charCodeAt(i)) {
      case 10:
        line++;
        break;
      case 34:
        if (depth === 0) return undefined;
        i = stringEnd(stream, i);
        if (i < 0) return undefined;
        break;
      case 123:
      case 91:
        if (depth++ === 0) [start, startLine] = [i, line];
        break;
      case 125:
      case 93:
        if (--depth < 0) return undefined;
        if (depth === 0) documents.push({ text: stream.slice(start, i + 1), line: startLine });
        break;
      case 32:
      case 9:
      case 13:
        break;
      default:
        if (depth === 0) return undefined;
    }
  }
  return depth === 0 ? documents : undefined;
}

/** The closing quote; -1 where there is none on the line: JSON's strings hold no line breaks. */
function stringEnd(text: string, quote: number): number {
  for (let i = quote + 1; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 34) return i;
    if (c === 10) return -1;
    if (c === 92) i++;
  }
  return -1;
}
