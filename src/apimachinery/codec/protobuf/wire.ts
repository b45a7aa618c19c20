// The protobuf wire: varints, tags and lengths. Messages are written from their end to their beginning, as gogo/protobuf does, so that
// a length is known when it is written and nothing has to be moved. Which fields there are is not this file's affair.

/** The bytes are no protobuf message. The message is that of Kubernetes' generated decoders. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
}

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
const GROUP = 3;
const GROUP_END = 4;
const FIXED32 = 5;

/** Deeper than any object of the API; a decoder's own stack must not be the bound. */
export const MAX_DEPTH = 500;

const MASK64 = (1n << 64n) - 1n;

export class Writer {
  private bytes = Buffer.allocUnsafe(1024);
  /** Where what is written begins. */
  private at = 1024;

  /** How much has been written. */
  get length(): number {
    return this.bytes.length - this.at;
  }

  private room(size: number): void {
    if (size <= this.at) return;
    const used = this.length;
    const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, used + size + 1024));
    this.bytes.copy(grown, grown.length - used, this.at);
    this.at = grown.length - used;
    this.bytes = grown;
  }

  /** @param value a whole number from 0 to 2^53 */
  unsigned(value: number): void {
    this.room(10);
    let size = 1;
    for (let v = value; v >= 128; v = Math.floor(v / 128)) size++;
    let at = (this.at -= size);
    let v = value;
    while (v >= 128) {
      this.bytes[at++] = (v % 128) | 128;
      v = Math.floor(v / 128);
    }
    this.bytes[at] = v;
  }

  /** Signed integers are written as 64 bits in two's complement. */
  integer(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0) {
      this.unsigned(value);
      return;
    }
    let v = BigInt(value) & MASK64;
    const bytes: number[] = [];
    while (v >= 128n) {
      bytes.push(Number(v & 127n) | 128);
      v >>= 7n;
    }
    bytes.push(Number(v));
    this.raw(bytes);
  }

  double(value: number): void {
    this.room(8);
    this.at -= 8;
    this.bytes.writeDoubleLE(value, this.at);
  }

  raw(bytes: Uint8Array | readonly number[]): void {
    this.room(bytes.length);
    this.at -= bytes.length;
    this.bytes.set(bytes, this.at);
  }

  /** @returns how many bytes it took */
  text(text: string): number {
    const size = Buffer.byteLength(text);
    this.room(size);
    this.at -= size;
    this.bytes.write(text, this.at, size, 'utf8');
    return size;
  }

  tag(field: number, wireType: number): void {
    this.unsigned(field * 8 + wireType);
  }

  /** Length and tag of what was written since `end`. @param end {@link length} before it */
  close(field: number, end: number): void {
    this.unsigned(this.length - end);
    this.tag(field, BYTES);
  }

  finish(): Uint8Array {
    return new Uint8Array(this.bytes.subarray(this.at));
  }
}

export class Reader {
  readonly bytes: Buffer;
  at: number;
  end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
    this.end = end;
  }

  unsigned(): number | bigint {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 10; i++) {
      if (this.at >= this.end) throw new ProtobufError('unexpected EOF');
      const byte = this.bytes[this.at++]!;
      if (i === 7) return this.wide(value, byte);
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
    throw new ProtobufError('proto: integer overflow');
  }

  /** The rest of a number of more than 49 bits. */
  private wide(low: number, first: number): bigint {
    let value = BigInt(low);
    let byte = first;
    for (let shift = 49n; ; shift += 7n) {
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value & MASK64;
      if (shift >= 63n) throw new ProtobufError('proto: integer overflow');
      if (this.at >= this.end) throw new ProtobufError('unexpected EOF');
      byte = this.bytes[this.at++]!;
    }
  }

  /** Of 32 or 64 bits; a bigint only beyond 2^53. */
  integer(bits: 32 | 64): number | bigint {
    const value = this.unsigned();
    if (typeof value === 'number' && (bits === 64 || value < 2 ** 31)) return value;
    const signed = BigInt.asIntN(bits, BigInt(value));
    const number = Number(signed);
    return Number.isSafeInteger(number) ? number : signed;
  }

  double(): number {
    if (this.at + 8 > this.end) throw new ProtobufError('unexpected EOF');
    this.at += 8;
    return this.bytes.readDoubleLE(this.at - 8);
  }

  /** Reads a length. @returns where what follows ends */
  private lengthEnd(): number {
    const length = this.unsigned();
    if (typeof length === 'bigint') throw new ProtobufError('proto: negative length found during unmarshaling');
    if (this.at + length > this.end) throw new ProtobufError('unexpected EOF');
    return this.at + length;
  }

  slice(): Buffer {
    const end = this.lengthEnd();
    const bytes = this.bytes.subarray(this.at, end);
    this.at = end;
    return bytes;
  }

  text(): string {
    const end = this.lengthEnd();
    const text = this.bytes.toString('utf8', this.at, end);
    this.at = end;
    return text;
  }

  /** Reads a message with `read`, which sees only its bytes. */
  message<T>(read: (reader: Reader) => T): T {
    const end = this.lengthEnd();
    const outer = this.end;
    this.end = end;
    const value = read(this);
    this.at = end;
    this.end = outer;
    return value;
  }

  tag(name: string): { readonly field: number; readonly wireType: number } {
    const tag = Number(this.unsigned());
    const field = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === GROUP_END) throw new ProtobufError(`proto: ${name}: wiretype end group for non-group`);
    if (field <= 0 || field > 2 ** 31 - 1) throw new ProtobufError(`proto: ${name}: illegal tag ${field} (wire type ${tag})`);
    return { field, wireType };
  }

  /** Passes over a field that nobody knows. */
  skip(wireType: number, depth = 0): void {
    switch (wireType) {
      case VARINT:
        this.unsigned();
        return;
      case FIXED64:
      case FIXED32:
        this.at += wireType === FIXED64 ? 8 : 4;
        if (this.at > this.end) throw new ProtobufError('unexpected EOF');
        return;
      case BYTES:
        this.at = this.lengthEnd();
        return;
      case GROUP:
        this.skipGroup(depth);
        return;
      default:
        throw new ProtobufError(`proto: illegal wireType ${wireType}`);
    }
  }

  private skipGroup(depth: number): void {
    if (depth > MAX_DEPTH) throw new ProtobufError('proto: too deeply nested');
    for (;;) {
      const wireType = Number(this.unsigned()) % 8;
      if (wireType === GROUP_END) return;
      this.skip(wireType, depth + 1);
    }
  }
}
