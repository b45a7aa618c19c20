import { expect, it } from 'vitest';
import type { PodSpec, ResourceRequirements } from '#api/core/v1';
import { podQOSClass } from '../../../../src/cluster/apiserver/pod/qos-class.ts';

const container = (resources: ResourceRequirements = {}) => ({ name: 'c', image: 'i', resources });
const both = { cpu: '1', memory: '1Gi' };
const spec = (...resources: ResourceRequirements[]): PodSpec => ({ containers: resources.map(container) });

it.each<[string, PodSpec, string]>([
  ['nothing said', spec({}), 'BestEffort'],
  ['amounts of zero', spec({ requests: { cpu: '0', memory: '0' } }), 'BestEffort'],
  ['only other resources', spec({ requests: { 'ephemeral-storage': '1Gi' } }), 'BestEffort'],
  ['limits as requests', spec({ requests: both, limits: both }), 'Guaranteed'],
  ['limits as requests, written differently', spec({ requests: { cpu: '1000m', memory: '1024Mi' }, limits: both }), 'Guaranteed'],
  ['limits above requests', spec({ requests: { cpu: '500m', memory: '1Gi' }, limits: both }), 'Burstable'],
  ['a limit only in processor', spec({ requests: { cpu: '1' }, limits: { cpu: '1' } }), 'Burstable'],
  ['one container without limits', spec({ requests: both, limits: both }, {}), 'Burstable'],
  ['an init container without limits', { ...spec({ requests: both, limits: both }), initContainers: [container()] }, 'Burstable'],
  [
    'containers that differ, each guaranteed',
    spec({ requests: both, limits: both }, { requests: { cpu: '2', memory: '1' }, limits: { cpu: '2', memory: '1' } }),
    'Guaranteed',
  ],
  ['resources of the pod as a whole', { ...spec({ requests: { cpu: '1' } }), resources: { requests: both, limits: both } }, 'Guaranteed'],
])('%s', (_, pod, expected) => {
  expect(podQOSClass(pod)).toBe(expected);
});
