// Tokens that whoever starts the server knows: `--token-auth-file`.
import { createHash, timingSafeEqual } from 'node:crypto';
import fs from 'node:fs';
import type { UserInfo } from '../../../apimachinery/api-request.ts';
import type { TokenAuthenticator } from './authenticator.ts';

const digest = (token: string): Buffer => createHash('sha256').update(token).digest();

/** @param tokens token → user */
export function staticTokens(tokens: Readonly<Record<string, UserInfo>>): TokenAuthenticator {
  const known = Object.entries(tokens).map(([token, user]) => ({ digest: digest(token), user }));
  return {
    authenticate(token, audiences) {
      // they say nothing about whom they are for
      const given = digest(token);
      const user = known.find((one) => timingSafeEqual(one.digest, given))?.user;
      return user && { user, ...(audiences ? { audiences } : {}) };
    },
  };
}

/** Names the file, and the line that cannot be read. */
export class TokenFileError extends Error {
  override readonly name = 'TokenFileError';
}

/**
 * Lines of `token,user,uid,"group,group"`, groups or none, as staging/src/k8s.io/apiserver/pkg/authentication/token/tokenfile reads them.
 * Throws a TokenFileError where a line is none of these, or the file cannot be read.
 */
export function readTokenFile(file: string): Record<string, UserInfo> {
  const tokens: Record<string, UserInfo> = Object.create(null) as Record<string, UserInfo>;
  textOf(file)
    .split(/\r?\n/)
    .forEach((line, i) => {
      if (!line.trim()) return;
      const [token, username, uid, groups] = cells(line);
      if (uid === undefined) throw new TokenFileError(`${file}:${i + 1}: needs a token, a user name and a user uid, separated by commas`);
      if (!token) throw new TokenFileError(`${file}:${i + 1}: the token is empty`);
      const named = (groups ?? '').split(',').map((group) => group.trim());
      tokens[token] = { username: username!, uid, groups: [...named.filter(Boolean), 'system:authenticated'] };
    });
  return tokens;
}

function textOf(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw new TokenFileError(`the file of tokens cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Of a line of comma-separated values; what stands in quotes may have commas, and quotes twice. */
function cells(line: string): string[] {
  const found: string[] = [];
  const cell = /\s*(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/y;
  while (cell.lastIndex < line.length) {
    const match = cell.exec(line);
    if (!match) break;
    found.push(match[1]?.replaceAll('""', '"') ?? match[2]!.trim());
  }
  return found;
}
