// Addresses of repositories: which way they are reached, and how they are shown.

/** `https` goes by isomorphic-git, the others by the git program. */
export type Transport = 'http' | 'https' | 'ssh' | 'file';

export type Address =
  /** `protocol` is what may be spoken. */
  | { readonly kind: 'remote'; readonly transport: Transport; readonly url: string }
  | { readonly kind: 'unknown'; readonly scheme: string }
  | { readonly kind: 'local' };

const TRANSPORTS: Readonly<Record<string, Transport>> = { https: 'https', http: 'http', ssh: 'ssh', 'git+ssh': 'ssh', file: 'file' };

/** Tells an address from a path. `git@host:path` is ssh, unless a slash comes before the colon. */
export function parseAddress(location: string): Address {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]+):\/\//.exec(location)?.[1]?.toLowerCase();
  if (scheme !== undefined) {
    const transport = TRANSPORTS[scheme];
    return transport ? { kind: 'remote', transport, url: location } : { kind: 'unknown', scheme };
  }
  if (/^(?:[\w.-]+@)[\w.-]+:(?!\/\/)/.test(location)) return { kind: 'remote', transport: 'ssh', url: location };
  return { kind: 'local' };
}

/** Without the user and password or token that URLs may carry. */
export const redacted = (text: string): string => text.replace(/\b([A-Za-z][A-Za-z0-9+.-]*:\/\/)[^/\s]+@/g, '$1');
