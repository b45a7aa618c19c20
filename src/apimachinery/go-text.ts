// Text as Go prints it: %q of strings, and numbers. Kubernetes' messages are full of it.

/** `strconv.Quote`: a string in double quotes with Go's escapes. */
export function quote(text: string): string {
  let plain = true;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 32 || c > 126 || c === 34 || c === 92) {
      plain = false;
      break;
    }
  }
  if (plain) return `"${text}"`;
  let out = '"';
  for (const c of text) out += escaped(c);
  return `${out}"`;
}

const NAMED: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\u000b': '\\v',
};

function escaped(c: string): string {
  const named = NAMED[c];
  if (named) return named;
  const code = c.codePointAt(0)!;
  if (code < 32 || code === 127) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code < 127 || isPrintable(c)) return c;
  // a byte that is no UTF-8, as paths have it
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols; of the spaces only the ASCII one. */
const isPrintable = (c: string): boolean => /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(c);

/** `%v` of a list of strings: `[a b]`. */
export const goList = (items: readonly unknown[]): string => `[${items.join(' ')}]`;

/** `%v` of a float64, also the number's form in JSON as Go writes it. */
export function goFloat(n: number): string {
  if (!Number.isFinite(n)) return n > 0 ? '+Inf' : n < 0 ? '-Inf' : 'NaN';
  const abs = Math.abs(n);
  if (abs !== 0 && (abs < 1e-4 || abs >= 1e21)) {
    const [mantissa, exponent = ''] = n.toExponential().split('e');
    return `${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
  }
  return String(n);
}

/** What a LabelSelector of the API is made of. */
interface SelectorFields {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

/** A LabelSelector as Go prints it: in events, and in tables. */
export function goLabelSelector({ matchLabels = {}, matchExpressions = [] }: SelectorFields): string {
  const labels = Object.keys(matchLabels)
    .sort()
    .map((key) => `${key}: ${matchLabels[key]},`);
  const terms = matchExpressions.map(
    ({ key, operator, values = [] }) => `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:[]LabelSelectorRequirement{${terms.join('')}},}`;
}
