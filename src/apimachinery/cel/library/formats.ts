// Named formats that texts can be checked against: format.dns1123Label().validate('x'). Follows format.go of k8s.io/apiserver's CEL
// library.
import { isDNS1035Label, isDNS1123Label, isDNS1123Subdomain, isQualifiedName, isValidLabelValue } from '../../validation/names.ts';
import { structType } from '../cel-type.ts';
import { declare, type FunctionDeclaration } from '../environment.ts';
import { ArrayList, NONE, OpaqueValue, OptionalValue } from '../values.ts';
import { parseTimestampNanos } from './times.ts';
import { parseRequestURI } from './urls.ts';

type Check = (text: string) => readonly string[];

export class FormatValue extends OpaqueValue {
  readonly type = structType('kubernetes.NamedFormat');
  readonly name: string;
  readonly check: Check;
  readonly maxRegexSize: number;
  constructor(name: string, check: Check, maxRegexSize: number) {
    super();
    this.name = name;
    this.check = check;
    this.maxRegexSize = maxRegexSize;
  }
  equals(other: OpaqueValue): boolean {
    return this.name === (other as FormatValue).name;
  }
}

/** A beginning may end in a dash: something is still to follow. */
const prefix =
  (check: Check): Check =>
  (text) =>
    check(text.endsWith('-') && text.length > 1 ? `${text.slice(0, -1)}a` : text);

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const DATE_TIME_PATTERN_LENGTH = 121;

const said = (fits: boolean, what: string): readonly string[] => (fits ? [] : [what]);

const FORMATS: Readonly<Record<string, FormatValue>> = {
  dns1123Label: new FormatValue('DNS1123Label', isDNS1123Label, 30),
  dns1123Subdomain: new FormatValue('DNS1123Subdomain', isDNS1123Subdomain, 60),
  dns1035Label: new FormatValue('DNS1035Label', isDNS1035Label, 30),
  qualifiedName: new FormatValue('QualifiedName', isQualifiedName, 60),
  dns1123LabelPrefix: new FormatValue('DNS1123LabelPrefix', prefix(isDNS1123Label), 30),
  dns1123SubdomainPrefix: new FormatValue('DNS1123SubdomainPrefix', prefix(isDNS1123Subdomain), 60),
  dns1035LabelPrefix: new FormatValue('DNS1035LabelPrefix', prefix(isDNS1035Label), 30),
  labelValue: new FormatValue('LabelValue', isValidLabelValue, 40),
  uri: new FormatValue(
    'URI',
    (text) => {
      const parts = parseRequestURI(text);
      return typeof parts === 'string' ? [parts] : [];
    },
    1103,
  ),
  uuid: new FormatValue('uuid', (text) => said(UUID.test(text), 'does not match the UUID format'), 72),
  byte: new FormatValue('byte', (text) => said(BASE64.test(text), 'invalid base64'), 84),
  date: new FormatValue(
    'date',
    (text) => said(parseTimestampNanos(`${text}T00:00:00Z`) !== undefined, 'invalid date'),
    DATE_TIME_PATTERN_LENGTH,
  ),
  datetime: new FormatValue(
    'datetime',
    (text) => said(parseTimestampNanos(text) !== undefined, 'invalid datetime'),
    DATE_TIME_PATTERN_LENGTH,
  ),
};

export const formats: readonly FunctionDeclaration[] = [
  ...Object.entries(FORMATS).map(([name, format]) =>
    declare(`format.${name}`, { [`format_${name}: () -> kubernetes.NamedFormat`]: () => format }),
  ),
  declare('format.named', {
    'format_named: (string) -> optional_type(kubernetes.NamedFormat)': (name) =>
      Object.hasOwn(FORMATS, name as string) ? new OptionalValue(FORMATS[name as string]!) : NONE,
  }),
  declare('validate', {
    'format_validate: kubernetes.NamedFormat.(string) -> optional_type(list(string))': (format, text) => {
      const wrong = (format as FormatValue).check(text as string);
      return wrong.length ? new OptionalValue(new ArrayList([...wrong])) : NONE;
    },
  }),
];
