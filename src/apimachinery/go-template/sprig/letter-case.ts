// Upper and lower case, and words that are written together. Follows Go's strings and unicode, goutils, and xstrings.
import { isSpace } from './spaces.ts';

/** Of one character; where it would become several it stays as it is. */
const single = (c: string, changed: string): string => ([...changed].length === 1 ? changed : c);

const upperRune = (c: string): string => single(c, c.toUpperCase());
const lowerRune = (c: string): string => (c === 'İ' ? 'i' : single(c, c.toLowerCase()));

export const upper = (text: string): string => Array.from(text, upperRune).join('');
export const lower = (text: string): string => Array.from(text, lowerRune).join('');

const isUpper = (c: string): boolean => /^\p{Lu}$/u.test(c);
const isLower = (c: string): boolean => /^\p{Ll}$/u.test(c);
const isLetter = (c: string): boolean => /^\p{L}$/u.test(c);
/** For xstrings Chinese characters are no letters. */
const isAlphabet = (c: string): boolean => isLetter(c) && !/^[\u3400-\u4d85\u4e00-\u9fcc\u{20000}-\u{2b81d}]$/u.test(c);
const isDigit = (c: string): boolean => /^\p{Nd}$/u.test(c);
const isNumber = (c: string): boolean => /^\p{N}$/u.test(c);
const isPunct = (c: string): boolean => /^\p{P}$/u.test(c);

/** `strings.Title` */
export function title(text: string): string {
  let before = ' ';
  return Array.from(text, (c) => {
    const starts = isSeparator(before);
    before = c;
    return starts ? upperRune(c) : c;
  }).join('');
}

function isSeparator(c: string): boolean {
  if (c <= '\x7f') return !/^\w$/.test(c);
  return !isLetter(c) && !isDigit(c) && isSpace(c);
}

/** The first letter of each word in lower case. */
export function untitle(text: string): string {
  let starts = true;
  return Array.from(text, (c) => {
    if (isSpace(c)) {
      starts = true;
      return c;
    }
    const out = starts ? lowerRune(c) : c;
    starts = false;
    return out;
  }).join('');
}

/** What is in title case counts as upper case. */
export const swapCase = (text: string): string =>
  Array.from(text, (c) => (isUpper(c) || /^\p{Lt}$/u.test(c) ? lowerRune(c) : isLower(c) ? upperRune(c) : c)).join('');

const isConnector = (c: string): boolean => c === '-' || c === '_' || isSpace(c);

/** xstrings' ToPascalCase. */
export function camelCase(text: string): string {
  const runes = [...text];
  let out = '';
  let at = 0;
  while (at < runes.length && isConnector(runes[at]!)) out += runes[at++]!;
  // xstrings writes the last one twice
  if (at === runes.length) return out + (runes.at(-1) ?? '');
  let upperFirst = isUpper(runes[at]!);
  let current = upperRune(runes[at++]!);
  while (at < runes.length) {
    const previous = current;
    current = runes[at++]!;
    if (isConnector(current) && isConnector(previous)) {
      out += previous;
      continue;
    }
    if (isConnector(previous)) {
      upperFirst = isUpper(current);
      current = upperRune(current);
    } else {
      if (upperFirst) {
        if (isUpper(current)) current = lowerRune(current);
        else upperFirst = false;
      }
      out += previous;
    }
  }
  return out + current;
}

export const snakeCase = (text: string): string => joinedWords(text, '_');
export const kebabCase = (text: string): string => joinedWords(text, '-');

type WordType = 'none' | 'number' | 'upper' | 'alphabet' | 'connector' | 'punct' | 'other';

interface Word {
  readonly type: WordType;
  readonly text: string;
  readonly rest: readonly string[];
}

/** xstrings' camelCaseToLowerCase. */
function joinedWords(text: string, connector: string): string {
  if (text === '') return '';
  let out = '';
  let word: Word = nextWord([...text]);
  const take = (): void => void (out += lowered(word.type, word.text, connector));
  const next = (): void => void (word = nextWord(word.rest));
  const typeNow = (): WordType => word.type;
  const takeTail = (): void => {
    for (; word.type === 'alphabet' || word.type === 'number'; next()) take();
  };
  const connect = (...but: readonly WordType[]): void => {
    if (!but.includes(word.type)) out += connector;
  };
  while (word.rest.length > 0) {
    const last: Word = word;
    if (last.type !== 'connector') take();
    next();
    if (last.type === 'number') {
      takeTail();
      connect('none', 'punct', 'connector');
    } else if (last.type === 'connector') out += lowered(last.type, last.text, connector);
    else if (last.type !== 'punct') {
      if (word.type !== 'number') {
        connect('connector', 'punct');
        continue;
      }
      if (word.rest.length === 0) continue;
      const digits: Word = word;
      next();
      // a number is a part of the word before it, unless letters in lower case follow
      if (typeNow() !== 'alphabet') {
        out += lowered('number', digits.text, connector);
        connect('connector', 'punct');
        continue;
      }
      out += connector + lowered('number', digits.text, connector);
      takeTail();
      connect('none', 'connector', 'punct');
    }
  }
  take();
  return out;
}

function lowered(type: WordType, text: string, connector: string): string {
  if (type !== 'upper' && type !== 'connector') return text;
  return Array.from(text, (c) => (isConnector(c) ? connector : isUpper(c) ? lowerRune(c) : c)).join('');
}

function nextWord(runes: readonly string[]): Word {
  const [first, second] = runes;
  if (first === undefined) return { type: 'none', text: '', rest: [] };
  const of = (type: WordType, belongs: (c: string) => boolean, from = 1): Word => {
    let end = from;
    while (end < runes.length && belongs(runes[end]!)) end++;
    return { type, text: runes.slice(0, end).join(''), rest: runes.slice(end) };
  };
  const isSmall = (c: string): boolean => isAlphabet(c) && !isUpper(c);
  if (isConnector(first)) return of('connector', isConnector);
  if (isPunct(first)) return of('punct', isPunct);
  if (isUpper(first)) {
    if (second === undefined || !isUpper(second)) return of('upper', isSmall);
    const word = of('upper', isUpper);
    // of HTTPStatus the S belongs to Status
    if (word.rest.length === 0 || !isAlphabet(word.rest[0]!)) return word;
    const size = [...word.text].length - 1;
    return { type: 'upper', text: runes.slice(0, size).join(''), rest: runes.slice(size) };
  }
  if (isAlphabet(first)) return of('alphabet', isSmall);
  if (isNumber(first)) return of('number', isNumber);
  return of('other', (c) => !(isConnector(c) || isAlphabet(c) || isNumber(c) || isPunct(c)));
}
