// Paths and operations of version 2 of OpenAPI to those of version 3: parameters have schemas, bodies stand apart, and what is answered
// is told for each media type.
import { isObject, type JsonObject } from '../../../../apimachinery/object.ts';
import { builtinSwagger } from './source.ts';

const METHODS = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch']);

export function pathV3(item: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const [key, value] of Object.entries(item)) {
    if (METHODS.has(key)) out[key] = operation(value as JsonObject);
    else if (key === 'parameters') out[key] = parameters(value as readonly JsonObject[]);
    else out[key] = value;
  }
  return out;
}

const resolved = (list: readonly JsonObject[]): JsonObject[] =>
  list.map((one) => {
    const { $ref } = one;
    return typeof $ref === 'string' ? builtinSwagger().parameters[$ref.replace('#/parameters/', '')]! : one;
  });

function operation({ consumes, produces, schemes: _schemes, parameters: given, responses, ...rest }: JsonObject): JsonObject {
  const all = resolved((given ?? []) as readonly JsonObject[]);
  const body = all.find((p) => p['in'] === 'body');
  const others = all.filter((p) => p !== body);
  return {
    ...rest,
    ...(others.length ? { parameters: parameters(others) } : {}),
    ...(body ? { requestBody: requestBody(body, (consumes ?? ['*/*']) as readonly string[]) } : {}),
    responses: Object.fromEntries(
      Object.entries(responses as Readonly<Record<string, JsonObject>>).map(([code, response]) => [
        code,
        responseV3(response, (produces ?? []) as readonly string[]),
      ]),
    ),
  };
}

const parameters = (list: readonly JsonObject[]): JsonObject[] =>
  resolved(list).map(({ name, in: place, description, required, ...schema }) => ({
    name,
    in: place,
    ...(description === undefined ? {} : { description }),
    ...(required ? { required } : {}),
    schema,
  }));

function requestBody({ schema, required, description }: JsonObject, types: readonly string[]): JsonObject {
  return {
    ...(description === undefined ? {} : { description }),
    content: content(schema, types),
    ...(required ? { required } : {}),
  };
}

function responseV3({ schema, ...rest }: JsonObject, types: readonly string[]): JsonObject {
  return { ...rest, ...(isObject(schema) ? { content: content(schema, types) } : {}) };
}

const content = (schema: unknown, types: readonly string[]): JsonObject =>
  Object.fromEntries(types.map((type) => [type, { schema: refsToComponents(schema) }]));

function refsToComponents(schema: unknown): unknown {
  if (!isObject(schema)) return schema;
  const { $ref } = schema;
  return typeof $ref === 'string' ? { ...schema, $ref: $ref.replace('#/definitions/', '#/components/schemas/') } : schema;
}
