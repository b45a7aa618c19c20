// What a process in a container sees: its environment, and the files that its volumes bring. Follows makeEnvironmentVariables of
// pkg/kubelet/kubelet_pods.go and the payloads of the configMap, secret, downwardAPI and projected volumes.
import type { Container, KeyToPath, ObjectFieldSelector, Pod, ResourceFieldSelector, Volume } from '#api/core/v1';
import { parseQuantity, quantityNumber } from '../../apimachinery/quantity.ts';
import type { ConfigLister } from './pod-config.ts';

export interface ContainerView {
  readonly hostname: string;
  readonly workingDir: string;
  readonly env: ReadonlyMap<string, string>;
  /** By absolute path. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Paths where volumes are mounted. */
  readonly mounts: readonly string[];
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const fromBase64 = (text: string): Uint8Array => Buffer.from(text, 'base64');

export function containerView(pod: Pod, container: Container, lister: ConfigLister): ContainerView {
  const hostname = pod.spec.hostname ?? pod.metadata.name;
  return {
    hostname,
    workingDir: container.workingDir ?? '/',
    env: environment(pod, container, lister, hostname),
    files: filesOf(pod, container, lister),
    mounts: (container.volumeMounts ?? []).map(({ mountPath }) => mountPath.replace(/\/+$/, '') || '/'),
  };
}

function environment(pod: Pod, container: Container, lister: ConfigLister, hostname: string): Map<string, string> {
  const { namespace = '' } = pod.metadata;
  const env = new Map<string, string>([
    ['PATH', PATH],
    ['HOSTNAME', hostname],
    ['HOME', '/root'],
  ]);
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    for (const [key, value] of Object.entries((configMapRef && lister.configMap(namespace, configMapRef.name ?? '')?.data) ?? {}))
      env.set(prefix + key, value);
    for (const [key, value] of Object.entries((secretRef && lister.secret(namespace, secretRef.name ?? '')?.data) ?? {}))
      env.set(prefix + key, Buffer.from(value, 'base64').toString('utf8'));
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    const { configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef } = valueFrom ?? {};
    let text: string | undefined = value === undefined ? undefined : expand(value, env);
    if (configMapKeyRef) text = lister.configMap(namespace, configMapKeyRef.name ?? '')?.data?.[configMapKeyRef.key];
    if (secretKeyRef) {
      const encoded = lister.secret(namespace, secretKeyRef.name ?? '')?.data?.[secretKeyRef.key];
      text = encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
    }
    if (fieldRef) text = podField(pod, fieldRef);
    if (resourceFieldRef) text = resourceField(pod, container, resourceFieldRef);
    // an optional reference that leads nowhere is no variable; a variable without a value is an empty one
    if (text !== undefined || !valueFrom) env.set(name, text ?? '');
  }
  return env;
}

/** `$(NAME)` of a variable that is there; `$$` is a dollar sign. */
function expand(text: string, env: ReadonlyMap<string, string>): string {
  return text.replace(/\$\$|\$\(([^)]+)\)/g, (whole, name: string | undefined) => (name === undefined ? '$' : (env.get(name) ?? whole)));
}

function podField(pod: Pod, { fieldPath }: ObjectFieldSelector): string {
  const { metadata, spec, status } = pod;
  const keyed = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(fieldPath);
  if (keyed) return metadata[keyed[1] as 'labels' | 'annotations']?.[keyed[2]!] ?? '';
  const lines = (map: Readonly<Record<string, string>> = {}): string =>
    Object.keys(map)
      .sort()
      .map((key) => `${key}=${JSON.stringify(map[key])}`)
      .join('\n');
  const values: Readonly<Record<string, string | undefined>> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
    'metadata.labels': lines(metadata.labels),
    'metadata.annotations': lines(metadata.annotations),
    'spec.nodeName': spec.nodeName,
    'spec.serviceAccountName': spec.serviceAccountName,
    'status.hostIP': status?.hostIP,
    'status.hostIPs': status?.hostIPs?.map(({ ip }) => ip).join(','),
    'status.podIP': status?.podIP,
    'status.podIPs': status?.podIPs?.map(({ ip }) => ip).join(','),
  };
  return values[fieldPath] ?? '';
}

function resourceField(pod: Pod, own: Container, { containerName, resource, divisor }: ResourceFieldSelector): string {
  const container = containerName ? pod.spec.containers.find(({ name }) => name === containerName) : own;
  const [list = '', name = ''] = resource.split(/\.(.*)/s);
  const amount = container?.resources?.[list as 'limits' | 'requests']?.[name];
  if (amount === undefined) return '0';
  const unit = divisor === undefined || divisor === '0' ? 1 : quantityNumber(parseQuantity(divisor));
  return String(Math.ceil(quantityNumber(parseQuantity(amount)) / unit));
}

function filesOf(pod: Pod, container: Container, lister: ConfigLister): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const { name, mountPath, subPath } of container.volumeMounts ?? []) {
    const volume = pod.spec.volumes?.find((one) => one.name === name);
    if (!volume) continue;
    const at = mountPath.replace(/\/+$/, '');
    for (const [path, content] of payload(pod, container, volume, lister)) {
      if (subPath === undefined) files.set(`${at}/${path}`, content);
      else if (path === subPath) files.set(at, content);
      else if (path.startsWith(`${subPath}/`)) files.set(`${at}/${path.slice(subPath.length + 1)}`, content);
    }
  }
  files.set('/etc/hostname', bytes(`${pod.spec.hostname ?? pod.metadata.name}\n`));
  return files;
}

type Payload = [path: string, content: Uint8Array][];

function payload(pod: Pod, container: Container, volume: Volume, lister: ConfigLister): Payload {
  const { namespace = '' } = pod.metadata;
  const configMap = (name: string | undefined, items: readonly KeyToPath[] | undefined): Payload => {
    const object = lister.configMap(namespace, name ?? '');
    const texts = Object.entries(object?.data ?? {}).map(([key, value]): [string, Uint8Array] => [key, bytes(value)]);
    const binary = Object.entries(object?.binaryData ?? {}).map(([key, value]): [string, Uint8Array] => [key, fromBase64(value)]);
    return chosen([...texts, ...binary], items);
  };
  const secret = (name: string | undefined, items: readonly KeyToPath[] | undefined): Payload =>
    chosen(
      Object.entries(lister.secret(namespace, name ?? '')?.data ?? {}).map(([key, value]) => [key, fromBase64(value)]),
      items,
    );
  const downward = (
    items: readonly { readonly path: string; fieldRef?: ObjectFieldSelector; resourceFieldRef?: ResourceFieldSelector }[] = [],
  ): Payload =>
    items.map(({ path, fieldRef, resourceFieldRef }) => [
      path,
      bytes(fieldRef ? podField(pod, fieldRef) : resourceFieldRef ? resourceField(pod, container, resourceFieldRef) : ''),
    ]);
  if (volume.configMap) return configMap(volume.configMap.name, volume.configMap.items);
  if (volume.secret) return secret(volume.secret.secretName, volume.secret.items);
  if (volume.downwardAPI) return downward(volume.downwardAPI.items);
  return (volume.projected?.sources ?? []).flatMap((source): Payload => {
    if (source.configMap) return configMap(source.configMap.name, source.configMap.items);
    if (source.secret) return secret(source.secret.name, source.secret.items);
    return downward(source.downwardAPI?.items);
  });
}

const chosen = (all: Payload, items: readonly KeyToPath[] | undefined): Payload =>
  items ? items.flatMap(({ key, path }): Payload => all.filter(([name]) => name === key).map(([, content]) => [path, content])) : all;
