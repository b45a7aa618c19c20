// The resources of API group flowcontrol.apiserver.k8s.io.
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function flowcontrolResources(): ResourceDefinition[] {
  return [
    define('flowcontrol.apiserver.k8s.io', 'flowschemas', { strategy: {} }),
    define('flowcontrol.apiserver.k8s.io', 'prioritylevelconfigurations', { strategy: {} }),
  ];
}
