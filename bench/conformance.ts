// How often the API server answers as a real one did: replays recorded answers into a server in this process.
//
//   npm run conformance -- [--data DIR] [--groups defaults,create,...] [--only TEXT] [--failures FILE] [--ratchet FILE [--update]]
//
// With --ratchet the agreement by group and kind must not fall below what the file says; --update writes what was reached. With
// --markdown the table of a page (docs/conformance.md) is written anew, between its two marks.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { RealClock } from '../src/apimachinery/clock.ts';
import { Random } from '../src/apimachinery/random.ts';
import type { UserInfo } from '../src/apimachinery/api-request.ts';
import { Client } from '../src/client/client.ts';
import { InProcessTransport } from '../src/client/in-process.ts';
import type { ApiServer } from '../src/cluster/apiserver/api-server.ts';
import { bootstrapPriorityClasses } from '../src/cluster/apiserver/bootstrap.ts';
import { standaloneApiServer } from '../src/cluster/apiserver/standalone.ts';
import { MemoryStore } from '../src/cluster/storage/memory-store.ts';
import { handleHttp } from '../src/cluster/apiserver/http/http-api.ts';

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
  },
});

const data = path.resolve(args.data);
const { replay } = (await import(pathToFileURL(path.join(data, 'replay.mjs')).href)) as {
  replay(request: unknown, options: object): Promise<Record<string, Counts>>;
};
const failures = args.failures ? fs.createWriteStream(args.failures) : undefined;
const totals = await replay(request(), {
  data,
  ...(args.groups ? { groups: args.groups.split(',') } : {}),
  only: args.only,
  onResult: (result: { level: number }) => {
    if (failures && result.level < 3) failures.write(`${JSON.stringify(result)}\n`);
  },
});
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

/** What every API server has by itself. */
async function bootstrap(server: ApiServer, user: UserInfo): Promise<void> {
  const client = new Client(new InProcessTransport(server, user, 'kube-apiserver'));
  for (const one of bootstrapPriorityClasses()) await client.create('scheduling.k8s.io/v1/PriorityClass', one);
}

/** Requests into a server of this process, as replay.mjs makes them. */
function request(): unknown {
  const clock = new RealClock();
  const store = new MemoryStore(clock);
  const server = standaloneApiServer({ clock, random: new Random(1), store });
  const user = { username: 'admin', groups: ['system:masters', 'system:authenticated'] };
  const booted = bootstrap(server, user);
  const send = async (method: string, url: string, body?: unknown, headers: Record<string, string> = {}): Promise<unknown> => {
    await booted;
    // some answers are those of a store that has been compacted
    if (method === 'POST' && url === '/api/v1/namespaces') store.compact(store.revision);
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const all = {
      'user-agent': 'node',
      ...(text === undefined ? {} : { 'content-type': 'application/json' }),
      accept: 'application/json',
      ...headers,
    };
    const response = await handleHttp(server, {
      method,
      url,
      headers: all,
      body: text === undefined ? undefined : Buffer.from(text),
      user,
    });
    if (typeof response.body !== 'string' && !(response.body instanceof Uint8Array)) {
      response.body.cancel();
      return { code: response.code, headers: response.headers, body: '', text: '' };
    }
    const answered = typeof response.body === 'string' ? response.body : Buffer.from(response.body).toString();
    return { code: response.code, headers: response.headers, body: parsed(answered), text: answered };
  };
  return Object.assign(send, {
    watch(url: string, headers: Record<string, string> = {}) {
      const events: unknown[] = [];
      let code = 0;
      let cancel = (): void => {};
      const opened = handleHttp(server, { method: 'GET', url, headers, body: undefined, user }).then((response) => {
        code = response.code;
        const { body } = response;
        if (typeof body === 'string' || body instanceof Uint8Array) {
          events.push(parsed(Buffer.from(body).toString()));
          return;
        }
        cancel = () => body.cancel();
        void (async () => {
          for (let line = await body.next(); line !== undefined; line = await body.next()) events.push(JSON.parse(String(line)));
        })();
      });
      return {
        opened,
        async collect() {
          await opened;
          await new Promise((resolve) => setTimeout(resolve, 20));
          return { code, events: events.splice(0) };
        },
        close: () => cancel(),
      };
    },
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

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
