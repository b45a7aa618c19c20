// Packs charts as `helm package` does, and otherwise than it does.
import { gzipSync } from 'node:zlib';

export interface TarEntry {
  readonly name: string;
  readonly text: string;
  /** As tar has it: `0` a file, `2` a link, `x` a pax header… */
  readonly type?: string;
  /** What its header says, where that is not so. */
  readonly size?: number;
}

/** @param files by their paths, the directory of the chart included */
export const packedChart = (files: Readonly<Record<string, string>>): Buffer =>
  packed(Object.entries(files).map(([name, text]) => ({ name, text })));

export const packed = (entries: readonly TarEntry[]): Buffer => gzipSync(Buffer.concat([...entries.map(blocks), Buffer.alloc(1024)]));

function blocks({ name, text, type = '0', size }: TarEntry): Buffer {
  const data = Buffer.from(text);
  const header = Buffer.alloc(512);
  header.write(name, 0, 100);
  header.write('0000644\0', 100);
  header.write(`${(size ?? data.length).toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write(type, 156);
  header.write('ustar\0', 257);
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
}
