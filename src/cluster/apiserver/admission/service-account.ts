// Every pod runs as a ServiceAccount, which must be there, and brings along its token and the secrets to pull images with. Follows
// plugin/pkg/admission/serviceaccount.
import type { Container, Pod, ServiceAccount, Volume, VolumeMount } from '#api/core/v1';
import type { Random } from '../../../apimachinery/random.ts';
import type { Store } from '../../storage/store.ts';
import type { DraftOf } from '../generic/define.ts';
import { isAbout, refusal, type AdmissionAttributes, type AdmissionPlugin } from './admission.ts';

const DEFAULT_NAME = 'default';
const MIRROR = 'kubernetes.io/config.mirror';
const TOKEN_MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
/** An hour, and a little more: that marks tokens that were asked for here, which clients may not know how to reload. */
const TOKEN_SECONDS = 60 * 60 + 7;
const FILE_MODE = 0o644;

/** Pods on their way in → the name of their account. */
type Unrestricted = WeakMap<object, string>;

export function serviceAccount(store: Store, random: Random): AdmissionPlugin {
  // hardly any account keeps its pods to its secrets: those of the others need not be looked at again
  const unrestricted: Unrestricted = new WeakMap();
  return {
    name: 'ServiceAccount',
    operations: ['CREATE', 'UPDATE'],
    admit(attributes) {
      if (attributes.operation === 'CREATE' && isAbout(attributes, '', 'pods')) return admit(attributes, store, random, unrestricted);
    },
    validate(attributes) {
      const { operation, resource, subresource, object } = attributes;
      if (resource.group || resource.resource !== 'pods') return;
      const wanted = operation === 'CREATE' ? '' : 'ephemeralcontainers';
      if (subresource !== wanted || !object) return;
      const { serviceAccountName } = object['spec'] as Pod['spec'];
      if (unrestricted.get(object) !== serviceAccountName) return validate(attributes, store);
    },
  };
}

async function admit(attributes: AdmissionAttributes, store: Store, random: Random, unrestricted: Unrestricted): Promise<void> {
  const pod = attributes.object as unknown as DraftOf<Pod>;
  if (pod.metadata.annotations?.[MIRROR] !== undefined) {
    checkMirror(attributes, pod);
    return;
  }
  const name = pod.spec.serviceAccountName || DEFAULT_NAME;
  const { namespace } = attributes;
  const entry = await store.get(`/registry/serviceaccounts/${namespace}/${name}`);
  if (!entry) throw refusal(attributes, `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`);
  const account = entry.value as unknown as ServiceAccount;
  if (!restricts(account)) unrestricted.set(pod, name);
  let spec: Pod['spec'] = { ...pod.spec, serviceAccountName: name, serviceAccount: name };
  if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) spec = withToken(spec, random);
  if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) spec = { ...spec, imagePullSecrets: account.imagePullSecrets };
  pod.spec = spec;
}

const MOUNTABLE_ONLY = 'kubernetes.io/enforce-mountable-secrets';
const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];

const restricts = ({ metadata }: ServiceAccount): boolean => TRUE.includes(metadata.annotations?.[MOUNTABLE_ONLY] ?? '');

/** A ServiceAccount may keep its pods to the Secrets that it names. */
async function validate(attributes: AdmissionAttributes, store: Store): Promise<void> {
  const pod = attributes.object as unknown as DraftOf<Pod>;
  if (pod.metadata.annotations?.[MIRROR] !== undefined) return;
  const entry = await store.get(`/registry/serviceaccounts/${attributes.namespace}/${pod.spec.serviceAccountName ?? ''}`);
  const account = entry?.value as unknown as ServiceAccount | undefined;
  if (!account || !restricts(account)) return;
  const why = (attributes.operation === 'CREATE' ? foreignSecrets : foreignSecretsOfEphemeral)(pod.spec, account).next().value;
  if (why !== undefined) throw refusal(attributes, why);
}

/** In Kubernetes' words. */
function* foreignSecrets(spec: Pod['spec'], account: ServiceAccount): Generator<string, undefined> {
  const named = new Set(account.secrets?.map(({ name }) => name));
  const because = `is not allowed because service account ${account.metadata.name} does not reference that`;
  for (const { secret } of spec.volumes ?? [])
    if (secret && !named.has(secret.secretName)) yield `volume with secret.secretName="${secret.secretName ?? ''}" ${because} secret`;
  yield* foreignInEnv('init container', spec.initContainers, named, because);
  yield* foreignInEnv('container', spec.containers, named, because);
  const pull = new Set(account.imagePullSecrets?.map(({ name }) => name));
  for (const [i, { name }] of (spec.imagePullSecrets ?? []).entries())
    if (!pull.has(name)) yield `imagePullSecrets[${i}].name="${name ?? ''}" ${because} imagePullSecret`;
}

function* foreignSecretsOfEphemeral(spec: Pod['spec'], account: ServiceAccount): Generator<string, undefined> {
  const named = new Set(account.secrets?.map(({ name }) => name));
  const because = `is not allowed because service account ${account.metadata.name} does not reference that`;
  yield* foreignInEnv('ephemeral container', spec.ephemeralContainers, named, because);
}

function* foreignInEnv(
  what: string,
  containers: readonly Pick<Container, 'name' | 'env'>[] | undefined,
  named: ReadonlySet<string | undefined>,
  because: string,
): Generator<string, undefined> {
  for (const { name: container, env } of containers ?? [])
    for (const { name, valueFrom } of env ?? []) {
      const secret = valueFrom?.secretKeyRef;
      if (secret && !named.has(secret.name))
        yield `${what} ${container} with envVar ${name} referencing secret.secretName="${secret.name ?? ''}" ${because} secret`;
    }
}

/** Pods that a kubelet runs by itself must not use what only the API server can give. */
function checkMirror(attributes: AdmissionAttributes, { spec }: DraftOf<Pod>): void {
  if (spec.serviceAccountName) throw refusal(attributes, 'a mirror pod may not reference service accounts');
  const usesToken = spec.volumes?.some((v) => v.projected?.sources?.some((s) => s.serviceAccountToken));
  if (usesToken) throw refusal(attributes, 'a mirror pod may not use ServiceAccountToken volume projections');
}

/** Every container that has nothing else in its place gets the token. */
function withToken(spec: Pod['spec'], random: Random): Pod['spec'] {
  const name = `kube-api-access-${random.suffix()}`;
  let needed = false;
  const mount: VolumeMount = { name, readOnly: true, mountPath: TOKEN_MOUNT_PATH };
  const mounted = (container: Container): Container => {
    if (container.volumeMounts?.some(({ mountPath }) => mountPath === TOKEN_MOUNT_PATH)) return container;
    needed = true;
    return { ...container, volumeMounts: [...(container.volumeMounts ?? []), mount] };
  };
  const containers = spec.containers?.map(mounted);
  const initContainers = spec.initContainers?.map(mounted);
  if (!needed) return spec;
  return {
    ...spec,
    containers,
    ...(initContainers ? { initContainers } : {}),
    volumes: [...(spec.volumes ?? []), tokenVolume(name)],
  };
}

const tokenVolume = (name: string): Volume => ({
  name,
  projected: {
    sources: [
      { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
    ],
    defaultMode: FILE_MODE,
  },
});
