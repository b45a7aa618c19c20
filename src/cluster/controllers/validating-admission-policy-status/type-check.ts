// Warnings about expressions of a ValidatingAdmissionPolicy that do not fit the kinds it is about. Pure. Follows
// plugin/policy/validating/typechecking.go of k8s.io/apiserver.
import type { ExpressionWarning, ValidatingAdmissionPolicy } from '#api/admissionregistration/v1';
import type { ServedResource } from '../../../apimachinery/api-request.ts';
import { type CelType, DYN } from '../../../apimachinery/cel/cel-type.ts';
import type { Environment, FieldTypes } from '../../../apimachinery/cel/environment.ts';
import { compile } from '../../../apimachinery/cel/kubernetes.ts';
import { PolicyComposition, policyEnvironment } from '../../../apimachinery/cel/policy-environment.ts';
import { splitApiVersion, type GroupVersionKind } from '../../../apimachinery/object.ts';

const MAX_TYPES = 10;

/** The type of a kind's objects, and what the types within it have for fields. */
export interface KindType {
  readonly type: CelType;
  readonly fields: (name: string) => FieldTypes | undefined;
}

/** Undefined where the kind is not known. */
export type TypeOf = (kind: GroupVersionKind) => KindType | undefined;

/** Those that the policy names without wildcards, in order. */
export function kindsToCheck({ spec }: ValidatingAdmissionPolicy, served: readonly ServedResource[]): readonly GroupVersionKind[] {
  const kinds = new Map<string, GroupVersionKind>();
  for (const { apiGroups = [], apiVersions = [], resources = [] } of spec?.matchConstraints?.resourceRules ?? []) {
    if ([...apiGroups, ...apiVersions].some((text) => text.includes('*'))) continue;
    const plain = resources.filter((resource) => !/[*/]/.test(resource)).sort();
    let count = 0;
    for (const group of [...apiGroups].sort())
      for (const version of [...apiVersions].sort())
        for (const resource of plain)
          for (const { kind } of served.filter((one) => one.group === group && one.version === version && one.resource === resource)) {
            kinds.set(shown({ group, version, kind }), { group, version, kind });
            if (++count === MAX_TYPES) return sorted(kinds);
          }
  }
  return sorted(kinds);
}

const shown = ({ group, version, kind }: GroupVersionKind): string => `${group}/${version}, Kind=${kind}`;

const sorted = (kinds: ReadonlyMap<string, GroupVersionKind>): readonly GroupVersionKind[] =>
  [...kinds.values()].sort((a, b) => compare(a.group, b.group) || compare(a.version, b.version) || compare(a.kind, b.kind));

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export function typeCheck(
  policy: ValidatingAdmissionPolicy,
  kinds: readonly GroupVersionKind[],
  typeOf: TypeOf,
): readonly ExpressionWarning[] {
  const environments = kinds.flatMap((kind) => {
    const type = typeOf(kind);
    return type ? [{ kind, environment: environmentOf(policy, type, paramsType(policy, typeOf)) }] : [];
  });
  const warnings: ExpressionWarning[] = [];
  const check = (text: string, fieldRef: string): void => {
    const messages = environments.flatMap(({ kind, environment }) => {
      const compiled = compile(text, environment);
      return compiled.ok ? [] : [`${shown(kind)}: ${compiled.message}\n`];
    });
    if (messages.length) warnings.push({ fieldRef, warning: messages.join('\n') });
  };
  for (const [i, { expression, messageExpression }] of (policy.spec?.validations ?? []).entries()) {
    check(expression, `spec.validations[${i}].expression`);
    if (messageExpression) check(messageExpression, `spec.validations[${i}].messageExpression`);
  }
  return warnings;
}

function paramsType({ spec }: ValidatingAdmissionPolicy, typeOf: TypeOf): KindType | undefined {
  const { apiVersion = '', kind = '' } = spec?.paramKind ?? {};
  return kind === '' ? undefined : typeOf({ ...splitApiVersion(apiVersion), kind });
}

/** Without a type of the parameters nothing is known of them, not even that they are there. */
function environmentOf({ spec }: ValidatingAdmissionPolicy, object: KindType, params: KindType | undefined): Environment {
  const typed = policyEnvironment({
    params: params !== undefined,
    authorizer: true,
    object: object.type,
    paramsType: params?.type ?? DYN,
  }).with({}, (name) => object.fields(name) ?? params?.fields(name));
  const composition = new PolicyComposition();
  for (const { name, expression } of spec?.variables ?? []) composition.add(name, expression, typed);
  return composition.extend(typed);
}
