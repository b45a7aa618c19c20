// Requests of git hosts, and of others.
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { verifyWebhook } from '../../../src/reconcile/keep/webhook.ts';

const body = new TextEncoder().encode('{"ref":"refs/heads/main"}');
const hmac = (secret: string, of: Uint8Array = body): string => createHmac('sha256', secret).update(of).digest('hex');

test.each([
  ['signed as GitHub does', { 'x-hub-signature-256': `sha256=${hmac('s')}` }, true],
  ['signed as Gitea does', { 'x-gitea-signature': hmac('s') }, true],
  ["with GitLab's token", { 'x-gitlab-token': 's' }, true],
  ['signed with another secret', { 'x-hub-signature-256': `sha256=${hmac('t')}` }, false],
  ['signed for another body', { 'x-hub-signature-256': `sha256=${hmac('s', new Uint8Array())}` }, false],
  ['with a signature that is cut off', { 'x-hub-signature-256': `sha256=${hmac('s').slice(0, 10)}` }, false],
  ['with another token', { 'x-gitlab-token': 'st' }, false],
  ['with nothing', {}, false],
])('a request %s', (_, headers, ok) => {
  expect(verifyWebhook(headers, body, 's').ok).toBe(ok);
});
