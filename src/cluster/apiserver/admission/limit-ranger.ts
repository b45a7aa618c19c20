// LimitRanges: what containers ask for where they do not say it, and the bounds within which they, pods and claims must stay. Follows
// plugin/pkg/admission/limitranger.
import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod, ResourceList } from '#api/core/v1';
import { podAmounts } from '../../../apimachinery/core/pod-resources.ts';
import { compareQuantities, parseQuantity, quantityNumber, quantityValue, type Quantity } from '../../../apimachinery/quantity.ts';
import type { Store } from '../../storage/store.ts';
import type { DraftOf } from '../generic/define.ts';
import { aggregate, isAbout, listAll, refusal, type AdmissionAttributes, type AdmissionPlugin } from './admission.ts';

const ANNOTATION = 'kubernetes.io/limit-ranger';

/** Requests or limits of what is being bounded, by resource. */
type Amounts = ReadonlyMap<string, Quantity>;

export function limitRanger(store: Store): AdmissionPlugin {
  const ranges = ({ namespace }: AdmissionAttributes): Promise<readonly LimitRange[]> =>
    listAll<LimitRange>(store, `/registry/limitranges/${namespace}/`);
  const isBounded = (attributes: AdmissionAttributes): boolean =>
    // containers of a pod that is there never change what they ask for on this way
    (isAbout(attributes, '', 'pods') && attributes.operation === 'CREATE') || isAbout(attributes, '', 'persistentvolumeclaims');
  return {
    name: 'LimitRanger',
    operations: ['CREATE', 'UPDATE'],
    async admit(attributes) {
      if (!isBounded(attributes) || attributes.resource.resource !== 'pods') return;
      for (const range of await ranges(attributes)) setDefaults(attributes.object as unknown as DraftOf<Pod>, range);
    },
    async validate(attributes) {
      if (!isBounded(attributes)) return;
      const { object, resource } = attributes;
      for (const { spec } of await ranges(attributes)) {
        const wrong = (spec?.limits ?? []).flatMap((item) =>
          resource.resource === 'pods'
            ? podBreaches(object as unknown as Pod, item)
            : claimBreaches(object as unknown as PersistentVolumeClaim, item),
        );
        if (wrong.length) throw refusal(attributes, aggregate(wrong));
      }
    },
  };
}

function setDefaults(pod: DraftOf<Pod>, { spec }: LimitRange): void {
  const items = (spec?.limits ?? []).filter(({ type }) => type === 'Container');
  const limits: ResourceList = Object.assign({}, ...items.map((i) => i.default));
  const requests: ResourceList = Object.assign({}, ...items.map((i) => i.defaultRequest));
  const told: string[] = [];
  const complete = (container: Container, what: string): Container => {
    const { resources = {}, name } = container;
    const missing = (from: ResourceList, has: ResourceList | undefined): string[] =>
      Object.keys(from).filter((resource) => has?.[resource] === undefined);
    const noRequest = missing(requests, resources.requests);
    const noLimit = missing(limits, resources.limits);
    if (noRequest.length) told.push(`${[...noRequest].sort().join(', ')} request for ${what} ${name}`);
    if (noLimit.length) told.push(`${[...noLimit].sort().join(', ')} limit for ${what} ${name}`);
    if (!noRequest.length && !noLimit.length) return container;
    return {
      ...container,
      resources: {
        ...resources,
        ...(noLimit.length ? { limits: { ...limits, ...resources.limits } } : {}),
        ...(noRequest.length ? { requests: { ...requests, ...resources.requests } } : {}),
      },
    };
  };
  const containers = pod.spec.containers?.map((c) => complete(c, 'container'));
  const initContainers = pod.spec.initContainers?.map((c) => complete(c, 'init container'));
  if (told.length === 0) return;
  pod.spec = { ...pod.spec, containers, ...(initContainers ? { initContainers } : {}) };
  pod.metadata.annotations = { ...pod.metadata.annotations, [ANNOTATION]: `LimitRanger plugin set: ${told.join('; ')}` };
}

const amountsOf = (list: ResourceList | undefined): Amounts =>
  new Map(Object.entries(list ?? {}).map(([name, amount]) => [name, parseQuantity(amount)]));

function podBreaches(pod: Pod, item: LimitRangeItem): string[] {
  if (item.type === 'Pod') return breaches(item, podAmounts(pod, 'requests'), podAmounts(pod, 'limits'));
  if (item.type !== 'Container') return [];
  const containers = [...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])];
  return containers.flatMap(({ resources }) => breaches(item, amountsOf(resources?.requests), amountsOf(resources?.limits)));
}

function claimBreaches({ spec }: PersistentVolumeClaim, item: LimitRangeItem): string[] {
  if (item.type !== 'PersistentVolumeClaim') return [];
  const requests = amountsOf(spec?.resources?.requests);
  const tooMuch = each(item.max, (name, bound, text) => {
    const asked = requests.get(name);
    if (!asked) return `maximum ${name} usage per ${item.type} is ${text}.  No request is specified`;
    return compareQuantities(asked, bound) > 0
      ? `maximum ${name} usage per ${item.type} is ${text}, but request is ${asked.text}`
      : undefined;
  });
  return [...tooLittle(item, requests, new Map()), ...tooMuch];
}

function each(
  list: ResourceList | undefined,
  judge: (name: string, bound: Quantity, text: string) => string | readonly string[] | undefined,
): string[] {
  return Object.entries(list ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, text]) => judge(name, parseQuantity(text), text) ?? []);
}

const breaches = (item: LimitRangeItem, requests: Amounts, limits: Amounts): string[] => [
  ...tooLittle(item, requests, limits),
  ...tooMuch(item, requests, limits),
  ...tooFarApart(item, requests, limits),
];

const tooLittle = ({ min, type }: LimitRangeItem, requests: Amounts, limits: Amounts): string[] =>
  each(min, (name, bound, text) => {
    const [request, limit] = [requests.get(name), limits.get(name)];
    const why = `minimum ${name} usage per ${type} is ${text}`;
    if (!request) return `${why}.  No request is specified`;
    if (compareQuantities(request, bound) < 0) return `${why}, but request is ${request.text}`;
    return limit && compareQuantities(limit, bound) < 0 ? `${why}, but limit is ${limit.text}` : undefined;
  });

const tooMuch = ({ max, type }: LimitRangeItem, requests: Amounts, limits: Amounts): string[] =>
  each(max, (name, bound, text) => {
    const [request, limit] = [requests.get(name), limits.get(name)];
    const why = `maximum ${name} usage per ${type} is ${text}`;
    if (!limit) return `${why}.  No limit is specified`;
    if (compareQuantities(limit, bound) > 0) return `${why}, but limit is ${limit.text}`;
    return request && compareQuantities(request, bound) > 0 ? `${why}, but request is ${request.text}` : undefined;
  });

const tooFarApart = ({ maxLimitRequestRatio, type }: LimitRangeItem, requests: Amounts, limits: Amounts): string[] =>
  each(maxLimitRequestRatio, (name, bound, text) => {
    const [request, limit] = [requests.get(name), limits.get(name)];
    const why = `${name} max limit to request ratio per ${type} is ${text}`;
    if (!request || quantityValue(request) === 0n) return `${why}, but no request is specified or request is 0`;
    if (!limit || quantityValue(limit) === 0n) return `${why}, but no limit is specified or limit is 0`;
    const ratio = quantityNumber(limit) / quantityNumber(request);
    return ratio > quantityNumber(bound) ? `${why}, but provided ratio is ${ratio.toFixed(6)}` : undefined;
  });
