// exec, attach and portforward: the connection is handed to the pod's kubelet. Follows ExecREST, AttachREST and PortForwardREST of
// pkg/registry/core/pod/rest.
import type { Pod } from '#api/core/v1';
import type { ResourceResponse } from '../../../apimachinery/api-request.ts';
import type { ExecOptions } from '../../../apimachinery/node-api.ts';
import { badRequest } from '../../../apimachinery/status-error.ts';
import type { RequestContext } from '../generic/context.ts';
import type { SubresourceServer } from '../generic/resource-definition.ts';
import { isTrue } from '../http/request-info.ts';
import { checkNode, containerOf } from './location.ts';
import { noNodes } from './no-nodes.ts';

async function podOf(context: RequestContext, server: SubresourceServer): Promise<Pod> {
  const { name, namespace } = context.request;
  const { value } = await server.objects(context.served.definition).get(namespace, name);
  return value as unknown as Pod;
}

async function checkHost(pod: Pod, server: SubresourceServer): Promise<void> {
  if (!pod.spec.nodeName) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  await checkNode(pod, server);
}

async function start(context: RequestContext, server: SubresourceServer, attach: boolean): Promise<ResourceResponse> {
  const pod = await podOf(context, server);
  const { query = new URLSearchParams() } = context.request;
  // what is attached to has its output unless it is said otherwise
  const flag = (name: string, byDefault = false): boolean => (query.has(name) ? isTrue(query.get(name)) : byDefault);
  const command = attach ? [] : query.getAll('command');
  const asked: ExecOptions = {
    container: containerOf(pod, query.get('container') ?? ''),
    command,
    stdin: flag('stdin'),
    stdout: flag('stdout', true),
    stderr: flag('stderr', true) && !flag('tty'),
    tty: flag('tty'),
  };
  await checkHost(pod, server);
  // from here on it is the kubelet that refuses
  if (!asked.stdin && !asked.stdout && !asked.stderr) throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
  if (!attach && command.length === 0) throw badRequest('you must specify at least 1 command for the container');
  const session = (server.nodes ?? noNodes).exec(pod, asked);
  return { is: 'upgrade', upgrade: { to: 'exec', options: asked, session }, warnings: context.warnings };
}

export const serveExec = (context: RequestContext, server: SubresourceServer): Promise<ResourceResponse> => start(context, server, false);

export const serveAttach = (context: RequestContext, server: SubresourceServer): Promise<ResourceResponse> => start(context, server, true);

export async function servePortForward(context: RequestContext, server: SubresourceServer): Promise<ResourceResponse> {
  const pod = await podOf(context, server);
  await checkHost(pod, server);
  const nodes = server.nodes ?? noNodes;
  const ports = portsOf(context.request.query);
  return { is: 'upgrade', upgrade: { to: 'portforward', ports, connect: (port) => nodes.connect(pod, port) }, warnings: context.warnings };
}

const MAX_PORT = 65_535;

/** Only the oldest way of forwarding names its ports in the query. @returns what is wrong with them, if anything is */
function portsOf(query: URLSearchParams = new URLSearchParams()): readonly number[] | string {
  const texts = query.getAll('ports').flatMap((list) => list.split(','));
  if (texts.length === 0) return 'query parameter "ports" is required';
  const wrong = texts.find((text) => !/^[0-9]{1,5}$/.test(text) || Number(text) < 1 || Number(text) > MAX_PORT);
  return wrong === undefined ? texts.map(Number) : `invalid port ${JSON.stringify(wrong)}`;
}
