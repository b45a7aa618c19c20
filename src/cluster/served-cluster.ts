// A named cluster served over HTTPS by this process. What others need to reach it is left beside its state (serving.ts).
import fs from 'node:fs';
import path from 'node:path';
import { RealClock } from '../apimachinery/clock.ts';
import { Random } from '../apimachinery/random.ts';
import { writePrivateFile } from '../client/private-file.ts';
import { readTokenFile } from './apiserver/authentication/static-tokens.ts';
import { listen } from './apiserver/http/socket-server.ts';
import type { AuditFiles } from './audit-file.ts';
import { Cluster, COMPONENT_NAMES, type ClusterOptions } from './cluster.ts';
import { clusterDirectory } from './cluster-directory.ts';
import { dialOutside } from './outside.ts';
import { clusterCertificates, type ClusterCertificates } from './pki.ts';
import { contextName, kubeconfigFile, servingFile, type Serving } from './serving.ts';
import { DurableStore, openDirectory } from './storage/durable-store.ts';
import { MemoryStore } from './storage/memory-store.ts';

const HOST = '127.0.0.1';
const PKI = 'pki';

export interface ServeOptions extends Pick<
  ClusterOptions,
  'nodes' | 'components' | 'behaviour' | 'enableAdmissionPlugins' | 'disableAdmissionPlugins'
> {
  readonly home: string;
  readonly name: string;
  /** 0: the one that the cluster had before, or any that is free. */
  readonly port: number;
  /** Where requests are told, and which; nowhere by default. */
  readonly audit?: AuditFiles;
  /** As kube-apiserver's flag of this name: who comes with which token. */
  readonly tokenAuthFile?: string;
  /** A folder with a folder for each node, with the manifests of its static pods. */
  readonly staticPods?: string;
  /** Keeps nothing but certificates: for tests. */
  readonly inMemory?: boolean;
  /** Told of failures that a component, or the server, will try to mend by itself. */
  readonly onError: (component: string, key: string, error: unknown) => void;
}

export interface ServedCluster {
  readonly cluster: Cluster;
  readonly serving: Serving;
  stop(): Promise<void>;
}

/** Throws a StorageError where the cluster is in use or cannot be kept, an AuditFileError where there can be no log, a StaticPodError where a manifest is none, and an error with a `code` where the port cannot be had. */
export async function serveCluster(options: ServeOptions): Promise<ServedCluster> {
  const { home, name, nodes, components, behaviour, enableAdmissionPlugins, disableAdmissionPlugins, tokenAuthFile, onError, inMemory } =
    options;
  const directory = clusterDirectory(home, name);
  const staticPods =
    options.staticPods === undefined ? undefined : await (await import('./static-pod-files.ts')).readStaticPods(options.staticPods);
  const audit = options.audit && (await (await import('./audit-file.ts')).openAuditFile(options.audit));
  const opened = await openDirectory(directory);
  const clock = new RealClock(opened.timeMs);
  const store = inMemory ? new MemoryStore(clock) : new DurableStore(directory, opened, clock);
  const release = async (): Promise<void> => {
    await store.close();
    if (!inMemory) return;
    await opened.root.close();
    opened.lock.release();
  };
  try {
    const certificates = await clusterCertificates(path.join(directory, PKI), new RealClock().now(), [SERVICE_ADDRESS]);
    const cluster = await Cluster.start({
      clock,
      random: Random.unpredictable(),
      store,
      onError,
      dial: dialOutside,
      frontProxy: { client: certificates.frontProxyClient, authority: certificates.frontProxyAuthority.cert },
      access: {
        serviceAccountTokens: { signingKey: certificates.serviceAccountKey },
        ...(tokenAuthFile === undefined ? {} : { staticTokens: readTokenFile(tokenAuthFile) }),
      },
      certificateAuthority: { certificate: certificates.authority.cert, privateKey: certificates.authority.key },
      ...(nodes === undefined ? {} : { nodes }),
      ...(components ? { components } : {}),
      ...(behaviour ? { behaviour } : {}),
      ...(staticPods ? { staticPods } : {}),
      ...(audit ? { audit } : {}),
      ...(enableAdmissionPlugins ? { enableAdmissionPlugins } : {}),
      ...(disableAdmissionPlugins ? { disableAdmissionPlugins } : {}),
    });
    const { port, close } = await listenFor(cluster, certificates, options.port || lastPort(directory), options.port !== 0, onError);
    const serving = announce(directory, name, port, ['apiserver', ...(components ?? COMPONENT_NAMES)], certificates);
    return {
      cluster,
      serving,
      async stop() {
        fs.rmSync(servingFile(directory), { force: true });
        await close();
        await cluster.stop();
        if (inMemory) await release();
        audit?.close();
      },
    };
  } catch (error) {
    await release();
    audit?.close();
    throw error;
  }
}

/** Of the Service `kubernetes`. */
const SERVICE_ADDRESS = '10.0.0.1';

async function listenFor(
  cluster: Cluster,
  { server: { key, cert }, authority }: ClusterCertificates,
  port: number,
  asked: boolean,
  onError: ServeOptions['onError'],
): ReturnType<typeof listen> {
  const at = (wanted: number): ReturnType<typeof listen> =>
    listen({
      server: cluster.server,
      host: HOST,
      port: wanted,
      key,
      cert,
      clientCA: authority.cert,
      onError: (error) => onError('kube-apiserver', '', error),
    });
  try {
    return await at(port);
  } catch (error) {
    // somebody else has the port that the cluster had before: nobody asked for just that one
    if (!asked && (error as NodeJS.ErrnoException).code === 'EADDRINUSE') return at(0);
    await cluster.stop();
    throw error;
  }
}

function lastPort(directory: string): number {
  try {
    const text = fs.readFileSync(kubeconfigFile(directory), 'utf8');
    return Number(/server: https:\/\/[^:]+:(\d+)/.exec(text)?.[1] ?? 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

function announce(
  directory: string,
  name: string,
  port: number,
  components: readonly string[],
  certificates: ClusterCertificates,
): Serving {
  const url = `https://${HOST}:${port}`;
  const kubeconfig = kubeconfigFile(directory);
  writePrivateFile(kubeconfig, kubeconfigText(name, url, certificates));
  const since = new Date(new RealClock().now()).toISOString();
  const serving: Serving = { name, pid: process.pid, url, since, components, kubeconfig };
  writePrivateFile(servingFile(directory), `${JSON.stringify(serving)}\n`);
  return serving;
}

/** As `kubectl config view --raw` shows it. */
function kubeconfigText(name: string, url: string, { authority, admin }: ClusterCertificates): string {
  const context = contextName(name);
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return [
    'apiVersion: v1',
    'kind: Config',
    'clusters:',
    `- name: ${context}`,
    '  cluster:',
    `    server: ${url}`,
    `    certificate-authority-data: ${base64(authority.cert)}`,
    'users:',
    `- name: ${context}`,
    '  user:',
    `    client-certificate-data: ${base64(admin.cert)}`,
    `    client-key-data: ${base64(admin.key)}`,
    'contexts:',
    `- name: ${context}`,
    '  context:',
    `    cluster: ${context}`,
    `    user: ${context}`,
    `current-context: ${context}`,
    '',
  ].join('\n');
}
