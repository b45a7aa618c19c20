// Kubeconfig files as kubectl reads them: several merged into one, the context chosen, and what is needed to connect as it says. Follows
// k8s.io/client-go/tools/clientcmd: of a name that several files have the first counts, and paths are relative to their file.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { isObject, type JsonObject } from '../apimachinery/object.ts';
import { proxyFromEnvironment, type Environment } from './environment-proxy.ts';

/** What is wrong with a kubeconfig file, and where. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError';
  readonly hint: string;

  constructor(message: string, hint: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.hint = hint;
  }
}

/** A program that gives credentials; the `exec` part of a user. */
export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly installHint: string;
  readonly provideClusterInfo: boolean;
}

/** How to connect, and as whom. */
export interface ConnectionConfig {
  readonly context: string;
  /** The default of the context. */
  readonly namespace: string;
  readonly server: string;
  /** PEM. */
  readonly ca?: string;
  readonly insecureSkipTlsVerify: boolean;
  readonly tlsServerName?: string;
  /** That of the file, or the one that the environment names. */
  readonly proxyUrl?: string;
  /** PEM. */
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly token?: string;
  /** Read again whenever it is used: such tokens are renewed in place. */
  readonly tokenFile?: string;
  readonly basic?: { readonly username: string; readonly password: string };
  readonly exec?: ExecPlugin;
  readonly impersonate?: { readonly user: string; readonly uid?: string; readonly groups: readonly string[] };
}

export interface KubeconfigOptions {
  /** By default what `KUBECONFIG` names, or `~/.kube/config`. */
  readonly files?: readonly string[];
  /** By default the current one. */
  readonly context?: string;
  readonly env: Environment;
}

interface Part {
  readonly file: string;
  readonly value: JsonObject;
}

/** Throws a KubeconfigError. */
export function loadKubeconfig({ files, context, env }: KubeconfigOptions): ConnectionConfig {
  const named = files ?? env['KUBECONFIG']?.split(path.delimiter).filter(Boolean) ?? [];
  const all = named.length ? named : [path.join(env['HOME'] ?? os.homedir(), '.kube', 'config')];
  const parts = all.flatMap((file) => readPart(file, files !== undefined));
  const where = all.join(', ');
  if (parts.length === 0)
    throw new KubeconfigError(`there is no kubeconfig (${where})`, 'name one with --kubeconfig FILE, or set KUBECONFIG');
  const current = context ?? parts.map(({ value }) => value['current-context']).find((name) => typeof name === 'string' && name !== '');
  if (typeof current !== 'string')
    throw new KubeconfigError(`${where}: no context is current`, `name one with --context: ${namesOf(parts, 'contexts')}`);
  const chosen = entry(parts, 'contexts', 'context', current);
  if (!chosen)
    throw new KubeconfigError(`${where}: there is no context ${JSON.stringify(current)}`, `there are ${namesOf(parts, 'contexts')}`);
  const clusterName = text(chosen.value, 'cluster') ?? '';
  const cluster = entry(parts, 'clusters', 'cluster', clusterName);
  if (!cluster)
    throw new KubeconfigError(
      `${chosen.file}: context ${current} is about a cluster ${JSON.stringify(clusterName)} that is not there`,
      `there are ${namesOf(parts, 'clusters')}`,
    );
  const userName = text(chosen.value, 'user') ?? '';
  const user = userName === '' ? undefined : entry(parts, 'users', 'user', userName);
  if (userName !== '' && !user)
    throw new KubeconfigError(
      `${chosen.file}: context ${current} is for a user ${JSON.stringify(userName)} who is not there`,
      `there are ${namesOf(parts, 'users')}`,
    );
  return {
    context: current,
    namespace: text(chosen.value, 'namespace') ?? 'default',
    ...connection(cluster, env),
    ...(user ? identity(user) : {}),
  };
}

function readPart(file: string, must: boolean): Part[] {
  let content: string;
  try {
    content = fs.readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && !must) return [];
    throw new KubeconfigError(`${file}: cannot be read (${code ?? 'unknown'})`, 'check the path and its permissions', error);
  }
  let value: unknown;
  try {
    value = parse(content);
  } catch (error) {
    throw new KubeconfigError(
      `${file}: ${(error as Error).message.split('\n')[0]}`,
      'it must be YAML, as kubectl config view shows',
      error,
    );
  }
  if (value === null) return [];
  if (!isObject(value)) throw new KubeconfigError(`${file}: is no kubeconfig`, 'it must be an object of kind Config');
  return [{ file, value }];
}

