// How often the controllers leave behind what the real ones left: replays the recorded scenarios in this process on a virtual clock.
//
//   node scripts/run-ts.mjs bench/scenarios.ts [--data DIR] [--only REGEX] [--failures FILE] [--quiet] [--errors]
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { scenarioWorld, type ScenarioWorld } from '../test/cluster/scenario-world.ts';

interface Result {
  readonly id: string;
  readonly agrees: boolean;
  readonly skipped?: string;
  readonly differences: readonly string[];
}

interface Scenario {
  readonly id: string;
}

interface Replay {
  replay(
    world: (scenario: Scenario) => Promise<ScenarioWorld>,
    options: { readonly only: RegExp; readonly width: number; readonly onResult: (result: Result) => void },
  ): Promise<readonly Result[]>;
  table(results: readonly Result[]): string;
}

const { values: args } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/oracle/recorded/scenarios' },
    only: { type: 'string', default: '.' },
    failures: { type: 'string' },
    quiet: { type: 'boolean', default: false },
    errors: { type: 'boolean', default: false },
  },
});

const data = path.resolve(args.data);
const load = async <T>(file: string): Promise<T> => (await import(pathToFileURL(path.join(data, file)).href)) as T;
const { replay, table } = await load<Replay>('replay.mjs');
const { KINDS } = await load<{ KINDS: Record<string, readonly [string, string, boolean, boolean]> }>('kinds.mjs');
const mirrored = Object.fromEntries(
  Object.entries(KINDS)
    .filter(([, [, , , watched]]) => watched)
    .map(([kind, [apiVersion]]) => [kind, apiVersion]),
);

const failures = args.failures ? fs.createWriteStream(args.failures) : undefined;
const results = await replay(
  ({ id }) =>
    scenarioWorld(mirrored, args.errors ? { onError: (name, key, error) => console.log(`${id}: ${name} ${key}: ${String(error)}`) } : {}),
  {
    only: new RegExp(args.only),
    width: 1,
    onResult(result) {
      if (result.agrees || result.skipped) return;
      if (!args.quiet) console.log(`${result.id}: ${result.differences.join('\n    ').slice(0, 1500)}`);
      failures?.write(`${JSON.stringify(result)}\n`);
    },
  },
);
failures?.end();
console.log(table(results));
