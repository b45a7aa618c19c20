// All built-in resources, group by group.
import type { ResourceDefinition } from '../generic/resource-definition.ts';
import type { Store } from '../../storage/store.ts';
import type { Access } from '../access.ts';
import { admissionregistrationResources } from './admissionregistration.ts';
import { apiextensionsResources } from './apiextensions.ts';
import { apiregistrationResources } from './apiregistration.ts';
import { apiserverinternalResources } from './apiserverinternal.ts';
import { appsResources } from './apps.ts';
import { authenticationResources } from './authentication.ts';
import { authorizationResources } from './authorization.ts';
import { autoscalingResources } from './autoscaling.ts';
import { batchResources } from './batch.ts';
import { certificatesResources } from './certificates.ts';
import { coordinationResources } from './coordination.ts';
import { coreResources } from './core.ts';
import { discoveryResources } from './discovery.ts';
import { eventsResources } from './events.ts';
import { flowcontrolResources } from './flowcontrol.ts';
import { networkingResources } from './networking.ts';
import { nodeResources } from './node.ts';
import { policyResources } from './policy.ts';
import { rbacResources } from './rbac.ts';
import { resourceResources } from './resource.ts';
import { schedulingResources } from './scheduling.ts';
import { storageResources } from './storage.ts';
import { storagemigrationResources } from './storagemigration.ts';

/**
 * @param store of the server that will serve them: some rules depend on what is stored
 * @param access what reviews answer from
 */
export function builtinResources(store: Store, access: Access): ResourceDefinition[] {
  return [
    ...coreResources(store, access),
    ...apiregistrationResources(),
    ...appsResources(),
    ...eventsResources(),
    ...authenticationResources(access),
    ...authorizationResources(access),
    ...autoscalingResources(),
    ...batchResources(),
    ...certificatesResources(),
    ...networkingResources(),
    ...policyResources(),
    ...rbacResources(),
    ...storageResources(),
    ...admissionregistrationResources(),
    ...apiextensionsResources(),
    ...schedulingResources(),
    ...coordinationResources(),
    ...nodeResources(),
    ...discoveryResources(),
    ...resourceResources(store),
    ...flowcontrolResources(),
    ...apiserverinternalResources(),
    ...storagemigrationResources(),
  ];
}
