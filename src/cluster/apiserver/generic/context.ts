// What a request carries along while it is served: who asks, which moment it is, and the warnings gathered for the client.
import type { EmptyField } from '../../../apimachinery/codec/decode.ts';
import type { Draft, RuleContext } from './resource-definition.ts';
import type { Served } from './catalog.ts';
import type { RequestOptions, ResourceRequest, UserInfo } from '../../../apimachinery/api-request.ts';
import { isDryRun } from '../validation/request-options.ts';
import { type AdmissionAttributes, type AdmissionOperation, Reinvocation } from '../admission/admission.ts';
import type { KubernetesObject } from '../../../apimachinery/object.ts';

/** Kubernetes cuts what does not fit into 16 kB of headers. */
const MAX_WARNING_CHARS = 16 * 1024;

export class RequestContext implements RuleContext {
  readonly request: ResourceRequest;
  readonly served: Served;
  readonly now: number;
  readonly warnings: string[] = [];
  readonly dryRun: boolean;
  /** Where the object has, or had, empty lists and maps where the store has none (see {@link storedForm}). */
  empties: readonly EmptyField[] = [];

  constructor(request: ResourceRequest, served: Served, now: number) {
    this.request = request;
    this.served = served;
    this.now = now;
    this.dryRun = isDryRun(request.options);
  }

  get namespace(): string {
    return this.request.namespace;
  }

  get user(): UserInfo {
    return this.request.user;
  }

  get subresource(): string {
    return this.request.subresource;
  }

  get options(): RequestOptions {
    return this.request.options;
  }

  /** Each text once. */
  readonly warn = (message: string): void => {
    if (!this.warnings.includes(message) && this.warnings.join('').length + message.length <= MAX_WARNING_CHARS)
      this.warnings.push(message);
  };

  /** Who is named as the owner of the fields that the request sets. */
  get fieldManager(): string {
    if (this.options.fieldManager) return this.options.fieldManager;
    return managerOf(this.request.userAgent.split('/', 1)[0] ?? '');
  }

  admissionAttributes(
    operation: AdmissionOperation,
    name: string,
    object: Draft | undefined,
    old: KubernetesObject | undefined,
  ): AdmissionAttributes {
    const { group, version, resource, subresource, user, options, audit } = this.request;
    const sub = this.served.definition.subresources[subresource]?.kind;
    return {
      operation,
      kind: sub ?? { group, version, kind: this.served.version.kind },
      resource: { group, version, resource },
      subresource,
      namespace: this.request.namespace,
      name,
      object,
      old,
      options,
      dryRun: this.dryRun,
      user,
      warn: this.warn,
      reinvocation: new Reinvocation(),
      ...(audit ? { annotate: audit.annotate } : {}),
    };
  }
}

const PLAIN = /^[ -~]{0,128}$/;

/** The printable part of a name, as long as a manager's may be. */
function managerOf(userAgent: string): string {
  if (PLAIN.test(userAgent)) return userAgent;
  let name = '';
  for (const c of userAgent) {
    if (!/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(c)) continue;
    if (Buffer.byteLength(name + c) > 128) break;
    name += c;
  }
  return name;
}
