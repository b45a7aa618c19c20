// How many verdicts of health agree with Argo CD's, by group: its own test data, one folder a kind. Verdicts count; messages are shown
// beside them, since jibe's wording is its own. `npm run bench:health -- [--data DIR] [--verbose]`
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parse, parseDocument } from 'yaml';
import type { KubernetesObject } from '../src/apimachinery/object.ts';
import { healthOf } from '../src/reconcile/health/health.ts';

interface Expected {
  readonly tests: readonly { readonly healthStatus: { readonly status: string; readonly message?: string }; readonly inputPath: string }[];
}

const { values } = parseArgs({
  options: { data: { type: 'string', default: '../shared/oracle/argo-health' }, verbose: { type: 'boolean', default: false } },
});

interface Count {
  all: number;
  verdicts: number;
  messages: number;
}

const byGroup = new Map<string, Count>();
for (const file of fs.readdirSync(values.data, { recursive: true, encoding: 'utf8' }).sort()) {
  if (path.basename(file) !== 'health_test.yaml') continue;
  const folder = path.join(values.data, path.dirname(file));
  const group = file.split(path.sep)[0]!;
  const count = byGroup.get(group) ?? { all: 0, verdicts: 0, messages: 0 };
  byGroup.set(group, count);
  for (const { healthStatus, inputPath } of (parse(fs.readFileSync(path.join(values.data, file), 'utf8')) as Expected).tests) {
    // some of the data has no metadata, some is not quite YAML
    const object = {
      metadata: { name: '' },
      ...(parseDocument(fs.readFileSync(path.join(folder, inputPath), 'utf8')).toJS() as object),
    } as KubernetesObject;
    const { status, message } = healthOf(object);
    count.all++;
    if (status === healthStatus.status) count.verdicts++;
    if (message === (healthStatus.message ?? '')) count.messages++;
    if (status !== healthStatus.status && values.verbose)
      console.log(
        `${path.join(path.dirname(file), inputPath)}: ${status} (${message}), Argo CD: ${healthStatus.status} (${healthStatus.message ?? ''})`,
      );
  }
}

const total = { all: 0, verdicts: 0, messages: 0 };
for (const [group, count] of byGroup) {
  if (count.verdicts < count.all || values.verbose) console.log(`${group.padEnd(48)} ${count.verdicts} of ${count.all}`);
  for (const key of ['all', 'verdicts', 'messages'] as const) total[key] += count[key];
}
const percent = (part: number): string => `${((100 * part) / total.all).toFixed(1)} %`;
console.log(
  `verdicts ${total.verdicts} of ${total.all} (${percent(total.verdicts)}), messages word for word ${total.messages} (${percent(total.messages)})`,
);
