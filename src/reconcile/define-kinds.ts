// Makes kinds known to a cluster that nobody has defined there, so that objects of them are taken as they stand.
import type { CustomResourceDefinition } from '#api/apiextensions/v1';
import type { Manifest } from '../apimachinery/object.ts';
import { retryOnConflict } from '../client/retry-on-conflict.ts';
import type { Client } from '../client/client.ts';
import { isAlreadyExists } from '../apimachinery/status-error.ts';
import { FIELD_MANAGER } from './plan/scratch.ts';
import { isAssumed } from './validate/assumed-kinds.ts';

const DEFINITION = 'apiextensions.k8s.io/v1/CustomResourceDefinition';

/** Throws what the server refuses. */
export async function defineKinds(client: Client, definitions: readonly Manifest<CustomResourceDefinition>[]): Promise<void> {
  for (const definition of definitions)
    try {
      await client.create(DEFINITION, definition, { fieldManager: FIELD_MANAGER });
    } catch (error) {
      // another source uses the kind too, in another version
      if (!isAlreadyExists(error) || !(await widened(client, definition))) throw error;
    }
}

/** Adds versions to a definition that was made up earlier. False where it is somebody's. */
const widened = (client: Client, { metadata, spec }: Manifest<CustomResourceDefinition>): Promise<boolean> =>
  retryOnConflict(async () => {
    const live = await client.get(DEFINITION, metadata.name!);
    if (!isAssumed(live)) return false;
    const known = live.spec.versions;
    const added = spec.versions.filter(({ name }) => !known.some((version) => version.name === name));
    const versions = [...known, ...added.map((version) => ({ ...version, storage: false }))];
    if (added.length) await client.update(DEFINITION, { ...live, spec: { ...live.spec, versions } }, { fieldManager: FIELD_MANAGER });
    return true;
  });
