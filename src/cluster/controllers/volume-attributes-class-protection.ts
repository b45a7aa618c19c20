// Keeps VolumeAttributesClasses from going while a claim or a volume has them, or is on its way to them: a finalizer holds them until
// none does. Follows pkg/controller/volume/vacprotection of kube-controller-manager.
import type { PersistentVolume, PersistentVolumeClaim } from '#api/core/v1';
import type { VolumeAttributesClass } from '#api/storage/v1';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { planProtection, unlessGone, withFinalizer } from './claim-protection.ts';

const KIND = 'storage.k8s.io/v1/VolumeAttributesClass';
const FINALIZER = 'kubernetes.io/vac-protection';
const BY_CLASS = 'volume attributes class';

const classesOfClaim = ({ spec, status }: PersistentVolumeClaim): string[] => {
  const names = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
  return [...new Set(names)].filter((name): name is string => Boolean(name));
};

const classesOfVolume = ({ spec }: PersistentVolume): string[] => (spec?.volumeAttributesClassName ? [spec.volumeAttributesClassName] : []);

export function volumeAttributesClassProtectionController(deps: ControllerDeps): Controller {
  const { client, informers } = deps;
  const classes = informers.of(KIND);
  const claims = informers.of('v1/PersistentVolumeClaim');
  const volumes = informers.of('v1/PersistentVolume');
  claims.addIndex(BY_CLASS, classesOfClaim);
  volumes.addIndex(BY_CLASS, classesOfVolume);
  const inUse = (name: string): boolean =>
    !claims.byIndex(BY_CLASS, name)[Symbol.iterator]().next().done || !volumes.byIndex(BY_CLASS, name)[Symbol.iterator]().next().done;

  return controller({
    name: 'volumeattributesclass-protection-controller',
    deps,
    workers: 1,
    watch(queue) {
      const changed = (object: VolumeAttributesClass): void => {
        if (planProtection(object, FINALIZER, () => false)) queue.add(object.metadata.name);
      };
      classes.addHandler({ added: changed, updated: changed });
      const released = (names: readonly string[]): void => {
        for (const name of names) queue.add(name);
      };
      claims.addHandler({
        updated: (_, old) => released(classesOfClaim(old)),
        deleted: (claim) => released(classesOfClaim(claim)),
      });
      volumes.addHandler({
        updated: (_, old) => released(classesOfVolume(old)),
        deleted: (volume) => released(classesOfVolume(volume)),
      });
    },
    async reconcile(name) {
      const object = classes.get('', name);
      const action = object && planProtection(object, FINALIZER, () => inUse(name));
      if (object && action) await unlessGone(() => client.update(KIND, withFinalizer(object, FINALIZER, action)));
    },
  });
}
