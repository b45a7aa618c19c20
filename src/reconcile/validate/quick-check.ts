// Whether an object fits the schema of a built-in kind: a plain walk over the little of JSON Schema that those schemas use. Nearly all
// objects fit, and are spared the loading and compiling of a real validator, which takes far longer than checking. It says yes or "not
// for sure", never why not.
import { isObject, type JsonObject } from '../../apimachinery/object.ts';
import { jsonSchemas, schemaId, type JsonSchema } from '../../apimachinery/schema/json-schema.ts';

/** Whether a text is of a format. */
export type FormatTest = (format: string, text: string) => boolean;

export class QuickCheck {
  private readonly hasFormat: FormatTest;
  private readonly known = new Set<string>();
  private readonly schemas = new Map<string, JsonSchema>();

  constructor(hasFormat: FormatTest) {
    this.hasFormat = hasFormat;
  }

  /** @param type the kind's Go type. @returns false also where the real validator may yet find it right */
  fits(type: string, object: unknown): boolean {
    for (const schema of jsonSchemas(type, this.known)) this.schemas.set(schema.$id!, schema);
    const schema = this.schemas.get(schemaId(type));
    return schema !== undefined && this.passes(schema, object);
  }

  private passes(schema: JsonSchema, value: unknown): boolean {
    const { $ref, type, not, if: condition, then } = schema;
    if (type && !type.some((name) => isOfType(name, value))) return false;
    if (not && this.passes(not, value)) return false;
    if ($ref !== undefined) {
      const target = this.schemas.get($ref);
      if (!target || !this.passes(target, value)) return false;
    }
    if (condition && then && this.passes(condition, value) && !this.passes(then, value)) return false;
    if (typeof value === 'string') return schema.format === undefined || schema.format === 'int64' || this.hasFormat(schema.format, value);
    if (typeof value === 'number') return isWithin(schema, value);
    if (Array.isArray(value)) return !schema.items || value.every((item) => this.passes(schema.items!, item));
    if (isObject(value)) return this.hasFields(schema, value);
    return typeof value === 'boolean' || value === null;
  }

  private hasFields({ required, properties, additionalProperties }: JsonSchema, object: JsonObject): boolean {
    if (required && !required.every((name) => Object.hasOwn(object, name))) return false;
    for (const key of Object.keys(object)) {
      const field = properties && Object.hasOwn(properties, key) ? properties[key] : undefined;
      if (field) {
        if (!this.passes(field, object[key])) return false;
      } else if (additionalProperties === false) return false;
      else if (typeof additionalProperties === 'object' && !this.passes(additionalProperties, object[key])) return false;
    }
    return true;
  }
}

function isOfType(name: string, value: unknown): boolean {
  switch (name) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    case 'integer':
      return Number.isInteger(value);
    case 'number':
      return Number.isFinite(value);
    default:
      return typeof value === name;
  }
}

const isWithin = ({ minimum = -Infinity, maximum = Infinity, format }: JsonSchema, value: number): boolean =>
  value >= minimum && value <= maximum && (format !== 'int64' || Math.abs(value) < 2 ** 63);
