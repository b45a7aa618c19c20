// What a kustomization names that lies elsewhere: a repository with a path in it and a revision, or a single file. Addresses are written
// as kustomize takes them: `https://host/org/repo//path?ref=v1`, `git::…`, `github.com/org/repo/path`, `git@host:org/repo`.
import { redacted } from '../../source/git/url.ts';

export type RemoteAddress =
  | { readonly kind: 'file'; readonly url: string }
  | {
      readonly kind: 'repository';
      readonly url: string;
      /** In the repository; empty for its top. */
      readonly path: string;
      /** Undefined where none is named. */
      readonly ref: string | undefined;
    };

const REMOTE = /^(?:[a-z][a-z0-9+.-]*:\/\/|git::|gh:|git@|[\w.-]+@[\w.-]+:|github\.com[/:])/i;

/** Without credentials: of the user, or of a query, of which only the revision is shown. */
export function shownAddress(address: string): string {
  const [whole = '', query] = redacted(address).split('?', 2);
  const told = [...new URLSearchParams(query)].filter(([name]) => name === 'ref' || name === 'version');
  return query === undefined ? whole : `${whole}?${told.map(([name, value]) => `${name}=${value}`).join('&') || '…'}`;
}

export const isRemote = (path: string): boolean => REMOTE.test(path);

/** Undefined for what names no repository and no file. */
export function parseRemote(written: string): RemoteAddress | undefined {
  const forced = /^git::/i.test(written);
  const given = written.replace(/^git::/i, '');
  const [whole = '', query = ''] = given.split('?', 2);
  const parameters = new URLSearchParams(query);
  const ref = parameters.get('ref') || parameters.get('version') || undefined;
  if (!forced && ref === undefined && /^https?:/i.test(whole) && /\.(?:ya?ml|json)$/i.test(whole) && !/\.git(?:\/|$)/.test(whole))
    return { kind: 'file', url: given };
  const [, host, rest] = hostOf(whole) ?? [];
  if (!host || !rest) return undefined;
  const split = splitRepository(rest);
  return split && { kind: 'repository', url: host + split.repository, path: split.path.replace(/^\/+|\/+$/g, ''), ref };
}

/** All up to the path, in full; and the path. */
function hostOf(address: string): readonly [string, string, string] | undefined {
  const github = /^(?:gh:|(?:https?:\/\/)?github\.com\/)(.+)$/i.exec(address);
  if (github) return ['', 'https://github.com/', github[1]!];
  const byUser = /^(?:([\w.-]+)@)?github\.com:(.+)$/i.exec(address);
  if (byUser) return ['', `${byUser[1] ?? 'git'}@github.com:`, byUser[2]!];
  const url = /^([a-z][a-z0-9+.-]*:\/\/[^/]+\/)(.+)$/i.exec(address) ?? /^([\w.-]+@[\w.-]+[:/])(.+)$/.exec(address);
  return url ? ['', url[1]!, url[2]!] : undefined;
}

/** Two slashes end the repository; else `.git` does, or the name behind `_git`; else it is the first two names. */
function splitRepository(rest: string): { readonly repository: string; readonly path: string } | undefined {
  const marked = /^(.+?)\/\/(.*)$/.exec(rest) ?? /^(.*?\.git)(?:\/(.*))?$/.exec(rest) ?? /^((?:.+\/)?_git\/[^/]+)(?:\/(.*))?$/.exec(rest);
  const [, repository, path = ''] = marked ?? /^([^/]+\/[^/]+)(?:\/(.*))?$/.exec(rest) ?? [];
  return repository ? { repository, path } : undefined;
}
