// How long the commands take as people run them: whole processes, medians of several runs, with the highest resident memory.
//
//   npm run bench:commands [-- --runs 7]
//
// Aims: --help 150 ms, cold sync 1.5 s, sync with nothing to do 0.7 s, preview 1.5 s, 250 MB. The physical limit is a bare `node -e 0`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '7' } } });
const runs = Number(values.runs);
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-bench-'));
const bin = path.resolve('bin/jibe.js');
const fixtures = path.resolve('fixtures/online-boutique');

interface Run {
  readonly ms: number;
  readonly megabytes: number;
}

async function run(args: readonly string[], home: string): Promise<Run> {
  const started = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, JIBE_HOME: home } });
  let kilobytes = 0;
  const poll = setInterval(() => {
    try {
      const status = fs.readFileSync(`/proc/${child.pid}/status`, 'utf8');
      kilobytes = Math.max(kilobytes, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
    } catch {
      // it has ended, or there is no /proc here
    }
  }, 5);
  const [code] = (await once(child, 'exit')) as [number];
  clearInterval(poll);
  if (code !== 0) throw new Error(`jibe ${args.slice(1).join(' ')} ended with ${code}`);
  return { ms: performance.now() - started, megabytes: kilobytes / 1024 };
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

let bare = 0;

/** @param before prepares each run; not timed */
async function measure(
  what: string,
  args: readonly string[],
  aimMs: number | undefined,
  before?: (home: string) => Promise<unknown>,
): Promise<void> {
  const all: Run[] = [];
  for (let i = 0; i < runs; i++) {
    const home = path.join(scratch, `home-${what.replace(/\W/g, '')}-${i}`);
    await before?.(home);
    all.push(await run(args, home));
  }
  const ms = median(all.map((r) => r.ms));
  bare ||= ms;
  const aim = aimMs === undefined ? '' : `aim ${aimMs} ms`;
  console.log(
    `${ms.toFixed(0).padStart(6)} ms  ${median(all.map((r) => r.megabytes))
      .toFixed(0)
      .padStart(4)} MB  ${(ms / bare).toFixed(1).padStart(5)} × node  ${what}  ${aim}`,
  );
}

const jibe = (...args: readonly string[]): readonly string[] => [bin, ...args];
const sync = jibe('sync', path.join(fixtures, 'v0.10.5'), '--quiet');
try {
  await measure('bare node', ['-e', '0'], undefined);
  await measure('jibe --help', jibe('--help'), 150);
  await measure('cold sync of Online Boutique into a new cluster', sync, 1500);
  await measure('sync with nothing to do', sync, 700, (home) => run(sync, home));
  await measure('diff with no differences', jibe('diff', path.join(fixtures, 'v0.10.5'), '--quiet'), 700, (home) => run(sync, home));
  const preview = jibe('preview', '--base', path.join(fixtures, 'v0.10.4'), '--head', path.join(fixtures, 'v0.10.5'), '--quiet');
  await measure('preview of two releases', preview, 1500);
} finally {
  fs.rmSync(scratch, { recursive: true });
}
