// How often the controllers leave behind what the real ones left: replays the recorded scenarios in this process on a virtual clock.
//
//   node scripts/run-ts.mjs bench/scenarios.ts [--data DIR] [--only REGEX] [--failures FILE] [--quiet] [--errors]
//                                              [--ratchet FILE [--update]]
//
// With --ratchet, what agreed when the file was written must still agree; --update writes what agrees now.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { NO_KUBECTL } from '../test/cluster/served-kubectl.ts';
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
    ratchet: { type: 'string' },
    update: { type: 'boolean', default: false },
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
if (args.ratchet) holdRatchet(args.ratchet, args.update);

/** The names of the scenarios that agree. */
function holdRatchet(file: string, update: boolean): void {
  const agree = results.filter((result) => result.agrees).map(({ id }) => id);
  if (update) {
    fs.writeFileSync(file, `${JSON.stringify(agree.sort(), null, 2)}\n`);
    return;
  }
  const held = JSON.parse(fs.readFileSync(file, 'utf8')) as readonly string[];
  // what needs kubectl says nothing where there is none
  const untold = new Set(
    results.filter(({ skipped, differences }) => !skipped && differences.some((d) => d.endsWith(NO_KUBECTL.stderr))).map(({ id }) => id),
  );
  const ran = new Set(results.map(({ id }) => id));
  const fell = held.filter((id) => ran.has(id) && !agree.includes(id) && !untold.has(id));
  for (const id of fell) console.error(`${id} agreed, and does no longer`);
  if (fell.length) process.exitCode = 1;
  else console.log('agreement has not fallen');
}
