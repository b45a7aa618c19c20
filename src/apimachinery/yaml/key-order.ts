// The order in which go-yaml writes the keys of a mapping: numbers within them by their value, and letters after what is none.

export function keyOrder(a: string, b: string): number {
  const least = Math.min(a.length, b.length);
  let i = 0;
  while (i < least && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  if (i === least) return a.length - b.length;
  const [x, y] = [runeAt(a, i), runeAt(b, i)];
  const [left, right] = [isLetter(x), isLetter(y)];
  if (left !== right) return left ? 1 : -1;
  if (!left) {
    const order = numberOrder(a, b, i);
    if (order !== 0) return order;
  }
  return x < y ? -1 : 1;
}

/** Of a pair of surrogates, the whole. */
const runeAt = (text: string, at: number): number => text.codePointAt(at > 0 && (text.charCodeAt(at) & 0xfc00) === 0xdc00 ? at - 1 : at)!;

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

function isLetter(code: number): boolean {
  if (code < 128) return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
  return /^\p{L}$/u.test(String.fromCodePoint(code));
}

function numberOrder(a: string, b: string, at: number): number {
  // a zero counts where digits that are not zero stand before it
  let lead = '';
  if (a[at] === '0' || b[at] === '0') {
    for (let i = at - 1; i >= 0 && isDigit(a.charCodeAt(i)); i--) {
      if (a[i] !== '0') {
        lead = '1';
        break;
      }
    }
  }
  const [m, n] = [digitsAt(a, at), digitsAt(b, at)];
  const [left, right] = [BigInt(`${lead}${m}` || '0'), BigInt(`${lead}${n}` || '0')];
  return left === right ? m.length - n.length : left < right ? -1 : 1;
}

function digitsAt(text: string, at: number): string {
  let end = at;
  while (end < text.length && isDigit(text.charCodeAt(end))) end++;
  return text.slice(at, end);
}
