// What Go takes for space: unicode.IsSpace.

const SPACE = '\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const ONE = new RegExp(`^[${SPACE}]$`);
const ENDS = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, 'g');

export const isSpace = (c: string): boolean => ONE.test(c);

/** `strings.TrimSpace` */
export const trimSpace = (text: string): string => text.replace(ENDS, '');
