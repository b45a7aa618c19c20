// Files of a volume that would lie on top of each other. Follows pkg/api/pod/warnings.go.
import type { DownwardAPIVolumeFile, KeyToPath, Volume, VolumeProjection } from '#api/core/v1';
import { quote } from '../../../apimachinery/go-text.ts';

interface File {
  readonly path: string;
  /** Where it comes from; empty where the whole volume comes from there. */
  readonly source: string;
}

export function overlappingPaths(volumes: readonly Volume[]): string[] {
  const warnings: string[] = [];
  for (const volume of volumes) {
    const { name, configMap, secret, downwardAPI, projected } = volume;
    const warn = (what: string, files: readonly File[]): void => {
      const overlaps = overlapsIn(files);
      if (overlaps.length) warnings.push(`volume ${quote(name)} (${what}): overlapping paths: ${overlaps.join(', ')}`);
    };
    if (configMap) warn(`ConfigMap ${quote(configMap.name ?? '')}`, filesOf(configMap.items, ''));
    if (secret) warn(`Secret ${quote(secret.secretName ?? '')}`, filesOf(secret.items, ''));
    if (downwardAPI) warn('DownwardAPI', filesOf(downwardAPI.items, ''));
    if (!projected) continue;
    for (const source of projected.sources ?? [])
      if (Object.keys(source).length === 0) warnings.push(`volume ${quote(name)} (Projected) has no sources provided`);
    warn('Projected', (projected.sources ?? []).flatMap(filesOfSource));
  }
  return warnings;
}

const filesOf = (items: readonly (KeyToPath | DownwardAPIVolumeFile)[] | undefined, source: string): File[] =>
  (items ?? []).map(({ path }) => ({ path: path.replace(/\/+$/, ''), source }));

function filesOfSource({ configMap, secret, downwardAPI, serviceAccountToken }: VolumeProjection): File[] {
  if (configMap) return filesOf(configMap.items, `ConfigMap ${quote(configMap.name ?? '')}`);
  if (secret) return filesOf(secret.items, `Secret ${quote(secret.name ?? '')}`);
  if (downwardAPI) return filesOf(downwardAPI.items, 'DownwardAPI');
  return serviceAccountToken ? [{ path: serviceAccountToken.path.replace(/\/+$/, ''), source: 'ServiceAccountToken' }] : [];
}

const shown = ({ path, source }: File): string => (source ? `${quote(path)} (${source})` : quote(path));

function overlapsIn(files: readonly File[]): string[] {
  return files.flatMap((file, i) =>
    files
      .slice(0, i)
      .filter((other) => `${file.path}/`.startsWith(`${other.path}/`) || `${other.path}/`.startsWith(`${file.path}/`))
      .map((other) => `${shown(file)} with ${shown(other)}`),
  );
}
