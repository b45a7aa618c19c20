// Whether a request comes from the git host that shares our secret: GitHub's, Gitea's and Forgejo's HMAC of the body, GitLab's token. Pure.
// What the request says is not believed either way: it only makes the source be asked sooner.
import { createHmac } from 'node:crypto';
import { isSame } from './request-guard.ts';

/** GitHub sends no more. */
export const MAX_WEBHOOK_BYTES = 25 * 2 ** 20;

export type WebhookVerdict = { readonly ok: true } | { readonly ok: false; readonly why: string };

/** @param headers with names in lower case */
export function verifyWebhook(headers: Readonly<Record<string, string | undefined>>, body: Uint8Array, secret: string): WebhookVerdict {
  const token = headers['x-gitlab-token'];
  if (token !== undefined) return isSame(token, secret) ? OK : wrong('the token is not the secret');
  const signed = headers['x-hub-signature-256'] ?? headers['x-gitea-signature'];
  if (signed === undefined) return wrong('it carries no signature (X-Hub-Signature-256, X-Gitea-Signature) and no token (X-Gitlab-Token)');
  const expected = createHmac('sha256', secret).update(body).digest('hex');
  return isSame(signed.replace(/^sha256=/, ''), expected) ? OK : wrong('the signature is not made with the secret');
}

const OK: WebhookVerdict = { ok: true };
const wrong = (why: string): WebhookVerdict => ({ ok: false, why });
