// The bytes of a file to text: UTF-8, with or without a byte order mark, and UTF-16 with one, as kubectl reads files.
import { isUtf8 } from 'node:buffer';

export type Decoded = { readonly text: string; readonly fault?: undefined } | { readonly fault: TextFault };

export interface TextFault {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint: string;
}

export function decodeText(bytes: Uint8Array): Decoded {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { text: new TextDecoder('utf-16le').decode(bytes) };
  if (bytes[0] === 0xfe && bytes[1] === 0xff)
    return {
      text: Buffer.from(bytes.subarray(2, bytes.length & ~1))
        .swap16()
        .toString('utf16le'),
    };
  if (isUtf8(bytes)) return { text: new TextDecoder().decode(bytes) };
  const before = new TextDecoder().decode(bytes.subarray(0, validPrefix(bytes)));
  const lines = before.split('\n');
  return {
    fault: {
      line: lines.length,
      column: lines.at(-1)!.length + 1,
      message: 'the text is not valid UTF-8',
      hint: 'save the file as UTF-8 (it may be Latin-1 or Windows-1252)',
    },
  };
}

/** How many bytes from the start are valid UTF-8. */
function validPrefix(bytes: Uint8Array): number {
  let [low, high] = [0, bytes.length];
  // bytes up to `low` are valid, perhaps with a character begun; those up to `high` are not
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (begins(bytes.subarray(0, middle))) low = middle;
    else high = middle;
  }
  while (low > 0 && !isUtf8(bytes.subarray(0, low))) low--;
  return low;
}

function begins(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
