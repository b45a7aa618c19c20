// The algebra of field sets, against plain sets of paths.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FieldSet } from '../../../src/apimachinery/apply/field-set.ts';
import { fieldElement, keyElement, pathText, valueElement, type FieldPath } from '../../../src/apimachinery/apply/path-element.ts';

const element = fc.oneof(
  fc.constantFrom('a', 'b', 'c').map(fieldElement),
  fc.constantFrom(1, 2).map((value) => keyElement([{ name: 'k', value }])),
  fc.constantFrom('x', 'y').map(valueElement),
);
const somePath = fc.array(element, { minLength: 1, maxLength: 4 });
const somePaths = fc.array(somePath, { maxLength: 12 });
const someSet = somePaths.map((paths) => FieldSet.of(...paths));

const texts = (paths: Iterable<FieldPath>): string[] => [...new Set(Array.from(paths, pathText))].sort();
const members = (set: FieldSet): string[] => texts(set.paths());
const begins = (path: FieldPath, prefix: FieldPath): boolean => pathText(path.slice(0, prefix.length)) === pathText(prefix);

describe('a set', () => {
  it('has the paths that it was made of', () => {
    fc.assert(
      fc.property(somePaths, somePath, (paths, other) => {
        const set = FieldSet.of(...paths);
        expect(members(set)).toEqual(texts(paths));
        expect(set.size).toBe(texts(paths).length);
        expect(set.isEmpty).toBe(paths.length === 0);
        expect(set.has(other)).toBe(texts(paths).includes(pathText(other)));
        expect(set.has([])).toBe(false);
      }),
    );
  });

  it('lists what is on a level before what is below', () => {
    const [a, b, x] = [fieldElement('a'), fieldElement('b'), fieldElement('x')];
    expect(FieldSet.of([a, x], [b], [a], [a, b]).toString()).toBe('.a\n.b\n.a.b\n.a.x');
  });

  it('that meets another again gives the same again', () => {
    fc.assert(
      fc.property(someSet, someSet, (a, b) => {
        for (const operation of ['union', 'intersection', 'difference'] as const) {
          const before = a[operation](b);
          expect(a[operation](b)).toBe(before);
          expect(members(b[operation](a))).toEqual(members(FieldSet.of(...b.paths())[operation](FieldSet.of(...a.paths()))));
        }
      }),
    );
  });

  it('is equal to another by its members', () => {
    fc.assert(
      fc.property(someSet, someSet, (a, b) => {
        expect(a.equals(b)).toBe(members(a).join() === members(b).join());
      }),
    );
  });
});

describe('operations', () => {
  const all = (check: (a: FieldSet, b: FieldSet) => void): void => {
    fc.assert(
      fc.property(someSet, someSet, (a, b) => {
        check(a, b);
      }),
    );
  };

  it('union has the members of either', () => {
    all((a, b) => expect(members(a.union(b))).toEqual(texts([...a.paths(), ...b.paths()])));
  });

  it('intersection has the members of both', () => {
    all((a, b) => expect(members(a.intersection(b))).toEqual(members(a).filter((text) => members(b).includes(text))));
  });

  it('difference has the members of one that the other lacks', () => {
    all((a, b) => expect(members(a.difference(b))).toEqual(members(a).filter((text) => !members(b).includes(text))));
  });

  it('recursive difference lacks also what is below the other’s members', () => {
    all((a, b) => {
      const kept = [...a.paths()].filter((path) => ![...b.paths()].some((prefix) => begins(path, prefix)));
      expect(members(a.recursiveDifference(b))).toEqual(texts(kept));
    });
  });

  it('leaves are members without members below', () => {
    fc.assert(
      fc.property(someSet, (a) => {
        const paths = [...a.paths()];
        const leaves = paths.filter((path) => !paths.some((other) => other.length > path.length && begins(other, path)));
        expect(members(a.leaves())).toEqual(texts(leaves));
      }),
    );
  });

  it('return the very same set where they change nothing', () => {
    all((a, b) => {
      expect(a.union(a)).toBe(a);
      expect(a.union(a.intersection(b))).toBe(a);
      expect(a.intersection(a.union(b))).toBe(a);
      const without = a.difference(b);
      expect(without.difference(b)).toBe(without);
      const farther = a.recursiveDifference(b);
      expect(farther.recursiveDifference(b)).toBe(farther);
    });
  });

  it('share the parts that they do not change', () => {
    const [a, b, x, y] = ['a', 'b', 'x', 'y'].map(fieldElement) as [FieldPath[0], FieldPath[0], FieldPath[0], FieldPath[0]];
    const set = FieldSet.of([a, x], [b, x], [b, y]);
    expect(set.difference(FieldSet.of([b, y])).entry(a)).toBe(set.entry(a));
    expect(set.union(FieldSet.of([b, a])).entry(a)).toBe(set.entry(a));
  });
});
