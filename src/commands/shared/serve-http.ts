// Where `jibe serve` listens, and who may read: on this machine alone, or beyond it with a token that is in a file of the user's own or in
// the environment.
import fs from 'node:fs';
import { isIP } from 'node:net';
import { Flags } from '@oclif/core';
import { isLoopbackAddress, LOOPBACK, type HttpServerOptions } from '../../reconcile/keep/http-server.ts';
import { CannotDo } from './failure.ts';
import { readTextFile } from './text-file.ts';

export const httpFlags = {
  port: Flags.integer({
    summary: 'Where it listens; 0 for any port that is free.',
    helpValue: 'PORT',
    default: 8420,
    min: 0,
    max: 65_535,
    helpGroup: 'HTTP',
  }),
  listen: Flags.string({
    summary: 'An address beyond this machine on which it listens; 0.0.0.0 or :: for all. Needs a token.',
    helpValue: 'ADDRESS',
    default: LOOPBACK,
    helpGroup: 'HTTP',
  }),
  'token-file': Flags.string({
    summary: 'Who reads must know what is in this file, which others may not read (0600). Or it is in $JIBE_SERVE_TOKEN.',
    helpValue: 'FILE',
    helpGroup: 'HTTP',
  }),
  'tls-cert': Flags.string({
    summary: 'Serve HTTPS with this certificate, in PEM.',
    helpValue: 'FILE',
    dependsOn: ['tls-key'],
    helpGroup: 'HTTP',
  }),
  'tls-key': Flags.string({ summary: 'Its key, in PEM.', helpValue: 'FILE', dependsOn: ['tls-cert'], helpGroup: 'HTTP' }),
  host: Flags.string({
    summary: 'A name by which browsers may ask, besides its address. May be given several times.',
    helpValue: 'NAME',
    multiple: true,
    helpGroup: 'HTTP',
  }),
  'cors-origin': Flags.string({
    summary: 'An origin whose pages may read what is served: https://dash.example. May be given several times.',
    helpValue: 'ORIGIN',
    multiple: true,
    helpGroup: 'HTTP',
  }),
  'webhook-secret-file': Flags.string({
    summary: 'The secret that git hosts share, who then may tell of a push: POST /webhook. Or it is in $JIBE_WEBHOOK_SECRET.',
    helpValue: 'FILE',
    helpGroup: 'HTTP',
  }),
};

interface HttpFlags {
  readonly port: number;
  readonly listen: string;
  readonly 'token-file'?: string | undefined;
  readonly 'tls-cert'?: string | undefined;
  readonly 'tls-key'?: string | undefined;
  readonly host?: readonly string[] | undefined;
  readonly 'cors-origin'?: readonly string[] | undefined;
  readonly 'webhook-secret-file'?: string | undefined;
}

/** A shorter one may be guessed. */
const MIN_TOKEN_LENGTH = 16;

/** Throws a CannotDo where it would be open to whoever comes along. */
export function httpOptions(flags: HttpFlags): Omit<HttpServerOptions, 'maxBodyBytes'> {
  const { port, listen: address, 'tls-cert': cert, 'tls-key': key, host: hosts = [], 'cors-origin': origins = [] } = flags;
  if (!isIP(address))
    throw new CannotDo(`--listen: ${JSON.stringify(address)} is no IP address`, 'write 0.0.0.0, or the address of one interface');
  const faulty = origins.find((origin) => !/^https?:\/\/[^/\s]+$/.test(origin));
  if (faulty !== undefined)
    throw new CannotDo(`--cors-origin: ${JSON.stringify(faulty)} is no origin`, 'write https://dash.example, without a path');
  const token = secretOf(flags['token-file'], 'JIBE_SERVE_TOKEN');
  if (token === undefined && !isLoopbackAddress(address))
    throw new CannotDo(
      `--listen ${address}: whoever reaches it could read it`,
      'give a token: --token-file FILE, or $JIBE_SERVE_TOKEN (openssl rand -hex 32)',
    );
  if (token !== undefined && token.length < MIN_TOKEN_LENGTH)
    throw new CannotDo(`the token has less than ${MIN_TOKEN_LENGTH} characters`, 'make a longer one: openssl rand -hex 32');
  return {
    port,
    address,
    hosts,
    origins,
    token,
    ...(cert === undefined || key === undefined ? {} : { tls: { cert: readTextFile(cert), key: readOwnFile(key) } }),
  };
}

/** What git hosts share; undefined where they are not listened to. */
export const webhookSecret = (flags: HttpFlags): string | undefined => secretOf(flags['webhook-secret-file'], 'JIBE_WEBHOOK_SECRET');

function secretOf(file: string | undefined, variable: string): string | undefined {
  const secret = file === undefined ? process.env[variable] : readOwnFile(file);
  if (file !== undefined && !secret?.trim()) throw new CannotDo(`${file}: there is nothing in it`, 'write the secret into it');
  return secret?.trim() || undefined;
}

/** Throws where others than its owner may read it. */
function readOwnFile(file: string): string {
  const mode = fs.statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
  if (mode & 0o077)
    throw new CannotDo(`${file}: others may read it (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`, `chmod 600 ${file}`);
  return readTextFile(file);
}
