// A served cluster as @kubernetes/client-node meets it: through the kubeconfig that `jibe cluster start` leaves behind.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ApiException, KubeConfig, type V1Pod } from '@kubernetes/client-node';
import { serveCluster, type ServedCluster } from '../../src/cluster/served-cluster.ts';

export interface Served {
  readonly config: KubeConfig;
  readonly cluster: ServedCluster['cluster'];
  stop(): Promise<void>;
}

/** @param components all of them where nothing is given */
export async function served(components?: readonly ('controllers' | 'scheduler' | 'nodes')[]): Promise<Served> {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-client-node-'));
  const running = await serveCluster({
    home,
    name: 'test',
    port: 0,
    inMemory: true,
    nodes: 1,
    onError() {
      // a component mends it
    },
    ...(components ? { components } : {}),
  });
  const config = new KubeConfig();
  config.loadFromFile(running.serving.kubeconfig);
  return {
    config,
    cluster: running.cluster,
    async stop() {
      await running.stop();
      fs.rmSync(home, { recursive: true });
    },
  };
}

/** Code and reason of a refusal: `404 NotFound`. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof ApiException)) throw new Error('it was not refused', { cause: error });
  const body: unknown = typeof error.body === 'string' ? JSON.parse(error.body) : error.body;
  return `${error.code} ${(body as { readonly reason?: string }).reason}`;
}

/** Looks again and again until there is an answer. */
export async function eventually<T>(look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export const pod = (name: string, script: string, more: object = {}): V1Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    terminationGracePeriodSeconds: 1,
    restartPolicy: 'Never',
    containers: [{ name: 'main', image: 'busybox', command: ['sh', '-c', script], ...more }],
  },
});
