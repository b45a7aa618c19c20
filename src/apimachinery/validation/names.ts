// What is a valid name, label, key, port or percentage: the checks of k8s.io/apimachinery's util/validation, with their messages.
// Each returns what is wrong with the value; an empty list where nothing is.

/** Bytes of UTF-8: Go counts those. */
export function byteLength(text: string): number {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return Buffer.byteLength(text);
  return text.length;
}

export const maxLenError = (length: number): string => `must be no more than ${length} characters`;
const maxBytesError = (length: number): string => `must be no more than ${length} bytes`;
export const EMPTY_ERROR = 'must be non-empty';
export const inclusiveRangeError = (low: number, high: number): string => `must be between ${low} and ${high}, inclusive`;

export function regexError(message: string, regex: string, ...examples: readonly string[]): string {
  if (examples.length === 0) return `${message} (regex used for validation is '${regex}')`;
  return `${message} (e.g. ${examples.map((e) => `'${e}', `).join(' or ')}regex used for validation is '${regex}')`;
}

interface Format {
  readonly regex: string;
  readonly test: RegExp;
}
/** `$` in Go's regular expressions is the very end; so it is here, for lack of the m flag. */
const format = (regex: string): Format => ({ regex, test: new RegExp(`^(?:${regex})$`) });

const DNS1123_LABEL = format('[a-z0-9]([-a-z0-9]*[a-z0-9])?');
const DNS1123_SUBDOMAIN = format(`${DNS1123_LABEL.regex}(\\.${DNS1123_LABEL.regex})*`);
const DNS1123_LABEL_UNDERSCORE = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const DNS1123_SUBDOMAIN_UNDERSCORE = format(`${DNS1123_LABEL_UNDERSCORE}(\\.${DNS1123_LABEL_UNDERSCORE})*`);
const DNS1035_LABEL = format('[a-z]([-a-z0-9]*[a-z0-9])?');
const WILDCARD_SUBDOMAIN = format(`\\*\\.${DNS1123_SUBDOMAIN.regex}`);
const LABEL_NAME = format('([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]');
const LABEL_VALUE = format(`(${LABEL_NAME.regex})?`);
const C_IDENTIFIER = format('[A-Za-z_][A-Za-z0-9_]*');
const PERCENT = format('[0-9]+%');
const HTTP_HEADER = format('[-A-Za-z0-9]+');
const ENV_VAR = format('[-._a-zA-Z][-._a-zA-Z0-9]*');
const CONFIG_KEY = format('[-._a-zA-Z0-9]+');
const HTTP_PATH = format("[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+");

export const DNS1123_LABEL_MAX = 63;
export const DNS1123_SUBDOMAIN_MAX = 253;

export function isDNS1123Label(value: string): string[] {
  const errors: string[] = [];
  if (byteLength(value) > DNS1123_LABEL_MAX) errors.push(maxLenError(DNS1123_LABEL_MAX));
  if (!DNS1123_LABEL.test.test(value)) {
    if (DNS1123_SUBDOMAIN.test.test(value)) errors.push('must not contain dots');
    else
      errors.push(
        regexError(
          "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
          DNS1123_LABEL.regex,
          'my-name',
          '123-abc',
        ),
      );
  }
  return errors;
}

const SUBDOMAIN_ERROR = regexError(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  DNS1123_SUBDOMAIN.regex,
  'example.com',
);

export function isDNS1123Subdomain(value: string): string[] {
  const errors: string[] = [];
  if (byteLength(value) > DNS1123_SUBDOMAIN_MAX) errors.push(maxLenError(DNS1123_SUBDOMAIN_MAX));
  if (!DNS1123_SUBDOMAIN.test.test(value)) errors.push(SUBDOMAIN_ERROR);
  return errors;
}

export function isDNS1123SubdomainWithUnderscore(value: string): string[] {
  const errors: string[] = [];
  if (byteLength(value) > DNS1123_SUBDOMAIN_MAX) errors.push(maxLenError(DNS1123_SUBDOMAIN_MAX));
  if (!DNS1123_SUBDOMAIN_UNDERSCORE.test.test(value))
    errors.push(
      regexError(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
        DNS1123_SUBDOMAIN_UNDERSCORE.regex,
        'example.com',
      ),
    );
  return errors;
}

