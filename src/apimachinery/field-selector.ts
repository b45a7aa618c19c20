// Field selectors: `metadata.name=web,spec.nodeName!=`. Which fields a kind offers is the API server's knowledge, not this file's.
// Messages are those of k8s.io/apimachinery's fields package.
import { SelectorError } from './label-selector.ts';

export interface FieldTerm {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** Throws {@link SelectorError}. */
export function parseFieldSelector(text: string): readonly FieldTerm[] {
  const found: FieldTerm[] = [];
  for (const term of splitTerms(text).sort()) {
    if (term === '') continue;
    const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
    if (!match) throw new SelectorError(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, field = '', operator, value = ''] = match;
    const unescaped = unescape(value);
    // `=` alone selects everything
    if (field === '' && unescaped === '') continue;
    found.push({ field, operator: operator === '!=' ? '!=' : '=', value: unescaped });
  }
  return found;
}

/** Whether all terms hold. @param fields an absent field reads as the empty string */
export function fieldsMatch(terms: readonly FieldTerm[], fields: Readonly<Record<string, string>>): boolean {
  return terms.every(({ field, operator, value }) => ((fields[field] ?? '') === value) === (operator === '='));
}

export function formatFieldSelector(terms: readonly FieldTerm[]): string {
  return terms.map((t) => `${t.field}${t.operator}${t.value.replace(/[\\,=]/g, '\\$&')}`).join(',');
}

function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === ',') {
      terms.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return [...terms, text.slice(start)];
}

function unescape(text: string): string {
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === '\\') {
      const next = text[++i];
      if (next === undefined) throw new SelectorError('invalid field selector: invalid escape sequence: \\');
      if (!['\\', ',', '='].includes(next)) throw new SelectorError(`invalid field selector: invalid escape sequence: \\${next}`);
      out += next;
    } else if (c === ',' || c === '=') throw new SelectorError(`invalid field selector: unescaped character in value: ${c.charCodeAt(0)}`);
    else out += c;
  }
  return out;
}
