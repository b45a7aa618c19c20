// What happens while sources are kept, told on standard error: as lines for people, or one JSON object a line.
import type { Clock } from '../../apimachinery/clock.ts';
import type { KeepEvent } from '../../reconcile/keep/keep-event.ts';
import { Progress } from './progress.ts';
import { stylesFor } from './styles.ts';

export interface LogFlags {
  readonly log: string;
  readonly quiet: boolean;
  readonly 'no-color': boolean;
}

export interface KeepLog {
  readonly progress: Progress;
  /** @param source what it is called, where there are several */
  event(event: KeepEvent, source?: string): void;
  line(text: string): void;
}

export function logOf(flags: LogFlags, clock: Clock): KeepLog {
  const progress = new Progress(process.stderr, stylesFor(process.stderr, flags['no-color']), flags.quiet);
  const loud = new Progress(process.stderr, stylesFor(process.stderr, flags['no-color']), false);
  // loaded by then: a keeper made the event
  const words = import('../../reconcile/keep/keep-event.ts');
  if (flags.log === 'text')
    return {
      progress,
      line: (told) => progress.line(told),
      event: (event, source) =>
        void words.then(({ eventLines, levelOf }) => {
          // --quiet is for progress, not for what is wrong
          const tell = flags.quiet && levelOf(event) !== 'info' ? loud : progress;
          for (const told of eventLines(event, source)) tell.line(told);
        }),
    };
  return {
    progress,
    line: (told) =>
      void process.stderr.write(`${JSON.stringify({ time: new Date(clock.now()).toISOString(), level: 'info', message: told })}\n`),
    event: (event, source) =>
      void words.then(({ eventJson }) =>
        process.stderr.write(`${eventJson(event, clock.now(), source === undefined ? {} : { sourceName: source })}\n`),
      ),
  };
}