export function isDNS1035Label(value: string): string[] {
  const errors: string[] = [];
  if (byteLength(value) > DNS1123_LABEL_MAX) errors.push(maxLenError(DNS1123_LABEL_MAX));
  if (!DNS1035_LABEL.test.test(value))
    errors.push(
      regexError(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
        DNS1035_LABEL.regex,
        'my-name',
        'abc-123',
      ),
    );
  return errors;
}

export function isWildcardDNS1123Subdomain(value: string): string[] {
  const errors: string[] = [];
  if (byteLength(value) > DNS1123_SUBDOMAIN_MAX) errors.push(maxLenError(DNS1123_SUBDOMAIN_MAX));
  if (!WILDCARD_SUBDOMAIN.test.test(value))
    errors.push(
      regexError(
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
        WILDCARD_SUBDOMAIN.regex,
        '*.example.com',
      ),
    );
  return errors;
}

const NAME_PART_ERROR = regexError(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  LABEL_NAME.regex,
  'MyName',
  'my.name',
  '123-abc',
);

/** Label keys, annotation keys, resource names, finalizers: `example.com/name` or `name`. */
export function isQualifiedName(value: string): string[] {
  const errors: string[] = [];
  const parts = value.split('/');
  if (parts.length > 2)
    return [`a valid label key ${NAME_PART_ERROR} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  const name = parts.at(-1)!;
  if (parts.length === 2) {
    const prefix = parts[0]!;
    if (prefix === '') errors.push(`prefix part ${EMPTY_ERROR}`);
    else {
      if (byteLength(prefix) > DNS1123_SUBDOMAIN_MAX) errors.push(`prefix part ${maxBytesError(DNS1123_SUBDOMAIN_MAX)}`);
      if (!DNS1123_SUBDOMAIN.test.test(prefix)) errors.push(`prefix part ${SUBDOMAIN_ERROR}`);
    }
  }
  if (name === '') errors.push(`name part ${EMPTY_ERROR}`);
  else if (byteLength(name) > 63) errors.push(`name part ${maxBytesError(63)}`);
  if (!LABEL_NAME.test.test(name)) errors.push(`name part ${NAME_PART_ERROR}`);
  return errors;
}

export function isValidLabelValue(value: string): string[] {
  const errors: string[] = [];
  if (byteLength(value) > 63) errors.push(maxBytesError(63));
  if (!LABEL_VALUE.test.test(value))
    errors.push(
      regexError(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        LABEL_VALUE.regex,
        'MyValue',
        'my_value',
        '12345',
      ),
    );
  return errors;
}

export function isCIdentifier(value: string): string[] {
  if (C_IDENTIFIER.test.test(value)) return [];
  const message =
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'";
  return [regexError(message, C_IDENTIFIER.regex, 'my_name', 'MY_NAME', 'MyName')];
}

export const isInRange = (value: number, min: number, max: number): string[] =>
  value >= min && value <= max ? [] : [inclusiveRangeError(min, max)];
export const isValidPortNum = (port: number): string[] => isInRange(port, 1, 65535);
export const isValidUserID = (uid: number): string[] => isInRange(uid, 0, 2147483647);
export const isValidGroupID = isValidUserID;

export function isValidPortName(port: string): string[] {
  const errors: string[] = [];
  if (byteLength(port) > 15) errors.push(maxLenError(15));
  if (!/^[-a-z0-9]+$/.test(port)) errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(port)) errors.push('must contain at least one letter (a-z)');
  if (port.includes('--')) errors.push('must not contain consecutive hyphens');
  if (port.startsWith('-') || port.endsWith('-')) errors.push('must not begin or end with a hyphen');
  return errors;
}

export const isValidPercent = (percent: string): string[] =>
  PERCENT.test.test(percent)
    ? []
    : [regexError("a valid percent string must be a numeric string followed by an ending '%'", PERCENT.regex, '1%', '93%')];

export const isHTTPHeaderName = (value: string): string[] =>
  HTTP_HEADER.test.test(value)
    ? []
    : [regexError("a valid HTTP header must consist of alphanumeric characters or '-'", HTTP_HEADER.regex, 'X-Header-Name')];

export function isEnvVarName(value: string): string[] {
  const errors: string[] = [];
  if (!ENV_VAR.test.test(value))
    errors.push(
      regexError(
        "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
        ENV_VAR.regex,
        'my.env-name',
        'MY_ENV.NAME',
        'MyEnvName1',
      ),
    );
  return [...errors, ...hasChDirPrefix(value)];
}

export function isRelaxedEnvVarName(value: string): string[] {
  const errors: string[] = [];
  if (value === '') errors.push(`environment variable name ${EMPTY_ERROR}`);
  if (/[^ -<>-~]/.test(value))
    errors.push("a valid environment variable name must consist only of printable ASCII characters other than '='");
  return errors;
}

export function isConfigMapKey(value: string): string[] {
  const errors: string[] = [];
  if (byteLength(value) > DNS1123_SUBDOMAIN_MAX) errors.push(maxLenError(DNS1123_SUBDOMAIN_MAX));
  if (!CONFIG_KEY.test.test(value))
    errors.push(
      regexError(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        CONFIG_KEY.regex,
        'key.name',
        'KEY_NAME',
        'key-name',
      ),
    );
  return [...errors, ...hasChDirPrefix(value)];
}

export function hasChDirPrefix(value: string): string[] {
  if (value === '.') return ["must not be '.'"];
  if (value === '..') return ["must not be '..'"];
  return value.startsWith('..') ? ["must not start with '..'"] : [];
}

/** A domain below another one, also where it ends in the root's dot. The part that is wrong is told with what is wrong of it. */
export function wrongInFullyQualifiedDomainName(value: string): { readonly part: string; readonly wrong: string } | undefined {
  const part = value.endsWith('.') ? value.slice(0, -1) : value;
  const wrong = isDNS1123Subdomain(part);
  if (wrong.length) return { part, wrong: wrong.join(',') };
  const labels = part.split('.');
  if (labels.length < 2) return { part, wrong: 'should be a domain with at least two segments separated by dots' };
  const label = labels.find((l) => isDNS1123Label(l).length > 0);
  return label === undefined ? undefined : { part: label, wrong: isDNS1123Label(label).join(',') };
}

/** A path within a URL: for domain-prefixed paths such as finalizers of CSRs. */
export const isHTTPPath = (value: string): string[] => (HTTP_PATH.test.test(value) ? [] : [regexError('Invalid path', HTTP_PATH.regex)]);

/** Names that stand in URLs: no `.`, `..`, `/` or `%`. */
export function isValidPathSegmentName(name: string): string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  return ['/', '%'].filter((c) => name.includes(c)).map((c) => `may not contain '${c}'`);
}

export function isValidPathSegmentPrefix(name: string): string[] {
  return ['/', '%'].filter((c) => name.includes(c)).map((c) => `may not contain '${c}'`);
}

/** Says what is wrong with a name, or with the beginning of a name that will be generated. */
export type NameRule = (name: string, prefix: boolean) => string[];

/** A generated name's prefix may end with a dash: what follows makes it a valid name. */
const asPrefix = (name: string, prefix: boolean): string =>
  prefix && name.length > 1 && name.endsWith('-') ? `${name.slice(0, -1)}a` : name;

export const nameIsDNSSubdomain: NameRule = (name, prefix) => isDNS1123Subdomain(asPrefix(name, prefix));
export const nameIsDNSLabel: NameRule = (name, prefix) => isDNS1123Label(asPrefix(name, prefix));
export const nameIsDNS1035Label: NameRule = (name, prefix) => isDNS1035Label(asPrefix(name, prefix));
export const nameIsPathSegment: NameRule = (name, prefix) => (prefix ? isValidPathSegmentPrefix(name) : isValidPathSegmentName(name));
