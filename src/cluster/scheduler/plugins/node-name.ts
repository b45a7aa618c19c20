// NodeName: a pod that names its node runs there or nowhere.
import { refuseForGood, type Plugin } from '../framework.ts';

export const nodeName: Plugin = {
  name: 'NodeName',
  events: [{ resource: 'Node', actions: ['Add'] }],
  preFilter({ pod }) {
    const wanted = pod.spec.nodeName;
    if (!wanted) return undefined;
    return { filter: ({ name }) => (name === wanted ? undefined : refuseForGood("node(s) didn't match the requested node name")) };
  },
};
