// What a plan's execution needs to be allowed to do, and what of it the user is not: asked before anything is written, so that a sync
// does not stop half-way. What is missing makes a refusal of the objects that need it. docs/real-clusters.md has the roles that suffice.
import type { Client } from '../../client/client.ts';
import type { Plan, PlannedResource } from './plan.ts';
import { sideBySide } from '../side-by-side.ts';
import { kindOf, resourceText } from './resource-id.ts';

export interface Permission {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  /** Empty for all namespaces, and for what is in none. */
  readonly namespace: string;
}

/** `patch deployments.apps in namespace shop`. */
export const permissionText = ({ verb, group, resource, namespace }: Permission): string =>
  `${verb} ${resource}${group ? `.${group}` : ''}${namespace ? ` in namespace ${namespace}` : ''}`;

/** Asks the cluster whether the user may, once for each permission. */
export class Permissions {
  private readonly client: Client;
  private readonly asked = new Map<string, Promise<boolean>>();

  constructor(client: Client) {
    this.client = client;
  }

  may(permission: Permission): Promise<boolean> {
    const key = permissionText(permission);
    let answer = this.asked.get(key);
    if (!answer) this.asked.set(key, (answer = this.ask(permission)));
    return answer;
  }

  private async ask({ verb, group, resource, namespace }: Permission): Promise<boolean> {
    const review = await this.client.create('authorization.k8s.io/v1/SelfSubjectAccessReview', {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      metadata: {},
      spec: { resourceAttributes: { verb, group, resource, ...(namespace ? { namespace } : {}) } },
    });
    return review.status?.allowed ?? false;
  }
}

/** How many objects' permissions are asked for at a time. */
const AT_A_TIME = 16;

/** The plan, in which objects are refused that the user of the client may not write as planned. */
export async function withoutPermission(client: Client, plan: Plan): Promise<Plan> {
  const permissions = new Permissions(client);
  const resources = [...plan.resources];
  await sideBySide(plan.resources.entries(), AT_A_TIME, async ([i, planned]) => {
    resources[i] = await checked(client, permissions, planned);
  });
  return { ...plan, resources };
}

async function checked(client: Client, permissions: Permissions, planned: PlannedResource): Promise<PlannedResource> {
  const { id } = planned;
  const verbs = VERBS[planned.action];
  // of a kind that arrives with the plan nothing can be asked yet
  const mapping = verbs && (await client.resolve(kindOf(id)));
  if (!mapping) return planned;
  const needs = verbs.map((verb) => ({ verb, group: id.group, resource: mapping.resource, namespace: id.namespace }));
  const answers = await Promise.all(needs.map((need) => permissions.may(need)));
  const missing = needs.filter((_, i) => !answers[i]).map(permissionText);
  if (missing.length === 0) return planned;
  const message = `the user of this context may not ${missing.join(', nor ')}, which ${resourceText(id)} needs`;
  const remedy = 'have a role granted that allows it (docs/real-clusters.md), or use another context';
  return {
    ...planned,
    action: 'refused',
    refusal: { message, code: 403, faults: [{ path: '', message }], immutable: false, remedy },
  };
}

/** An apply that makes an object needs both. */
const VERBS: Partial<Readonly<Record<PlannedResource['action'], readonly string[]>>> = {
  create: ['create', 'patch'],
  configure: ['patch'],
  recreate: ['delete', 'create', 'patch'],
  prune: ['delete'],
  hook: ['create', 'delete'],
};
