// Checks objects against the schemas of their kinds: those that do not fit at once with ajv, which is loaded only then. Schemas are
// derived and compiled when a kind is first met: most sources have few. The errors are ajv's, rid of those that Kubernetes does not
// make; schema-error.ts puts them into words.
import type { Ajv as AjvType, ErrorObject, ValidateFunction } from 'ajv';
import { decode, DecodeError } from '../../apimachinery/codec/decode.ts';
import type { JsonObject } from '../../apimachinery/object.ts';
import { jsonSchemas, schemaId, type JsonFormat } from '../../apimachinery/schema/json-schema.ts';
import { goType } from '../../apimachinery/schema/schema.ts';
import { customResourceSchema, type CustomKind } from './custom-kind.ts';
import type { DesiredObject } from '../render/manifest-document.ts';
import { QuickCheck } from './quick-check.ts';

export type SchemaError = ErrorObject;

/** Errors that are told of one object; what has more is another kind of file. */
const MAX_ERRORS = 50;

/** The Go types whose decoders judge a text. */
const DECODERS: Readonly<Partial<Record<JsonFormat, string>>> = {
  byte: '[]byte',
  quantity: 'resource.Quantity',
  'date-time': 'meta/v1.Time',
  'date-time-micro': 'meta/v1.MicroTime',
  duration: 'meta/v1.Duration',
};

/** What a decoder says against a text; undefined where it takes it. */
export function formatComplaint(format: string, text: string): string | undefined {
  const type = DECODERS[format as JsonFormat];
  if (type === undefined) return undefined;
  try {
    decode(goType(type), text);
    return undefined;
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
}

export class SchemaChecker {
  private readonly quick = new QuickCheck((format, text) => formatComplaint(format, text) === undefined);
  private validators: Promise<Validators> | undefined;

  /** @param type the kind's Go type */
  async builtin(type: string, object: DesiredObject): Promise<readonly SchemaError[]> {
    return this.quick.fits(type, object) ? [] : (await this.load()).builtin(type, object);
  }

  async customResource(kind: CustomKind, object: DesiredObject): Promise<readonly SchemaError[]> {
    return kind.schema ? (await this.load()).customResource(kind.schema, object) : [];
  }

  private load(): Promise<Validators> {
    this.validators ??= Validators.create();
    return this.validators;
  }
}

/** ajv, and what it has compiled. */
class Validators {
  private readonly ajv: AjvType;
  private readonly known = new Set<string>();
  private readonly custom = new WeakMap<JsonObject, ValidateFunction>();

  private constructor(ajv: AjvType) {
    this.ajv = ajv;
  }

  /** Imports ajv. */
  static async create(): Promise<Validators> {
    const { Ajv } = await import('./ajv.ts');
    const formats = Object.fromEntries(
      Object.keys(DECODERS).map((format) => [format, (text: string) => formatComplaint(format, text) === undefined]),
    );
    return new Validators(
      new Ajv({
        allErrors: true,
        verbose: true,
        strict: false,
        validateSchema: false,
        // fields may be called `constructor`
        ownProperties: true,
        formats: { ...formats, int64: { type: 'number', validate: (n: number) => Math.abs(n) < 2 ** 63 } },
        // each schema once and as it is: compiling takes longer than checking
        inlineRefs: false,
        code: { optimize: false },
      }),
    );
  }

  builtin(type: string, object: DesiredObject): readonly SchemaError[] {
    this.addTypes(type);
    const validate = this.ajv.getSchema(schemaId(type));
    return validate ? run(validate, object, isDropped) : [];
  }

  customResource(schema: JsonObject, object: DesiredObject): readonly SchemaError[] {
    let validate = this.custom.get(schema);
    if (!validate) {
      this.addTypes('meta/v1.ObjectMeta');
      validate = this.compile(schema);
      this.custom.set(schema, validate);
    }
    return run(validate, object, isDroppedOfCustom);
  }

  private addTypes(type: string): void {
    for (const schema of jsonSchemas(type, this.known)) this.ajv.addSchema(schema);
  }

  private compile(schema: JsonObject): ValidateFunction {
    try {
      return this.ajv.compile(customResourceSchema(schema));
    } catch {
      // a schema that is none is an error of its definition, not of the objects
      return this.ajv.compile({});
    }
  }
}

function run(validate: ValidateFunction, object: DesiredObject, dropped: (error: SchemaError) => boolean): readonly SchemaError[] {
  if (validate(object)) return [];
  return (validate.errors ?? []).filter((error) => !isHarmless(error) && !dropped(error)).slice(0, MAX_ERRORS);
}

const inStatus = ({ instancePath }: SchemaError): boolean => /^\/status(?:\/|$)/.test(instancePath);

/** The status of what is created is dropped, whatever it lacks. */
const isDropped = (error: SchemaError): boolean => inStatus(error) && (error.keyword === 'required' || error.keyword === 'not');

/** Custom resources have no decoder of their own that would read the status before: of it, only unknown fields are told. */
const isDroppedOfCustom = (error: SchemaError): boolean => inStatus(error) && error.keyword !== 'additionalProperties';

function isHarmless({ keyword, schemaPath, data, parentSchema }: SchemaError): boolean {
  // the branches of a choice: that none fits is told by the choice itself
  if (/\/(?:anyOf|oneOf)\/\d+\//.test(schemaPath)) return true;
  // `then` tells what is wrong, and the type that a null is
  if (keyword === 'if' || (keyword === 'enum' && data === null)) return true;
  return keyword === 'type' && typeof data === 'bigint' && isInteger64(parentSchema);
}

/** JSON Schema knows no bigints; they are integers that need more than 53 bits. */
const isInteger64 = (schema: object | undefined): boolean => {
  const { type, format, maximum } = (schema ?? {}) as {
    readonly type?: readonly string[];
    readonly format?: string;
    readonly maximum?: number;
  };
  return !!type?.includes('number') || (!!type?.includes('integer') && (format === 'int64' || maximum === undefined));
};
