// Reads DER, the encoding of certificates and requests for them, as far as these need it: definite lengths, single-byte tags.

export class DerError extends Error {
  override readonly name = 'DerError';
}

export interface DerNode {
  /** Class, constructed bit and number, as in the first byte. */
  readonly tag: number;
  /** With tag and length. */
  readonly whole: Uint8Array;
  readonly content: Uint8Array;
}

export const SEQUENCE = 0x30;
export const SET = 0x31;
export const OBJECT_IDENTIFIER = 0x06;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
/** `[0]`, constructed. */
export const CONTEXT_0 = 0xa0;

/** Throws a {@link DerError}. */
export function readNode(bytes: Uint8Array, at = 0): DerNode {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) throw new DerError('asn1: syntax error: data truncated');
  let length = first;
  let start = at + 2;
  if (first & 0x80) {
    const octets = first & 0x7f;
    if (octets === 0 || octets > 4) throw new DerError('asn1: syntax error: indefinite length found (not DER)');
    length = 0;
    for (let i = 0; i < octets; i++) length = length * 256 + (bytes[start++] ?? 0);
  }
  const end = start + length;
  if (end > bytes.length) throw new DerError('asn1: syntax error: data truncated');
  return { tag, whole: bytes.subarray(at, end), content: bytes.subarray(start, end) };
}

/** The parts of a constructed node. */
export function childrenOf({ content }: DerNode): DerNode[] {
  const found: DerNode[] = [];
  for (let at = 0; at < content.length;) {
    const child = readNode(content, at);
    found.push(child);
    at += child.whole.length;
  }
  return found;
}

export function expectTag(node: DerNode | undefined, tag: number): DerNode {
  if (node?.tag !== tag) throw new DerError("asn1: structure error: tags don't match");
  return node;
}

/** `1.2.840.113549` */
export function objectIdentifier(node: DerNode | undefined): string {
  const { content } = expectTag(node, OBJECT_IDENTIFIER);
  const first = content[0] ?? 0;
  const parts = [Math.min(Math.floor(first / 40), 2)];
  parts.push(first - parts[0]! * 40);
  let value = 0;
  for (const byte of content.subarray(1)) {
    value = value * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    parts.push(value);
    value = 0;
  }
  return parts.join('.');
}
