// NodePorts: a host port can be taken once for each protocol and address of a node.
import { eventPod, refuse, type Plugin } from '../framework.ts';

export const nodePorts: Plugin = {
  name: 'NodePorts',
  events: [
    {
      resource: 'Pod',
      actions: ['Delete'],
      mayHelp: (_pod, event) => eventPod(event).spec.containers.some((c) => c.ports?.some((p) => p.hostPort)),
    },
    { resource: 'Node', actions: ['Add'] },
  ],
  preFilter({ hostPorts }) {
    if (hostPorts.length === 0) return undefined;
    return {
      local: true,
      filter: (node) =>
        hostPorts.some((port) => node.hasPort(port)) ? refuse("node(s) didn't have free ports for the requested pod ports") : undefined,
    };
  },
};
