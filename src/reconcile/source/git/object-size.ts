// How large an object is, without unpacking it: a blob of a few kilobytes in the store may be gigabytes of zeros outside.
// Loose objects say it in their first bytes. In a pack the entry says it; one that is a difference to another says it in its first
// bytes, and that other must be of bearable size too.
import { open, readdir, readFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { constants, inflateSync } from 'node:zlib';

/** How many differences may be stacked upon each other; git itself makes 50, at most 4095. */
const MAX_CHAIN = 4096;

/** What is open, by directory, in what is kept between reads: apps of one repository open it hundreds of times. */
const OPEN = Symbol('stores that are open');

export class ObjectSizes {
  private readonly objects: string;
  private users = 0;
  /** By name. */
  private readonly packs = new Map<string, Promise<Pack>>();
  /** Those of which the index has been read. */
  private readonly opened = new Map<string, Pack>();
  /** As they were when they were last listed: packs come, and are put together. */
  private names: readonly string[] | undefined;

  private constructor(gitDirectory: string) {
    this.objects = path.join(gitDirectory, 'objects');
  }

  /** One for each directory. To be closed by each who asked for it. @param gitDirectory where `objects/` lies */
  static shared(gitDirectory: string, cache: { [OPEN]?: Map<string, ObjectSizes> }): ObjectSizes {
    const open = (cache[OPEN] ??= new Map());
    const sizes = open.get(gitDirectory) ?? new ObjectSizes(gitDirectory);
    open.set(gitDirectory, sizes);
    sizes.users++;
    // whoever begins to read sees the packs that there are now
    sizes.names = undefined;
    return sizes;
  }

  /** Whether the object is known to be in a pack whose index has been read. */
  isPacked(oid: string): boolean {
    const id = Buffer.from(oid, 'hex');
    return this.names?.some((name) => this.opened.get(name)?.has(id)) ?? false;
  }

  /** The size of the largest thing that must be unpacked to read the object; undefined where the store does not have it. */
  async of(oid: string): Promise<number | undefined> {
    // in a clone nearly all are packed, and their indexes are in memory
    const known = await this.inPacks(oid, (this.names ??= await this.packNames()));
    if (known !== undefined) return known;
    const loose = await this.loose(oid);
    if (loose !== undefined) return loose;
    // it may have come in the meantime
    return this.inPacks(oid, (this.names = await this.packNames()));
  }

  /** The names of the packs' indexes, as they were when they were last looked for. */
  async indexes(): Promise<readonly string[]> {
    return (this.names ??= await this.packNames()).map((name) => `${name}.idx`);
  }

  private async inPacks(oid: string, names: readonly string[]): Promise<number | undefined> {
    for (const name of names) {
      const found = await (this.opened.get(name) ?? (await this.open(name))).sizeOf(oid);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private open(name: string): Promise<Pack> {
    const opening = this.packs.get(name) ?? Pack.open(path.join(this.objects, 'pack', name));
    this.packs.set(name, opening);
    return opening.then((pack) => {
      if (this.packs.get(name) === opening) this.opened.set(name, pack);
      return pack;
    });
  }

  private async loose(oid: string): Promise<number | undefined> {
    const handle = await open(path.join(this.objects, oid.slice(0, 2), oid.slice(2))).catch(() => undefined);
    if (!handle) return undefined;
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(128), 0, 128, 0);
      const header = inflateStart(buffer.subarray(0, bytesRead));
      return Number(/^[a-z]+ (\d+)\0/.exec(header.toString('latin1'))?.[1] ?? 0);
    } finally {
      await handle.close();
    }
  }

  private async packNames(): Promise<readonly string[]> {
    const names = await readdir(path.join(this.objects, 'pack')).catch(() => []);
    return names.filter((name) => name.endsWith('.idx')).map((name) => name.slice(0, -'.idx'.length));
  }

  async close(): Promise<void> {
    if (--this.users > 0) return;
    this.names = undefined;
    this.opened.clear();
    const packs = [...this.packs.values()];
    this.packs.clear();
    for (const pack of packs) await pack.then((opened) => opened.close()).catch(() => undefined);
  }
}

/** A pack with its index (version 2). */
class Pack {
  private readonly index: Buffer;
  private readonly handle: FileHandle;
  /** Of a small pack: all of it. */
  private readonly content: Buffer | undefined;
  private readonly count: number;
  /** By offset: the largest size of an entry and those that it is based on. */
  private readonly largest = new Map<number, number>();

  private constructor(index: Buffer, handle: FileHandle, content: Buffer | undefined) {
    this.index = index;
    this.handle = handle;
    this.content = content;
    this.count = index.readUInt32BE(HEADER + 255 * 4);
  }

  /** @param base the path without its ending */
  static async open(base: string): Promise<Pack> {
    const index = await readFile(`${base}.idx`);
    const handle = await open(`${base}.pack`);
    const { size } = await handle.stat();
    return new Pack(index, handle, size <= MAX_WHOLE_BYTES ? await handle.readFile() : undefined);
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  has(oid: Buffer): boolean {
    return this.offsetOf(oid) !== undefined;
  }

  async sizeOf(oid: string): Promise<number | undefined> {
    let offset = this.offsetOf(Buffer.from(oid, 'hex'));
    if (offset === undefined) return undefined;
    // down the chain to what is known, and back up
    const chain: { readonly offset: number; readonly size: number }[] = [];
    let largest = 0;
    while (offset !== undefined && chain.length < MAX_CHAIN) {
      const known = this.largest.get(offset);
      if (known !== undefined) {
        largest = known;
        break;
      }
      const entry: Entry = await this.entry(offset);
      chain.push({ offset, size: entry.size });
      offset = typeof entry.base === 'number' ? entry.base : entry.base && this.offsetOf(entry.base);
    }
    for (const { offset, size } of chain.reverse()) {
      largest = Math.max(largest, size);
      this.largest.set(offset, largest);
    }
    return largest;
  }

  private offsetOf(oid: Buffer): number | undefined {
    let low = oid[0] === 0 ? 0 : this.index.readUInt32BE(HEADER + (oid[0]! - 1) * 4);
    let high = this.index.readUInt32BE(HEADER + oid[0]! * 4);
    while (low < high) {
      const middle = (low + high) >> 1;
      const order = this.index.compare(oid, 0, 20, NAMES + middle * 20, NAMES + middle * 20 + 20);
      if (order === 0) return this.index.readUInt32BE(NAMES + this.count * 24 + middle * 4);
      // compare() orders the index's bytes against the id's
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return undefined;
  }

  private async readEntry(offset: number): Promise<Buffer> {
    const { buffer, bytesRead } = await this.handle.read(Buffer.alloc(ENTRY_BYTES), 0, ENTRY_BYTES, offset);
    return buffer.subarray(0, bytesRead);
  }

  /** Reads an entry's first bytes. */
  private async entry(offset: number): Promise<Entry> {
    const bytes = this.content?.subarray(offset, offset + ENTRY_BYTES) ?? (await this.readEntry(offset));
    const type = (bytes[0]! >> 4) & 7;
    let at = 0;
    let size = bytes[0]! & 15;
    for (let shift = 4; bytes[at++]! & 0x80; shift += 7) size += (bytes[at]! & 0x7f) * 2 ** shift;
    if (type === OFS_DELTA) {
      let back = bytes[at]! & 0x7f;
      while (bytes[at++]! & 0x80) back = (back + 1) * 128 + (bytes[at]! & 0x7f);
      return { size: Math.max(size, deltaTarget(bytes.subarray(at))), base: offset - back };
    }
    if (type === REF_DELTA) return { size: Math.max(size, deltaTarget(bytes.subarray(at + 20))), base: bytes.subarray(at, at + 20) };
    return { size, base: undefined };
  }
}

interface Entry {
  readonly size: number;
  /** What the entry is a difference to: an offset in the same pack, or an id. */
  readonly base: number | Buffer | undefined;
}

/** Where sizes stand: in an entry's first bytes, and in the first ones of what it says to differ. */
const ENTRY_BYTES = 192;
/** A pack of a repository of manifests is a few megabytes, and most of its entries are asked for. */
const MAX_WHOLE_BYTES = 16 * 1024 * 1024;

const HEADER = 8;
const NAMES = HEADER + 256 * 4;
const OFS_DELTA = 6;
const REF_DELTA = 7;

/** A difference begins with the sizes of what it applies to and of what it makes. */
function deltaTarget(deflated: Buffer): number {
  const delta = inflateStart(deflated);
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = delta[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (!(byte & 0x80)) return value;
    }
  };
  varint();
  return varint();
}

/** What the beginning of deflated data says. */
const inflateStart = (deflated: Buffer): Buffer => inflateSync(deflated, { finishFlush: constants.Z_SYNC_FLUSH });
