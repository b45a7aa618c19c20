// Tokens by which a node joins: `<id>.<secret>`, kept in Secrets of kube-system. Follows plugin/pkg/auth/authenticator/token/bootstrap.
import type { Secret } from '#api/core/v1';
import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../../apimachinery/clock.ts';
import { parseTime, TimeError } from '../../../apimachinery/time.ts';
import type { Store } from '../../storage/store.ts';
import type { TokenAuthenticator } from './authenticator.ts';

const FORM = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const TYPE = 'bootstrap.kubernetes.io/token';
const DEFAULT_GROUP = 'system:bootstrappers';
/** More groups may be given to a token, under this one only. */
const GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

export function bootstrapTokens(store: Store, clock: Clock): TokenAuthenticator {
  return {
    async authenticate(token, audiences) {
      const [, id, secret] = FORM.exec(token) ?? [];
      if (id === undefined || secret === undefined) return undefined;
      const entry = await store.get(`/registry/secrets/kube-system/bootstrap-token-${id}`);
      const held = entry?.value as unknown as Secret | undefined;
      if (held?.type !== TYPE || held.metadata.deletionTimestamp) return undefined;
      const text = (key: string): string => Buffer.from(held.data?.[key] ?? '', 'base64').toString();
      if (text('token-id') !== id || !sameText(text('token-secret'), secret)) return undefined;
      if (text('usage-bootstrap-authentication') !== 'true' || isOver(text('expiration'), clock.now())) return undefined;
      const more = text('auth-extra-groups').split(',').filter(Boolean);
      if (!more.every((group) => GROUP.test(group))) return undefined;
      const user = { username: `system:bootstrap:${id}`, groups: [DEFAULT_GROUP, ...more] };
      return { user, ...(audiences ? { audiences } : {}) };
    },
  };
}

const sameText = (a: string, b: string): boolean => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

/** What cannot be read is over. */
function isOver(expiration: string, now: number): boolean {
  if (expiration === '') return false;
  try {
    return parseTime(expiration) < now;
  } catch (error) {
    if (error instanceof TimeError) return true;
    throw error;
  }
}
