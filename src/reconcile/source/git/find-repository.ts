// Where a repository keeps its things, and whether isomorphic-git can read it. Nothing of the repository is run or obeyed: only a few
// of its files are looked at.
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { MAX_PACK_BYTES } from '../limits.ts';

export interface Repository {
  /** HEAD and the index are here. */
  readonly gitDirectory: string;
  /** Objects and refs are here; another directory where this is a linked work tree. */
  readonly commonDirectory: string;
  /** Undefined for a bare repository. */
  readonly workTree: string | undefined;
  /** Where in the work tree the asked directory lies, `/` between names; empty for its top. */
  readonly prefix: string;
}

/** The repository whose work tree holds a directory, or that the directory is itself. */
export async function findRepository(directory: string): Promise<Repository | undefined> {
  if (await isGitDirectory(directory)) return { gitDirectory: directory, commonDirectory: directory, workTree: undefined, prefix: '' };
  for (let top = directory; ; top = path.dirname(top)) {
    const gitDirectory = await dotGit(path.join(top, '.git'));
    if (gitDirectory) {
      const commonDirectory = await commonOf(gitDirectory);
      if (await isGitDirectory(commonDirectory)) {
        const prefix = path.relative(top, directory).split(path.sep).join('/');
        return { gitDirectory, commonDirectory, workTree: top, prefix };
      }
    }
    if (path.dirname(top) === top) return undefined;
  }
}

/** A directory, or a file that names one: submodules and linked work trees have such. */
async function dotGit(at: string): Promise<string | undefined> {
  const stats = await stat(at).catch(() => undefined);
  if (!stats) return undefined;
  if (stats.isDirectory()) return at;
  const target = /^gitdir: (.+?)\r?\n?$/.exec(await text(at))?.[1];
  return target && path.resolve(path.dirname(at), target);
}

async function commonOf(gitDirectory: string): Promise<string> {
  const common = (await text(path.join(gitDirectory, 'commondir'))).trim();
  return common ? path.resolve(gitDirectory, common) : gitDirectory;
}

async function isGitDirectory(directory: string): Promise<boolean> {
  const [head, objects, refs] = await Promise.all(
    ['HEAD', 'objects', 'refs'].map((name) => stat(path.join(directory, name)).catch(() => undefined)),
  );
  return head !== undefined && !!objects?.isDirectory() && !!refs?.isDirectory();
}

/** Empty where there is no such file. */
const text = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');

/** What of a repository only the git program understands; undefined where isomorphic-git can read it. */
export async function beyondIsomorphicGit({ commonDirectory }: Repository): Promise<string | undefined> {
  const config = parseConfig(await text(path.join(commonDirectory, 'config')));
  const format = config.get('extensions.objectformat');
  if (format && format !== 'sha1') return `its object format is ${format}`;
  const refs = config.get('extensions.refstorage');
  if (refs && refs !== 'files') return `its ref storage is ${refs}`;
  if (config.has('extensions.partialclone') || [...config].some(([key, value]) => /^remote\..*\.promisor$/.test(key) && value !== 'false'))
    return 'it is a partial clone';
  if ((await text(path.join(commonDirectory, 'objects/info/alternates'))).trim() !== '')
    return 'it borrows objects from another repository';
  const packs = path.join(commonDirectory, 'objects/pack');
  for (const name of await readdir(packs).catch(() => [])) {
    const size = name.endsWith('.pack') ? ((await stat(path.join(packs, name)).catch(() => undefined))?.size ?? 0) : 0;
    if (size > MAX_PACK_BYTES) return `it has a pack of ${Math.round(size / 2 ** 20)} MiB`;
  }
  return undefined;
}

/** @returns keys such as `remote.origin.promisor`, sections and names in lower case; of keys given twice the last counts */
function parseConfig(config: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let section = '';
  for (const line of config.split('\n')) {
    const header = /^\s*\[\s*([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]/.exec(line);
    if (header) section = [header[1]!.toLowerCase(), ...(header[2] === undefined ? [] : [header[2]])].join('.');
    const entry = /^\s*(?:\[[^\]]*\]\s*)?([A-Za-z][A-Za-z0-9-]*)\s*(?:=\s*(.*?)\s*)?$/.exec(line);
    if (entry) values.set(`${section}.${entry[1]!.toLowerCase()}`, (entry[2] ?? 'true').replace(/^"(.*)"$/, '$1').toLowerCase());
  }
  return values;
}

/** The URLs of its remotes, in lower case. */
export async function remoteUrls({ commonDirectory }: Repository): Promise<readonly string[]> {
  const config = parseConfig(await text(path.join(commonDirectory, 'config')));
  return [...config].filter(([key]) => /^remote\..*\.url$/.test(key)).map(([, url]) => url);
}

/** The branch that is checked out, and the one that its origin calls the main one. */
export async function branchesMeant({ gitDirectory, commonDirectory }: Repository): Promise<readonly string[]> {
  const heads = await Promise.all([text(path.join(gitDirectory, 'HEAD')), text(path.join(commonDirectory, 'refs/remotes/origin/HEAD'))]);
  return heads.flatMap((head) => /^ref: refs\/(?:heads|remotes\/origin)\/(.+?)\s*$/.exec(head)?.[1] ?? []);
}
