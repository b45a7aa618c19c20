// kubectl, run against an API server of a test's cluster: it is served from the first command on. The cluster's clock stands still
// meanwhile, as far as the commands are concerned.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ApiServer } from '../../src/cluster/apiserver/api-server.ts';
import { listen, type ListeningServer } from '../../src/cluster/apiserver/http/socket-server.ts';
import { createAuthority, issueCertificate, type KeyPair } from '../../src/cluster/pki.ts';

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a shell says of a command that it does not find. */
export const NO_KUBECTL: KubectlResult = { code: 127, stdout: '', stderr: 'no kubectl' };

/** kubectl is told not to look at them, so one pair will do for all clusters of a process, at whatever time they are. */
let certificates: Promise<{ readonly authority: KeyPair; readonly server: KeyPair }> | undefined;
async function makeCertificates(): Promise<{ readonly authority: KeyPair; readonly server: KeyPair }> {
  const authority = await createAuthority('kubernetes', 0);
  return { authority, server: await issueCertificate(authority, { commonName: 'kube-apiserver', usage: 'server' }, 0) };
}

/** A server of the API for one cluster, and kubectl as its client. */
export class ServedKubectl {
  private readonly server: ApiServer;
  private readonly token: string;
  private serving: Promise<ListeningServer> | undefined;
  private readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), 'served-kubectl-'));

  /** @param token of the user whom kubectl speaks for */
  constructor(server: ApiServer, token: string) {
    this.server = server;
    this.token = token;
  }

  async run(args: readonly string[], namespace: string): Promise<KubectlResult> {
    this.serving ??= this.serve();
    const { port } = await this.serving;
    const flags = ['--kubeconfig=/dev/null', `--server=https://127.0.0.1:${port}`, `--token=${this.token}`, '--insecure-skip-tls-verify'];
    const all = [...flags, `--cache-dir=${this.directory}`, '-n', namespace, ...args];
    return new Promise((resolve) => {
      execFile('kubectl', all, (error, stdout, stderr) => {
        if (error?.code === 'ENOENT') resolve(NO_KUBECTL);
        else resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr });
      });
    });
  }

  async close(): Promise<void> {
    const serving = await this.serving;
    await serving?.close();
    fs.rmSync(this.directory, { recursive: true, force: true });
  }

  private async serve(): Promise<ListeningServer> {
    certificates ??= makeCertificates();
    const { authority, server } = await certificates;
    return listen({
      server: this.server,
      host: '127.0.0.1',
      port: 0,
      key: server.key,
      cert: server.cert,
      clientCA: authority.cert,
      onError(error) {
        throw error;
      },
    });
  }
}
