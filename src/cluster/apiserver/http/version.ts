// /version: which Kubernetes this server is like.
import { KUBERNETES_VERSION } from '../../../apimachinery/kubernetes-version.ts';
import type { JsonObject } from '../../../apimachinery/object.ts';

const [MAJOR = '', MINOR = ''] = KUBERNETES_VERSION.slice(1).split('.');

const PLATFORMS: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', ia32: '386' };

export const VERSION: JsonObject = {
  major: MAJOR,
  minor: MINOR,
  emulationMajor: MAJOR,
  emulationMinor: MINOR,
  minCompatibilityMajor: MAJOR,
  minCompatibilityMinor: '35',
  gitVersion: `${KUBERNETES_VERSION}+jibe`,
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: `node${process.version.slice(1)}`,
  compiler: 'v8',
  platform: `${process.platform}/${PLATFORMS[process.arch] ?? process.arch}`,
};
