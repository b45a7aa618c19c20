import { expect, it } from 'vitest';
import { defaultImagePullPolicy } from '../../../../src/cluster/apiserver/defaults/image-pull-policy.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

it.each([
  ['no tag', 'nginx', 'Always'],
  ['the tag latest', 'nginx:latest', 'Always'],
  ['another tag', 'nginx:1.27', 'IfNotPresent'],
  ['a digest', `nginx@${DIGEST}`, 'IfNotPresent'],
  ['latest with a digest', `nginx:latest@${DIGEST}`, 'Always'],
  ['a registry with a port, and no tag', 'registry.example.com:5000/team/app', 'Always'],
  ['a registry with a port, and a tag', 'registry.example.com:5000/team/app:2', 'IfNotPresent'],
  ['localhost as registry', 'localhost/app', 'Always'],
  ['capital letters, which no repository has', 'NGINX', 'IfNotPresent'],
  ['an identifier instead of a name', 'a'.repeat(64), 'IfNotPresent'],
  ['a repository that is too long', 'a'.repeat(256), 'IfNotPresent'],
  ['a bare name that is too long under library', 'a'.repeat(250), 'IfNotPresent'],
  ['one that is not', 'a'.repeat(247), 'Always'],
  ['a name of the official registry that is too long under library', `docker.io/${'a'.repeat(250)}`, 'IfNotPresent'],
  ['a name as long of another registry', `quay.io/${'a'.repeat(250)}`, 'Always'],
  ['nothing', undefined, 'IfNotPresent'],
  ['an empty image', '', 'IfNotPresent'],
])('%s', (_, image, policy) => {
  expect(defaultImagePullPolicy(image)).toBe(policy);
});
