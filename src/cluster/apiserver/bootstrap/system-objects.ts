// Single objects that a fresh API server holds: the namespaces of the system, the priority classes of its components, and the Service by
// which pods reach the server itself. And what clusters are usually given besides: a default storage class.
import type { ConfigMap, Endpoints, Namespace, Service, ServiceAccount } from '#api/core/v1';
import type { EndpointSlice } from '#api/discovery/v1';
import type { IPAddress, ServiceCIDR } from '#api/networking/v1';
import type { StorageClass } from '#api/storage/v1';
import type { PriorityClass } from '#api/scheduling/v1';
import type { Manifest } from '../../../apimachinery/object.ts';
import { formatTime } from '../../../apimachinery/time.ts';

const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

export function bootstrapNamespaces(): Manifest<Namespace>[] {
  return NAMESPACES.map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  }));
}

export function bootstrapPriorityClasses(): Manifest<PriorityClass>[] {
  const systemClass = (name: string, value: number, whom: string): Manifest<PriorityClass> => ({
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name, generation: 1 },
    value,
    description: `Used for system critical pods that must ${whom}`,
    preemptionPolicy: 'PreemptLowerPriority',
  });
  return [
    systemClass('system-node-critical', 2_000_001_000, 'not be moved from their current node.'),
    systemClass('system-cluster-critical', 2_000_000_000, 'run in the cluster, but can be moved to another node if necessary.'),
  ];
}

/** The cluster addresses, and of them the first: the API server's own. */
const SERVICE_CIDR = '10.0.0.0/16';
const SERVICE_ADDRESS = '10.0.0.1';
const SECURE_PORT = 6443;

export function kubernetesService(): Manifest<Service> {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'kubernetes', namespace: 'default', labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: {
      ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: SECURE_PORT }],
      clusterIP: SERVICE_ADDRESS,
      clusterIPs: [SERVICE_ADDRESS],
      type: 'ClusterIP',
      sessionAffinity: 'None',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
    },
    status: { loadBalancer: {} },
  };
}

/**
 * Where the server is within the network of the simulated nodes.
 * DEVIATION: nothing is reached there but by this name; who is outside of the simulation takes the address of the kubeconfig.
 */
const SERVER_ADDRESS = '172.30.0.1';

export function kubernetesEndpoints(): Manifest<Endpoints> {
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    // the server keeps the slice itself
    metadata: { name: 'kubernetes', namespace: 'default', labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: [{ addresses: [{ ip: SERVER_ADDRESS }], ports: [{ name: 'https', port: SECURE_PORT, protocol: 'TCP' }] }],
  };
}

export function kubernetesEndpointSlice(): Manifest<EndpointSlice> {
  return {
    addressType: 'IPv4',
    apiVersion: 'discovery.k8s.io/v1',
    endpoints: [{ addresses: [SERVER_ADDRESS], conditions: { ready: true } }],
    kind: 'EndpointSlice',
    metadata: { name: 'kubernetes', namespace: 'default', generation: 1, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    ports: [{ name: 'https', port: SECURE_PORT, protocol: 'TCP' }],
  };
}

export function kubernetesServiceAddress(): Manifest<IPAddress> {
  const labels = { 'ipaddress.kubernetes.io/ip-family': 'IPv4', 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: { name: SERVICE_ADDRESS, labels },
    spec: { parentRef: { resource: 'services', namespace: 'default', name: 'kubernetes' } },
  };
}

/** @param now milliseconds since 1970 */
export function defaultServiceCIDR(now: number): Manifest<ServiceCIDR> {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata: { name: 'kubernetes' },
    spec: { cidrs: [SERVICE_CIDR] },
    status: {
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          lastTransitionTime: formatTime(now),
          reason: '',
          message: 'Kubernetes default Service CIDR is ready',
        },
      ],
    },
  };
}

/** Volumes of the default class are made by the simulation, on the node of their first consumer. */
const PROVISIONER = 'simulated.jibe.dev';

export function defaultStorageClass(): Manifest<StorageClass> {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: PROVISIONER,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
    allowVolumeExpansion: true,
  };
}

/** Follows the cluster authentication trust controller of kube-apiserver. */
export const extensionAuthentication = (clientCA: string, requestHeaderCA: string): Manifest<ConfigMap> => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' },
  data: {
    'client-ca-file': clientCA,
    'requestheader-allowed-names': '["front-proxy-client"]',
    'requestheader-client-ca-file': requestHeaderCA,
    'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
    'requestheader-group-headers': '["X-Remote-Group"]',
    'requestheader-uid-headers': '["X-Remote-Uid"]',
    'requestheader-username-headers': '["X-Remote-User"]',
  },
});

/**
 * The account of pods in the namespace `default`: a controller would make it a moment later, and whoever comes first would be refused.
 */
export const defaultServiceAccount = (): Manifest<ServiceAccount> => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'default', namespace: 'default' },
});
