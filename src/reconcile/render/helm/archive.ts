// A packed chart (.tgz): the files of a gzipped tar archive. Archives are strangers' work: what they unpack to is bounded, and no name in
// them leads out. Reads what tar programs and Go write: ustar, pax headers, GNU's long names.
import { posix } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ChartError } from './chart-error.ts';
import { withoutBom, type ChartBudget, type ChartFile } from './chart-files.ts';

const BLOCK = 512;

/** Headers and padding beside the files themselves. */
const OVERHEAD = 32 * 1024 * 1024;

/** @param shown the archive's path, for errors and as what its files' paths begin with */
export function filesOfArchive(bytes: Uint8Array, shown: string, budget: ChartBudget): readonly ChartFile[] {
  const files: ChartFile[] = [];
  for (const { name: full, data } of entriesOf(unpacked(bytes, shown, budget), shown)) {
    const name = nameInChart(full, shown);
    budget.take(data.length, `${shown}/${name}`);
    files.push({ name, path: `${shown}/${name}`, bytes: withoutBom(data) });
  }
  if (files.length === 0) throw new ChartError(`${shown}: there are no files in the archive`);
  return files;
}

function unpacked(bytes: Uint8Array, shown: string, budget: ChartBudget): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: budget.left + OVERHEAD });
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw new ChartError(
      `${shown}: ${isTooLarge ? 'the chart is too large once it is unpacked' : 'this is no archive of a chart (gzip)'}`,
      {
        hint: isTooLarge ? undefined : 'helm package and helm dependency build make such archives',
        cause: error,
      },
    );
  }
}

interface Entry {
  readonly name: string;
  readonly data: Buffer;
}

/** Everything but directories; links have no data, as Helm has it. */
function* entriesOf(tar: Buffer, shown: string): Generator<Entry> {
  const broken = (why: string): ChartError => new ChartError(`${shown}: the archive is broken: ${why}`);
  let longName: string | undefined;
  let pax: ReadonlyMap<string, string> = new Map();
  for (let at = 0; at + BLOCK <= tar.length;) {
    const header = tar.subarray(at, at + BLOCK);
    // two empty blocks end an archive
    if (header.every((byte) => byte === 0)) return;
    if (!hasRightSum(header)) throw broken('a header does not have the sum that it tells');
    const type = String.fromCharCode(header[156]!);
    const size = pax.has('size') && type !== 'x' ? Number(pax.get('size')) : sizeOf(header);
    if (!Number.isSafeInteger(size) || size < 0 || at + BLOCK + size > tar.length) throw broken('it ends within a file');
    const data = tar.subarray(at + BLOCK, at + BLOCK + size);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    if (type === 'x') pax = paxRecords(data);
    else if (type === 'L') longName = textOf(data);
    else if (type !== 'g' && type !== 'K') {
      const name = pax.get('path') ?? longName ?? nameOf(header);
      if (type !== '5' && !name.endsWith('/')) yield { name, data };
      longName = undefined;
      pax = new Map();
    }
  }
}

const textOf = (field: Buffer): string => {
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? field.length : end);
};

function nameOf(header: Buffer): string {
  const name = textOf(header.subarray(0, 100));
  const isUstar = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? textOf(header.subarray(345, 500)) : '';
  return prefix ? `${prefix}/${name}` : name;
}

/** Octal digits; or binary, where the first bit says so. */
function sizeOf(header: Buffer): number {
  const field = header.subarray(124, 136);
  if (field[0]! & 0x80) return field.readUIntBE(6, 6);
  const digits = textOf(field).trim();
  return digits === '' ? 0 : /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}

/** The header's bytes added up, those of the sum itself taken for spaces. */
function hasRightSum(header: Buffer): boolean {
  let sum = 8 * 32;
  for (const [i, byte] of header.entries()) if (i < 148 || i >= 156) sum += byte;
  return Number.parseInt(textOf(header.subarray(148, 156)).trim(), 8) === sum;
}

/** `25 path=a/very/long/name\n` */
function paxRecords(data: Buffer): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < data.length;) {
    const space = data.indexOf(32, at);
    const length = Number(data.toString('latin1', at, Math.max(space, at)));
    if (space < 0 || !Number.isSafeInteger(length) || length <= 0) break;
    const [, key, value] = /^([^=]*)=([\s\S]*)$/.exec(data.toString('utf8', space + 1, at + length - 1)) ?? [];
    if (key !== undefined) records.set(key, value!);
    at += length;
  }
  return records;
}

/** Without the directory that all of a packed chart lies in. */
function nameInChart(full: string, shown: string): string {
  const refuse = (why: string): ChartError => new ChartError(`${shown}: ${why}: ${JSON.stringify(full)}`);
  const parts = full.split(full.includes('\\') ? '\\' : '/');
  const name = parts.slice(1).join('/');
  if (name.startsWith('/')) throw refuse('the chart has an absolute path');
  const clean = posix.normalize(name || '.').replace(/\/$/, '');
  if (parts[0] === 'Chart.yaml') throw refuse('Chart.yaml is not in a directory of its own');
  if (clean === '.') throw refuse('the chart has something outside of its directory');
  if (clean.startsWith('..')) throw refuse('a path leads out of the chart');
  if (/^[A-Za-z]:\//.test(clean) || clean.includes('\0')) throw refuse('the chart has a file of a name that is not allowed');
  return clean;
}
