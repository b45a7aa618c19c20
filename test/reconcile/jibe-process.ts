// jibe as its users run it: a process, with a kubeconfig of a ServiceAccount.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { Client } from '../../src/client/client.ts';

const ROOT = path.join(import.meta.dirname, '../..');

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** @param directory where it runs, and keeps its clusters */
export const jibeProcess = (directory: string, args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const env = { ...process.env, JIBE_HOME: path.join(directory, 'home'), NO_COLOR: '1' };
    execFile(process.execPath, [path.join(ROOT, 'bin/jibe.js'), ...args], { env, cwd: directory }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 255 : 0, out, err });
    });
  });

/** @param admin makes the token @param ca PEM @returns the file */
export async function writeKubeconfig(
  file: string,
  admin: Client,
  namespace: string,
  account: string,
  server: string,
  ca: string,
): Promise<string> {
  const metadata = { name: account, namespace };
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata, spec: { audiences: [] } };
  const made = await admin.create('v1/ServiceAccount', request as never, { namespace, subresource: 'token' });
  const { token } = (made as unknown as { readonly status: { readonly token: string } }).status;
  const cluster = { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'it',
    clusters: [{ name: 'it', cluster }],
    users: [{ name: 'it', user: { token } }],
    contexts: [{ name: 'it', context: { cluster: 'it', user: 'it', namespace } }],
  };
  fs.writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}
