// What all reports of a preview are made of: its result, each consequence with the name that it keeps from run to run and whether it is
// accepted, and what was assumed. Made once; every format is a pure function of it, and JSON is the value itself.
import { atLeast, counted, type Consequence, type Severity } from '../../preview/consequence.ts';
import type { PreviewedApp, PreviewResult } from '../../preview/result.ts';
import { oneLine } from '../printable.ts';
import { judged, type AcceptedHazard } from './baseline.ts';

export interface ReportedConsequence extends Consequence {
  /** The same as long as it is about the same; see fingerprint.ts. */
  readonly fingerprint: string;
  /** Why it is accepted; null where it is not. */
  readonly accepted: string | null;
}

export interface PreviewReport extends Omit<PreviewResult, 'consequences'> {
  /** What the objects together are called. */
  readonly app: string;
  /** From which severity on a consequence fails. */
  readonly failOn: Severity | 'never';
  readonly consequences: readonly ReportedConsequence[];
  /** Of the baseline: what is accepted and did not come. */
  readonly staleBaseline: readonly AcceptedHazard[];
  /** Where the paths of files begin, seen from the root of the repository: empty, or `deploy/`. */
  readonly filesIn: string;
}

export interface ReportOptions extends Pick<PreviewReport, 'app' | 'failOn' | 'filesIn'> {
  readonly baseline: readonly AcceptedHazard[];
}

export function previewReport(result: PreviewResult, { app, failOn, filesIn, baseline }: ReportOptions): PreviewReport {
  const { base, head, changes, moved, consequences: _consequences, ...rest } = result;
  const { consequences, stale } = judged(result.consequences, baseline);
  return { app, failOn, base, head, changes, moved, consequences, staleBaseline: stale, ...rest, filesIn };
}

/** Whether a consequence fails the preview. */
export const isFailing = (consequence: ReportedConsequence, failOn: PreviewReport['failOn']): boolean =>
  failOn !== 'never' && consequence.accepted === null && atLeast(consequence, failOn);

/** Whether anything does. Faults of the sources do, however grave consequences must be. */
export const fails = ({ consequences, errors, failOn }: PreviewReport): boolean =>
  failOn !== 'never' && (errors.length > 0 || consequences.some((consequence) => isFailing(consequence, failOn)));

/** Whether it must be said which app something is of. */
const isOfSeveral = ({ apps = [] }: PreviewReport): boolean => apps.length > 1;

/** As people read it: where there are several apps, each consequence says for which it is. */
export const toldByApp = (report: PreviewReport): PreviewReport =>
  isOfSeveral(report) ? { ...report, consequences: report.consequences.map(inItsApp) } : report;

const inItsApp = (one: ReportedConsequence): ReportedConsequence =>
  one.app === undefined ? one : { ...one, message: `[${oneLine(one.app)}] ${one.message}` };

/** The apps that the change touches, where there are several, or one that was not run. */
export function appsToTell(report: PreviewReport): readonly PreviewedApp[] {
  const { apps = [] } = report;
  return isOfSeveral(report) || apps.some(({ message }) => message) ? apps : [];
}

/** Errors and warnings that nobody has accepted. */
export const hazardsOf = ({ consequences }: PreviewReport): ReportedConsequence[] =>
  consequences.filter(({ severity, accepted }) => severity !== 'info' && accepted === null);

export const acceptedOf = ({ consequences }: PreviewReport): ReportedConsequence[] =>
  consequences.filter(({ accepted }) => accepted !== null);

/** What only needs to be known. */
export const notesOf = ({ consequences }: PreviewReport): ReportedConsequence[] =>
  consequences.filter(({ severity, accepted }) => severity === 'info' && accepted === null);

/** `2 errors, 1 warning`, or `no hazards`. */
export function verdict(report: PreviewReport): string {
  const hazards = hazardsOf(report);
  const errors = report.errors.length + hazards.filter(({ severity }) => severity === 'error').length;
  const warnings = hazards.length + report.errors.length - errors;
  const told = [errors && counted(errors, 'error'), warnings && counted(warnings, 'warning')].filter(Boolean);
  const accepted = acceptedOf(report).length;
  return `${told.join(', ') || 'no hazards'}${accepted ? ` (${accepted} accepted)` : ''}`;
}

/** The gravest there is. */
export function gravity(report: PreviewReport): Severity {
  const hazards = hazardsOf(report);
  if (report.errors.length || hazards.some(({ severity }) => severity === 'error')) return 'error';
  return hazards.length ? 'warning' : 'info';
}

/** `11 objects change (2 added, 9 modified)`, `3 pods come, 2 go`, `at rest after 22 s`: each where there is something to say. */
export function extent({ changes, moved, workloads, durationSeconds }: PreviewReport): string[] {
  const of = (change: string): number => changes.filter((one) => one.change === change).length;
  const kinds = (['added', 'modified', 'deleted'] as const).map((change) => of(change) && `${of(change)} ${change}`).filter(Boolean);
  const [created, deleted] = [sum(workloads.map((w) => w.podsCreated)), sum(workloads.map((w) => w.podsDeleted))];
  const come = created && `${counted(created, 'pod')} ${created === 1 ? 'comes' : 'come'}`;
  const go = deleted && `${created ? deleted : counted(deleted, 'pod')} ${deleted === 1 ? 'goes' : 'go'}`;
  return [
    changes.length
      ? `${counted(changes.length, 'object')} ${changes.length === 1 ? 'changes' : 'change'} (${kinds.join(', ')})`
      : 'no object changes',
    moved.length && `${moved.length} only ${moved.length === 1 ? 'stands' : 'stand'} in another file`,
    [come, go].filter(Boolean).join(', '),
    durationSeconds && `at rest after ${secondsText(durationSeconds)}`,
  ].filter((part) => typeof part === 'string' && part !== '') as string[];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** `4.5 s`, `2 min 5 s`. */
export function secondsText(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  const [minutes, rest] = [Math.floor(seconds / 60), Math.round(seconds % 60)];
  return rest ? `${minutes} min ${rest} s` : `${minutes} min`;
}

/** Which commits are compared, where they are; of directories of one commit that says nothing. */
export function commitsOf({ base, head }: PreviewReport): { readonly base: string; readonly head: string } | undefined {
  const short = (revision: string | null): string => revision?.slice(0, 12) ?? 'files on disk';
  return base === head ? undefined : { base: short(base), head: short(head) };
}

/** Groups in the order in which their first ones come. */
export function grouped<T>(items: readonly T[], by: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(by(item));
    if (group) group.push(item);
    else groups.set(by(item), [item]);
  }
  return groups;
}
