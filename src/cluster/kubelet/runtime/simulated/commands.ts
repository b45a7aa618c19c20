// What plain commands do: `sleep 5`, `true`, `false`, `echo hello`, and `sh -c` of these with `exit 3`, `;`, `&&`, `||` and endless loops.
// Anything else is not understood, and says nothing.
import type { Container } from '#api/core/v1';
import type { Behaviour } from './behaviour.ts';

const SHELLS = new Set(['sh', 'bash', 'ash', '/bin/sh', '/bin/bash', '/bin/ash']);

/** Undefined: not understood. */
export function behaviourOfCommand({ command = [], args = [] }: Container): Behaviour | undefined {
  const words = [...command, ...args];
  if (words.length === 0) return undefined;
  const [program, option, script] = words;
  const isScript = SHELLS.has(program!) && /^-[a-z]*c$/.test(option ?? '') && script !== undefined;
  const end = isScript ? runScript(script) : words.length > 0 ? runWords(words, new Run()) : undefined;
  return end?.behaviour();
}

/** A run so far: how long it took, what it printed. */
class Run {
  seconds = 0;
  code = 0;
  ended = false;
  readonly printed: string[] = [];

  behaviour(): Behaviour {
    const forever = this.seconds === Infinity;
    return {
      exit: forever ? 'never' : { code: this.code, after: `${this.seconds}s` },
      ...(this.printed.length ? { logs: this.printed } : {}),
      // a shell or sleep that is the first process of its container does not hear SIGTERM
      ...(this.seconds > 0 ? { stop: { ignoresSigterm: true } } : {}),
    };
  }
}

const ENDLESS = /^\s*(while\s+(true|:|sleep\s+\S+)\s*;\s*do\b|until\s+false\s*;\s*do\b|tail\s+-f\s)/;

function runScript(script: string): Run | undefined {
  const run = new Run();
  let rest = script.trim();
  let joint = ';';
  while (rest !== '' && !run.ended && run.seconds !== Infinity) {
    if (ENDLESS.test(rest)) {
      run.seconds = Infinity;
      return run;
    }
    const match = /^((?:"[^"]*"|'[^']*'|[^;&|\n"'])*)(;|&&|\|\||\n|$)/.exec(rest);
    if (!match) return undefined;
    const [whole, statement = '', next = ''] = match;
    const skipped = (joint === '&&' && run.code !== 0) || (joint === '||' && run.code === 0);
    if (statement.trim() && !skipped && !runWords(splitWords(statement), run)) return undefined;
    rest = rest.slice(whole.length).trimStart();
    joint = next === '\n' || next === '' ? ';' : next;
  }
  return run;
}

const splitWords = (text: string): string[] =>
  [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, plain]) => double ?? single ?? plain ?? '');

/** Undefined: not understood. */
function runWords(words: readonly string[], run: Run): Run | undefined {
  const [program = '', ...args] = words[0] === 'exec' ? words.slice(1) : words;
  switch (program.replace(/^(\/usr)?\/bin\//, '')) {
    case 'true':
    case ':':
      run.code = 0;
      return run;
    case 'false':
      run.code = 1;
      return run;
    case 'echo':
      run.printed.push(args.join(' '));
      run.code = 0;
      return run;
    case 'exit':
      run.code = Number(args[0] ?? run.code);
      run.ended = true;
      return Number.isInteger(run.code) ? run : undefined;
    case 'sleep': {
      const seconds = args.reduce((sum, text) => sum + sleepSeconds(text), 0);
      if (Number.isNaN(seconds) || args.length === 0) return undefined;
      run.seconds += seconds;
      run.code = 0;
      return run;
    }
    default:
      return undefined;
  }
}

/** `5`, `1.5`, `10m`, `infinity`; NaN for anything else. */
export function sleepSeconds(text: string): number {
  if (/^inf(inity)?$/.test(text)) return Infinity;
  const match = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(text);
  if (!match) return NaN;
  return Number(match[1]) * { '': 1, s: 1, m: 60, h: 3600, d: 86_400 }[match[2] as '' | 's' | 'm' | 'h' | 'd'];
}
