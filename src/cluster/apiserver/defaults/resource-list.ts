// Amounts of resources are kept to the thousandth. Follows SetDefaults_ResourceList of pkg/apis/core/v1/defaults.go.
import type { ResourceList } from '#api/core/v1';
import type { Mutable } from '../../../apimachinery/object.ts';
import { milliQuantity, parseQuantity, quantityMilliValue } from '../../../apimachinery/quantity.ts';

interface Resources {
  limits?: Mutable<ResourceList>;
  requests?: Mutable<ResourceList>;
}

export function roundResources(resources: Resources | undefined): void {
  if (!resources) return;
  if (resources.limits) roundResourceList(resources.limits);
  if (resources.requests) roundResourceList(resources.requests);
}

/** Rounds up what has more than three decimal places. */
export function roundResourceList(list: Mutable<ResourceList>): void {
  for (const name in list) {
    const quantity = parseQuantity(list[name]!);
    if (quantity.exponent < -3) list[name] = milliQuantity(quantityMilliValue(quantity), quantity.format).text;
  }
}
