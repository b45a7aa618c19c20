// Sync windows as jibe.yaml and Argo CD's AppProjects write them down.
import type { App, SyncWindow } from './app.ts';
import type { Fields } from './fields.ts';

export function readWindow(item: Fields): SyncWindow {
  return {
    kind: item.string('kind') === 'allow' ? 'allow' : 'deny',
    schedule: item.string('schedule'),
    durationMs: item.duration('duration') ?? 0,
    timeZone: item.string('timeZone') || 'UTC',
  };
}

/** A window of a project, and which of its apps it is for. */
export interface ProjectWindow {
  readonly window: SyncWindow;
  readonly isFor: (app: App) => boolean;
}

/** As Argo CD: what any of the lists names, or with `andOperator` all of those that are there. @param globs whether a pattern fits a text */
export function readProjectWindow(item: Fields, globs: (pattern: string, text: string) => boolean): ProjectWindow {
  const named = (field: string, texts: readonly string[]): boolean | undefined => {
    const patterns = item.strings(field);
    return patterns.length === 0 ? undefined : patterns.some((pattern) => texts.some((text) => globs(pattern, text)));
  };
  const isFor = ({ name, namespace = '' }: App): boolean => {
    const verdicts = [
      named('applications', [name]),
      named('namespaces', [namespace]),
      named('clusters', ['in-cluster', 'https://kubernetes.default.svc']),
    ].filter((verdict) => verdict !== undefined);
    return verdicts.length > 0 && (item.boolean('andOperator') ? verdicts.every(Boolean) : verdicts.some(Boolean));
  };
  return { window: readWindow(item), isFor };
}
