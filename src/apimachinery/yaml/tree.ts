// The syntax of one YAML document: its nodes with their places, by the `yaml` package, and in its faults Kubernetes' view of YAML: no
// control characters, no directives, no tabs before the first word of a line, one document only. Bounded, and bad input is answered,
// never thrown. `yaml` takes its time to load: import this file only when it is needed.
//
// DEVIATION: go-yaml takes lines of quoted text and of flow collections that are not indented deeper than their key; no YAML
// specification allows them, and they are refused here. What follows the end of a document go-yaml drops in silence; that is refused too.
import { Composer, isCollection, isScalar, Lexer, Parser, visit } from 'yaml';
import type { CST, Node, ParsedNode, YAMLError } from 'yaml';
import { MAX_DEPTH, MAX_TOKENS } from './limits.ts';

/** What is wrong with a document, and where. */
export interface YamlFault {
  /** In UTF-16 units from the start of the document's text. */
  readonly offset: number;
  readonly message: string;
  /** What to do about it, where that is known. */
  readonly hint?: string;
  /** The field: names and indices from the root. */
  readonly path: readonly (string | number)[];
}

/** The document's nodes, for those who want places rather than values. */
export interface YamlTree {
  /** Undefined where the document is empty. */
  readonly root: ParsedNode | undefined;
  readonly faults: readonly YamlFault[];
}

export const fault = (offset: number, message: string, hint?: string): YamlFault => ({
  offset,
  message,
  ...(hint ? { hint } : {}),
  path: [],
});

/** Parses one document without judging its values; faults are those of its syntax. */
export function parseYamlTree(text: string): YamlTree {
  const forbidden = forbiddenCharacter(text) ?? directive(text) ?? tooMuch(text);
  if (forbidden) return { root: undefined, faults: [forbidden] };
  const tokens = [...new Parser().parse(text)];
  const deep = tooDeepToken(tokens);
  if (deep !== undefined) return { root: undefined, faults: [tooDeep(deep)] };
  // scalars stay text: what they mean is not YAML 1.2's affair. Keys are compared below; here that takes quadratic time
  const composer = new Composer({ schema: 'failsafe', version: '1.1', uniqueKeys: false, logLevel: 'silent' });
  const parsed = [...composer.compose(tokens)];
  // what follows the first error is mostly its consequence
  const errors = [...composer.streamInfo().errors, ...parsed.flatMap((document) => document.errors)];
  const error = errors.sort((a, b) => a.pos[0] - b.pos[0])[0];
  if (error) return { root: undefined, faults: [syntaxFault(error, text)] };
  const [first, ...others] = parsed;
  const second = others.find((document) => document.contents && !isEmpty(document.contents));
  if (second) {
    const message = 'nothing may follow the end of a document ("...") but a line of three dashes';
    return {
      root: undefined,
      faults: [fault(second.range[0], message, 'Kubernetes ignores what stands there: begin the next document with ---')],
    };
  }
  const root = first?.contents ?? undefined;
  const tab = root && tabAtLineStart(text, root);
  return tab ? { root: undefined, faults: [tab] } : { root, faults: [] };
}

/** The offset of a collection that lies too deep. Without recursion: composing recurses, and an overflow there can end the process. */
function tooDeepToken(tokens: readonly CST.Token[]): number | undefined {
  let level = tokens.flatMap((token) => (token.type === 'document' && token.value ? [token.value] : []));
  for (let depth = 0; level.length; depth++) {
    const collections = level.filter((token) => 'items' in token);
    if (depth > MAX_DEPTH && collections[0]) return collections[0].offset;
    level = [];
    for (const { items } of collections) {
      for (const { key, value } of items) {
        if (key) level.push(key);
        if (value) level.push(value);
      }
    }
  }
  return undefined;
}

