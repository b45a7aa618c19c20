// What all commands have in common: flags, where output goes, how failures are told, and how an interrupt ends them.
import fs from 'node:fs';
import { Command, Flags } from '@oclif/core';
import { parseDuration } from './duration.ts';
import { CannotDo, explainFailure, type ExitCode } from './failure.ts';

export type OutputFormat = 'text' | 'json' | 'yaml' | 'markdown' | 'html' | 'junit' | 'sarif';

export const durationFlag = (summary: string, byDefault: string) =>
  Flags.custom<number>({
    summary,
    helpValue: 'DURATION',
    default: async () => parseDuration(byDefault)!,
    defaultHelp: async () => byDefault,
    parse: async (text) => {
      const ms = parseDuration(text);
      if (ms === undefined) throw new CannotDo(`${JSON.stringify(text)} is not a duration`, 'write 90s, 5m or 1h30m');
      return ms;
    },
  })();

export const outputFlag = (formats: readonly OutputFormat[]) =>
  Flags.string({ char: 'o', summary: 'How the result is written.', options: formats, default: 'text', helpGroup: 'OUTPUT' });

export const outputFlags = {
  output: outputFlag(['text', 'json', 'yaml']),
  'output-file': Flags.string({ summary: 'Write the result to a file.', helpValue: 'FILE', helpGroup: 'OUTPUT' }),
  quiet: Flags.boolean({ char: 'q', summary: 'No progress.', helpGroup: 'OUTPUT' }),
  'no-color': Flags.boolean({ summary: 'No colours.', helpGroup: 'OUTPUT' }),
};

export abstract class JibeCommand extends Command {
  protected readonly interrupt = new AbortController();
  /** The signal by which the process was first told to end. */
  protected endedBy: NodeJS.Signals | undefined;

  /** Runs the command's work and ends the process with its code. */
  protected async ending(work: () => Promise<ExitCode>): Promise<void> {
    const stop = (name: NodeJS.Signals): void => {
      this.endedBy ??= name;
      // the second time it is meant
      if (this.interrupt.signal.aborted) process.exit(130);
      this.interrupt.abort(new Error('interrupted'));
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
    try {
      process.exitCode = await work();
    } finally {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    }
  }

  /** The result: to standard output, or to the file that was asked for. */
  protected emit(text: string, file?: string): void {
    const whole = text === '' || text.endsWith('\n') ? text : `${text}\n`;
    if (file === undefined) {
      process.stdout.write(whole);
      return;
    }
    try {
      fs.writeFileSync(file, whole);
    } catch (error) {
      throw new CannotDo(`${file} cannot be written (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`, undefined, error);
    }
  }

  protected override async catch(error: Error & { exitCode?: number; oclif?: { exit?: number } }): Promise<void> {
    if (this.interrupt.signal.aborted) {
      process.exitCode = 130;
      return;
    }
    const told = explainFailure(error);
    if (told) this.tellError(usageText(told.message), told.hint);
    // oclif's own errors are about the command line
    else if (error.oclif) this.tellError(usageText(error.message), `see jibe ${this.id?.replaceAll(':', ' ')} --help`);
    else if (process.env['JIBE_DEBUG']) throw error;
    else
      this.tellError(
        `internal error: ${error.message}`,
        'this is a defect of jibe; run it again with JIBE_DEBUG=1 for the details and report it',
      );
    process.exitCode = error instanceof CannotDo ? error.exitCode : 2;
  }

  private tellError(message: string, hint: string | undefined): void {
    process.stderr.write(`error: ${message}\n${hint ? `  hint: ${hint}\n` : ''}`);
  }
}

/** `Parsing --timeout` and what is wrong with it, on one line. */
const usageText = (message: string): string =>
  message
    .replace(/\nSee more help with --help$/, '')
    .replace(/^Parsing (--\S+)\s+/, '$1: ')
    .trim();
