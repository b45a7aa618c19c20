// Which objects define apps, of all that a source holds: Flux's and Argo CD's own. They are read, not applied.
import { splitApiVersion } from '../../apimachinery/object.ts';
import type { Manifest } from '../render/manifests.ts';

type Defined = Pick<Manifest, 'object'>;

/** Whether a manifest defines an app. */
export const definesApps = (manifest: Defined): boolean =>
  isKustomization(manifest) || isHelmRelease(manifest) || (isArgoObject(manifest) && manifest.object.kind !== 'AppProject');

/** Read for what it says of apps, and never applied. */
export const isDefinition = (manifest: Defined): boolean =>
  isFluxObject(manifest) || isArtifactGenerator(manifest) || isArgoObject(manifest);

const groupOf = ({ object }: Defined): string => splitApiVersion(object.apiVersion).group;

export const isFluxObject = (manifest: Defined): boolean => groupOf(manifest).endsWith('.toolkit.fluxcd.io');

export const isKustomization = (manifest: Defined): boolean =>
  manifest.object.kind === 'Kustomization' && groupOf(manifest) === 'kustomize.toolkit.fluxcd.io';

export const isHelmRelease = (manifest: Defined): boolean =>
  manifest.object.kind === 'HelmRelease' && groupOf(manifest) === 'helm.toolkit.fluxcd.io';

export const isSourceObject = (manifest: Defined): boolean => groupOf(manifest) === 'source.toolkit.fluxcd.io';

export const isArtifactGenerator = (manifest: Defined): boolean =>
  manifest.object.kind === 'ArtifactGenerator' && groupOf(manifest) === 'source.extensions.fluxcd.io';

const ARGO_KINDS = ['Application', 'ApplicationSet', 'AppProject'];

export const isArgoObject = (manifest: Defined): boolean =>
  ARGO_KINDS.includes(manifest.object.kind) && groupOf(manifest) === 'argoproj.io';
