// Who may ask a service what.
import { expect, test } from 'vitest';
import { isOpen } from '../../../src/reconcile/keep/keep-service.ts';
import { corsHeaders, refusal, type GuardRules } from '../../../src/reconcile/keep/request-guard.ts';

const local: GuardRules = { isLoopback: true };
const token = 'a-token-that-is-long';
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
const beyond: GuardRules = { isLoopback: false, token, hosts: ['jibe.example'], origins: ['https://dash.example'], isOpen };

test.each<
  [what: string, rules: GuardRules, asked: { method?: string; path?: string } & Record<string, string>, status: number | undefined]
>([
  ['this machine', local, { host: '127.0.0.1:8420' }, undefined],
  ['this machine by name', local, { host: 'LOCALHOST:8420' }, undefined],
  ['this machine by its other address', local, { host: '[::1]:8420' }, undefined],
  ['a program that names no host', local, {}, undefined],
  ['a name that was made to lead here', local, { host: 'evil.example:8420' }, 403],
  ['a name that begins like this machine', local, { host: 'localhost.evil.example' }, 403],
  ['another address, which only a name can have led here from', local, { host: '10.0.0.7:8420' }, 403],
  ['a name that was allowed', { ...local, hosts: ['Jibe.local'] }, { host: 'jibe.LOCAL:1' }, undefined],
  ['a page of its own', local, { host: '127.0.0.1:8420', origin: 'http://127.0.0.1:8420' }, undefined],
  ['a page of another port', local, { host: '127.0.0.1:8420', origin: 'http://127.0.0.1:3000' }, 403],
  ['a page without origin', local, { host: '127.0.0.1:8420', origin: 'null' }, 403],
  ['without the token', beyond, { host: '10.0.0.7' }, 401],
  ['with the token', beyond, { host: '10.0.0.7', authorization: `Bearer ${token}` }, undefined],
  ['with the token as a password', beyond, { host: '10.0.0.7', authorization: basic(`ada:${token}`) }, undefined],
  ['with another token', beyond, { host: '10.0.0.7', authorization: `Bearer ${token}x` }, 401],
  ['with the beginning of the token', beyond, { host: '10.0.0.7', authorization: `Bearer ${token.slice(0, 8)}` }, 401],
  ['with the token under another scheme', beyond, { host: '10.0.0.7', authorization: `Digest ${token}` }, 401],
  ['with no words at all', beyond, { host: '10.0.0.7', authorization: '' }, 401],
  ['a name beyond this machine', beyond, { host: 'evil.example', authorization: `Bearer ${token}` }, 403],
  ['its name beyond this machine', beyond, { host: 'jibe.example', authorization: `Bearer ${token}` }, undefined],
  ['its IPv6 address', beyond, { host: '[2001:db8::1]:8420', authorization: `Bearer ${token}` }, undefined],
  ['a probe', beyond, { path: '/healthz', host: '10.0.0.7' }, undefined],
  ['a git host, with a secret of its own', beyond, { path: '/webhook/shop', host: '10.0.0.7' }, undefined],
  ['below what is open', beyond, { path: '/webhook/shop/x', host: '10.0.0.7' }, 401],
  ['beside what is open', beyond, { path: '/healthz/../', host: '10.0.0.7' }, 401],
  ['a preflight of an origin that was named', beyond, { method: 'OPTIONS', host: '10.0.0.7', origin: 'https://dash.example' }, 204],
  ['a preflight of another', beyond, { method: 'OPTIONS', host: '10.0.0.7', origin: 'https://dash.example.evil' }, 403],
])('%s', (_, rules, { method = 'GET', path = '/', ...headers }, status) => {
  expect(refusal({ method, path, headers }, rules)?.status).toBe(status);
});

test('only pages of an origin that was named may read along', () => {
  expect(corsHeaders({ origin: 'https://dash.example' }, beyond)).toEqual({
    'access-control-allow-origin': 'https://dash.example',
    vary: 'origin',
  });
  expect(corsHeaders({ origin: 'https://other.example' }, beyond)).toEqual({});
  expect(corsHeaders({}, local)).toEqual({});
});
