// The OpenAPI document (version 2) of Kubernetes' own kinds, as the build wrote it. Read when the first client asks for one.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { gunzipSync } from 'node:zlib';
import type { JsonObject } from '../../../../apimachinery/object.ts';

export interface Swagger {
  readonly paths: Readonly<Record<string, JsonObject>>;
  /** Those that several operations share. */
  readonly parameters: Readonly<Record<string, JsonObject>>;
  readonly definitions: Readonly<Record<string, JsonObject>>;
  /** Definition → name of its Go type: `io.k8s.api.core.v1.Pod` → `core/v1.Pod`. */
  readonly goTypes: Readonly<Record<string, string>>;
}

const require = createRequire(import.meta.url);
let loaded: Swagger | undefined;

export function builtinSwagger(): Swagger {
  loaded ??= JSON.parse(gunzipSync(fs.readFileSync(require.resolve('#generated/openapi.json.gz'))).toString()) as Swagger;
  return loaded;
}