/** A tab before the first token of a line, or behind its dash: only newer YAML allows some of them, and Kubernetes none. */
function tabAtLineStart(text: string, root: ParsedNode): YamlFault | undefined {
  if (!/^[ -]*\t/m.test(text)) return undefined;
  // within scalars and flow collections tabs are welcome; these come in the order of the text
  const free: (readonly [from: number, to: number])[] = [];
  visit(root, {
    Node(_, node) {
      if (!node.range || !(isScalar(node) || (isCollection(node) && node.flow))) return undefined;
      free.push([node.range[0], node.range[1]]);
      return visit.SKIP;
    },
  });
  let next = 0;
  for (const match of text.matchAll(/^[ -]*\t/gm)) {
    const at = match.index + match[0].length - 1;
    while (next < free.length && free[next]![1] <= at) next++;
    if (next === free.length || at < free[next]![0]) return fault(at, TAB, INDENT_WITH_SPACES);
  }
  return undefined;
}

const TAB = 'tabs are not allowed as indentation';
const INDENT_WITH_SPACES = 'indent with spaces';

const isEmpty = (node: Node): boolean => isScalar(node) && node.source === '' && node.type === 'PLAIN' && !node.tag;

/** YAML has no place for control characters, not even in quotes. */
function forbiddenCharacter(text: string): YamlFault | undefined {
  const at = text.search(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/);
  if (at < 0) return undefined;
  const code = text.charCodeAt(at).toString(16).toUpperCase().padStart(4, '0');
  const hint =
    code === '0000'
      ? 'the file may be binary, or UTF-16 without a byte order mark'
      : 'write it as an escape (\\xNN) in double quotes, or remove it';
  return fault(at, `control characters are not allowed (U+${code})`, hint);
}

/** Kubernetes cuts a stream at its dashes, so a directive is torn from its document. */
function directive(text: string): YamlFault | undefined {
  const before = /^(?:[ \t]*(?:#[^\n]*)?\n)*(?=%)/.exec(text);
  return before
    ? fault(before[0].length, 'YAML directives (%YAML, %TAG) are not supported', 'remove the line that begins with %')
    : undefined;
}

/** Counted before anything is kept of the tokens. */
function tooMuch(text: string): YamlFault | undefined {
  if (text.length < MAX_TOKENS) return undefined;
  let tokens = 0;
  let at = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (++tokens > MAX_TOKENS)
      return fault(at, `the document has more than ${MAX_TOKENS} words and signs`, 'split it into several documents');
    at += lexeme.length;
  }
  return undefined;
}

/** The `yaml` package's words where they help, others where they do not. */
function syntaxFault({ code, message, pos }: YAMLError, text: string): YamlFault {
  const at = pos[0];
  switch (code) {
    case 'TAB_AS_INDENT':
      return fault(at, TAB, INDENT_WITH_SPACES);
    case 'MULTILINE_IMPLICIT_KEY':
      return fault(
        at,
        'could not find the ":" of a key',
        'each line of a mapping is "key: value"; look for a missing colon or a wrong indentation',
      );
    case 'BLOCK_AS_IMPLICIT_KEY':
      return fault(at, 'mapping values are not allowed here', 'put a value that contains ": " in quotes');
    case 'BAD_SCALAR_START':
      return fault(at, lowerFirst(message), 'put the value in quotes');
    case 'MISSING_CHAR':
      if (!message.startsWith('Missing closing')) break;
      return fault(at, lowerFirst(message), 'every line of a quoted text must be indented deeper than its key');
    default:
  }
  // a tab that YAML reads as part of a key or a value surprises everyone
  const lineStart = text.lastIndexOf('\n', at - 1) + 1;
  if (/^ *\t/.test(text.slice(lineStart, at + 1)))
    return fault(at, lowerFirst(message), 'the line is indented with a tab: indent with spaces');
  return fault(at, lowerFirst(message));
}

export const tooDeep = (at: number): YamlFault => fault(at, `nested more than ${MAX_DEPTH} levels deep`);
const lowerFirst = (text: string): string => (/^[A-Z][a-z]/.test(text) ? text[0]!.toLowerCase() + text.slice(1) : text);
