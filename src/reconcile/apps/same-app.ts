// Whether two readings of a source say the same of an app: of how it is defined, and of what its files render to. Pure. Where it stands, and
// which lines its objects come from, is no difference.
import { deepEqual } from '../../apimachinery/object.ts';
import type { ManifestError } from '../render/manifest-error.ts';
import type { Manifests } from '../render/manifests.ts';
import type { PreparedApp } from './prepare-apps.ts';

type DefinedApp = Pick<PreparedApp, 'app' | 'name' | 'parent'>;

export const isSameDefinition = (was: DefinedApp, is: DefinedApp): boolean => deepEqual(definition(was), definition(is));

/** What it says of itself, wherever it stands. */
const definition = ({ app, name, parent }: DefinedApp) => ({
  ...app,
  name,
  parent,
  origin: undefined,
  place: undefined,
  sources: undefined,
  dependsOn: app.dependsOn.map((dependency) => dependency.app),
});

type Rendered = Pick<Manifests, 'manifests' | 'errors'>;

/** Objects that were not changed are shared by both, and cost nothing to compare. */
export const rendersSame = (was: Rendered, is: Rendered): boolean =>
  was.manifests.length === is.manifests.length &&
  was.manifests.every(({ object }, i) => deepEqual(object, is.manifests[i]!.object)) &&
  deepEqual(was.errors.map(faultOf), is.errors.map(faultOf));

const faultOf = ({ file, path, message }: ManifestError) => ({ file, path, message });
