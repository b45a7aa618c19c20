// How often the API server answers as a real one did: replays recorded answers into a server.
//
//   npm run conformance -- [--data DIR] [--groups defaults,create,...] [--only TEXT] [--failures FILE] [--ratchet FILE [--update]] [--https]
//
// With --https it goes over the network, into a server as `jibe cluster start --components apiserver` serves one.
// With --ratchet the agreement by group and kind must not fall below what the file says; --update writes what was reached. With
// --markdown the table of a page (docs/conformance.md) is written anew, between its two marks.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { inProcess, overHttps } from './conformance-servers.ts';

interface Counts {
  cases: number;
  verdict: number;
  answer: number;
  exact: number;
}

const { values: args } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/oracle/recorded' },
    groups: { type: 'string' },
    only: { type: 'string', default: '' },
    failures: { type: 'string' },
    ratchet: { type: 'string' },
    update: { type: 'boolean', default: false },
    markdown: { type: 'string' },
    https: { type: 'boolean', default: false },
  },
});

const data = path.resolve(args.data);
const { replay } = (await import(pathToFileURL(path.join(data, 'replay.mjs')).href)) as {
  replay(request: unknown, options: object): Promise<Record<string, Counts>>;
};
const failures = args.failures ? fs.createWriteStream(args.failures) : undefined;
// some sequences were recorded with an admission plugin that a default API server does not run
const WITH_NODE_RESTRICTION = 'node-restriction/';
const onResult = (result: { readonly id: string; readonly level: number }): void => {
  if (failures && result.level < 3) failures.write(`${JSON.stringify(result)}\n`);
};
const groups = args.groups?.split(',') ?? ['defaults', 'create', 'update', 'tables', 'sequences'];
const serve = (disabled: readonly string[]) => (args.https ? overHttps(disabled, data) : inProcess(disabled));
const plain = await serve(['NodeRestriction']);
const totals = await replay(plain.request, {
  data,
  groups,
  only: args.only,
  onResult: (result: { readonly id: string; readonly level: number }) => {
    if (!result.id.startsWith(WITH_NODE_RESTRICTION)) onResult(result);
  },
});
await plain.stop();
if (groups.includes('sequences') && totals['sequences node-restriction']) {
  const restricting = await serve([]);
  const restricted = await replay(restricting.request, { data, groups: ['sequences'], only: WITH_NODE_RESTRICTION, onResult });
  await restricting.stop();
  const [all, without, now] = [totals['sequences']!, totals['sequences node-restriction'], restricted['sequences node-restriction']!];
  for (const level of ['verdict', 'answer', 'exact'] as const) all[level] += now[level] - without[level];
  totals['sequences node-restriction'] = now;
}
failures?.end();
const percent = (n: number, of: number): string => `${((100 * n) / of).toFixed(1)}%`.padStart(7);
console.log('cases verdict  answer   exact');
for (const [key, t] of Object.entries(totals).sort()) {
  console.log(
    `${String(t.cases).padStart(5)} ${percent(t.verdict, t.cases)} ${percent(t.answer, t.cases)} ${percent(t.exact, t.cases)}  ${key}`,
  );
}
if (args.ratchet) holdRatchet(args.ratchet, args.update);
if (args.markdown) writeTable(args.markdown);

/** Fails where agreement fell; what rose is told, so that the file can follow. */
function holdRatchet(file: string, update: boolean): void {
  const reached = Object.fromEntries(
    Object.entries(totals)
      .sort()
      .map(([key, { cases, verdict, answer, exact }]) => [key, [cases, verdict, answer, exact]]),
  );
  if (update) {
    fs.writeFileSync(
      file,
      `{\n${Object.entries(reached)
        .map(([key, row]) => `  ${JSON.stringify(key)}: ${JSON.stringify(row)}`)
        .join(',\n')}\n}\n`,
    );
    return;
  }
  const held = JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, readonly number[]>;
  const names = ['cases', 'verdict', 'answer', 'exact'];
  let fell = 0;
  for (const [key, row] of Object.entries(held)) {
    for (const [i, name] of names.entries()) {
      const now = reached[key]?.[i] ?? 0;
      if (i > 0 && now < row[i]!) {
        console.error(`${key}: ${name} fell from ${row[i]} to ${now} of ${row[0]}`);
        fell++;
      }
    }
  }
  if (fell) process.exitCode = 1;
  else console.log('agreement has not fallen');
}

/** A row a kind: how many answers agree in verdict and in full, of objects created and updated; and a row a group of sequences. */
function writeTable(file: string): void {
  const share = (t: Counts | undefined, level: 'verdict' | 'answer'): string => (t ? ((100 * t[level]) / t.cases).toFixed(1) : '');
  const kinds = [...new Set(Object.keys(totals).flatMap((key) => /^(?:create|update) (.+)$/.exec(key)?.[1] ?? []))].sort();
  const rows = kinds.map((kind) => {
    const [create, update] = [totals[`create ${kind}`], totals[`update ${kind}`]];
    const cells = [create, update].flatMap((t) => [String(t?.cases ?? ''), share(t, 'verdict'), share(t, 'answer')]);
    return `| ${kind} | ${cells.join(' | ')} |`;
  });
  const sequences = Object.entries(totals)
    .filter(([key]) => key.startsWith('sequences '))
    .sort()
    .map(([key, t]) => `| ${key.slice('sequences '.length)} | ${t.cases} | ${share(t, 'verdict')} | ${share(t, 'answer')} |`);
  const table = [
    '| kind | created | verdict | answer | updated | verdict | answer |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    '',
    '| sequences | steps | verdict | answer |',
    '|---|---|---|---|',
    ...sequences,
  ].join('\n');
  const [before, , after] = fs.readFileSync(file, 'utf8').split(/<!-- \/?agreement -->/);
  fs.writeFileSync(file, `${before}<!-- agreement -->\n${table}\n<!-- /agreement -->${after}`);
}
