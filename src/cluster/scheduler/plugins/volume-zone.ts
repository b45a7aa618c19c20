// VolumeZone: a bound volume that carries zone or region labels can only be used there.
import { refuseForGood, type Lister, type Plugin } from '../framework.ts';
import { claimMayHelp, splitClaimKey } from './volume-binding.ts';

const LABELS: readonly (readonly string[])[] = [
  ['topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone'],
  ['topology.kubernetes.io/region', 'failure-domain.beta.kubernetes.io/region'],
];

export function volumeZone(lister: Lister): Plugin {
  return {
    name: 'VolumeZone',
    events: [
      { resource: 'PersistentVolumeClaim', actions: ['Add', 'Update'], mayHelp: claimMayHelp },
      { resource: 'PersistentVolume', actions: ['Add', 'Update'] },
      { resource: 'StorageClass', actions: ['Add'] },
      { resource: 'Node', actions: ['Add', 'UpdateLabel'] },
    ],
    preFilter({ claims }) {
      const demands: { readonly keys: readonly string[]; readonly values: readonly string[] }[] = [];
      for (const key of claims) {
        const { namespace, name } = splitClaimKey(key);
        const { spec } = lister.claim(namespace, name) ?? {};
        const labels = spec?.volumeName ? lister.volume(spec.volumeName)?.metadata.labels : undefined;
        for (const keys of LABELS)
          for (const label of keys) {
            const value = labels?.[label];
            // several zones are written with two underscores between them
            if (value !== undefined) demands.push({ keys, values: value.split('__') });
          }
      }
      if (demands.length === 0) return undefined;
      return {
        filter({ labels }) {
          // a node that is in no zone at all is not asked
          if (!LABELS.flat().some((label) => labels[label] !== undefined)) return undefined;
          const fits = demands.every(({ keys, values }) => keys.some((key) => values.includes(labels[key] ?? '')));
          return fits ? undefined : refuseForGood('node(s) had no available volume zone');
        },
      };
    },
  };
}
