// Arbitrary YAML as people write manifests: values of all kinds in all styles, with comments and blank lines here and there.
import * as fc from 'fast-check';

type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };

const word = fc.stringMatching(/^[A-Za-z][A-Za-z0-9./-]{0,12}$/);
const key = fc.oneof(
  { weight: 8, arbitrary: word },
  { weight: 1, arbitrary: fc.constantFrom('app.kubernetes.io/name', 'on', '1', 'a b', '~x') },
);
const text = fc.oneof(
  { weight: 6, arbitrary: word },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '',
      'yes',
      '1',
      '1.5',
      '~',
      'null',
      'a: b',
      'a #b',
      '- x',
      'x: ',
      '{{ x }}',
      '--flag',
      'two words',
      'nginx:1.27',
      'http://x/y',
      '10Gi',
      "it's",
      'say "hi"',
      'é',
      '2001-01-01',
      '*',
      'line\n',
      'one\ntwo\n',
      '  lead\n',
      'a\n\n\nb\n\n',
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 8 }).map((s) => s.replace(/[^ -~]/g, '')) },
);

const { value } = fc.letrec<{ value: Value; mapping: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('mapping'),
  ),
  mapping: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
}));

/** One document; it begins with a mapping that is not empty, and ends with a line break. */
export const anyYaml: fc.Arbitrary<string> = fc
  .tuple(fc.dictionary(key, value, { minKeys: 1, maxKeys: 5 }), fc.infiniteStream(fc.nat({ max: 9 })))
  .map(([object, dice]) => mapping(object, 0, () => dice.next().value));

/** @param die gives 0 to 9 */
function mapping(object: { readonly [key: string]: Value }, indent: number, die: () => number): string {
  return Object.entries(object)
    .map(([name, inner]) => {
      const before = die() === 0 ? `${' '.repeat(indent)}# about ${name.replace(/\W/g, '')}\n` : die() === 0 ? '\n' : '';
      return `${before}${' '.repeat(indent)}${keyText(name, die)}:${after(inner, indent, die)}`;
    })
    .join('');
}

const keyText = (name: string, die: () => number): string => (/^[A-Za-z][\w./-]*$/.test(name) && die() > 0 ? name : JSON.stringify(name));

/** What follows a key or a dash, up to the end of the line or lines. */
function after(value: Value, indent: number, die: () => number): string {
  const comment = die() === 0 ? ' # c' : '';
  if (Array.isArray(value)) {
    if (value.length === 0 || die() === 0) return ` ${flow(value, die)}${comment}\n`;
    const column = die() < 5 ? indent : indent + 2;
    return `${comment}\n${value.map((item: Value) => item_(item, column, die)).join('')}`;
  }
  if (typeof value === 'object' && value !== null) {
    if (Object.keys(value).length === 0 || die() === 0) return ` ${flow(value, die)}${comment}\n`;
    return `${comment}\n${mapping(value as { readonly [key: string]: Value }, indent + 2, die)}`;
  }
  if (typeof value === 'string' && /^[^\s].*\n$/s.test(value) && die() < 7) {
    const chomp = value.endsWith('\n\n') ? '+' : '';
    return ` |${chomp}${comment}\n${value.replace(/^(?=.)/gm, ' '.repeat(indent + 2))}`;
  }
  return ` ${scalar(value, die)}${comment}\n`;
}

function item_(value: Value, column: number, die: () => number): string {
  const dash = `${' '.repeat(column)}-`;
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0 && die() > 1) {
    const [first, ...rest] = mapping(value as { readonly [key: string]: Value }, column + 2, () => Math.max(die(), 1)).split('\n');
    return [`${dash} ${first!.trimStart()}`, ...rest].join('\n');
  }
  return Array.isArray(value) ? `${dash} ${flow(value, die)}\n` : `${dash}${after(value, column, die)}`;
}

/** In braces and brackets, on one line. */
function flow(value: Value, die: () => number): string {
  if (Array.isArray(value)) return `[${value.map((item: Value) => flow(item, die)).join(die() < 5 ? ', ' : ',')}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value as { readonly [key: string]: Value }).map(
      ([name, inner]) => `${keyText(name, die)}: ${flow(inner, die)}`,
    );
    return `{${die() === 0 ? ' ' : ''}${fields.join(', ')}${die() === 0 ? ' ' : ''}}`;
  }
  if (typeof value === 'string' && die() < 7 && /^-*[A-Za-z0-9./][\w./-]*(?:[: ][\w./-]+)*$/.test(value)) return value;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

function scalar(value: string | number | boolean | null, die: () => number): string {
  if (typeof value !== 'string') return String(value);
  const roll = die();
  if (roll < 6 && /^[A-Za-z0-9./][\w./-]*$/.test(value)) return value;
  if (roll < 8 && !/[\n]/.test(value)) return `'${value.replaceAll("'", "''")}'`;
  return JSON.stringify(value);
}
