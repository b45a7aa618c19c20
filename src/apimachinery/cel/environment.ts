// What an expression may use: variables, functions with their overloads, and object types with their fields. Environments are immutable;
// a larger one is made from a smaller. Follows cel.Env and common/decls of cel-go.
import { type CelType, parseType, splitTypes } from './cel-type.ts';
import type { Value } from './values.ts';

/** Gets values that are no errors, and whose types were checked. */
export type Implementation = (...args: Value[]) => Value;

export interface Overload {
  readonly id: string;
  readonly member: boolean;
  /** The receiver first. */
  readonly params: readonly CelType[];
  readonly result: CelType;
  readonly implementation: Implementation;
}

export interface FunctionDeclaration {
  readonly name: string;
  readonly overloads: readonly Overload[];
}

/** The types of an object type's fields, by names as expressions write them; undefined where there is no such field. */
export type FieldTypes = (field: string) => CelType | undefined;

export class Environment {
  readonly functions: ReadonlyMap<string, FunctionDeclaration>;
  readonly variables: ReadonlyMap<string, CelType>;
  readonly types: (name: string) => FieldTypes | undefined;

  constructor(
    functions: ReadonlyMap<string, FunctionDeclaration>,
    variables: ReadonlyMap<string, CelType> = new Map(),
    types: (name: string) => FieldTypes | undefined = () => undefined,
  ) {
    this.functions = functions;
    this.variables = variables;
    this.types = types;
  }

  with(variables: Readonly<Record<string, CelType>>, types?: (name: string) => FieldTypes | undefined): Environment {
    const before = this.types;
    return new Environment(
      this.functions,
      new Map([...this.variables, ...Object.entries(variables)]),
      types ? (name) => types(name) ?? before(name) : before,
    );
  }

  withFunctions(functions: readonly FunctionDeclaration[]): Environment {
    return new Environment(mergeFunctions([...this.functions.values()], functions), this.variables, this.types);
  }
}

/** Functions of the same name get the overloads of all. */
export function mergeFunctions(...libraries: readonly (readonly FunctionDeclaration[])[]): ReadonlyMap<string, FunctionDeclaration> {
  const merged = new Map<string, FunctionDeclaration>();
  for (const { name, overloads } of libraries.flat()) {
    const before = merged.get(name);
    merged.set(name, { name, overloads: before ? [...before.overloads, ...overloads] : overloads });
  }
  return merged;
}

/**
 * Declares a function.
 * @param overloads by signature: `id: (int, int) -> int`, or `id: string.(string) -> bool` for a member
 */
export function declare(name: string, overloads: Readonly<Record<string, Implementation>>): FunctionDeclaration {
  return {
    name,
    overloads: Object.entries(overloads).map(([signature, implementation]) => {
      const parts = /^([\w]+): (?:(.+?)\.)?\((.*)\) -> (.+)$/.exec(signature);
      if (!parts) throw new Error(`the signature ${signature} cannot be read`);
      const [, id, receiver, params, result] = parts;
      return {
        id: id!,
        member: receiver !== undefined,
        params: [...(receiver === undefined ? [] : [receiver]), ...splitTypes(params!)].map(parseType),
        result: parseType(result!),
        implementation,
      };
    }),
  };
}
