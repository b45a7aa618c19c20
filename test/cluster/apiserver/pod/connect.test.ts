// What is checked before a kubelet is asked for a log, a command or a port: the container, the host, the node.
import { expect, test } from 'vitest';
import { httpServer, text } from '../http/http-server.ts';

const server = await httpServer();
const PODS = '/api/v1/namespaces/default/pods';
const container = { name: 'a', image: 'i' };

const pod = (name: string, spec: object): Promise<unknown> =>
  server.ask(PODS, { method: 'POST', body: { metadata: { name }, spec: { containers: [container], ...spec } } });
await pod('waiting', {});
await pod('lost', { nodeName: 'nosuch' });
await pod('several', {
  nodeName: 'nosuch',
  initContainers: [{ ...container, name: 'init' }],
  containers: [container, { ...container, name: 'b' }],
});

const CHOOSE = '400 a container name must be specified for pod several, choose one of: [init a b]';

const ROWS: readonly (readonly [rule: string, method: string, path: string, expected: string])[] = [
  ['a pod on no node has no log yet', 'GET', 'waiting/log', '204 '],
  ['a pod on no node runs no commands', 'POST', 'waiting/exec?command=ls', '400 pod waiting does not have a host assigned'],
  ['the node is looked for among the pods', 'GET', 'lost/log', '404 pods "nosuch" not found'],
  ['the node is looked for before the kubelet sees the command', 'POST', 'lost/exec', '404 pods "nosuch" not found'],
  ['a port needs the node too', 'POST', 'lost/portforward', '404 pods "nosuch" not found'],
  ['one of several containers must be chosen for its log', 'GET', 'several/log', CHOOSE],
  ['one of several containers must be chosen for a command', 'POST', 'several/exec?command=ls', CHOOSE],
];

test.each(ROWS)('%s', async (_, method, path, expected) => {
  const response = await server.ask(`${PODS}/${path}`, { method });
  const body = text(response);
  expect(`${response.code} ${body && (JSON.parse(body) as { message: string }).message}`).toBe(expected);
});
