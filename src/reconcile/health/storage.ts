// Volumes and claims, by their phase.
import type { PersistentVolume, PersistentVolumeClaim } from '#api/core/v1';
import { degraded, healthy, progressing, type Health, type Surroundings } from './verdict.ts';

export function claimHealth(claim: PersistentVolumeClaim, around: Surroundings): Health {
  switch (claim.status?.phase) {
    case 'Bound':
      return healthy();
    case 'Lost':
      return degraded('its volume is lost');
    default:
      return around.waitsForConsumer(claim) ? healthy('waits for its first consumer') : progressing('waiting for a volume');
  }
}

export function volumeHealth({ status }: PersistentVolume): Health {
  return status?.phase === 'Failed' ? degraded(status.message ?? 'the volume could not be reclaimed') : healthy();
}
