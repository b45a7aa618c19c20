import { describe, expect, it } from 'vitest';
import { FieldSet } from '../../../src/apimachinery/apply/field-set.ts';
import { fieldElement, fieldPath, keyElement, pathText, type FieldPath } from '../../../src/apimachinery/apply/path-element.ts';
import { ANY_ELEMENT, resetAllBut, resetFields } from '../../../src/apimachinery/apply/reset-fields.ts';

const container = (...fields: readonly string[]): FieldPath => [
  ...fieldPath('spec', 'containers'),
  keyElement([{ name: 'name', value: 'c' }]),
  ...fields.map(fieldElement),
];
const set = FieldSet.of(
  fieldPath('metadata', 'labels', 'a'),
  fieldPath('spec'),
  fieldPath('spec', 'nodeName'),
  container(),
  container('image'),
  container('resources', 'limits', 'cpu'),
  fieldPath('status', 'phase'),
);
const left = (filtered: FieldSet): string[] => Array.from(filtered.paths(), pathText);

describe('resetFields', () => {
  it('leaves out fields and all below them', () => {
    expect(left(resetFields(fieldPath('status'), fieldPath('spec', 'containers'))(set))).toEqual([
      '.spec',
      '.metadata.labels.a',
      '.spec.nodeName',
    ]);
  });

  it('of nothing leaves the very same set', () => {
    expect(resetFields()(set)).toBe(set);
    expect(resetFields(fieldPath('nosuch'))(set)).toBe(set);
  });
});

describe('resetAllBut', () => {
  it('keeps fields, what leads to them and what is below them', () => {
    expect(left(resetAllBut(['spec', 'containers', ANY_ELEMENT, 'resources'])(set))).toEqual([
      '.spec',
      '.spec.containers[name="c"]',
      '.spec.containers[name="c"].resources.limits.cpu',
    ]);
  });

  it('of several patterns keeps what any keeps', () => {
    expect(left(resetAllBut(['spec', 'nodeName'], ['status'])(set))).toEqual(['.spec', '.spec.nodeName', '.status.phase']);
    expect(left(resetAllBut(['spec'], ['spec', 'nodeName'])(set))).toEqual(left(set).filter((text) => text.startsWith('.spec')));
  });

  it('of the whole object keeps all', () => {
    expect(resetAllBut([])(set)).toBe(set);
  });
});
