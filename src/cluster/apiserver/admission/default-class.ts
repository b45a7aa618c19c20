// Claims and Ingresses that name no class get the default one, if there is one. Follows plugin/pkg/admission/storage/storageclass/setdefault
// and plugin/pkg/admission/network/defaultingressclass.
import type { PersistentVolumeClaim } from '#api/core/v1';
import type { Ingress, IngressClass } from '#api/networking/v1';
import type { StorageClass } from '#api/storage/v1';
import { defaultClass, hasClassSaid } from '../../../apimachinery/core/volume-matching.ts';
import { timeMs } from '../../../apimachinery/time.ts';
import type { Store } from '../../storage/store.ts';
import type { DraftOf } from '../generic/define.ts';
import { isAbout, listAll, type AdmissionPlugin } from './admission.ts';

const INGRESS_CLASS = 'kubernetes.io/ingress.class';
const IS_DEFAULT = 'ingressclass.kubernetes.io/is-default-class';

export function defaultStorageClass(store: Store): AdmissionPlugin {
  return {
    name: 'DefaultStorageClass',
    operations: ['CREATE'],
    async admit(attributes) {
      if (!isAbout(attributes, '', 'persistentvolumeclaims')) return;
      const claim = attributes.object as unknown as DraftOf<PersistentVolumeClaim>;
      if (hasClassSaid(claim as PersistentVolumeClaim)) return;
      const found = defaultClass(await listAll<StorageClass>(store, '/registry/storageclasses/'));
      if (found) claim.spec = { ...claim.spec, storageClassName: found.metadata.name! };
    },
  };
}

export function defaultIngressClass(store: Store): AdmissionPlugin {
  return {
    name: 'DefaultIngressClass',
    operations: ['CREATE'],
    async admit(attributes) {
      if (!isAbout(attributes, 'networking.k8s.io', 'ingresses')) return;
      const ingress = attributes.object as unknown as DraftOf<Ingress>;
      if (ingress.spec?.ingressClassName !== undefined || ingress.metadata.annotations?.[INGRESS_CLASS] !== undefined) return;
      const classes = await listAll<IngressClass>(store, '/registry/ingressclasses/');
      const [newest] = classes.filter(({ metadata }) => metadata.annotations?.[IS_DEFAULT] === 'true').sort(byAge);
      if (newest) ingress.spec = { ...ingress.spec, ingressClassName: newest.metadata.name! };
    },
  };
}

/** The newest first; of the same age, in order of their names. */
function byAge(a: IngressClass, b: IngressClass): number {
  const made = ({ metadata }: IngressClass): number => timeMs(metadata.creationTimestamp ?? '');
  return made(b) - made(a) || (a.metadata.name! < b.metadata.name! ? -1 : 1);
}
