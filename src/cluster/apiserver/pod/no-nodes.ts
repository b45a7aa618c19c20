// What an API server alone answers when it is asked for what only a node can give.
import type { NodeApi } from '../../../apimachinery/node-api.ts';
import { statusError, type StatusError } from '../../../apimachinery/status-error.ts';

const unreachable = (node: string | undefined): StatusError =>
  statusError({ code: 500, reason: 'InternalError', message: `Internal error occurred: no kubelet of node ${node ?? ''} can be reached` });

export const noNodes: NodeApi = {
  logs(pod) {
    throw unreachable(pod.spec.nodeName);
  },
  exec(pod) {
    throw unreachable(pod.spec.nodeName);
  },
  connect: (pod) => Promise.reject(unreachable(pod.spec.nodeName)),
  usage: () => [],
  kubelet: () => Promise.resolve(undefined),
};
