// Archives as `kubectl cp` sends and wants them: the ustar format, files and directories only.

const BLOCK = 512;

export interface TarEntry {
  readonly name: string;
  readonly directory: boolean;
  readonly content: Uint8Array;
}

const text = (block: Uint8Array, from: number, length: number): string => {
  const field = Buffer.from(block.buffer, block.byteOffset + from, length);
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? length : end).toString('utf8');
};

/** Reads what is whole of an archive. Throws where it is none. */
export function readTar(archive: Uint8Array): TarEntry[] {
  const entries: TarEntry[] = [];
  let longName: string | undefined;
  for (let at = 0; at + BLOCK <= archive.length;) {
    const header = archive.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) break;
    const size = parseInt(text(header, 124, 12).trim() || '0', 8);
    if (!Number.isFinite(size) || size < 0) throw new Error('invalid tar header');
    const content = archive.subarray(at + BLOCK, at + BLOCK + size);
    const type = String.fromCharCode(header[156] ?? 0);
    const prefix = text(header, 345, 155);
    const name = longName ?? (prefix ? `${prefix}/` : '') + text(header, 0, 100);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    longName = undefined;
    if (type === 'L') longName = Buffer.from(content).toString('utf8').replace(/\0+$/, '');
    else if (type === 'x') longName = /\d+ path=([^\n]*)\n/.exec(Buffer.from(content).toString('utf8'))?.[1];
    else if (type === '5') entries.push({ name, directory: true, content: new Uint8Array() });
    else if (type === '0' || type === '\0') entries.push({ name, directory: false, content });
  }
  return entries;
}

/** @param seconds since 1970: the time of all entries */
export function writeTar(entries: readonly TarEntry[], seconds: number): Uint8Array {
  const blocks: Buffer[] = [];
  for (const { name, directory, content } of entries) {
    blocks.push(...longNameBlocks(name, seconds), headerOf(name, directory ? '5' : '0', content.length, seconds));
    blocks.push(Buffer.from(content), Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK));
  }
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

function longNameBlocks(name: string, seconds: number): Buffer[] {
  if (Buffer.byteLength(name) <= 100) return [];
  const content = Buffer.from(`${name}\0`);
  return [headerOf('././@LongLink', 'L', content.length, seconds), content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)];
}

function headerOf(name: string, type: string, size: number, seconds: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number): void => {
    block.write(value.toString(8).padStart(length - 1, '0'), at);
  };
  block.write(Buffer.from(name).subarray(0, 100).toString('latin1'), 0, 'latin1');
  octal(type === '5' ? 0o755 : 0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(Math.floor(seconds), 136, 12);
  block.write('        ', 148);
  block.write(type, 156);
  block.write('ustar\u000000', 257);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
