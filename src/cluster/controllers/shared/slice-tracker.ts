// What a controller knows of the EndpointSlices of each Service that it wrote itself: until an informer shows as much, the picture that it
// works from is out of date. Follows k8s.io/endpointslice's EndpointSliceTracker.
import type { EndpointSlice } from '#api/discovery/v1';

export const SERVICE_NAME = 'kubernetes.io/service-name';

/** How soon to look again at what is out of date. */
export const STALE_RETRY_MS = 5;

/** `shop/web`: the Service that a slice belongs to. */
export const serviceKey = ({ metadata }: EndpointSlice): string => `${metadata.namespace}/${metadata.labels?.[SERVICE_NAME] ?? ''}`;

export class SliceTracker {
  /** Service → slice → its version when it was last written here. */
  private readonly written = new Map<string, Map<string, number>>();

  note(slice: EndpointSlice): void {
    const key = serviceKey(slice);
    const known = this.written.get(key) ?? new Map<string, number>();
    this.written.set(key, known.set(slice.metadata.name, Number(slice.metadata.resourceVersion)));
  }

  /** The slice is gone, or is somebody else's. */
  forget(slice: EndpointSlice): void {
    this.written.get(serviceKey(slice))?.delete(slice.metadata.name);
  }

  forgetService(key: string): void {
    this.written.delete(key);
  }

  /** Whether the slice is as it was last written here. */
  isOwnWrite(slice: EndpointSlice): boolean {
    return this.written.get(serviceKey(slice))?.get(slice.metadata.name) === Number(slice.metadata.resourceVersion);
  }

  /** @param existing of the Service, as the informer has them */
  isStale(key: string, existing: readonly EndpointSlice[]): boolean {
    for (const [name, version] of this.written.get(key) ?? []) {
      const seen = existing.find((slice) => slice.metadata.name === name);
      if (!seen || Number(seen.metadata.resourceVersion) < version) return true;
    }
    return false;
  }
}
