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
import { bootstrap } from '../src/cluster/apiserver/bootstrap/bootstrap.ts';
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
/** The token of whom the requests come from, unless they say otherwise. */
const TOKEN = 'recorded';
const ADMIN: UserInfo = {
  username: 'admin',
  uid: '11111111-2222-4333-8444-555555555555',
  groups: ['system:masters', 'system:authenticated'],
};

// some sequences were recorded with an admission plugin that a default API server does not run
const WITH_NODE_RESTRICTION = 'node-restriction/';
const onResult = (result: { readonly id: string; readonly level: number }): void => {
  if (failures && result.level < 3) failures.write(`${JSON.stringify(result)}\n`);
};
const groups = args.groups?.split(',') ?? ['defaults', 'create', 'update', 'tables', 'sequences'];
const totals = await replay(request(['NodeRestriction']), {
  data,
  groups,
  only: args.only,
  onResult: (result: { readonly id: string; readonly level: number }) => {
    if (!result.id.startsWith(WITH_NODE_RESTRICTION)) onResult(result);
  },
});
if (groups.includes('sequences') && totals['sequences node-restriction']) {
  const restricted = await replay(request([]), { data, groups: ['sequences'], only: WITH_NODE_RESTRICTION, onResult });
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

/** Requests into a server of this process, as replay.mjs makes them. */
function request(disableAdmissionPlugins: readonly string[]): unknown {
  const clock = new RealClock();
  const store = new MemoryStore(clock);
  const random = new Random(1);
  const server = standaloneApiServer({
    clock,
    random,
    store,
    disableAdmissionPlugins,
    access: { authorization: 'Node,RBAC', staticTokens: { [TOKEN]: ADMIN } },
  });
  const booted = bootstrap({ store, clock, random });
  const send = async (method: string, url: string, body?: unknown, headers: Record<string, string> = {}): Promise<unknown> => {
    await booted;
    // some answers are those of a store that has been compacted
    if (method === 'POST' && url === '/api/v1/namespaces') store.compact(store.revision);
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const all = {
      'user-agent': 'node',
      ...(text === undefined ? {} : { 'content-type': 'application/json' }),
      accept: 'application/json',
      authorization: `Bearer ${TOKEN}`,
      ...headers,
    };
    const response = await handleHttp(server, {
      method,
      url,
      headers: all,
      body: text === undefined ? undefined : Buffer.from(text),
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
      const opened = handleHttp(server, {
        method: 'GET',
        url,
        headers: { authorization: `Bearer ${TOKEN}`, ...headers },
        body: undefined,
      }).then((response) => {
        code = response.code;
        const { body } = response;
        if (typeof body === 'string' || body instanceof Uint8Array) {
          events.push(parsed(Buffer.from(body).toString()));
          return;
        }
        cancel = () => body.cancel();
        void (async () => {
          // a chunk holds whole lines, often several
          for (let chunk = await body.next(); chunk !== undefined; chunk = await body.next())
            for (const line of Buffer.from(chunk).toString().split('\n')) if (line) events.push(JSON.parse(line));
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
