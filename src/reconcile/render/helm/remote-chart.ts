// Charts of repositories elsewhere: of an index over https, or of an OCI registry. Only where fetching is allowed; what comes must have the
// digest that the index or the manifest tells. A chart whose version is named in full is kept, and not asked for again.
import { createHash } from 'node:crypto';
import { isObject } from '../../../apimachinery/object.ts';
import { readYaml } from '../../../apimachinery/yaml/read.ts';
import { redacted } from '../../source/git/url.ts';
import { SourceError } from '../../source/source-error.ts';
import type { Elsewhere } from '../../source/source-tree.ts';
import { registryChart } from './oci-registry.ts';
import { unpackedChart, type UnpackedChart } from './unpacked-chart.ts';
import { compareVersions, isInRange, isVersion } from './version-range.ts';

export interface ChartAddress {
  /** `https://…`, or `oci://…`. */
  readonly repository: string;
  /** Empty where the address of a registry is the chart's own. */
  readonly name: string;
  /** A version, or a range of them; of a registry a digest too. */
  readonly version: string;
}

/** The packed chart. Throws a SourceError. */
export async function fetchChart(address: ChartAddress, elsewhere: Elsewhere): Promise<Uint8Array> {
  const { repository, name, version } = address;
  const fetch = (): Promise<Uint8Array> =>
    repository.startsWith('oci://') ? registryChart(address, elsewhere) : indexedChart(address, elsewhere);
  return isPinned(version) ? elsewhere.kept(`chart ${repository} ${name} ${version}`, fetch) : fetch();
}

/** The chart unpacked. Throws a SourceError. */
export async function fetchedChartTree(address: ChartAddress, elsewhere: Elsewhere): Promise<UnpackedChart> {
  const where = [redacted(address.repository), address.name, address.version].filter(Boolean).join(' ');
  return unpackedChart(await fetchChart(address, elsewhere), where);
}

/** All three numbers, or a digest. */
const isPinned = (version: string): boolean => /^v?\d+\.\d+\.\d+/.test(version) || /^sha256:[0-9a-f]{64}$/.test(version);

interface IndexEntry {
  readonly version: string;
  readonly digest: string;
  readonly url: string;
}

async function indexedChart({ repository, name, version }: ChartAddress, elsewhere: Elsewhere): Promise<Uint8Array> {
  const base = repository.endsWith('/') ? repository : `${repository}/`;
  const where = redacted(repository);
  const index = Buffer.from(await elsewhere.fetch(addressIn(base, 'index.yaml', where))).toString('utf8');
  const entries = await entriesOf(index, name, where);
  const entry = highest(entries, version);
  if (!entry)
    throw new SourceError(
      'NotFound',
      where,
      entries.length ? `the repository has no version ${version} of ${name}` : `the repository has no chart ${name}`,
      entries.length
        ? `it has ${entries
            .slice(0, 5)
            .map((one) => one.version)
            .join(', ')}`
        : 'check the name',
    );
  const bytes = await elsewhere.fetch(addressIn(base, entry.url, where));
  checkDigest(bytes, entry.digest, `${where} ${name}-${entry.version}`);
  return bytes;
}

function addressIn(base: string, path: string, where: string): string {
  if (URL.canParse(path, base)) return new URL(path, base).href;
  throw new SourceError('InvalidPath', where, `${path} is no address`, 'write the URL of the repository: https://…, or oci://…');
}

/** @param digest in hex, perhaps with `sha256:` before it; empty where none is told */
export function checkDigest(bytes: Uint8Array, digest: string, where: string): void {
  const told = digest.replace(/^sha256:/, '');
  if (told === '') return;
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== told)
    throw new SourceError(
      'Corrupt',
      where,
      `it is not what the repository says it is: its sha256 is ${found.slice(0, 16)}…, not ${told.slice(0, 16)}…`,
    );
}

/** Of a range, the highest version that is in it; whatever is not a version counts only where it is named itself. */
export function highest<T extends { readonly version: string }>(entries: readonly T[], range: string): T | undefined {
  const named = entries.find(({ version }) => version === range || version === `v${range}` || `v${version}` === range);
  if (named && isPinned(range)) return named;
  const fitting = entries.filter(({ version }) => isVersion(version) && isInRange(version, range || '*'));
  return fitting.sort((a, b) => compareVersions(b.version, a.version))[0] ?? named;
}

/** The entries of one chart. An index has those of hundreds: only these are parsed, where they can be told by their lines. */
async function entriesOf(index: string, name: string, where: string): Promise<readonly IndexEntry[]> {
  const part = linesOf(index, name);
  const read = await readYaml(part ?? index);
  const value = read.faults ? read.lastWins?.value : read.value;
  const all: unknown = isObject(value) && isObject(value.entries) ? value.entries[name] : undefined;
  if (!isObject(value)) throw new SourceError('Corrupt', where, 'index.yaml is no index of charts', read.faults?.[0]?.message);
  return (Array.isArray(all) ? all : []).filter(isObject).flatMap((one) => {
    const [url] = Array.isArray(one.urls) ? (one.urls as unknown[]) : [];
    if (typeof one.version !== 'string' || typeof url !== 'string') return [];
    return [{ version: one.version, url, digest: typeof one.digest === 'string' ? one.digest : '' }];
  });
}

/** The lines of one chart, as an index of its own; undefined where it is written otherwise than Helm writes it. */
function linesOf(index: string, name: string): string | undefined {
  const start = /^entries:[ \t]*$/m.exec(index)?.index;
  const key = `\n  ${name}:\n`;
  const at = start === undefined ? -1 : index.indexOf(key, start);
  if (at < 0) return undefined;
  const end = /^(?: {0,2}[^\s#-])/m.exec(index.slice(at + key.length));
  const lines = index.slice(at + key.length, end ? at + key.length + end.index : undefined);
  return `entries:${key}${lines}`;
}
