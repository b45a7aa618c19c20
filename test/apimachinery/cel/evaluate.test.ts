// Expressions and what they come to. Rows are expression and value, written as an expression too; `!` begins an error.
import { describe, expect, it } from 'vitest';
import { DYN } from '../../../src/apimachinery/cel/cel-type.ts';
import { equals } from '../../../src/apimachinery/cel/equality.ts';
import { plainValue } from '../../../src/apimachinery/cel/json-values.ts';
import { baseEnvironment, compile, PER_CALL_LIMIT } from '../../../src/apimachinery/cel/kubernetes.ts';
import { CostLimitExceeded, makeProgram } from '../../../src/apimachinery/cel/program.ts';
import { CelError, type Value } from '../../../src/apimachinery/cel/values.ts';

const environment = baseEnvironment.with({ object: DYN });
const object = plainValue({
  kind: 'Pod',
  metadata: { name: 'web', labels: { 'app.kubernetes.io/name': 'web' } },
  spec: { replicas: 3, ratio: 0.5, containers: [{ name: 'a', image: 'x:latest' }, { name: 'b' }] },
});

function evaluate(text: string): { readonly value: Value; readonly cost: number } {
  const compiled = compile(text, environment);
  if (!compiled.ok) throw new Error(compiled.message);
  return makeProgram(compiled.checked, PER_CALL_LIMIT).run((name) => (name === 'object' ? object : undefined));
}