const listOf = ({ value }: Part, list: string): readonly JsonObject[] => {
  const found = value[list];
  return Array.isArray(found) ? found.filter(isObject) : [];
};

function entry(parts: readonly Part[], list: string, key: string, name: string): Part | undefined {
  for (const part of parts) {
    const found = listOf(part, list).find((one) => one['name'] === name);
    if (found) return { file: part.file, value: isObject(found[key]) ? found[key] : {} };
  }
  return undefined;
}

const namesOf = (parts: readonly Part[], list: string): string =>
  parts.flatMap((part) => listOf(part, list).map((one) => String(one['name']))).join(', ') || 'none';

const text = (value: JsonObject, key: string): string | undefined => {
  const found = value[key];
  return typeof found === 'string' && found !== '' ? found : undefined;
};

/** Given in the file itself, in base64, or in a file beside it. */
function pem({ file, value }: Part, key: string): string | undefined {
  const data = text(value, `${key}-data`);
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  const named = text(value, key);
  if (named === undefined) return undefined;
  const at = path.resolve(path.dirname(file), named);
  try {
    return fs.readFileSync(at, 'utf8');
  } catch (error) {
    throw new KubeconfigError(`${file}: ${key} ${at} cannot be read`, 'check the path and its permissions', error);
  }
}

function connection(cluster: Part, env: Environment): Omit<ConnectionConfig, 'context' | 'namespace'> {
  const { value, file } = cluster;
  const server = text(value, 'server');
  if (server === undefined || !/^https?:\/\//.test(server))
    throw new KubeconfigError(`${file}: the cluster's server ${JSON.stringify(server ?? '')} is no URL`, 'it must begin with https://');
  const ca = pem(cluster, 'certificate-authority');
  return {
    server: server.replace(/\/+$/, ''),
    insecureSkipTlsVerify: value['insecure-skip-tls-verify'] === true,
    ...(ca === undefined ? {} : { ca }),
    ...optional('tlsServerName', text(value, 'tls-server-name')),
    ...optional('proxyUrl', text(value, 'proxy-url') ?? proxyFromEnvironment(server, env)),
  };
}

const optional = <K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> =>
  (value === undefined ? {} : { [key]: value }) as Partial<Record<K, string>>;

function identity(user: Part): Partial<ConnectionConfig> {
  const { value, file } = user;
  if (isObject(value['auth-provider']))
    throw new KubeconfigError(
      `${file}: auth-provider ${String(value['auth-provider']['name'])} is not supported`,
      'use an exec plugin (such as kubectl oidc-login) or a token',
    );
  const exec = isObject(value['exec']) ? plugin(value['exec'], file) : undefined;
  const tokenFile = text(value, 'tokenFile');
  const username = text(value, 'username');
  const impersonated = text(value, 'as');
  const groups = value['as-groups'];
  const uid = text(value, 'as-uid');
  return {
    ...optional('clientCertificate', pem(user, 'client-certificate')),
    ...optional('clientKey', pem(user, 'client-key')),
    ...optional('token', text(value, 'token')),
    ...optional('tokenFile', tokenFile && path.resolve(path.dirname(file), tokenFile)),
    ...(username === undefined ? {} : { basic: { username, password: text(value, 'password') ?? '' } }),
    ...(exec ? { exec } : {}),
    ...(impersonated === undefined
      ? {}
      : {
          impersonate: {
            user: impersonated,
            groups: Array.isArray(groups) ? groups.map(String) : [],
            ...(uid === undefined ? {} : { uid }),
          },
        }),
  };
}

function plugin(value: JsonObject, file: string): ExecPlugin {
  const command = text(value, 'command') ?? '';
  const args = value['args'];
  const env = value['env'];
  return {
    apiVersion: text(value, 'apiVersion') ?? 'client.authentication.k8s.io/v1',
    // a path is relative to the file, a bare name is looked for as shells do
    command: command.includes('/') ? path.resolve(path.dirname(file), command) : command,
    args: Array.isArray(args) ? args.map(String) : [],
    env: Object.fromEntries(
      (Array.isArray(env) ? env.filter(isObject) : []).map((one) => [text(one, 'name') ?? '', text(one, 'value') ?? '']),
    ),
    installHint: text(value, 'installHint') ?? '',
    provideClusterInfo: value['provideClusterInfo'] === true,
  };
}
