// What is wrong with a template, and where: in its text, or with what it is given.

import { quote } from '../go-text.ts';
import type { TemplateSource } from './source.ts';

/** Where in which template. */
export interface TemplatePlace {
  readonly source: TemplateSource;
  /** In UTF-16 units. */
  readonly offset: number;
  /** What was executed, and which part of it, where it was. */
  readonly executing?: { readonly name: string; readonly at: string };
}

export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  /** What is wrong, without the place. */
  readonly reason: string;
  /** Counted from 1. */
  readonly line: number;
  readonly column: number;
  /** Under which name the text was parsed. */
  readonly file: string;
  readonly executing: TemplatePlace['executing'];

  constructor(reason: string, place: TemplatePlace, cause?: unknown) {
    const { line, column } = place.source.positionOf(place.offset);
    super(`line ${line}, column ${column}: ${reason}`, cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.line = line;
    this.column = column;
    this.file = place.source.file;
    this.executing = place.executing;
  }

  /** As Go words it. Its columns count bytes from 0. */
  goMessage(): string {
    if (!this.executing) return `template: ${this.file}:${this.line}: ${this.reason}`;
    const { name, at } = this.executing;
    return `template: ${this.file}:${this.line}:${this.column - 1}: executing ${quote(name)} at <${at}>: ${this.reason}`;
  }
}

/** Thrown by functions that templates call: what is wrong with an argument. The template adds the place. */
export class FunctionError extends Error {
  override readonly name = 'FunctionError';
}
