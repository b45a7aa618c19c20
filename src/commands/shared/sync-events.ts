// What a sync tells while it goes on, as lines.
import { rolloutText } from '../../reconcile/apply/rollout.ts';
import { resourceText } from '../../reconcile/plan/resource-id.ts';
import type { SyncEvent } from '../../reconcile/sync.ts';
import type { Progress } from './progress.ts';

/** What has happened gets a line of its own; what is going on does not. @param app where there are several */
export function tellSync(event: SyncEvent, progress: Progress, app?: string): void {
  const words = syncEventText(event);
  if (!words) return;
  const text = app === undefined ? words : `[${app}] ${words}`;
  if (event.type === 'applied' || event.type === 'rollout') progress.line(text);
  else progress.now(text);
}

/** Empty where there is nothing worth a line. */
function syncEventText(event: SyncEvent): string {
  switch (event.type) {
    case 'planning':
      return `planning: ${event.done} of ${event.of} objects`;
    case 'applied': {
      const { action, planned, message } = event.outcome;
      return action === 'unchanged' ? '' : `${action} ${resourceText(planned.id)}${message ? `: ${message}` : ''}`;
    }
    case 'waiting':
      return event.ids.length
        ? `waiting for ${event.ids.slice(0, 3).map(resourceText).join(', ')}${event.ids.length > 3 ? ' and others' : ''}`
        : '';
    case 'rollout':
      return rolloutText(event.rollout);
  }
}
