// Who a client is, as its kubeconfig says: a certificate, a token, a password, or what a program answers that is asked for it. Follows
// k8s.io/client-go/plugin/pkg/client/auth/exec: answers are kept until they end.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import type { Clock } from '../apimachinery/clock.ts';
import { isObject, type JsonObject } from '../apimachinery/object.ts';
import { timeMs } from '../apimachinery/time.ts';
import { KubeconfigError, type ConnectionConfig, type ExecPlugin } from './kubeconfig.ts';

/** What a client shows in the handshake; PEM. */
export interface TlsIdentity {
  readonly cert?: string;
  readonly key?: string;
}

export interface Identity {
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly identity: TlsIdentity;
}

const PLUGIN_TIMEOUT_MS = 60_000;
/** Shortly before its end a token is asked for anew. */
const EARLY_MS = 10_000;

interface Given {
  readonly token?: string;
  readonly identity: TlsIdentity;
  readonly untilMs: number;
}

export class Credentials {
  private readonly config: ConnectionConfig;
  private readonly clock: Clock;
  private given: Promise<Given> | undefined;
  private untilMs = Infinity;

  constructor(config: ConnectionConfig, clock: Clock) {
    this.config = config;
    this.clock = clock;
  }

  /** Whether asking again may give others. */
  get renewable(): boolean {
    return this.config.exec !== undefined || this.config.tokenFile !== undefined;
  }

  forget(): void {
    this.given = undefined;
  }

  async get(): Promise<Identity> {
    const { clientCertificate: cert, clientKey: key, token, tokenFile, basic, exec, impersonate } = this.config;
    const own: TlsIdentity = cert !== undefined && key !== undefined ? { cert, key } : {};
    const given = exec ? await this.ask(exec) : undefined;
    const bearer = token ?? (tokenFile === undefined ? undefined : fs.readFileSync(tokenFile, 'utf8').trim()) ?? given?.token;
    const headers: Record<string, string | string[]> = {};
    if (bearer !== undefined) headers['authorization'] = `Bearer ${bearer}`;
    else if (basic) headers['authorization'] = `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString('base64')}`;
    if (impersonate) {
      headers['impersonate-user'] = impersonate.user;
      if (impersonate.groups.length) headers['impersonate-group'] = [...impersonate.groups];
      if (impersonate.uid !== undefined) headers['impersonate-uid'] = impersonate.uid;
    }
    return { headers, identity: given?.identity.cert === undefined ? own : given.identity };
  }

  private ask(exec: ExecPlugin): Promise<Given> {
    if (this.given && this.clock.now() < this.untilMs - EARLY_MS) return this.given;
    this.given = run(exec, this.config).then((given) => {
      this.untilMs = given.untilMs;
      return given;
    });
    return this.given;
  }
}

async function run(exec: ExecPlugin, config: ConnectionConfig): Promise<Given> {
  const cluster = {
    server: config.server,
    ...(config.ca === undefined ? {} : { 'certificate-authority-data': Buffer.from(config.ca).toString('base64') }),
  };
  const info = {
    apiVersion: exec.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: false, ...(exec.provideClusterInfo ? { cluster } : {}) },
  };
  const output = await new Promise<string>((resolve, reject) => {
    execFile(
      exec.command,
      [...exec.args],
      { env: { ...process.env, ...exec.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) }, timeout: PLUGIN_TIMEOUT_MS, maxBuffer: 1 << 20 },
      (error, stdout, stderr) => {
        if (!error) return resolve(stdout);
        const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
        const why = missing ? 'there is no such program' : stderr.trim().split('\n').at(-1) || error.message;
        reject(
          new KubeconfigError(
            `the credential plugin ${exec.command} fails: ${why}`,
            exec.installHint || 'run it by hand to see why',
            error,
          ),
        );
      },
    );
  });
  return credentialOf(output, exec.command);
}

function credentialOf(output: string, command: string): Given {
  let value: unknown;
  try {
    value = JSON.parse(output);
  } catch (error) {
    throw new KubeconfigError(`the credential plugin ${command} does not answer with JSON`, 'run it by hand to see what it answers', error);
  }
  const status: JsonObject = isObject(value) && isObject(value['status']) ? value['status'] : {};
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp: until } = status;
  const pair = typeof cert === 'string' && typeof key === 'string' ? { cert, key } : {};
  if (typeof token !== 'string' && !('cert' in pair))
    throw new KubeconfigError(
      `the credential plugin ${command} gives neither a token nor a certificate`,
      'run it by hand to see what it answers',
    );
  return {
    ...(typeof token === 'string' ? { token } : {}),
    identity: pair,
    untilMs: typeof until === 'string' ? timeMs(until) : Infinity,
  };
}
