// The objects by which a cluster knows its metrics-server, as the manifests of kubernetes-sigs/metrics-server have them; in place of a
// Deployment there is an address in this process. Those that are there already are left as they are.
import type { KubernetesObject, Manifest } from '../../apimachinery/object.ts';
import { isAlreadyExists } from '../../apimachinery/status-error.ts';
import type { Client } from '../../client/client.ts';

/** Where the server in this process is reached: none of the cluster's own addresses. */
export const ADDRESS = '172.30.0.10';
export const PORT = 10250;

const NAMESPACE = 'kube-system';
const LABELS = { 'k8s-app': 'metrics-server' };
const AGGREGATE = (role: string): string => `rbac.authorization.k8s.io/aggregate-to-${role}`;

const OBJECTS: readonly Manifest<KubernetesObject>[] = [
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: {
      name: 'system:aggregated-metrics-reader',
      labels: { ...LABELS, [AGGREGATE('admin')]: 'true', [AGGREGATE('edit')]: 'true', [AGGREGATE('view')]: 'true' },
    },
    rules: [{ apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] }],
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'metrics-server', namespace: NAMESPACE, labels: LABELS },
    spec: { ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: PORT }] },
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'metrics-server', namespace: NAMESPACE, labels: { ...LABELS, 'kubernetes.io/service-name': 'metrics-server' } },
    addressType: 'IPv4',
    ports: [{ name: 'https', port: PORT, protocol: 'TCP' }],
    endpoints: [{ addresses: [ADDRESS], conditions: { ready: true } }],
  },
  {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1beta1.metrics.k8s.io', labels: LABELS },
    spec: {
      group: 'metrics.k8s.io',
      groupPriorityMinimum: 100,
      insecureSkipTLSVerify: true,
      service: { name: 'metrics-server', namespace: NAMESPACE },
      version: 'v1beta1',
      versionPriority: 100,
    },
  },
];

export async function install(client: Client): Promise<void> {
  for (const object of OBJECTS) {
    await client.create(`${object.apiVersion}/${object.kind}`, object).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
  }
}
