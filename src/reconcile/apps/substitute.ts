// Variables in texts, `${name}` and its bash-like forms, as Flux puts them in after a build: what its envsubst takes and refuses, and how
// it reads quirks. `$name` without braces is text; `$${name}` is `${name}`.
import { namePattern } from '../source/glob.ts';
import { SourceError } from '../source/source-error.ts';

export class SubstitutionError extends Error {
  override readonly name = 'SubstitutionError';
}

/** Puts variables in. Throws {@link SubstitutionError}. @param strict a variable without value and default is an error, not empty */
export function substitute(text: string, variables: ReadonlyMap<string, string>, strict = false): string {
  return new Substitution(text, variables, strict).whole();
}

/** Names that a variable may have. */
export const VARIABLE_NAME = /^[_A-Za-z][_A-Za-z0-9]*$/;

/** Variables within variables' defaults. */
const MAX_DEPTH = 100;

/** Reads from left to right, and puts in at once. */
class Substitution {
  private readonly text: string;
  private readonly variables: ReadonlyMap<string, string>;
  private readonly strict: boolean;
  private at = 0;
  private depth = 0;

  constructor(text: string, variables: ReadonlyMap<string, string>, strict: boolean) {
    this.text = text;
    this.variables = variables;
    this.strict = strict;
  }

  whole(): string {
    let out = '';
    while (this.at < this.text.length) {
      const dollar = this.text.indexOf('$', this.at);
      if (dollar < 0) break;
      out += this.text.slice(this.at, dollar);
      this.at = dollar;
      if (this.next('${')) out += this.expression();
      else {
        // the first of two dollars takes the meaning from the second
        this.at += this.text.startsWith('$$', this.at) ? 2 : 1;
        out += '$';
      }
    }
    return out + this.text.slice(this.at);
  }

  private next(token: string): boolean {
    if (!this.text.startsWith(token, this.at)) return false;
    this.at += token.length;
    return true;
  }

  private get peek(): string {
    return this.text[this.at] ?? '';
  }

  /** Behind `${`. */
  private expression(): string {
    if (++this.depth > MAX_DEPTH) throw new SubstitutionError(`variables are nested more than ${MAX_DEPTH} deep`);
    const value = this.form();
    this.depth--;
    return value;
  }

  private form(): string {
    if (this.next('#')) {
      const name = this.name();
      this.close();
      return String(Buffer.byteLength(this.value(name)));
    }
    const name = this.name();
    const { peek } = this;
    if (peek === '=' || /^:[=\-?+]/.test(this.text.slice(this.at, this.at + 2))) return this.withDefault(name);
    if (peek === ':') return this.slice(name);
    if (peek === ',' || peek === '^') return this.inCase(name);
    if (peek === '/') return this.replaced(name);
    if (peek === '#' || peek === '%') return this.trimmed(name);
    this.close('missing closing brace');
    return this.value(name);
  }

  private name(): string {
    const name = /^[\p{L}\p{Nd}_]+/u.exec(this.text.slice(this.at, this.at + 256))?.[0];
    if (name === undefined) throw new SubstitutionError('unable to parse variable name');
    this.at += name.length;
    return name;
  }

  private value(name: string): string {
    const value = this.variables.get(name);
    if (value === undefined && this.strict) throw new SubstitutionError(`variable not set (strict mode): ${JSON.stringify(name)}`);
    return value ?? '';
  }

  private close(message = 'bad substitution'): void {
    if (!this.next('}')) throw new SubstitutionError(message);
  }

  /** All of these forms mean the same here: the value, or where it is empty what follows. */
  private withDefault(name: string): string {
    this.at += this.peek === '=' ? 1 : 2;
    let byDefault = '';
    while (this.peek !== '}') byDefault += this.parameter(/[^}]/);
    this.close();
    return this.variables.get(name) || byDefault;
  }

  /** A nested variable, or a run of accepted characters. */
  private parameter(accepted: RegExp, escapes = false): string {
    if (this.next('${')) return this.expression();
    let out = '';
    while (this.at < this.text.length) {
      if (this.text.startsWith('${', this.at)) break;
      const c = this.peek;
      const escaped =
        escapes && ((c === '$' && this.text[this.at + 1] === '$') || (c === '\\' && /[/\\]/.test(this.text[this.at + 1] ?? '')));
      if (escaped) {
        out += this.text[this.at + 1]!;
        this.at += 2;
        continue;
      }
      if (!accepted.test(c)) break;
      out += c;
      this.at++;
    }
    if (out === '') throw new SubstitutionError('unable to parse substitution within function');
    return out;
  }

  /** `${name:offset:length}`, counted in bytes. */
  private slice(name: string): string {
    this.at++;
    const offset = this.parameter(/[^:}]/);
    const length = this.next('}') ? undefined : (this.next(':') || this.fail(), this.parameter(/[^}]/));
    if (length !== undefined) this.close();
    const value = this.value(name);
    const bytes = Buffer.from(value);
    if (!INTEGER.test(offset) || (length !== undefined && !INTEGER.test(length))) return value;
    const from = Number(offset) < 0 ? Math.max(bytes.length + Number(offset), 0) : Number(offset);
    const to = length === undefined ? bytes.length : Number(length) < 0 ? bytes.length + Number(length) : from + Number(length);
    return bytes.subarray(from, Math.max(to, from)).toString();
  }

  private fail(): never {
    throw new SubstitutionError('bad substitution');
  }

  private inCase(name: string): string {
    const sign = this.peek;
    this.at++;
    const all = this.next(',') || this.next('^');
    this.close();
    const value = this.value(name);
    const change = (text: string): string => (sign === ',' ? text.toLowerCase() : text.toUpperCase());
    return all ? change(value) : change(value.slice(0, 1)) + value.slice(1);
  }

  private replaced(name: string): string {
    this.at++;
    const kind = ['/', '#', '%'].find((c) => this.next(c)) ?? '';
    const pattern = this.peek === '/' ? '' : this.parameter(/[^/]/, true);
    if (!this.next('/')) this.fail();
    const by = this.peek === '}' ? undefined : this.parameter(/[^}]/, true);
    this.close();
    const value = this.value(name);
    if (kind === '/') return value.replaceAll(pattern, () => by ?? '');
    if (kind === '') return value.replace(pattern, () => by ?? '');
    if (by === undefined) return value;
    if (kind === '#') return value.startsWith(pattern) ? by + value.slice(pattern.length) : value;
    return value.endsWith(pattern) ? value.slice(0, value.length - pattern.length) + by : value;
  }

  private trimmed(name: string): string {
    const sign = this.peek;
    this.at++;
    const longest = this.next(sign);
    const pattern = this.parameter(/[^}]/);
    this.close();
    const value = this.value(name);
    const lengths = Array.from({ length: value.length }, (_, i) => (longest ? value.length - i : i + 1));
    try {
      const matches = namePattern(pattern, pattern);
      const length = lengths.find((n) => matches(sign === '#' ? value.slice(0, n) : value.slice(value.length - n)));
      if (length === undefined) return value;
      return sign === '#' ? value.slice(length) : value.slice(0, value.length - length);
    } catch (error) {
      if (error instanceof SourceError) return value;
      throw error;
    }
  }
}

const INTEGER = /^[+-]?\d+$/;
