// Tokens that whoever starts the server knows: `--token-auth-file`.
import { createHash, timingSafeEqual } from 'node:crypto';
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
