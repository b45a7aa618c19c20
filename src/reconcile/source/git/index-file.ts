// Git's index: what git last saw of each file in the work tree. It spares reading files to know that they are unchanged.
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';

export interface IndexEntry {
  readonly oid: string;
  /** Of the file when its id was computed. Sizes are kept in 32 bits. */
  readonly size: number;
  readonly modifiedNs: bigint;
}

export interface GitIndex {
  /** By path from the top of the work tree. */
  readonly entries: ReadonlyMap<string, IndexEntry>;
  /** When the index was written. A file that was modified no earlier may have been modified again within the same tick. */
  readonly writtenNs: bigint;
}

/**
 * Reads the entries below a path; empty where there is no index or it is of an unknown version: then files are read instead.
 *
 * @param oidBytes 20, or 32 with SHA-256
 */
export async function readIndex(gitDirectory: string, prefix: string, oidBytes: number): Promise<GitIndex> {
  const entries = new Map<string, IndexEntry>();
  const file = path.join(gitDirectory, 'index');
  const writtenNs = (await stat(file, { bigint: true }).catch(() => undefined))?.mtimeNs ?? 0n;
  const bytes = await readFile(file).catch(() => Buffer.alloc(0));
  if (bytes.length < 12 || bytes.toString('latin1', 0, 4) !== 'DIRC') return { entries, writtenNs };
  const version = bytes.readUInt32BE(4);
  if (version < 2 || version > 4) return { entries, writtenNs };
  const start = prefix === '' ? '' : `${prefix}/`;
  let at = 12;
  let name = Buffer.alloc(0);
  for (let left = bytes.readUInt32BE(8); left > 0 && at + STAT_BYTES + oidBytes + 2 < bytes.length; left--) {
    const flagsAt = at + STAT_BYTES + oidBytes;
    const flags = bytes.readUInt16BE(flagsAt);
    let nameAt = flagsAt + (version >= 3 && flags & EXTENDED ? 4 : 2);
    let end: number;
    if (version === 4) {
      // a name is told by how much of the one before it stays
      let drop = bytes[nameAt]! & 0x7f;
      while (bytes[nameAt++]! & 0x80) drop = (drop + 1) * 128 + (bytes[nameAt]! & 0x7f);
      end = bytes.indexOf(0, nameAt);
      name = Buffer.concat([name.subarray(0, name.length - drop), bytes.subarray(nameAt, end)]);
    } else {
      end = bytes.indexOf(0, nameAt);
      name = bytes.subarray(nameAt, end);
    }
    if (end < 0) break;
    const entry = name.toString('utf8');
    // entries of a merge that is not resolved have no one state
    if ((flags & STAGE) === 0 && entry.startsWith(start)) {
      entries.set(entry, {
        oid: bytes.toString('hex', at + STAT_BYTES, flagsAt),
        size: bytes.readUInt32BE(at + 36),
        modifiedNs: BigInt(bytes.readUInt32BE(at + 8)) * 1_000_000_000n + BigInt(bytes.readUInt32BE(at + 12)),
      });
    }
    at = version === 4 ? end + 1 : at + ((end - at + 8) & ~7);
  }
  return { entries, writtenNs };
}

const STAT_BYTES = 40;
const EXTENDED = 0x4000;
const STAGE = 0x3000;
