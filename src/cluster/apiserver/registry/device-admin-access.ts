// Access to devices that others use already is for administrators: only claims in namespaces with a certain label may ask for it.
// Follows AuthorizedForAdmin of pkg/registry/resource.
import type { DeviceClaim, ResourceClaim } from '#api/resource/v1';
import { forbidden, Path, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import type { Store } from '../../storage/store.ts';

const LABEL = 'resource.kubernetes.io/admin-access';
const MESSAGE = `admin access to devices requires the \`${LABEL}: true\` label on the containing namespace`;

/** Namespaces are looked at before validation, which does not wait: it finds here what came of it. */
export class DeviceAdminAccess {
  private readonly store: Store;
  private readonly refused = new WeakMap<object, FieldError[]>();

  constructor(store: Store) {
    this.store = store;
  }

  /** What was found wrong with the object by one of the methods below. */
  errorsOf(object: object): FieldError[] {
    return this.refused.get(object) ?? [];
  }

  async checkRequests(object: object, claim: DeviceClaim | undefined, namespace: string): Promise<void> {
    const requests = claim?.requests ?? [];
    // where alternatives are offered, none of them can ask for it
    await this.refuse(
      object,
      namespace,
      indexesOf(requests, ({ exactly }) => exactly?.adminAccess === true),
      (i) => Path.of('spec', 'devices', 'requests').index(i).child('adminAccess'),
    );
  }

  /** Of an allocation: results that were there before stay. */
  async checkResults(claim: Pick<ResourceClaim, 'status'>, old: ResourceClaim, namespace: string): Promise<void> {
    const results = claim.status?.allocation?.devices?.results ?? [];
    if (old.status?.allocation) return;
    await this.refuse(
      claim,
      namespace,
      indexesOf(results, ({ adminAccess }) => adminAccess === true),
      (i) => Path.of('status', 'allocation', 'devices', 'results').index(i).child('adminAccess'),
    );
  }

  private async refuse(object: object, namespace: string, indexes: readonly number[], field: (i: number) => Path): Promise<void> {
    if (indexes.length === 0) return;
    const entry = await this.store.get(`/registry/namespaces/${namespace}`);
    if (entry?.value.metadata.labels?.[LABEL] === 'true') return;
    this.refused.set(
      object,
      indexes.map((i) => forbidden(field(i), MESSAGE)),
    );
  }
}

const indexesOf = <T>(items: readonly T[], has: (item: T) => boolean): number[] => items.flatMap((item, i) => (has(item) ? [i] : []));