const rows: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  operators: [
    ['1 + 2 * 3 - 4 / 2 % 3', '5'],
    ['-(-5)', '5'],
    ['!!true', 'true'],
    ['1 < 2u && 2.5 > 2 && dyn(1) == 1.0', 'true'],
    ["'b' >= 'a' && b'ab' < b'b'", 'true'],
    ['[1] + [2, 3]', '[1, 2, 3]'],
    ['1 / 0', '!division by zero'],
    ['9223372036854775807 + 1', '!integer overflow'],
    ['1u - 2u', '!unsigned integer overflow'],
    ["dyn('a') < dyn(1)", '!no such overload'],
    ["'a' in {'a': 1} && 2 in [1, 2]", 'true'],
    ['true ? 1 : 2', '1'],
    ['0x1F + 1', '32'],
    ["r'\\d' + '\\x41\\u00e9'", "'\\\\dAé'"],
  ],
  'errors that are overruled': [
    ['1 / 0 == 1 || true', 'true'],
    ['false && 1 / 0 == 1', 'false'],
    ['[1, 0].exists(x, 2 / x == 2)', 'true'],
    ['[0, 1].exists(x, 2 / x == 2)', 'true'],
    ['[0, 1].all(x, 2 / x == 2)', '!division by zero'],
  ],
  'fields and elements': [
    ['object.spec.replicas', '3'],
    ['object.spec.ratio', '0.5'],
    ["object.metadata.labels['app.kubernetes.io/name']", "'web'"],
    ['object.spec.nosuch', '!no such key: nosuch'],
    ['object.kind.nosuch', '!no such key: nosuch'],
    ['object.spec.containers[2]', '!index out of bounds: 2'],
    ['has(object.spec.replicas) && !has(object.spec.nosuch)', 'true'],
    ['has(object.nosuch.deeper)', '!no such key: nosuch'],
    ["object.?spec.?nosuch.orValue('none')", "'none'"],
    ["object.metadata.?labels['app.kubernetes.io/name'].orValue('none')", "'web'"],
    ['object.spec.containers[?5].hasValue()', 'false'],
    ['optional.of(1).optMap(x, x + 1).value()', '2'],
    ['optional.none().or(optional.of(3)).value()', '3'],
    ['[?object.?nosuch, ?object.?kind]', "['Pod']"],
    ["{?'a': object.?nosuch, 'b': 1}", "{'b': 1}"],
  ],
  loops: [
    ['object.spec.containers.map(c, c.name)', "['a', 'b']"],
    ['[1, 2, 3].filter(x, x > 1)', '[2, 3]'],
    ['[1, 2, 3].map(x, x > 1, x * 10)', '[20, 30]'],
    ['[1, 2, 2].exists_one(x, x == 2)', 'false'],
    ["{'a': 1, 'b': 2}.all(k, k < 'c')", 'true'],
    ['[5, 6].transformList(i, v, i * v)', '[0, 6]'],
    ["{'a': 1}.transformMap(k, v, v + 1)", "{'a': 2}"],
    ["['x'].transformMapEntry(i, v, {v: i})", "{'x': 0}"],
    ['[1, 2].exists(i, v, i == 1 && v == 2)', 'true'],
    ['[[1, 2], [3]].map(l, l.map(x, x + 1))', '[[2, 3], [4]]'],
  ],
  texts: [
    ["'TacoCat'.lowerAscii() + 'a,b,c'.split(',', 2)[1]", "'tacocatb,c'"],
    ["'hello'.substring(1, 3) + 'hello'.charAt(4)", "'elo'"],
    ["'hello hello'.indexOf('l') + 'hello hello'.lastIndexOf('hello')", '8'],
    ["'a.b.c'.replace('.', '-', 1) + ' x '.trim()", "'a-b.cx'"],
    ["['a', 'b'].join('-')", "'a-b'"],
    ["'abc 123 de'.find('[0-9]+')", "'123'"],
    ["'a1b22'.findAll('[0-9]+?')", "['1', '2', '2']"],
    ["'a1b22'.findAll('[0-9]+', 1)", "['1']"],
    ["'%s is %d of %.2f'.format([dyn('x'), 2, 1.5])", "'x is 2 of 1.50'"],
    ["'%s'.format([[dyn(1), {'a': null}]])", "'[1, {a: null}]'"],
    ["strings.quote('a\"b')", '\'"a\\\\"b"\''],
    ["'x'.matches('^[a-z]$') && size('é') == 1", 'true'],
  ],
  lists: [
    ['[1, 2, 3].sum() + [3, 1].min() + [3, 1].max()', '10'],
    ["['b', 'a'].isSorted()", 'false'],
    ['[1, 2, 1].lastIndexOf(1)', '2'],
    ['[3, 1, 2].sort()', '[1, 2, 3]'],
    ["['ccc', 'a', 'bb'].sortBy(s, size(s))", "['a', 'bb', 'ccc']"],
    ['[1, 2, 3].slice(1, 2) + [1, 1].distinct() + lists.range(2) + [[1], [2]].flatten().reverse()', '[2, 1, 0, 1, 2, 1]'],
    ['sets.contains([1, 2], [2]) && sets.equivalent([1, 1], [1]) && !sets.intersects([1], [2])', 'true'],
    ['[7].first().value() + [7].last().value()', '14'],
  ],
  'times and conversions': [
    ["duration('90m').getHours() + int(duration('1s')) / 1000000000", '2'],
    ["timestamp('2026-01-01T00:00:00Z').getFullYear()", '2026'],
    ["timestamp('2026-01-01T00:30:00Z').getHours('-02:00')", '22'],
    ["string(timestamp('2026-01-01T00:00:00.5Z') + duration('1s'))", "'2026-01-01T00:00:01.5Z'"],
    ["string(duration('1m30s'))", "'90s'"],
    ["int('12') + int(2.9) + int(3u)", '17'],
    ["int('x')", '!strconv.ParseInt: parsing "x": invalid syntax'],
    ["string(1.0) + string(true) + string(b'a')", "'1truea'"],
    ["type(1) == int && type('') != int && type([]) == list", 'true'],
    ["bool('true') && double('1.5') == 1.5", 'true'],
  ],
  "Kubernetes' own types": [
    ["quantity('1Gi').isGreaterThan(quantity('1000M')) && quantity('1k').asInteger() == 1000", 'true'],
    ["quantity('1').add(1) == quantity('2') && isQuantity('x') == false", 'true'],
    ["semver('1.2.3-a').isLessThan(semver('1.2.3')) && isSemver('v1.2', true) && semver('1.2.3').minor() == 2", 'true'],
    ["ip('10.1.2.3').family() + ip('::1').family()", '10'],
    ["cidr('10.0.0.0/8').containsIP('10.1.2.3') && !cidr('10.0.0.0/8').containsCIDR('11.0.0.0/9')", 'true'],
    ["string(cidr('10.1.2.3/8').masked()) + string(ip('2001:db8::0:1'))", "'10.0.0.0/82001:db8::1'"],
    ["ip.isCanonical('2001:DB8::1')", 'false'],
    ["url('https://example.com:80/a?b=c').getPort() + url('https://example.com:80/a?b=c').getQuery()['b'][0]", "'80c'"],
    ["isURL('/path') && !isURL('example.com')", 'true'],
    ["format.dns1123Label().validate('A').hasValue()", 'true'],
    ["format.named('uuid').value().validate('x').value()", "['does not match the UUID format']"],
  ],
};

describe.each(Object.entries(rows))('%s', (_, cases) => {
  it.each(cases)('%s', (text, expected) => {
    const { value } = evaluate(text);
    if (expected.startsWith('!')) expect(value).toEqual(new CelError(expected.slice(1)));
    else expect([text, equals(value, evaluate(expected).value), value instanceof CelError ? value.message : '']).toEqual([text, true, '']);
  });
});

describe('what a run costs', () => {
  it.each([
    ['true', 0],
    ['object.spec.replicas', 3],
    ['has(object.spec)', 0],
    ["object.kind == 'Pod'", 3],
    ['[1, 2].all(x, x > 0)', 10 + 2 * 2 + 2 * 3 + 1],
    ["'a'.matches('b')", 1],
    ["quantity('1Gi').isLessThan(quantity('2Gi'))", 3],
  ])('%s', (text, cost) => {
    expect(evaluate(text).cost).toBe(cost);
  });

  it('ends a run that costs too much', () => {
    const nested = 'lists.range(200).all(a, lists.range(200).all(b, lists.range(200).all(c, a + b + c >= 0)))';
    expect(() => evaluate(nested)).toThrow(CostLimitExceeded);
  });
});
