import path from 'node:path';
import { Args, Flags, type Interfaces } from '@oclif/core';
import type { KubernetesObject, Manifest } from '../apimachinery/object.ts';
import type { Scenario } from '../cluster/simulation/scenario.ts';
import type { SimulationResult, TimelineEntry } from '../cluster/simulation/simulation.ts';
import { JibeCommand, outputFlags } from './shared/base.ts';
import { behaviourFlag, readBehaviour } from './shared/behaviour.ts';
import { durationText } from './shared/duration.ts';
import { CannotDo } from './shared/failure.ts';
import { formatted } from './shared/output.ts';
import { Progress } from './shared/progress.ts';
import { stylesFor } from './shared/styles.ts';
import { readTextFile } from './shared/text-file.ts';

export default class Simulate extends JibeCommand {
  static override summary = 'A whole cluster under faults, from a seed or a scenario; says what must never be, and was.';
  static override description =
    'Nodes lose power and are cut off, processes crash, writes fail, watches break off, while workloads come and go; then all is mended, and everything must be as it should. Time is virtual. The same seed gives the same run.\n' +
    'Exit code 0: all is well. 1: something was violated; the seed shows it again.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --seed 7 --timeline',
    '<%= config.bin %> <%= command.id %> --seeds 1-200',
    '<%= config.bin %> <%= command.id %> scenario.yaml',
  ];
  static override args = {
    scenario: Args.string({ description: 'A file of steps (docs/simulation.md). Default: a scenario made from the seed.' }),
  };
  static override flags = {
    seed: Flags.integer({ summary: 'Whatever is left to chance follows from it.', helpValue: 'N', default: 1, min: 0 }),
    seeds: Flags.string({ summary: 'One run for each of these.', helpValue: 'FROM-TO', exclusive: ['seed'] }),
    behaviour: behaviourFlag(),
    timeline: Flags.boolean({ summary: 'Tell what happens, and when.' }),
    ...outputFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Simulate);
    await this.ending(async () => {
      const scenario = args.scenario === undefined ? undefined : await readFile(args.scenario);
      const seeds = flags.seeds === undefined ? [flags.seed] : range(flags.seeds);
      const results = await this.simulateAll(seeds, scenario, flags);
      if (this.interrupt.signal.aborted) return 130;
      const text = (): string => results.map((result) => resultText(result, flags, args.scenario, results.length > 1)).join('');
      this.emit(await formatted({ runs: results }, flags.output, text), flags['output-file']);
      return results.some(({ violations }) => violations.length > 0) ? 1 : 0;
    });
  }

  private async simulateAll(seeds: readonly number[], scenario: Scenario | undefined, flags: SimulateFlags): Promise<readonly Run[]> {
    const { simulate } = await import('../cluster/simulation/simulation.ts');
    const behaviour = flags.behaviour === undefined ? {} : { behaviour: await readBehaviour(flags.behaviour) };
    const progress = new Progress(process.stderr, stylesFor(process.stderr, flags['no-color']), flags.quiet);
    const runs: Run[] = [];
    for (const seed of seeds) {
      if (this.interrupt.signal.aborted) break;
      progress.now(`seed ${seed}${seeds.length > 1 ? ` (${runs.length + 1} of ${seeds.length})` : ''}…`);
      runs.push({ seed, ...(await simulate({ seed, ...(scenario ? { scenario } : {}), ...behaviour })) });
    }
    progress.clear();
    return runs;
  }
}

type SimulateFlags = Interfaces.InferredFlags<typeof Simulate.flags>;
type Run = SimulationResult & { readonly seed: number };

function resultText(run: Run, flags: SimulateFlags, file: string | undefined, many: boolean): string {
  const lines: string[] = [];
  const behaviour = flags.behaviour === undefined ? '' : ` --behaviour ${flags.behaviour}`;
  if (flags.timeline) lines.push(`seed ${run.seed}`, ...run.timeline.map(entryText));
  const verdict = run.violations.length ? `${run.violations.length} violated` : 'all is well';
  lines.push(`seed ${run.seed}: ${verdict}, ${run.writes} writes in ${durationText(run.simulatedMs)}, ${run.fingerprint.slice(0, 12)}`);
  if (!flags.timeline) for (const { invariant, problem } of run.violations) lines.push(`  ${invariant}: ${problem}`);
  if (run.violations.length && (many || !flags.timeline))
    lines.push(
      `  jibe simulate${file === undefined ? '' : ` ${file}`}${behaviour} --seed ${run.seed} --timeline shows how it came to that`,
    );
  return `${lines.join('\n')}\n`;
}

const entryText = ({ atMs, text }: TimelineEntry): string => `${`+${durationText(atMs)}`.padStart(9)}  ${text}`;

function range(text: string): readonly number[] {
  const [, from, to] = /^(\d+)-(\d+)$/.exec(text) ?? [];
  if (from === undefined || Number(to) < Number(from)) throw new CannotDo(`--seeds: ${JSON.stringify(text)} is no range`, 'write 1-200');
  return Array.from({ length: Number(to) - Number(from) + 1 }, (_, i) => Number(from) + i);
}

/** Throws where it is none, with its place. */
async function readFile(file: string): Promise<Scenario> {
  const { readScenario, ScenarioError } = await import('../cluster/simulation/scenario-file.ts');
  const [document] = await readDocuments(file);
  try {
    return await readScenario(
      document,
      async (name) => (await readDocuments(path.resolve(path.dirname(file), name))) as Manifest<KubernetesObject>[],
    );
  } catch (error) {
    if (error instanceof ScenarioError) throw new CannotDo(`${file}: ${error.message}`, 'see docs/simulation.md', error);
    throw error;
  }
}

async function readDocuments(file: string): Promise<unknown[]> {
  const [{ readYaml }, { splitYaml }, { Lines }] = await Promise.all([
    import('../apimachinery/yaml/read.ts'),
    import('../apimachinery/yaml/documents.ts'),
    import('../reconcile/render/positions.ts'),
  ]);
  const values: unknown[] = [];
  for (const document of splitYaml(readTextFile(file))) {
    const read = await readYaml(document.text);
    if (read.faults) {
      const { offset, message } = read.faults[0]!;
      const { line, column } = new Lines(document.text).at(offset);
      throw new CannotDo(`${file}:${document.line + line - 1}:${column}: ${message}`, 'see docs/simulation.md');
    }
    values.push(read.value);
  }
  return values;
}
