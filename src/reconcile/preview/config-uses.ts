// How a pod uses ConfigMaps and Secrets: through its environment, which is read once, or as files, which follow after a while. Pure.
import type { Container, KeyToPath, PodSpec, Volume } from '#api/core/v1';

export interface ConfigUse {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
  /** `subPath`: a file that is mounted by itself and never follows. */
  readonly as: 'environment' | 'files' | 'subPath' | 'pullSecret';
  /** Undefined: all of them. */
  readonly keys: readonly string[] | undefined;
  readonly optional: boolean;
  /** Below the pod's spec. */
  readonly path: string;
}

export function configUses(spec: PodSpec): readonly ConfigUse[] {
  const found: ConfigUse[] = [];
  const containers = [
    ...(spec.initContainers ?? []).map((container) => ['initContainers', container] as const),
    ...spec.containers.map((container) => ['containers', container] as const),
  ];
  for (const [list, container] of containers) found.push(...environment(container, `${list}[name="${container.name}"]`));
  for (const volume of spec.volumes ?? []) {
    const mounts = containers.flatMap(([, { volumeMounts = [] }]) => volumeMounts.filter(({ name }) => name === volume.name));
    const as = mounts.length > 0 && mounts.every(({ subPath, subPathExpr }) => subPath ?? subPathExpr) ? 'subPath' : 'files';
    found.push(...files(volume, as));
  }
  for (const { name } of spec.imagePullSecrets ?? [])
    if (name) found.push({ kind: 'Secret', name, as: 'pullSecret', keys: [], optional: true, path: 'imagePullSecrets' });
  return found;
}

function* environment({ env = [], envFrom = [] }: Container, at: string): Iterable<ConfigUse> {
  for (const { name: variable, valueFrom } of env)
    for (const [kind, ref] of [
      ['ConfigMap', valueFrom?.configMapKeyRef],
      ['Secret', valueFrom?.secretKeyRef],
    ] as const)
      if (ref?.name)
        yield {
          kind,
          name: ref.name,
          as: 'environment',
          keys: [ref.key],
          optional: ref.optional ?? false,
          path: `${at}.env[name="${variable}"]`,
        };
  for (const { configMapRef, secretRef } of envFrom)
    for (const [kind, ref] of [
      ['ConfigMap', configMapRef],
      ['Secret', secretRef],
    ] as const)
      if (ref?.name)
        yield { kind, name: ref.name, as: 'environment', keys: undefined, optional: ref.optional ?? false, path: `${at}.envFrom` };
}

const keysOf = (items: readonly KeyToPath[] | undefined): readonly string[] | undefined =>
  items?.length ? items.map(({ key }) => key) : undefined;

function* files({ name: volume, configMap, secret, projected }: Volume, as: 'files' | 'subPath'): Iterable<ConfigUse> {
  const path = `volumes[name="${volume}"]`;
  if (configMap?.name)
    yield { kind: 'ConfigMap', name: configMap.name, as, keys: keysOf(configMap.items), optional: configMap.optional ?? false, path };
  if (secret?.secretName)
    yield { kind: 'Secret', name: secret.secretName, as, keys: keysOf(secret.items), optional: secret.optional ?? false, path };
  for (const source of projected?.sources ?? [])
    for (const [kind, ref] of [
      ['ConfigMap', source.configMap],
      ['Secret', source.secret],
    ] as const)
      if (ref?.name) yield { kind, name: ref.name, as, keys: keysOf(ref.items), optional: ref.optional ?? false, path };
}

/** The keys of a ConfigMap or Secret, with their values. */
export function contentOf(object: object | undefined): ReadonlyMap<string, string> {
  const { data = {}, binaryData = {} } = (object ?? {}) as {
    readonly data?: Record<string, string>;
    readonly binaryData?: Record<string, string>;
  };
  return new Map([...Object.entries(data), ...Object.entries(binaryData)]);
}
