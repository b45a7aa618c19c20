// Admission: what may still change or refuse a write once it is authorized and decoded. Plugins run in the order of Kubernetes'
// API server, all mutating ones before validation, all validating ones after. One file a plugin, beside this one.
import type { GroupVersionKind, GroupVersionResource, KubernetesObject } from '../../../apimachinery/object.ts';
import type { RequestOptions, UserInfo } from '../../../apimachinery/api-request.ts';
import type { Draft } from '../generic/resource-definition.ts';

export type AdmissionOperation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

export interface AdmissionAttributes {
  readonly operation: AdmissionOperation;
  readonly kind: GroupVersionKind;
  readonly resource: GroupVersionResource;
  readonly subresource: string;
  readonly namespace: string;
  /** Empty while a name is still to be generated, and for the deletion of a collection. */
  readonly name: string;
  /** The object as it would be stored. Undefined for a deletion. Only mutating plugins may change it. */
  readonly object: Draft | undefined;
  /** The object as it is stored. Undefined for a creation. */
  readonly old: KubernetesObject | undefined;
  readonly options: RequestOptions;
  readonly dryRun: boolean;
  readonly user: UserInfo;
  warn(message: string): void;
}

/** Refuses by throwing a StatusError. */
export interface AdmissionPlugin {
  readonly name: string;
  readonly operations: readonly AdmissionOperation[];
  admit?(attributes: AdmissionAttributes): void | Promise<void>;
  validate?(attributes: AdmissionAttributes): void | Promise<void>;
}

export class AdmissionChain {
  private readonly plugins: readonly AdmissionPlugin[];

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.plugins = plugins;
  }

  async admit(attributes: AdmissionAttributes): Promise<void> {
    for (const plugin of this.plugins) {
      if (!plugin.admit || !plugin.operations.includes(attributes.operation)) continue;
      const pending = plugin.admit(attributes);
      if (pending) await pending;
    }
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    for (const plugin of this.plugins) {
      if (!plugin.validate || !plugin.operations.includes(attributes.operation)) continue;
      const pending = plugin.validate(attributes);
      if (pending) await pending;
    }
  }
}
