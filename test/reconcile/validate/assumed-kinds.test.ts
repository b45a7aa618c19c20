// Which kinds may be taken for custom resources that are defined elsewhere, and what is made up for them.
import { describe, expect, test } from 'vitest';
import type { DesiredObject } from '../../../src/reconcile/render/manifest-document.ts';
import { assumedDefinition, assumedKinds, assumedText } from '../../../src/reconcile/validate/assumed-kinds.ts';
import { KnownKinds } from '../../../src/reconcile/validate/known-kinds.ts';

const object = (apiVersion: string, kind: string, namespace?: string): DesiredObject => ({
  apiVersion,
  kind,
  metadata: { name: 'x', ...(namespace === undefined ? {} : { namespace }) },
});
const prometheus = { group: 'monitoring.coreos.com', version: 'v1', kind: 'Prometheus', namespaced: true, schema: undefined };
const known = new KnownKinds([prometheus]);
const foundIn = (...objects: readonly DesiredObject[]): string =>
  assumedKinds(objects, known)
    .map(({ group, kind, versions, namespaced }) => `${kind}.${group} ${versions.join(',')}${namespaced ? '' : ' cluster-wide'}`)
    .join('; ');

describe('what may be defined elsewhere', () => {
  test.each<readonly [situation: string, objects: readonly DesiredObject[], found: string]>([
    ['a group that nothing here has', [object('cert-manager.io/v1', 'Certificate')], 'Certificate.cert-manager.io v1'],
    [
      'the name of a kind of Kubernetes in a group of its own',
      [object('serving.knative.dev/v1', 'Service')],
      'Service.serving.knative.dev v1',
    ],
    ['two versions of a kind', [object('a.io/v1', 'Web'), object('a.io/v1beta1', 'Web')], 'Web.a.io v1,v1beta1'],
    ['a group of a special interest group', [object('gateway.networking.k8s.io/v1', 'Gateway')], 'Gateway.gateway.networking.k8s.io v1'],
    ['a name for what has no namespace', [object('cert-manager.io/v1', 'ClusterIssuer')], 'ClusterIssuer.cert-manager.io v1 cluster-wide'],
    ['a class', [object('snapshots.io/v1', 'VolumeSnapshotClass')], 'VolumeSnapshotClass.snapshots.io v1 cluster-wide'],
    [
      'such a name, in a namespace',
      [object('operators.coreos.com/v1alpha1', 'ClusterServiceVersion', 'olm')],
      'ClusterServiceVersion.operators.coreos.com v1alpha1',
    ],
    ['a kind of Kubernetes', [object('apps/v1', 'Deployment')], ''],
    ['a removed version of Kubernetes', [object('extensions/v1beta1', 'Ingress')], ''],
    ['a version that Kubernetes never had', [object('networking.k8s.io/v9', 'Ingress')], ''],
    ['a misspelt group of Kubernetes', [object('netwrking.k8s.io/v1', 'Ingress')], ''],
    ['a group without a dot: no definition may have it', [object('acme/v1', 'Web')], ''],
    ['a kind that a definition beside it has', [object('monitoring.coreos.com/v1', 'Prometheus')], ''],
    ['a version that the definition beside it lacks', [object('monitoring.coreos.com/v1alpha1', 'Prometheus')], ''],
    ['what no definition could be called', [object('a.io/v1', 'Web Site'), object('a_b.io/v1', 'Web'), object('a.io/V1', 'Web')], ''],
  ])('%s', (_, objects, found) => {
    expect(foundIn(...objects)).toBe(found);
  });
});

test('the definition lets every field pass', () => {
  const [kind] = assumedKinds([object('a.k8s.io/v1', 'Policy'), object('a.k8s.io/v2', 'Policy')], known);
  expect(assumedDefinition(kind!)).toMatchObject({
    metadata: {
      name: 'policies.a.k8s.io',
      annotations: { 'jibe.dev/assumed': 'true', 'api-approved.kubernetes.io': 'unapproved, assumed by jibe' },
    },
    spec: {
      group: 'a.k8s.io',
      scope: 'Namespaced',
      names: { plural: 'policies', singular: 'policy', kind: 'Policy', listKind: 'PolicyList' },
      versions: [
        { name: 'v1', served: true, storage: true },
        { name: 'v2', served: true, storage: false },
      ],
    },
  });
  expect(assumedText([kind!])).toBe('Policy (a.k8s.io)');
});
