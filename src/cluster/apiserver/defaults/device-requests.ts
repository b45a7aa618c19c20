// Requests for devices in ResourceClaims and their templates. Follows pkg/apis/resource/v1/defaults.go.
import type { DeviceRequest, ResourceClaim, ResourceClaimTemplate } from '#api/resource/v1';
import type { Mutable } from '../../../apimachinery/object.ts';

export function setResourceClaimDefaults(claim: Mutable<ResourceClaim>): void {
  setRequestDefaults(claim.spec?.devices?.requests);
}

export function setResourceClaimTemplateDefaults(template: Mutable<ResourceClaimTemplate>): void {
  setRequestDefaults(template.spec?.spec?.devices?.requests);
}

function setRequestDefaults(requests: readonly Mutable<DeviceRequest>[] | null | undefined): void {
  for (const { exactly, firstAvailable } of requests ?? []) {
    if (exactly) setCountDefaults(exactly);
    for (const alternative of firstAvailable ?? []) setCountDefaults(alternative);
  }
}

function setCountDefaults(wanted: { allocationMode?: string; count?: number; tolerations?: { operator?: string }[] }): void {
  if (!wanted.allocationMode) wanted.allocationMode = 'ExactCount';
  if (wanted.allocationMode === 'ExactCount' && !wanted.count) wanted.count = 1;
  for (const toleration of wanted.tolerations ?? []) if (!toleration.operator) toleration.operator = 'Equal';
}
