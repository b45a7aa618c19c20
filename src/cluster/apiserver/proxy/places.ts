// Where requests to the proxy subresources go: a pod's address, an endpoint of a Service, a node's kubelet. Follows ResourceLocation of
// pkg/registry/core/{pod,service,node}.
import type { Node, Pod, Service } from '#api/core/v1';
import type { ResourceResponse } from '../../../apimachinery/api-request.ts';
import { badRequest, serviceUnavailable } from '../../../apimachinery/status-error.ts';
import type { Destination } from '../aggregator/backends.ts';
import { endpointOf } from '../aggregator/service-resolver.ts';
import type { RequestContext } from '../generic/context.ts';
import type { SubresourceServer } from '../generic/resource-definition.ts';
import { passOn, proxiedOf, redirectToRoot, targetOf } from './proxy.ts';

const HTTP_PORT = 80;
const HTTPS_PORT = 443;

/** Whose certificate is behind a proxy nobody checks. */
const destination = (scheme: string, host: string, port: number): Destination =>
  scheme === 'https' ? { host, port, tls: { serverName: host, insecureSkipVerify: true } } : { host, port };

/** Loopback and link-local addresses are the API server's own affair. */
function checkProxyable(host: string): void {
  const [first = 0, second] = host.split('.').map(Number);
  const global = /^\d+\.\d+\.\d+\.\d+$/.test(host) && first !== 0 && first !== 127 && first < 224 && !(first === 169 && second === 254);
  if (!global && !/^[23f][\da-f]{3}:/i.test(host)) throw badRequest('address not allowed');
}

export async function proxyPod(context: RequestContext, server: SubresourceServer): Promise<ResourceResponse> {
  const { scheme, name, port } = targetOf(context.request.name, 'pod');
  const { value } = await server.objects(context.served.definition).get(context.request.namespace, name);
  const pod = value as unknown as Pod;
  const host = pod.status?.podIP ?? '';
  checkProxyable(host);
  const declared = pod.spec.containers.find(({ ports }) => ports?.length)?.ports?.[0]?.containerPort;
  const number = port === '' ? (declared ?? (scheme === 'https' ? HTTPS_PORT : HTTP_PORT)) : Number(port);
  if (!Number.isInteger(number)) throw serviceUnavailable(`error trying to reach service: dial tcp: lookup tcp/${port}: unknown port`);
  return passOn(context, server.backends, { destination: destination(scheme, host, number), pod });
}

export async function proxyService(context: RequestContext, server: SubresourceServer): Promise<ResourceResponse> {
  const { namespace, name: id } = context.request;
  const { scheme, name, port } = targetOf(id, 'service');
  const { value } = await server.objects(context.served.definition).get(namespace, name);
  const { spec } = value as unknown as Service;
  let portName = port;
  if (/^[+-]?\d+$/.test(port)) {
    const found = spec?.ports?.find((p) => p.port === Number(port));
    if (!found) throw serviceUnavailable(`no service port ${Number(port)} found for service ${JSON.stringify(name)}`);
    portName = found.name ?? '';
  }
  const endpoint = await endpointOf(server.store, namespace, name, portName);
  if (!endpoint) throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`);
  const { host, pod } = endpoint;
  return passOn(context, server.backends, { destination: destination(scheme, host, endpoint.port), pod });
}

const KUBELET_PORT = 10250;

export async function proxyNode(context: RequestContext, server: SubresourceServer): Promise<ResourceResponse> {
  const { scheme, name, port } = targetOf(context.request.name, 'node');
  const { value } = await server.objects(context.served.definition).get('', name);
  const node = value as unknown as Node;
  const { status } = node;
  const kubeletPort = status?.daemonEndpoints?.kubeletEndpoint?.Port ?? KUBELET_PORT;
  const host = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? name;
  if (port !== '' && Number(port) !== kubeletPort) {
    checkProxyable(host);
    return passOn(context, server.backends, { destination: destination(scheme, host, Number(port)) });
  }
  const request = proxiedOf(context);
  const redirect = redirectToRoot(request);
  if (redirect) return { is: 'proxied', answer: redirect, warnings: [] };
  const [, query] = request.url.split(/\?(.*)/s, 2);
  const url = `${request.rest || '/'}${query ? `?${query}` : ''}`;
  const { method, headers, body } = request;
  const answer = await server.nodes?.kubelet(node, { method, url, headers, body });
  if (answer) return { is: 'proxied', answer, warnings: [] };
  const dial = `dial tcp ${host}:${kubeletPort}: connect: connection refused`;
  throw serviceUnavailable(`error trying to reach service: ${dial}`);
}
