// Who may ask: which names a server is called by (a page of another site whose name leads here must not read what is served), which other
// origins may read along, and who knows the token. Pure.
import { timingSafeEqual, createHmac } from 'node:crypto';
import { isIP } from 'node:net';
import { problem, type Answer, type Asked } from './answer.ts';

export interface GuardRules {
  /** Whether it listens on this machine's loopback address alone. */
  readonly isLoopback: boolean;
  /** Names by which it may be called besides. */
  readonly hosts?: readonly string[];
  /** Origins whose pages may read along. */
  readonly origins?: readonly string[];
  /** Undefined where everybody who gets here may ask. */
  readonly token?: string | undefined;
  /** Whether a path needs no token. */
  readonly isOpen?: (path: string) => boolean;
}

/** @returns what to answer in place of what was asked for; undefined where it may be asked */
export function refusal({ method, path, headers }: Pick<Asked, 'method' | 'path' | 'headers'>, rules: GuardRules): Answer | undefined {
  const { host, origin, authorization } = headers;
  if (!isCalled(host, rules))
    return problem(
      403,
      'UnknownHost',
      `this server is not called ${JSON.stringify(host ?? '')}`,
      'ask it by its address, or name the host when it is started (--host)',
    );
  if (origin !== undefined && !isOwn(origin, host) && !rules.origins?.includes(origin))
    return problem(
      403,
      'ForeignOrigin',
      `pages of ${origin} may not read what is served here`,
      'name the origin when it is started (--cors-origin)',
    );
  if (method === 'OPTIONS' && origin !== undefined && rules.origins?.includes(origin)) return PREFLIGHT;
  if (rules.token === undefined || rules.isOpen?.(path) || knowsToken(authorization, rules.token)) return undefined;
  return problem(
    401,
    'Unauthorized',
    'the token is missing, or is another one',
    'send Authorization: Bearer TOKEN; a browser asks for it as password',
    {
      'www-authenticate': ['Basic realm="jibe", charset="UTF-8"', 'Bearer realm="jibe"'],
    },
  );
}

const PREFLIGHT: Answer = {
  status: 204,
  type: 'text/plain',
  body: '',
  headers: { 'access-control-allow-methods': 'GET, HEAD', 'access-control-allow-headers': 'authorization, last-event-id' },
};

/** Headers that let pages of an origin read an answer; none where it was not named. */
export const corsHeaders = ({ origin }: Asked['headers'], { origins = [] }: GuardRules): Readonly<Record<string, string>> =>
  origin !== undefined && origins.includes(origin) ? { 'access-control-allow-origin': origin, vary: 'origin' } : {};

/** Tunnels and proxies name the address that they were told. Beyond this machine any address does: only names can be made to lead elsewhere. */
function isCalled(host: string | undefined, { isLoopback, hosts = [] }: GuardRules): boolean {
  if (host === undefined) return true;
  const name = host.replace(/:\d+$/, '').toLowerCase();
  if (name === 'localhost' || name === '127.0.0.1' || name === '[::1]') return true;
  return hosts.some((known) => known.toLowerCase() === name) || (!isLoopback && isIP(name.replace(/^\[|\]$/g, '')) !== 0);
}

const isOwn = (origin: string, host: string | undefined): boolean => host !== undefined && origin.replace(/^https?:\/\//, '') === host;

/** As a bearer token, or as the password that a browser asks for, whatever the name. */
function knowsToken(authorization: string | undefined, token: string): boolean {
  const [, scheme = '', value = ''] = /^(\S+) +(\S+)$/.exec(authorization ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return isSame(value, token);
  if (scheme.toLowerCase() !== 'basic') return false;
  return isSame(
    Buffer.from(value, 'base64')
      .toString()
      .replace(/^[^:]*:/, ''),
    token,
  );
}

/** How long it takes says nothing of where they differ. */
export function isSame(a: string, b: string): boolean {
  const [left, right] = [a, b].map((secret) => createHmac('sha256', 'compare').update(secret).digest());
  return timingSafeEqual(left!, right!);
}
